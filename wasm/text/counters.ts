/**
 * What the scanner could not use, by reason, with the place where each was first seen.
 *
 * In: a TextCounter and the text in question. Out: counts, the first line's number and its first bytes, for the host.
 */
import { TEXT_COUNTERS } from '../schema';

/** Bytes of text kept of the first case of each counter. */
const EXCERPT = 160;

const counts: usize = heap.alloc(8 * TEXT_COUNTERS);
const firstLines: usize = heap.alloc(8 * TEXT_COUNTERS);
const lengths: usize = heap.alloc(4 * TEXT_COUNTERS);
const excerpts: usize = heap.alloc(EXCERPT * TEXT_COUNTERS);
memory.fill(counts, 0, 8 * TEXT_COUNTERS);

/** Number of the line being read, from 1. */
export let lineNumber: f64 = 0;

// @ts-ignore: decorator
@inline
export function nextLine(): void {
  lineNumber += 1;
}

let mute: bool = false;
/** Cases that were not counted since the counters were muted. */
export let muted: i32 = 0;

/** Muted counters only say that there was something to count. */
export function muteCounters(on: bool): void {
  mute = on;
  if (on) muted = 0;
}

export function count(counter: i32, at: usize, end: usize): void {
  if (mute) {
    muted++;
    return;
  }
  const seen = load<f64>(counts + ((counter as usize) << 3));
  store<f64>(counts + ((counter as usize) << 3), seen + 1);
  if (seen != 0) return;
  const length = min<usize>(end - at, EXCERPT);
  store<f64>(firstLines + ((counter as usize) << 3), lineNumber);
  store<u32>(lengths + ((counter as usize) << 2), length as u32);
  memory.copy(excerpts + (counter as usize) * EXCERPT, at, length);
}

export function counted(counter: i32): f64 {
  return load<f64>(counts + ((counter as usize) << 3));
}
export function firstLine(counter: i32): f64 {
  return load<f64>(firstLines + ((counter as usize) << 3));
}
export function excerptLength(counter: i32): i32 {
  return counted(counter) == 0 ? 0 : load<i32>(lengths + ((counter as usize) << 2));
}
export function excerpt(counter: i32): usize {
  return excerpts + (counter as usize) * EXCERPT;
}
