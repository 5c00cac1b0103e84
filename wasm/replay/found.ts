/**
 * The result of the last query of an index of ranges: one list that all of them fill.
 */

/** Members found by the last query, in no order, each once. */
export let found: u32 = 0;
let results: usize = heap.alloc(1024 << 2);
let capacity: u32 = 1024;

// @ts-ignore: decorator
@inline
export function foundAt(i: u32): u32 {
  return load<u32>(results + ((i as usize) << 2));
}
export function setFound(i: u32, member: u32): void {
  store<u32>(results + ((i as usize) << 2), member);
}

/** The result as a list of u32 of the caller's own, to be freed: other queries may come before it has been gone through. */
export function copyFound(): usize {
  const list = heap.alloc((found as usize) << 2);
  memory.copy(list, results, (found as usize) << 2);
  return list;
}

// @ts-ignore: decorator
@inline
export function shrinkFound(count: u32): void {
  found = count;
}

// @ts-ignore: decorator
@inline
export function addFound(member: u32): void {
  if (found == capacity) makeRoom();
  store<u32>(results + ((found as usize) << 2), member);
  found++;
}

function makeRoom(): void {
  const bigger = heap.alloc((capacity as usize) << 3);
  memory.copy(bigger, results, (capacity as usize) << 2);
  heap.free(results);
  results = bigger;
  capacity *= 2;
}
