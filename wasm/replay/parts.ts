/**
 * Ranges of which a part ends: the part becomes a lifetime of its own, the rest stays.
 *
 * In: a live lifetime in a range index, and a range. Out: records in the index as they are now.
 */
import { endOfRange } from './now';
import { addrOf, closeLifetime, copyPart, idOf, lenOf, setPart, splitLifetime } from './lifetimes';
import { RangeIndex, found, foundAt, setFound } from './range-index';

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
  endPart(part, part == record);
  return idOf(part);
}

/** Closes what was carved out: a whole lifetime, or a part of one. */
export function endPart(part: u32, whole: bool): void {
  if (whole) closeLifetime(part);
  else splitLifetime(part);
}

/** Orders the result of a query by address; insertion sort, since results are short or nearly sorted. */
export function sortFound(): void {
  for (let i: u32 = 1; i < found; i++) {
    const record = foundAt(i);
    let j = i;
    for (; j > 0 && addrOf(foundAt(j - 1)) > addrOf(record); j--) setFound(j, foundAt(j - 1));
    setFound(j, record);
  }
}
