/**
 * The layer dma, scatterlists: one lifetime a DMA segment, unmapped by physical addresses alone.
 *
 * In: the current event and its words of the side heap. Out: lifetimes and anomalies.
 *
 *   list: | first segment's record u32 | next list of its key u32 | nents u32 | segments u32 | of them live u32 | array u32 |
 *   array: | segments' records u32, 0 = gone | … |
 */
import {
  Anomaly, FLAG_MISMATCH, FLAG_REMAINDER, FLAG_TRUNCATED, FLAG_UNRECORDABLE_UNMAP, Kind, Layer, SG_HEAD, SG_UNRECORDABLE,
} from '../schema';
import { ABSENT, NONE, attrs, concerns, device, dir, endOfRange, wantEvent, words } from './now';
import {
  NO_LIFETIME, addFlags, addrOf, attrsOf, deviceIdOf, dirOf, groupOf, hold, idOf, joinList, kindOf, leaveList, lenOf, listOf,
  openLifetime, openSeq, openedTs, physOf, placeOf, release, speakOf, stillThere,
} from './lifetimes';
import { NOTHING, addAnomaly, addAnomalyOf, setAddress, setDevice, setEvent, setLength } from './anomalies';
import {
  CLOSED_UNSEEN, KeyIndex, NEVER_CLOSED, append, closedRecord, firstMember, lastClosed, nextMember, remove, setLastClosed,
} from './key-index';
import { found, foundAt } from './found';
import { attrsDiffer, close, dirDiffers, enter, isLikelier, loseHidden, memory_, syncMapping } from './dma';
import { olderClosed } from './siblings';

/** (device, first physical address) → live lists. */
const lists: KeyIndex = new KeyIndex();

const FIRST: usize = 0;
const NEXT_FREE: usize = 4;
const NENTS: usize = 8;
const SEGMENTS: usize = 12;
const LIVE: usize = 16;
const ARRAY: usize = 20;
const LIST_BYTES: usize = 24;
const BATCH: i32 = 1024;
let freeList: u32 = 0;

function addLists(): void {
  let list = heap.alloc((BATCH as usize) * LIST_BYTES) as u32;
  for (let i = 0; i < BATCH; i++) {
    store<u32>(list, freeList, NEXT_FREE);
    freeList = list;
    list += LIST_BYTES as u32;
  }
}

/** The current event's list, found by its first segment's record even when that is gone. */
function newList(first: u32, segments: u32, array: usize): u32 {
  if (freeList == 0) addLists();
  const list = freeList;
  freeList = load<u32>(list, NEXT_FREE);
  store<u32>(list, first, FIRST);
  store<u32>(list, nents(), NENTS);
  store<u32>(list, segments, SEGMENTS);
  store<u32>(list, segments, LIVE);
  store<u32>(list, array as u32, ARRAY);
  hold(first);
  return list;
}
function firstOf(list: u32): u32 {
  return load<u32>(list, FIRST);
}
function nentsOf(list: u32): u32 {
  return load<u32>(list, NENTS);
}
function segmentsOf(list: u32): u32 {
  return load<u32>(list, SEGMENTS);
}
function arrayOf(list: u32): usize {
  return load<u32>(list, ARRAY);
}

// The current event's list; see the side heap in schema.ts.
// @ts-ignore: decorator
@inline
function shape(): u64 {
  return load<u64>(words);
}
// @ts-ignore: decorator
@inline
function physCount(): u32 {
  return (shape() as u32) & 0xffff;
}
// @ts-ignore: decorator
@inline
function dmaCount(): u32 {
  return ((shape() >> 16) as u32) & 0xffff;
}
// @ts-ignore: decorator
@inline
function nents(): u32 {
  return ((shape() >> 32) as u32) & 0x7fffffff;
}
// @ts-ignore: decorator
@inline
function ents(): u32 {
  return load<u64>(words, 8) as u32;
}
// @ts-ignore: decorator
@inline
function physAt(i: u32): u64 {
  return load<u64>(words + (((SG_HEAD as u32) + i) as usize << 3));
}
// @ts-ignore: decorator
@inline
export function dmaAt(i: u32): u64 {
  return load<u64>(words + (((SG_HEAD as u32) + physCount() + i) as usize << 3));
}
// @ts-ignore: decorator
@inline
export function lengthAt(i: u32): u64 {
  return load<u64>(words + (((SG_HEAD as u32) + physCount() + dmaCount() + i) as usize << 3));
}

/** DMA segments of the current event, 0 when it has no list. */
export function segmentCount(): u32 {
  return words == 0 ? 0 : dmaCount();
}

// ------------------------------------------------------------------------------------ open
/** Opens the list and returns the id of its first lifetime, NONE when the event shows no segment. */
export function openList(): u32 {
  const segments = segmentCount();
  if (segments == 0) return NONE;
  let flags = 0;
  if (shape() >> 63) flags |= FLAG_TRUNCATED;
  if (nents() >= <u32>SG_UNRECORDABLE) {
    flags |= FLAG_UNRECORDABLE_UNMAP;
    wantEvent();
  }
  const exact = nents() == ents();
  const array = heap.alloc((segments as usize) << 2);
  let list: u32 = 0;
  let group = NONE;
  for (let i: u32 = 0; i < segments; i++) {
    const hidden = loseHidden(dmaAt(i));
    const known = (exact || i == 0) && i < physCount();
    const segment = openLifetime(<u32>Layer.dma, <u32>Kind.sg, dmaAt(i), lengthAt(i), known ? physAt(i) : ABSENT, flags);
    if (hidden) speakOf(segment);
    if (i == 0) {
      group = idOf(segment);
      list = newList(segment, segments, array);
    }
    store<u32>(array + ((i as usize) << 2), segment);
    joinList(segment, list, i, group);
    enter(segment, group);
  }
  concerns(group);
  append(lists.take(physOf(firstOf(list)), device), list);
  return group;
}

// ------------------------------------------------------------------------------------ close
export function closeList(): void {
  if (words == 0 || physCount() == 0) return;
  const entry = lists.find(physAt(0), device);
  const list = entry == 0 ? 0 : bestFit(entry);
  if (list != 0) closeSegments(entry, list);
  else if (!closePageAsList()) closeNothing();
}

function bestFit(entry: usize): u32 {
  let best: u32 = 0;
  let most = -1;
  for (let list = firstMember(entry); list != 0; list = nextMember(list)) {
    const points = i32(nentsOf(list) == nents()) + i32(dirOf(firstOf(list)) == dir);
    if (points > most || (points == most && isLikelier(firstOf(list), firstOf(best)))) {
      most = points;
      best = list;
    }
  }
  return best;
}

function closeSegments(entry: usize, list: u32): void {
  const segments = segmentsOf(list);
  const closing = min(nents(), segments);
  compare(list, bytesLeft(list, closing, segments));
  let concerned = NONE;
  for (let i: u32 = 0; i < closing; i++) {
    const segment = segmentAt(list, i);
    if (segment == NO_LIFETIME) continue;
    concerned = min(concerned, idOf(segment));
    leaveList(segment);
    close(segment);
  }
  for (let i = closing; i < segments; i++) {
    const segment = segmentAt(list, i);
    if (segment == NO_LIFETIME) continue;
    addFlags(segment, FLAG_REMAINDER);
    leaveList(segment);
  }
  if (concerned != NONE) concerns(concerned);
  dropList(entry, list);
}

// @ts-ignore: decorator
@inline
function segmentAt(list: u32, i: u32): u32 {
  return load<u32>(arrayOf(list) + ((i as usize) << 2));
}

/** The list is not mapped any more. */
function dropList(entry: usize, list: u32): void {
  const first = firstOf(list);
  heap.free(arrayOf(list));
  setLastClosed(entry, idOf(first) + 1, first);
  remove(entry, list);
  store<u32>(list, freeList, NEXT_FREE);
  freeList = list;
  release(first);
}

function bytesLeft(list: u32, closing: u32, segments: u32): u64 {
  let bytes: u64 = 0;
  for (let i = closing; i < segments; i++) if (segmentAt(list, i) != NO_LIFETIME) bytes += lenOf(segmentAt(list, i));
  return bytes;
}

function compare(list: u32, left: u64): void {
  const first = firstOf(list);
  const mapped = nentsOf(list);
  let differs = false;
  if (nents() != mapped) {
    setLength(addAnomalyOf(<u32>Anomaly.sg_count_mismatch, first, mapped, nents()), left);
    differs = true;
  }
  if (dirDiffers(first)) {
    addAnomalyOf(<u32>Anomaly.direction_mismatch, first, dirOf(first), dir);
    differs = true;
  }
  if (attrsDiffer(first)) {
    addAnomalyOf(<u32>Anomaly.attrs_mismatch, first, attrsOf(first), attrs);
    differs = true;
  }
  if (differs) {
    addFlags(first, FLAG_MISMATCH);
    speakOfAll(list);
  }
}

/** An anomaly speaks of the whole list. */
function speakOfAll(list: u32): void {
  for (let i: u32 = 0; i < segmentsOf(list); i++) if (segmentAt(list, i) != NO_LIFETIME) speakOf(segmentAt(list, i));
}

/** A single mapping of the list's first page, undone as a list: the wrong function. The youngest: memory that is mapped again was most likely forgotten before. */
function closePageAsList(): bool {
  const first = physAt(0);
  memory_.query(device, first, endOfRange(first, 1));
  let youngest = NO_LIFETIME;
  for (let i: u32 = 0; i < found; i++) {
    const at = foundAt(i);
    if (deviceIdOf(at) != device || groupOf(at) != NONE || physOf(at) != first) continue;
    if (youngest == NO_LIFETIME || idOf(at) > idOf(youngest)) youngest = at;
  }
  if (youngest == NO_LIFETIME) return false;
  addAnomalyOf(<u32>Anomaly.kind_mismatch, youngest, kindOf(youngest), <u64>Kind.sg);
  addFlags(youngest, FLAG_MISMATCH);
  concerns(idOf(youngest));
  close(youngest);
  return true;
}

function closeNothing(): void {
  const entry = lists.take(physAt(0), device);
  const closed = lastClosed(entry);
  // Of lists that are older than the capture any number may begin with the same memory.
  const twice = closed != NEVER_CLOSED && closed != CLOSED_UNSEEN;
  const before = stillThere(closedRecord(entry), closed - 1);
  if (!twice) {
    setLastClosed(entry, CLOSED_UNSEEN, NO_LIFETIME);
    olderClosed(<u32>Layer.dma, <u32>Kind.sg);
  }
  const row = addAnomaly(twice ? <u32>Anomaly.double_unmap : <u32>Anomaly.before_capture, before, NOTHING, NOTHING);
  setLength(row, 0);
  setAddress(row, ABSENT);
}

/** A segment was closed or lost by itself; a list without live segments is no candidate any more. */
export function segmentGone(segment: u32): void {
  const list = listOf(segment);
  if (list == 0) return;
  store<u32>(arrayOf(list) + ((placeOf(segment) as usize) << 2), NO_LIFETIME);
  const left = load<u32>(list, LIVE) - 1;
  store<u32>(list, left, LIVE);
  if (left != 0) return;
  const first = firstOf(list);
  dropList(lists.find(physOf(first), deviceIdOf(first)), list);
}

// ------------------------------------------------------------------------------------ sync and end
export function syncList(): void {
  if (segmentCount() != 0) syncMapping(dmaAt(0), 0);
}

/** At the end: lists still mapped, and those whose unmap could not have been recorded. */
export function finishLists(): void {
  for (let i: u32 = 0; i < lists.size; i++) {
    for (let list = firstMember(lists.entryAt(i)); list != 0; list = nextMember(list)) {
      const first = firstOf(list);
      if (nentsOf(list) >= <u32>SG_UNRECORDABLE) sayUnrecordable(first);
      release(first);
    }
  }
}

function sayUnrecordable(first: u32): void {
  const row = addAnomalyOf(<u32>Anomaly.unmap_unrecordable, first, NOTHING, NOTHING);
  setEvent(row, openSeq(first), openedTs(first));
  setDevice(row, deviceIdOf(first));
}
