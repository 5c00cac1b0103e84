/**
 * Ring-buffer pages: kernel/trace/ring_buffer.c writes them, trace-cmd stores them as they are.
 *
 * In: a stream's run of pages. Out: rows in the batch, in order; `lost` rows where the kernel says that events are
 * missing, and where a page cannot be read.
 *
 *   page     timestamp u64 | commit long | data …           (where: header_page says)
 *            commit: bytes of data; bit 31: events were missed before this page; bit 30: how many follows the data
 *   event    type_len:5 time_delta:27 | array u32 … , 4-byte aligned; bit fields from the low end, big-endian: from the high
 *            1 … 28  the payload is 4 × type_len bytes
 *            0       array[0] − 4 bytes of payload follow array[0]
 *            29      padding: array[0] bytes follow the head; with time_delta 0 the rest of the page
 *            30      time extend: array[0] are the upper bits of a delta
 *            31      absolute time: array[0] are the upper bits; its own top 5 come from the time before
 */
import { hasRoom, rows } from '../decode/batch';
import { eventTime } from './clock';
import { readNumber, readU32, readU64, swapped } from './numbers';
import { decodeRecord, lostRow, pidOf } from './record';
import { tallyBackwards, tallyPage } from './tally';
import { commOf } from './tasks';

const TYPE_PADDING: u32 = 29;
const TYPE_TIME_EXTEND: u32 = 30;
const TYPE_TIME_STAMP: u32 = 31;
const DELTA_BITS: u64 = 27;
const DELTA_MASK: u32 = (1 << 27) - 1;
/** An absolute time has 59 bits. */
const STAMP_TOP: u64 = 0xf8 << 56;

const COMMIT_MASK: u32 = (1 << 27) - 1;
const MISSED_EVENTS: u32 = 1 << 31;
const MISSED_STORED: u32 = 1 << 30;

/** Why decoding stopped. */
export const NEEDS_INPUT: i32 = 0;
export const BATCH_FULL: i32 = 1;

// The page's layout, from header_page.
let pageBytes: u32 = 4096;
let stampAt: u32 = 0;
let commitAt: u32 = 8;
let longBytes: u32 = 8;
let dataAt: u32 = 16;

/** The host has checked that the fields lie inside the page, and that a long has 4 or 8 bytes. */
export function setPageLayout(bytes: u32, stamp: u32, commit: u32, long: u32, data: u32): void {
  pageBytes = bytes;
  stampAt = stamp;
  commitAt = commit;
  longBytes = long;
  dataAt = data;
}

/** One CPU's ring buffer being read. */
// @ts-ignore: decorator
@unmanaged
export class PageStream {
  /** The run of pages, `capacity` bytes, of which `length` are filled and `at` are done. */
  input: usize = 0;
  capacity: u32 = 0;
  length: u32 = 0;
  at: u32 = 0;
  /** Of the page under way: where its events end, and where the page ends (0 = none under way) and starts. */
  eventsEnd: u32 = 0;
  pageEnd: u32 = 0;
  pageStart: u32 = 0;
  cpu: i32 = 0;
  /** Whether nothing comes before the part being read. */
  first: bool = true;
  /** Events are missing before the first page of all: told with it, when its time is known. */
  lossAhead: bool = false;
  /** Pages of the run in which something was damaged; the first one's offset. */
  firstDamage: u32 = u32.MAX_VALUE;
  /** The clock's count at the newest event, and that event's time. */
  stamp: u64 = 0;
  time: i64 = i64.MIN_VALUE;
}

/** Makes a stream with room for `capacity` bytes of pages. */
export function openStream(cpu: i32, capacity: u32): PageStream {
  const stream = changetype<PageStream>(heap.alloc(offsetof<PageStream>()));
  stream.input = heap.alloc(capacity);
  stream.capacity = capacity;
  stream.cpu = cpu;
  beginPart(stream, true);
  return stream;
}

/** What is fed from now on is a part of the stream that knows nothing of those before it; `first`: there are none. */
export function beginPart(stream: PageStream, first: bool): void {
  feedStream(stream, 0);
  stream.eventsEnd = 0;
  stream.pageStart = 0;
  stream.first = first;
  stream.lossAhead = false;
  stream.stamp = 0;
  stream.time = i64.MIN_VALUE;
}

export function closeStream(stream: PageStream): void {
  heap.free(stream.input);
  heap.free(changetype<usize>(stream));
}

export function streamInput(stream: PageStream): usize {
  return stream.input;
}

/** Says that `length` bytes of pages are at `streamInput`. The last page may be cut short. */
export function feedStream(stream: PageStream, length: u32): void {
  stream.length = min(length, stream.capacity);
  stream.at = 0;
  stream.pageEnd = 0;
  stream.firstDamage = u32.MAX_VALUE;
}

/** Offset in the run of the first page with damage since `feedStream`; all ones: none. */
export function firstDamage(stream: PageStream): u32 {
  return stream.firstDamage;
}

/** Times never go back within a stream: the merge of the streams counts on it. */
// @ts-ignore: decorator
@inline
function advance(stream: PageStream): i64 {
  const time = eventTime(stream.stamp);
  if (time < stream.time) {
    tallyBackwards();
    return stream.time;
  }
  stream.time = time;
  return time;
}

function damagedPage(stream: PageStream, at: u32): void {
  tallyPage();
  stream.firstDamage = min(stream.firstDamage, at);
  loseEvents(stream);
}

/** Events are missing after the newest one: adds a `lost` row, for which there must be room. Its time is 0 where the part has none yet. */
export function loseEvents(stream: PageStream): void {
  if (stream.time != i64.MIN_VALUE) lostRow(stream.time, stream.cpu, u64.MAX_VALUE);
  else if (stream.first) stream.lossAhead = true;
  else lostRow(0, stream.cpu, u64.MAX_VALUE);
}

/** The end of a part; of the first, when nothing of it could be read: all was lost, at a time that nobody knows. */
export function endPart(stream: PageStream): void {
  if (stream.lossAhead) lostRow(0, stream.cpu, u64.MAX_VALUE);
  stream.lossAhead = false;
}

/** Reads a page's head and makes it the page under way; needs room for one row. */
function startPage(stream: PageStream): void {
  const at = stream.at;
  const here = min(pageBytes, stream.length - at);
  stream.pageStart = at;
  stream.pageEnd = at + here;
  stream.eventsEnd = at;
  if (here < dataAt) return damagedPage(stream, at);
  const page = stream.input + at;
  const stamp = readU64(page + stampAt);
  const raw = readNumber(page + commitAt, longBytes, false) as u32;
  const commit = raw & COMMIT_MASK;
  if (commit > pageBytes - dataAt) return damagedPage(stream, at);
  stream.stamp = stamp;
  if (stream.lossAhead || raw & MISSED_EVENTS) {
    const stored = !stream.lossAhead && raw & MISSED_STORED && dataAt + commit + longBytes <= here;
    stream.lossAhead = false;
    const count = stored ? readNumber(page + dataAt + commit, longBytes, false) : u64.MAX_VALUE;
    lostRow(advance(stream), stream.cpu, count);
  }
  stream.at = at + dataAt;
  stream.eventsEnd = at + dataAt + commit;
}

/** The absolute time in an event, with the top bits of the time before it. */
function absolute(low: u64, before: u64): u64 {
  const top = before & STAMP_TOP;
  if (top == 0) return low;
  const stamp = low | top;
  return stamp < before ? stamp + ((1 as u64) << 59) : stamp;
}

/** Reads the event at `at`; returns where the next one is, or 0 where this one is damaged. */
// @ts-ignore: decorator
@inline
function stepEvent(stream: PageStream, at: u32, end: u32): u32 {
  const event = stream.input + at;
  const left = end - at;
  if (left < 4) return 0;
  const head = readU32(event);
  const type = swapped ? head >> 27 : head & 31;
  const delta = swapped ? head & DELTA_MASK : head >> 5;
  if (type - 1 < TYPE_PADDING - 1) {
    const bytes = type << 2;
    if (bytes > left - 4) return 0;
    stream.stamp += delta;
    record(stream, event + 4, bytes);
    return at + 4 + bytes;
  }
  if (type == TYPE_PADDING && delta == 0) return end;
  if (left < 8) return 0;
  const word = readU32(event + 4);
  if (type == TYPE_TIME_EXTEND) {
    stream.stamp += ((word as u64) << DELTA_BITS) + delta;
    return at + 8;
  }
  if (type == TYPE_TIME_STAMP) {
    stream.stamp = absolute(((word as u64) << DELTA_BITS) + delta, stream.stamp);
    return at + 8;
  }
  // Padding and long payloads: array[0] counts itself.
  const bytes = (word & ~3) + (word & 3 ? 4 : 0);
  if (bytes < 4 || bytes > left - 4) return 0;
  stream.stamp += delta;
  if (type == 0) record(stream, event + 8, bytes - 4);
  return at + 4 + bytes;
}

// @ts-ignore: decorator
@inline
function record(stream: PageStream, at: usize, length: u32): void {
  const pid = pidOf(at, length);
  decodeRecord(at, length, advance(stream), stream.cpu, pid, commOf(pid));
}

/** Decodes the events of the page under way; false: the batch is full before the page's end. */
function decodeEvents(stream: PageStream, limit: i32): bool {
  // A page that the file cuts short ends there, whatever it says of itself.
  const end = min(stream.eventsEnd, stream.pageEnd);
  let at = stream.at;
  while (at < end) {
    if (rows >= limit || !hasRoom()) {
      stream.at = at;
      return false;
    }
    const next = stepEvent(stream, at, end);
    if (next == 0) {
      if (stream.eventsEnd == end) damagedPage(stream, stream.pageStart);
      break;
    }
    at = next;
  }
  stream.at = stream.pageEnd;
  stream.pageEnd = 0;
  return true;
}

/** Decodes what was fed, until it is done or the batch has `limit` rows. Each step adds at most one row. */
export function decodePages(stream: PageStream, limit: i32): i32 {
  while (stream.pageEnd != 0 || stream.at < stream.length) {
    if (stream.pageEnd == 0) {
      if (rows >= limit || !hasRoom()) return BATCH_FULL;
      startPage(stream);
    }
    if (!decodeEvents(stream, limit)) return BATCH_FULL;
  }
  return NEEDS_INPUT;
}
