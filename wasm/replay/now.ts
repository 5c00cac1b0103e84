/**
 * The event being replayed, its facts in globals: one place to read them from, no parameters to hand down.
 *
 * In: the row, set by `readRow`. Out: the facts.
 */
import {
  EVENT_ADDR, EVENT_ATTRS, EVENT_COMM, EVENT_CPU, EVENT_DEVICE, EVENT_DIR, EVENT_LEN, EVENT_LIFETIME, EVENT_PHYS, EVENT_STACK,
  EVENT_TID, EVENT_TS,
} from '../schema';
import { EVENTS, cell1, cell2, cell4, cell8 } from './table';

export const ABSENT: u64 = u64.MAX_VALUE;
export const NONE: u32 = u32.MAX_VALUE;

export let seq: u32 = 0;
export let ts: i64 = 0;
export let addr: u64 = 0;
export let len: u64 = 0;
export let phys: u64 = 0;
export let attrs: u32 = 0;
export let tid: i32 = 0;
export let device: u32 = 0;
export let dir: u32 = 0;
export let kind: u32 = 0;
export let slot: usize = 0; // of the CPU

/** Where the event's words of the side heap stand, 0 = it has none. */
export let words: usize = 0;

/** Whether a loss has been seen, and the number of rows before the newest. */
export let lossSeen: bool = false;
export let lossSeq: u32 = 0;

// @ts-ignore: decorator
@inline
export function readRow(row: u32, ofKind: u32, cpuSlotOfRow: usize, sideWords: usize): void {
  seq = row;
  kind = ofKind;
  slot = cpuSlotOfRow;
  words = sideWords;
  ts = load<i64>(cell8(EVENTS, EVENT_TS, row));
  addr = load<u64>(cell8(EVENTS, EVENT_ADDR, row));
  len = load<u64>(cell8(EVENTS, EVENT_LEN, row));
  phys = load<u64>(cell8(EVENTS, EVENT_PHYS, row));
  attrs = load<u32>(cell4(EVENTS, EVENT_ATTRS, row));
  tid = load<i32>(cell4(EVENTS, EVENT_TID, row));
  device = load<u16>(cell2(EVENTS, EVENT_DEVICE, row));
  dir = load<u8>(cell1(EVENTS, EVENT_DIR, row));
}

// @ts-ignore: decorator
@inline
export function commNow(): u32 {
  return load<u32>(cell4(EVENTS, EVENT_COMM, seq));
}
// @ts-ignore: decorator
@inline
export function stackNow(): u32 {
  return load<u32>(cell4(EVENTS, EVENT_STACK, seq));
}

/** Notes the first lifetime that this event opened, closed or synced. */
// @ts-ignore: decorator
@inline
export function concerns(lifetime: u32): void {
  store<u32>(cell4(EVENTS, EVENT_LIFETIME, seq), lifetime);
}

export function setLoss(rows: u32): void {
  lossSeen = true;
  lossSeq = rows;
}
export function clearLoss(): void {
  lossSeen = false;
  lossSeq = 0;
}

/** start + bytes, at most the end of the address space. */
// @ts-ignore: decorator
@inline
export function endOfRange(start: u64, bytes: u64): u64 {
  const end = start + bytes;
  return end < start ? u64.MAX_VALUE : end;
}
