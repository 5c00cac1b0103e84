/**
 * The input: what the host has read and the scanner has not, in one buffer.
 *
 * In: bytes, put by the host where `makeRoom` says. Out: lines.
 *
 *   | unfinished line, at most LINE_MAX | what is read next: READ_BYTES | padding, for loads of whole words |
 */
import { TextCounter } from '../schema';
import { count, nextLine } from './counters';
import { NEWLINE, find } from './values';

/** A longer line is counted and skipped. */
const LINE_MAX: usize = 1 << 20;
/** So few that what was read is still in the processor's second cache, beside the batch, when it is scanned: 4 MiB cost a twentieth of the time. */
const READ_BYTES: usize = 512 << 10;
const PADDING: usize = 256;
const CARRIAGE_RETURN: u32 = 0x0d;

const buffer: usize = heap.alloc(LINE_MAX + READ_BYTES + PADDING);
memory.fill(buffer, 0, LINE_MAX + READ_BYTES + PADDING);
let at: usize = buffer;
let limit: usize = buffer;
/** Inside a line that is too long. */
let skipping: bool = false;

/** The line found last. */
export let lineStart: usize = 0;
export let lineEnd: usize = 0;

/** Moves the unfinished line to the front; the host may write READ_BYTES bytes behind it. */
export function makeRoom(): usize {
  const left = limit - at;
  if (at != buffer) memory.copy(buffer, at, left);
  at = buffer;
  limit = buffer + left;
  return limit;
}
export function readBytes(): usize {
  return READ_BYTES;
}

/** Says that the host has written `length` bytes. */
export function fed(length: usize): void {
  limit += min(length, READ_BYTES);
  store<u64>(limit, NEWLINE as u64);
  if (skipping) skipLine();
}

/** Goes to the next whole line; false when there is none. */
// @ts-ignore: decorator
@inline
export function nextWholeLine(): bool {
  let end = find(at, limit, NEWLINE as u8);
  while (end - at >= LINE_MAX && end < limit) end = dropLine(end);
  if (end >= limit) {
    if (limit - at >= LINE_MAX) dropRest();
    return false;
  }
  take(end);
  at = end + 1;
  return true;
}

/** The rest of the input is the last line, which has no newline; false when nothing is left. */
export function lastLine(): bool {
  if (at >= limit) return false;
  take(limit);
  at = limit;
  return true;
}

// @ts-ignore: decorator
@inline
function take(end: usize): void {
  lineStart = at;
  lineEnd = end > at && load<u8>(end - 1) == CARRIAGE_RETURN ? end - 1 : end;
  nextLine();
}

/** Skips the line that ends at `end`; returns the end of the next. */
function dropLine(end: usize): usize {
  nextLine();
  count(TextCounter.line_too_long, at, end);
  at = end + 1;
  return find(at, limit, NEWLINE as u8);
}

/** Skips a line of which the end is not in sight. */
function dropRest(): void {
  nextLine();
  count(TextCounter.line_too_long, at, limit);
  skipping = true;
  at = limit;
}

function skipLine(): void {
  const end = find(at, limit, NEWLINE as u8);
  skipping = end >= limit;
  at = skipping ? limit : end + 1;
}
