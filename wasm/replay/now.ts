/**
 * The event being replayed, its facts in globals: one place to read them from, no parameters to hand down.
 *
 * In: a row of a batch. Out: its facts.
 */
import {
  EVENT_ADDR, EVENT_ATTRS, EVENT_COMM, EVENT_DIR, EVENT_ERROR, EVENT_LEN, EVENT_PHYS, EVENT_TID, EXTRA_MM, EXTRA_OBJECT, EXTRA_OTHER, EXTRA_VALUE,
} from '../schema';

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

/** The batch's block, and the row's place in it. */
let block: usize = 0;
let place: usize = 0;

/** Reads the facts of row `i` of a batch's block; `ofDevice` is the capture's id of its device. */
// @ts-ignore: decorator
@inline
export function readRow(from: usize, i: usize, row: u32, ofKind: u32, ofDevice: u32, cpu: usize, at: i64): void {
  block = from;
  place = i;
  seq = row;
  kind = ofKind;
  device = ofDevice;
  slot = cpu;
  ts = at;
  addr = load<u64>(from + EVENT_ADDR + (i << 3));
  len = load<u64>(from + EVENT_LEN + (i << 3));
  phys = load<u64>(from + EVENT_PHYS + (i << 3));
  attrs = load<u32>(from + EVENT_ATTRS + (i << 2));
  tid = load<i32>(from + EVENT_TID + (i << 2));
  dir = load<u8>(from + EVENT_DIR + i);
}

/** The facts beyond the columns; only read for the layers that have them (readExtras). */
export let mm: u64 = 0;
export let object: u64 = 0;
export let value: u64 = 0;
export let other: u64 = 0;

/** Reads the current event's extras; `at` 0 = it has none. */
export function readExtras(at: usize): void {
  mm = at == 0 ? ABSENT : load<u64>(at, EXTRA_MM << 3);
  object = at == 0 ? ABSENT : load<u64>(at, EXTRA_OBJECT << 3);
  value = at == 0 ? ABSENT : load<u64>(at, EXTRA_VALUE << 3);
  other = at == 0 ? ABSENT : load<u64>(at, EXTRA_OTHER << 3);
}

/** Narrows or widens the current event's range. */
export function setRange(from: u64, bytes: u64): void {
  addr = from;
  len = bytes;
}

/** Says where the event's words of the side heap stand, 0 = it has none. */
// @ts-ignore: decorator
@inline
export function setWords(at: usize): void {
  words = at;
}

/** What the stream's ids of task names are in the capture. */
let comms: usize = 0;
let commCount: u32 = 0;

export function setComms(at: usize, count: u32): void {
  comms = at;
  commCount = count;
}

/** The capture's id of the event's task name. */
// @ts-ignore: decorator
@inline
export function commNow(): u32 {
  const id = load<u32>(block + EVENT_COMM + (place << 2));
  return id < commCount ? load<u32>(comms + ((id as usize) << 2)) : 0;
}
// @ts-ignore: decorator
@inline
export function errorNow(): i32 {
  return load<i16>(block + EVENT_ERROR + (place << 1));
}

/** Events so far: the number of the next. */
export let eventCount: u32 = 0;
/** Whether every event becomes a row, or only those that somebody may ask for. */
let keepEvents: bool = true;
/** The first lifetime that the current event opened, closed or synced, and whether it must have a row. */
let concerned: u32 = NONE;
let wanted: bool = false;

export function setKeepEvents(all: bool): void {
  keepEvents = all;
}

/** Whether every event becomes a row. */
export function keepsEvents(): bool {
  return keepEvents;
}

/** Notes the first lifetime that this event opened, closed or synced. */
// @ts-ignore: decorator
@inline
export function concerns(lifetime: u32): void {
  concerned = lifetime;
}

/** Somebody will ask for this event. */
// @ts-ignore: decorator
@inline
export function wantEvent(): void {
  wanted = true;
}

/** Begins the next event, and returns its number. */
// @ts-ignore: decorator
@inline
export function nextEvent(): u32 {
  concerned = NONE;
  wanted = keepEvents;
  return eventCount++;
}

/** Whether the event that was just replayed is to have a row. */
// @ts-ignore: decorator
@inline
export function isWanted(): bool {
  return wanted;
}
// @ts-ignore: decorator
@inline
export function concernedLifetime(): u32 {
  return concerned;
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
