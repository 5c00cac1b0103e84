/**
 * The ranges of a space that has only a few: a short list without order, faster to go through than any index.
 *
 *   list:  FEW entries
 *   entry: | start u64 | end u64 | member u32 | unused u32 |            end is exclusive
 */
import { addFound } from './found';

/** Most ranges of a list. */
export const FEW: u32 = 16;
const ENTRY: u32 = 24;
const NODE_BATCH: i32 = 64;

let freeList: u32 = 0;

export function newFew(): u32 {
  if (freeList == 0) addLists();
  const list = freeList;
  freeList = load<u32>(list);
  return list;
}

function addLists(): void {
  let list = heap.alloc((NODE_BATCH as usize) * (FEW * ENTRY)) as u32;
  for (let i = 0; i < NODE_BATCH; i++) {
    store<u32>(list, freeList);
    freeList = list;
    list += FEW * ENTRY;
  }
}

export function dropFew(list: u32): void {
  store<u32>(list, freeList);
  freeList = list;
}

// @ts-ignore: decorator
@inline
export function fewStart(list: u32, i: u32): u64 {
  return load<u64>(list + i * ENTRY);
}
// @ts-ignore: decorator
@inline
export function fewEnd(list: u32, i: u32): u64 {
  return load<u64>(list + i * ENTRY, 8);
}
// @ts-ignore: decorator
@inline
export function fewMember(list: u32, i: u32): u32 {
  return load<u32>(list + i * ENTRY, 16);
}

/** Puts a range behind the others, of which there are `count`. */
// @ts-ignore: decorator
@inline
export function addToFew(list: u32, count: u32, start: u64, end: u64, member: u32): void {
  const at = list + count * ENTRY;
  store<u64>(at, start);
  store<u64>(at, end, 8);
  store<u32>(at, member, 16);
}

/** Takes a member out; false when it is not there. */
// @ts-ignore: decorator
@inline
export function removeFromFew(list: u32, count: u32, member: u32): bool {
  const last = list + (count - 1) * ENTRY;
  for (let i: u32 = 0; i < count; i++) {
    if (fewMember(list, i) != member) continue;
    addToFew(list, i, load<u64>(last), load<u64>(last, 8), load<u32>(last, 16));
    return true;
  }
  return false;
}

/** Adds to the result what touches [start, end). */
// @ts-ignore: decorator
@inline
export function searchFew(list: u32, count: u32, start: u64, end: u64): void {
  const stop = list + count * ENTRY;
  for (let at = list; at != stop; at += ENTRY) if (load<u64>(at) < end && load<u64>(at, 8) > start) addFound(load<u32>(at, 16));
}
