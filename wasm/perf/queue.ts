/**
 * Records that wait until everything older has been read, in order of time.
 *
 * In: records in the order of the file, which is each CPU's own order, one CPU's records after another's. Out: the same
 * in order of time; among equals the order of the file. Records in order are runs, and runs are merged.
 *
 *   entry   time u64 | address u32 | attribute u16 | segment u16
 */
export const ENTRY_TIME: usize = 0;
export const ENTRY_ADDRESS: usize = 8;
export const ENTRY_ATTRIBUTE: usize = 12;
export const ENTRY_SEGMENT: usize = 14;
const ENTRY_SHIFT: usize = 4;

let entries: usize = 0;
/** As large as `entries`; merging goes back and forth between the two. */
let spare: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;
/** Entries before this one have been taken. */
let head: u32 = 0;
/** Entries before this one may be taken. */
let ready: u32 = 0;

/** Where each run starts. */
let runs: usize = 0;
let runCapacity: u32 = 0;
let runCount: u32 = 0;

// @ts-ignore: decorator
@inline
function timeAt(index: u32): u64 {
  return load<u64>(entries + ((index as usize) << ENTRY_SHIFT));
}

export function waiting(): u32 {
  return count - head;
}

function grow(): void {
  const more = max<u32>(1 << 14, capacity * 2);
  const to = heap.alloc((more as usize) << ENTRY_SHIFT);
  if (count > 0) memory.copy(to, entries, (count as usize) << ENTRY_SHIFT);
  if (entries != 0) {
    heap.free(entries);
    heap.free(spare);
  }
  entries = to;
  spare = heap.alloc((more as usize) << ENTRY_SHIFT);
  capacity = more;
}

function addRun(start: u32): void {
  if (runCount == runCapacity) {
    const more = max<u32>(256, runCapacity * 2);
    const to = heap.alloc((more as usize) << 2);
    if (runCount > 0) memory.copy(to, runs, (runCount as usize) << 2);
    if (runs != 0) heap.free(runs);
    runs = to;
    runCapacity = more;
  }
  store<u32>(runs + ((runCount++ as usize) << 2), start);
}

/** Nothing may be ready while entries are added. */
export function addEntry(time: u64, address: usize, attribute: u32, segment: u32): void {
  if (count == capacity) grow();
  if (count == 0 || time < timeAt(count - 1)) addRun(count);
  const at = entries + ((count as usize) << ENTRY_SHIFT);
  store<u64>(at, time, ENTRY_TIME);
  store<u32>(at, address as u32, ENTRY_ADDRESS);
  store<u16>(at, <u16>attribute, ENTRY_ATTRIBUTE);
  store<u16>(at, <u16>segment, ENTRY_SEGMENT);
  count++;
}

/** Merges two neighbouring runs of `entries` into `spare`. */
function mergeTwo(left: u32, right: u32, end: u32): void {
  let a = entries + ((left as usize) << ENTRY_SHIFT);
  const aEnd = entries + ((right as usize) << ENTRY_SHIFT);
  let b = aEnd;
  const bEnd = entries + ((end as usize) << ENTRY_SHIFT);
  let to = spare + ((left as usize) << ENTRY_SHIFT);
  while (a < aEnd && b < bEnd) {
    let from: usize;
    if (load<u64>(b) < load<u64>(a)) {
      from = b;
      b += 1 << ENTRY_SHIFT;
    } else {
      from = a;
      a += 1 << ENTRY_SHIFT;
    }
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    to += 1 << ENTRY_SHIFT;
  }
  memory.copy(to, a, aEnd - a);
  memory.copy(to + (aEnd - a), b, bEnd - b);
}

// @ts-ignore: decorator
@inline
function runStart(run: u32): u32 {
  return run < runCount ? load<u32>(runs + ((run as usize) << 2)) : count;
}

/** One pass: every two neighbouring runs become one. */
function mergePass(): void {
  let kept: u32 = 0;
  for (let run: u32 = 0; run < runCount; run += 2) {
    const left = runStart(run);
    mergeTwo(left, runStart(run + 1), runStart(run + 2));
    store<u32>(runs + ((kept++ as usize) << 2), left);
  }
  runCount = kept;
  const old = entries;
  entries = spare;
  spare = old;
}

/** Puts all in order and makes those up to `limit` ready. */
export function makeReady(limit: u64): void {
  while (runCount > 1) mergePass();
  let low = head;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeAt(middle) <= limit) low = middle + 1;
    else high = middle;
  }
  ready = low;
}

/** Puts all in order and makes the older half ready, for want of memory. */
export function makeHalfReady(): void {
  while (runCount > 1) mergePass();
  ready = head + ((count - head + 1) >> 1);
}

/** The next ready entry, 0 when there is none; it stays until `dropEntry`. */
// @ts-ignore: decorator
@inline
export function nextEntry(): usize {
  return head < ready ? entries + ((head as usize) << ENTRY_SHIFT) : 0;
}

// @ts-ignore: decorator
@inline
export function dropEntry(): void {
  head++;
}

/** Once all that was ready has been taken: what is left, which is in order, becomes the first run. */
export function closeGap(): void {
  if (ready == 0) return;
  const left = count - head;
  if (head > 0 && left > 0) memory.copy(entries, entries + ((head as usize) << ENTRY_SHIFT), (left as usize) << ENTRY_SHIFT);
  head = 0;
  ready = 0;
  count = left;
  runCount = 0;
  if (left > 0) addRun(0);
}
