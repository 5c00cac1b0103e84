/**
 * Ranges of which a part ends: the part becomes a lifetime of its own, the rest stays.
 *
 * In: a live lifetime in a range index, and a range. Out: records in the index as they are now.
 */
import { endOfRange } from './now';
import { addrOf, closeLifetime, copyPart, idOf, lenOf, setPart, splitLifetime } from './lifetimes';
import { copyFound, found, foundAt, setFound } from './found';
import { RangeIndex } from './range-index';

export function enterRange(ranges: RangeIndex, space: u32, record: u32): void {
  ranges.insert(space, addrOf(record), endOfRange(addrOf(record), lenOf(record)), record);
}

function leaveRange(ranges: RangeIndex, space: u32, record: u32): void {
  ranges.remove(space, addrOf(record), endOfRange(addrOf(record), lenOf(record)), record);
}

/**
 * Takes what [from, end) covers of a lifetime out of the index, and returns it: the lifetime itself when all of it is
 * covered, else a new one, while the lifetime keeps its first part left and a second part left is another new one.
 */
export function carve(ranges: RangeIndex, space: u32, record: u32, from: u64, end: u64): u32 {
  const start = addrOf(record);
  const stop = endOfRange(start, lenOf(record));
  leaveRange(ranges, space, record);
  if (from <= start && end >= stop) return record;
  const cut = max(from, start);
  const rest = min(end, stop);
  const part = copyPart(record, cut, rest);
  if (cut > start) {
    if (rest < stop) enterRange(ranges, space, copyPart(record, rest, stop));
    setPart(record, start, cut);
  } else setPart(record, rest, stop);
  enterRange(ranges, space, record);
  return part;
}

/** Closes what [from, end) covers of a lifetime; returns the id of what was closed. */
export function closePart(ranges: RangeIndex, space: u32, record: u32, from: u64, end: u64): u32 {
  const part = carve(ranges, space, record, from, end);
  const id = idOf(part);
  endPart(part, part == record);
  return id;
}

/** Closes what was carved out: a whole lifetime, or a part of one. */
export function endPart(part: u32, whole: bool): void {
  if (whole) closeLifetime(part);
  else splitLifetime(part);
}

/** Whether one lifetime of a result comes after another: by address, what begins at one address by age. */
// @ts-ignore: decorator
@inline
function comesAfter(a: u32, b: u32): bool {
  return addrOf(a) != addrOf(b) ? addrOf(a) > addrOf(b) : idOf(a) > idOf(b);
}

/** Orders the result of a query; most results are short, or in order already. */
export function sortFound(): void {
  let sorted: u32 = 1;
  while (sorted < found && comesAfter(foundAt(sorted), foundAt(sorted - 1))) sorted++;
  if (sorted >= found) return;
  if (found > FEW) {
    mergeSort();
    return;
  }
  for (let i = sorted; i < found; i++) {
    const record = foundAt(i);
    let j = i;
    for (; j > 0 && comesAfter(foundAt(j - 1), record); j--) setFound(j, foundAt(j - 1));
    setFound(j, record);
  }
}

const FEW: u32 = 32;

/** Merges runs of 1, 2, 4, … from one list into another and back. */
function mergeSort(): void {
  let from = copyFound();
  let to = heap.alloc((found as usize) << 2);
  for (let width: u32 = 1; width < found; width *= 2) {
    for (let at: u32 = 0; at < found; at += 2 * width) merge(from, to, at, min(at + width, found), min(at + 2 * width, found));
    const merged = to;
    to = from;
    from = merged;
  }
  for (let i: u32 = 0; i < found; i++) setFound(i, listed(from, i));
  heap.free(from);
  heap.free(to);
}

// @ts-ignore: decorator
@inline
function listed(list: usize, i: u32): u32 {
  return load<u32>(list + ((i as usize) << 2));
}

function merge(from: usize, to: usize, start: u32, middle: u32, end: u32): void {
  let left = start;
  let right = middle;
  for (let i = start; i < end; i++) {
    const takesRight = right < end && (left == middle || comesAfter(listed(from, left), listed(from, right)));
    store<u32>(to + ((i as usize) << 2), listed(from, takesRight ? right++ : left++));
  }
}
