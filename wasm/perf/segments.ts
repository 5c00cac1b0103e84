/**
 * Memory for the bytes of a perf.data while records wait for their turn.
 *
 * In: requests for a segment, and how many waiting records stand in it. Out: memory that is used again once all
 * of a segment's records have been decoded. A segment is known by its number, so that 16 bits name it.
 */

/** Many times the largest record (64 KiB), so that moving a cut record to the next segment costs little. */
export const SEGMENT_BYTES: u32 = 1 << 20;
const SEGMENTS: u32 = 3584;

/** Pointer and number of users of each segment. */
const pointers: usize = heap.alloc((SEGMENTS as usize) << 2);
const users: usize = heap.alloc((SEGMENTS as usize) << 2);
const free: usize = heap.alloc((SEGMENTS as usize) << 2);
let made: u32 = 0;
let freeCount: u32 = 0;

/** Segments in use. */
export function segmentsHeld(): u32 {
  return made - freeCount;
}

// @ts-ignore: decorator
@inline
export function segmentAt(segment: u32): usize {
  return load<u32>(pointers + ((segment as usize) << 2));
}

/** A segment with one user. The host flushes long before all are taken; should it not, this stops the module. */
export function takeSegment(): u32 {
  if (freeCount > 0) {
    const segment = load<u32>(free + ((--freeCount as usize) << 2));
    store<u32>(users + ((segment as usize) << 2), 1);
    return segment;
  }
  if (made == SEGMENTS) unreachable();
  store<u32>(pointers + ((made as usize) << 2), heap.alloc(SEGMENT_BYTES) as u32);
  store<u32>(users + ((made as usize) << 2), 1);
  return made++;
}

// @ts-ignore: decorator
@inline
export function useSegment(segment: u32): void {
  const at = users + ((segment as usize) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

// @ts-ignore: decorator
@inline
export function leaveSegment(segment: u32): void {
  const at = users + ((segment as usize) << 2);
  const left = load<u32>(at) - 1;
  store<u32>(at, left);
  if (left == 0) store<u32>(free + ((freeCount++ as usize) << 2), segment);
}
