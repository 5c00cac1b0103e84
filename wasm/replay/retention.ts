/**
 * What is kept: memory follows what is live, not the capture's size, unless somebody wants the whole tables.
 *
 * Without `keepEvents` events are only counted. Without `keepLifetimes` a block of lifetimes goes when
 * all in it are closed and no anomaly speaks of them; rows keep their ids.
 */
import { ROWS, ROWS_SHIFT } from '../schema';
import { LIFETIMES, dropBlock, isKept, rowsOf } from './table';

export let keepEvents: bool = true;
let keepLifetimes: bool = true;

/** Blocks of lifetimes stay at least this long, so that a second unmap soon after the first can still name it. */
const LAG: u32 = 4;

/** Per block of lifetimes: how many of its rows are open or spoken of. */
const held: usize = heap.alloc(65536 << 2);

export function setRetention(events: bool, lifetimes: bool): void {
  keepEvents = events;
  keepLifetimes = lifetimes;
  memory.fill(held, 0, 65536 << 2);
}

// @ts-ignore: decorator
@inline
function holds(block: u32): usize {
  return held + ((block as usize) << 2);
}

/** A lifetime is open, or spoken of by an anomaly. */
// @ts-ignore: decorator
@inline
export function hold(id: u32): void {
  const at = holds(id >> ROWS_SHIFT);
  store<u32>(at, load<u32>(at) + 1);
}

/** A lifetime is closed. */
// @ts-ignore: decorator
@inline
export function release(id: u32): void {
  const at = holds(id >> ROWS_SHIFT);
  store<u32>(at, load<u32>(at) - 1);
}

/** A new block of lifetimes has begun: lets go of an old one, if nothing holds it. */
export function lifetimesGrew(): void {
  if (keepLifetimes) return;
  const newest = rowsOf(LIFETIMES) >> ROWS_SHIFT;
  if (newest < LAG) return;
  for (let block = oldestKept; block <= newest - LAG; block++) {
    if (load<u32>(holds(block)) == 0) dropBlock(LIFETIMES, block);
  }
  while (oldestKept <= newest - LAG && !isKept(LIFETIMES, oldestKept << ROWS_SHIFT)) oldestKept++;
}

let oldestKept: u32 = 0;

/** The lifetime if it is still there, else none. */
// @ts-ignore: decorator
@inline
export function stillKept(id: u32): u32 {
  return isKept(LIFETIMES, id) ? id : u32.MAX_VALUE;
}

/** Whether the row is the first of a block. */
// @ts-ignore: decorator
@inline
export function beginsBlock(row: u32): bool {
  return (row & (<u32>ROWS - 1)) == 0;
}
