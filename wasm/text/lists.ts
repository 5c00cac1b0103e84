/**
 * Scatterlists in text, and their place in the side heap.
 *
 * In: `{0x10a21f000,0x10a221000}` (__print_array); or the bytes of the array, with the trace option `fields`
 * `00,f0,21,0a,01,00,00,00,…`, by libtraceevent `ARRAY[00, f0, 21, 0a, 01, 00, 00, 00, …]`. Out: the shape words of `schema.ts`.
 */
import { EVENT_ADDR, EVENT_LEN, EVENT_PHYS, EVENT_SIDE, SG_HEAD, TextCounter } from '../schema';
import { setU32, setU64, sideWord, takeSide } from '../decode/batch';
import { CLOSE_LIST, COMMA, OPEN_LIST, SPACE, find, number, readHex } from './values';
import { count } from './counters';

/** Entries of one list at most: they are counted in 16 bits, and an event has room for three such lists. */
export const LIST_MAX: i32 = 8191;

export const LIST_PHYS: i32 = 0;
export const LIST_DMA: i32 = 1;
export const LIST_LEN: i32 = 2;

const LIST_BYTES: usize = 8192 << 3;
const lists: usize = heap.alloc(3 * LIST_BYTES);
const counts: usize = heap.alloc(12);
/** Which lists the event has, a bit each. */
let present: i32 = 0;
export let fullNents: u64 = u64.MAX_VALUE;
export let fullEnts: u64 = u64.MAX_VALUE;
let truncated: bool = false;
/** Whether a list of the event was longer than LIST_MAX. */
export let tooLong: bool = false;

export function clearLists(): void {
  present = 0;
  fullNents = u64.MAX_VALUE;
  fullEnts = u64.MAX_VALUE;
  truncated = false;
  tooLong = false;
}
export function setNents(value: u64): void {
  fullNents = value;
}
export function setEnts(value: u64): void {
  fullEnts = value;
}
export function setTruncated(): void {
  truncated = true;
}

// @ts-ignore: decorator
@inline
function entry(list: i32, index: i32): usize {
  return lists + (list as usize) * LIST_BYTES + ((index as usize) << 3);
}
// @ts-ignore: decorator
@inline
function length(list: i32): i32 {
  return (present >> list) & 1 ? load<i32>(counts + ((list as usize) << 2)) : 0;
}

/** Reads one list; returns the pointer behind it, or 0. */
export function readList(list: i32, at: usize, end: usize): usize {
  present |= 1 << list;
  store<i32>(counts + ((list as usize) << 2), 0);
  if (load<u8>(at) == OPEN_LIST) return readBraces(list, at + 1, end);
  return load<u32>(at) == ARRAY ? readArray(list, at + ARRAY_BYTES, end) : readBytes(list, at, end);
}

const ARRAY: u32 = 0x41525241; // "ARRA"
const ARRAY_BYTES: usize = 6;
const CLOSE_BRACKET: u32 = 0x5d;

function readArray(list: i32, at: usize, end: usize): usize {
  const p = readBytes(list, at, end);
  return p != 0 && p < end && load<u8>(p) == CLOSE_BRACKET ? p + 1 : 0;
}

function readBraces(list: i32, at: usize, end: usize): usize {
  let n = 0;
  if (load<u8>(at) == CLOSE_LIST) return at + 1;
  for (;;) {
    at = readHex(at);
    if (at == 0 || at >= end) return 0;
    if (n == LIST_MAX) return overflow(at, end);
    store<u64>(entry(list, n++), number);
    const c = load<u8>(at++) as u32;
    if (c == CLOSE_LIST) break;
    if (c != COMMA) return 0;
  }
  store<i32>(counts + ((list as usize) << 2), n);
  return at;
}

function overflow(at: usize, end: usize): usize {
  tooLong = true;
  at = find(at, end, CLOSE_LIST as u8);
  return at < end ? at + 1 : 0;
}

/** Little-endian bytes: lengths are 32 bits wide, addresses 64. */
function readBytes(list: i32, at: usize, end: usize): usize {
  const width = list == LIST_LEN ? 4 : 8;
  let bytes = 0;
  let value: u64 = 0;
  let next = readHex(at);
  if (next != at + 2) return at;
  while (next == at + 2) {
    value |= number << (((bytes % width) << 3) as u64);
    if (++bytes % width == 0) {
      if (bytes / width > LIST_MAX) tooLong = true;
      else store<u64>(entry(list, bytes / width - 1), value);
      value = 0;
    }
    at = next;
    if (load<u8>(next) != COMMA || next >= end) break;
    if (load<u8>(++at) == SPACE) at++;
    next = readHex(at);
  }
  store<i32>(counts + ((list as usize) << 2), min(bytes / width, LIST_MAX));
  return at == next && bytes % width == 0 ? at : 0;
}

/** Puts the event's lists into the side heap and the columns that come from them; false when they contradict each other. */
export function keepLists(): bool {
  if (present == 0) return true;
  const nPhys = length(LIST_PHYS);
  const nDma = length(LIST_DMA);
  const hasLengths = ((present >> LIST_LEN) & 1) != 0;
  if (hasLengths && length(LIST_LEN) != nDma) return false;
  const at = takeSide(SG_HEAD + nPhys + 2 * nDma);
  const nents = fullNents == u64.MAX_VALUE ? (nPhys as u64) : fullNents & 0x7fffffff;
  const ents = fullEnts == u64.MAX_VALUE ? (nDma as u64) : fullEnts;
  const cut = truncated || nents > (nPhys as u64) && ((present >> LIST_PHYS) & 1) != 0;
  store<u64>(sideWord(at), (nPhys as u64) | (nDma as u64) << 16 | nents << 32 | (cut ? 1 : 0) << 63);
  store<u64>(sideWord(at + 1), ents);
  copyList(LIST_PHYS, at + SG_HEAD, nPhys);
  copyList(LIST_DMA, at + SG_HEAD + nPhys, nDma);
  if (hasLengths) copyList(LIST_LEN, at + SG_HEAD + nPhys + nDma, nDma);
  else memory.fill(sideWord(at + SG_HEAD + nPhys + nDma), 0xff, (nDma as usize) << 3);
  setU32(EVENT_SIDE, at);
  if (nPhys > 0) setU64(EVENT_PHYS, load<u64>(entry(LIST_PHYS, 0)));
  if (nDma > 0) setU64(EVENT_ADDR, load<u64>(entry(LIST_DMA, 0)));
  if (hasLengths) setU64(EVENT_LEN, sum(nDma));
  return true;
}

function copyList(list: i32, to: i32, n: i32): void {
  memory.copy(sideWord(to), entry(list, 0), (n as usize) << 3);
}

function sum(n: i32): u64 {
  let total: u64 = 0;
  for (let i = 0; i < n; i++) total += load<u64>(entry(LIST_LEN, i));
  return total;
}

/** Counts an event whose list was too long to keep. */
export function countTooLong(at: usize, end: usize): void {
  count(TextCounter.list_too_long, at, end);
}
