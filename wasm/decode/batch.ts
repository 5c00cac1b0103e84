/**
 * The event batch under construction: one block of columns and its side heap.
 *
 * In: facts of one event at a time. Out: a block that the host takes away (and only the host empties).
 */
import {
  EVENT_ADDR, EVENT_ATTRS, EVENT_BYTES, EVENT_COMM, EVENT_CPU, EVENT_DEVICE, EVENT_DIR, EVENT_ERROR, EVENT_LEN,
  EVENT_LIFETIME, EVENT_PHYS, EVENT_SIDE, EVENT_STACK, EVENT_TID, EVENT_TS, EVENT_TYPE, ROWS,
} from '../schema';

/** Words that one event may need at most: a list of 8191 addresses three times over, and its shape. */
export const SIDE_RESERVE = 3 * 8192 + 8;
export const SIDE_WORDS = 512 * 1024;

export const block: usize = heap.alloc(EVENT_BYTES);
export const side: usize = heap.alloc(SIDE_WORDS << 3);

/** Rows in the block so far. */
export let rows: i32 = 0;
/** Words used in the side heap; word 0 is never used. */
export let sideUsed: i32 = 1;

/** Whether there is room for one more event of any kind. */
// @ts-ignore: decorator
@inline
export function hasRoom(): bool {
  return rows < ROWS && sideUsed + SIDE_RESERVE <= SIDE_WORDS;
}

export function clearBatch(): void {
  rows = 0;
  sideUsed = 1;
}

/** Starts a row: sets what every event has, makes all else absent. The row exists once `keepRow` is called. */
// @ts-ignore: decorator
@inline
export function startRow(type: i32, ts: i64, cpu: i32, tid: i32, comm: i32): void {
  const i = rows as usize;
  store<i64>(block + EVENT_TS + (i << 3), ts);
  store<u64>(block + EVENT_ADDR + (i << 3), u64.MAX_VALUE);
  store<u64>(block + EVENT_LEN + (i << 3), u64.MAX_VALUE);
  store<u64>(block + EVENT_PHYS + (i << 3), u64.MAX_VALUE);
  store<u32>(block + EVENT_ATTRS + (i << 2), u32.MAX_VALUE);
  store<i32>(block + EVENT_TID + (i << 2), tid);
  store<u32>(block + EVENT_COMM + (i << 2), comm);
  store<u32>(block + EVENT_STACK + (i << 2), 0);
  store<u32>(block + EVENT_SIDE + (i << 2), 0);
  store<u32>(block + EVENT_LIFETIME + (i << 2), u32.MAX_VALUE);
  store<u16>(block + EVENT_CPU + (i << 1), <u16>cpu);
  store<u16>(block + EVENT_TYPE + (i << 1), <u16>type);
  store<u16>(block + EVENT_DEVICE + (i << 1), 0);
  store<i16>(block + EVENT_ERROR + (i << 1), 0);
  store<u8>(block + EVENT_DIR + i, 0xff);
}

// @ts-ignore: decorator
@inline
export function keepRow(): void {
  rows += 1;
}

// Setters of the row under construction.
// @ts-ignore: decorator
@inline
export function setU64(column: usize, value: u64): void {
  store<u64>(block + column + ((rows as usize) << 3), value);
}
// @ts-ignore: decorator
@inline
export function setU32(column: usize, value: u32): void {
  store<u32>(block + column + ((rows as usize) << 2), value);
}
// @ts-ignore: decorator
@inline
export function setU16(column: usize, value: u16): void {
  store<u16>(block + column + ((rows as usize) << 1), value);
}
// @ts-ignore: decorator
@inline
export function setU8(column: usize, value: u8): void {
  store<u8>(block + column + (rows as usize), value);
}

/** Takes `words` words of the side heap and returns their offset; the caller fills them and sets EVENT_SIDE. */
// @ts-ignore: decorator
@inline
export function takeSide(words: i32): i32 {
  const at = sideUsed;
  sideUsed += words;
  return at;
}

// @ts-ignore: decorator
@inline
export function sideWord(at: i32): usize {
  return side + ((at as usize) << 3);
}
