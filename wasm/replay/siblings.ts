/**
 * Siblings: the mappings of one device, layer, kind and direction, counted together.
 *
 * In: every open and close. Out: rows of the table `siblings`, and for each lifetime how many siblings were closed
 * while it was open: the measure by which a forgotten mapping differs from the members of a ring, whatever the load.
 *
 * While events come, the sums of one row stand in one record, so that counting touches one cache line:
 *
 *   | opened | closed | older | opened bytes | closed bytes | first ts | last ts | longest | most passed | device, layer, kind, dir |
 */
import {
  SIBLINGS_CLOSED, SIBLINGS_CLOSED_BYTES, SIBLINGS_DEVICE, SIBLINGS_DIR, SIBLINGS_FIRST_TS, SIBLINGS_KIND, SIBLINGS_LAST_TS,
  SIBLINGS_LAYER, SIBLINGS_LONGEST, SIBLINGS_MOST_PASSED, SIBLINGS_OLDER, SIBLINGS_OPENED, SIBLINGS_OPENED_BYTES,
} from '../schema';
import { SIBLINGS, addRow, cell1, cell2, cell4, cell8 } from './table';
import { ABSENT, NONE, device, dir, ts } from './now';

const OPENED: usize = 0;
const CLOSED: usize = 8;
const OLDER: usize = 16;
const OPENED_BYTES: usize = 24;
const CLOSED_BYTES: usize = 32;
const FIRST_TS: usize = 40;
const LAST_TS: usize = 48;
const LONGEST: usize = 56;
const MOST_PASSED: usize = 64;
const KEY: usize = 72;
const RECORD: usize = 128;

/** Key → record number + 1, open addressing. Beyond SLOTS / 2 keys all share the last record. */
const SLOTS: u32 = 1 << 16;
const slots: usize = heap.alloc((SLOTS as usize) << 2);
const records: usize = heap.alloc((SLOTS as usize) / 2 * RECORD);
memory.fill(slots, 0, (SLOTS as usize) << 2);
let count: u32 = 0;

let lastKey: u32 = NONE;
let lastNumber: u32 = 0;

// @ts-ignore: decorator
@inline
function record(number: u32): usize {
  return records + (number as usize) * RECORD;
}

// @ts-ignore: decorator
@inline
function numberOf(layer: u32, kind: u32): u32 {
  const key = (device << 16) | (layer << 12) | (kind << 4) | (dir & 15);
  if (key != lastKey) {
    lastNumber = search(key);
    lastKey = key;
  }
  return lastNumber;
}

function search(key: u32): u32 {
  let slot = (key * 0x9e3779b1) >> 16;
  while (true) {
    const at = slots + ((slot as usize) << 2);
    const number = load<u32>(at);
    if (number == 0) {
      if (count == SLOTS / 2) return count - 1;
      store<u32>(at, count + 1);
      return addRecord(key);
    }
    if (load<u32>(record(number - 1), KEY) == key) return number - 1;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

function addRecord(key: u32): u32 {
  const at = record(count);
  memory.fill(at, 0, RECORD);
  store<u32>(at, key, KEY);
  store<i64>(at, -1, FIRST_TS);
  store<i64>(at, -1, LONGEST);
  return count++;
}

// @ts-ignore: decorator
@inline
function closedSoFar(at: usize): u32 {
  return (load<u64>(at, CLOSED) + load<u64>(at, OLDER)) as u32;
}

/** How many siblings had been closed before the one just opened. */
export let closedBefore: u32 = 0;

/** The current event opens a mapping: returns its siblings' row. */
// @ts-ignore: decorator
@inline
export function siblingOpened(layer: u32, kind: u32, bytes: u64): u32 {
  const number = numberOf(layer, kind);
  const at = record(number);
  const before = load<u64>(at, OPENED);
  if (before == 0) store<i64>(at, ts, FIRST_TS);
  store<u64>(at, before + 1, OPENED);
  store<u64>(at, load<u64>(at, OPENED_BYTES) + (bytes == ABSENT ? 0 : bytes), OPENED_BYTES);
  store<i64>(at, ts, LAST_TS);
  closedBefore = closedSoFar(at);
  return number;
}

/** A part of a mapping becomes a mapping of its own. */
export function siblingSplit(number: u32): void {
  store<u64>(record(number), load<u64>(record(number), OPENED) + 1, OPENED);
}

/** A mapping was closed after `duration`; returns how many siblings were closed while it was open. */
// @ts-ignore: decorator
@inline
export function siblingClosed(number: u32, before: u32, bytes: u64, duration: i64): u32 {
  const at = record(number);
  const passed = closedSoFar(at) - before;
  store<u64>(at, load<u64>(at, CLOSED) + 1, CLOSED);
  store<u64>(at, load<u64>(at, CLOSED_BYTES) + (bytes == ABSENT ? 0 : bytes), CLOSED_BYTES);
  store<i64>(at, ts, LAST_TS);
  store<i64>(at, max(load<i64>(at, LONGEST), duration), LONGEST);
  store<u64>(at, max(load<u64>(at, MOST_PASSED), passed as u64), MOST_PASSED);
  return passed;
}

/** The current event unmaps something that was mapped before the capture began. */
export function olderClosed(layer: u32, kind: u32): void {
  const at = record(numberOf(layer, kind));
  store<u64>(at, load<u64>(at, OLDER) + 1, OLDER);
  store<i64>(at, ts, LAST_TS);
}

/** At the end: how many siblings were closed since `before`. */
export function passedSince(number: u32, before: u32): u32 {
  return closedSoFar(record(number)) - before;
}

/** Writes the table `siblings`. */
export function finishSiblings(): void {
  for (let number: u32 = 0; number < count; number++) {
    const at = record(number);
    const row = addRow(SIBLINGS);
    store<u64>(cell8(SIBLINGS, SIBLINGS_OPENED, row), load<u64>(at, OPENED));
    store<u64>(cell8(SIBLINGS, SIBLINGS_CLOSED, row), load<u64>(at, CLOSED));
    store<u64>(cell8(SIBLINGS, SIBLINGS_OLDER, row), load<u64>(at, OLDER));
    store<u64>(cell8(SIBLINGS, SIBLINGS_OPENED_BYTES, row), load<u64>(at, OPENED_BYTES));
    store<u64>(cell8(SIBLINGS, SIBLINGS_CLOSED_BYTES, row), load<u64>(at, CLOSED_BYTES));
    store<i64>(cell8(SIBLINGS, SIBLINGS_FIRST_TS, row), load<i64>(at, FIRST_TS));
    store<i64>(cell8(SIBLINGS, SIBLINGS_LAST_TS, row), load<i64>(at, LAST_TS));
    store<i64>(cell8(SIBLINGS, SIBLINGS_LONGEST, row), load<i64>(at, LONGEST));
    store<u32>(cell4(SIBLINGS, SIBLINGS_MOST_PASSED, row), load<u64>(at, MOST_PASSED) as u32);
    writeKey(row, load<u32>(at, KEY));
  }
}

function writeKey(row: u32, key: u32): void {
  store<u16>(cell2(SIBLINGS, SIBLINGS_DEVICE, row), <u16>(key >> 16));
  store<u8>(cell1(SIBLINGS, SIBLINGS_LAYER, row), <u8>((key >> 12) & 15));
  store<u8>(cell1(SIBLINGS, SIBLINGS_KIND, row), <u8>((key >> 4) & 255));
  const direction = key & 15;
  store<u8>(cell1(SIBLINGS, SIBLINGS_DIR, row), direction == 15 ? 0xff : <u8>direction);
}
