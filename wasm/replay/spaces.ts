/**
 * Address spaces: an mm from its first event to its release; the same kernel pointer later is another process.
 *
 * In: mm pointers. Out: numbers of spaces, from 1.
 *
 *   space: | mm u64 | state u32 | invalidations under way u32 | event of its release u32 |
 */
import { ABSENT, seq } from './now';
import { WordTable } from './word-table';

/** The mm was released: its importers have been told to let go of everything. */
const RELEASED: u32 = 1;
/** Everything in it was unmapped too: what comes next under this pointer is another mm. */
const GONE: u32 = 2;

const SPACE_BYTES: usize = 24;
/** Spaces beyond share the last number. */
const MAX_SPACES: u32 = 65535;

const numbers: WordTable = new WordTable();
let spaces: usize = heap.alloc(64 * SPACE_BYTES);
let capacity: u32 = 64;
/** Spaces so far; numbers are 1 to this. */
export let spaceCount: u32 = 0;

/** The mm that was asked for last, and its number: most events are about the same one as the event before. */
let lastMm: u64 = ABSENT;
let lastNumber: u32 = 0;

// @ts-ignore: decorator
@inline
function numberOf(mm: u64): u32 {
  if (mm != lastMm) {
    lastMm = mm;
    lastNumber = numbers.get(mm, 1);
  }
  return lastNumber;
}

// @ts-ignore: decorator
@inline
function at(space: u32): usize {
  return spaces + ((space - 1) as usize) * SPACE_BYTES;
}

function addSpace(mm: u64): u32 {
  if (spaceCount == MAX_SPACES) return spaceCount;
  if (spaceCount == capacity) {
    const bigger = heap.alloc((capacity as usize) * 2 * SPACE_BYTES);
    memory.copy(bigger, spaces, (capacity as usize) * SPACE_BYTES);
    heap.free(spaces);
    spaces = bigger;
    capacity *= 2;
  }
  spaceCount++;
  store<u64>(at(spaceCount), mm);
  store<u64>(at(spaceCount), 0, 8);
  numbers.set(mm, 1, spaceCount);
  lastMm = mm;
  lastNumber = spaceCount;
  return spaceCount;
}

/** The space that something new in this mm belongs to; 0 for an mm that is not told. */
export function enterSpace(mm: u64): u32 {
  if (mm == ABSENT) return 0;
  const space = numberOf(mm);
  return space == 0 || load<u32>(at(space), 8) != 0 ? addSpace(mm) : space;
}

/** The space that goes by this mm now, be it released; made when there is none. */
export function spaceNow(mm: u64): u32 {
  if (mm == ABSENT) return 0;
  const space = numberOf(mm);
  return space == 0 || load<u32>(at(space), 8) == GONE ? addSpace(mm) : space;
}

/** The space that goes by this mm, 0 when there is none. */
export function findSpace(mm: u64): u32 {
  return mm == ABSENT ? 0 : numberOf(mm);
}

export function releaseSpace(space: u32): void {
  store<u32>(at(space), RELEASED, 8);
  store<u32>(at(space), seq, 16);
}
export function endSpace(space: u32): void {
  store<u32>(at(space), GONE, 8);
}
export function isReleased(space: u32): bool {
  return load<u32>(at(space), 8) != 0;
}

/** Whether the space was released after event `since`. */
export function isReleasedSince(space: u32, since: u32): bool {
  return isReleased(space) && load<u32>(at(space), 16) > since;
}

// The newest invalidation under way in a space (invalidations.ts), 0 = none.
export function underWay(space: u32): u32 {
  return space == 0 ? 0 : load<u32>(at(space), 12);
}
export function setUnderWay(space: u32, order: u32): void {
  store<u32>(at(space), order, 12);
}
