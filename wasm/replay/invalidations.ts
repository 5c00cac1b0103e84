/** Invalidations (docs/lifetimes.md). */

let next: u32 = 0;

/** Invalidations so far; also the id that the next one will have. */
export function invalidationCount(): u32 {
  return next;
}
