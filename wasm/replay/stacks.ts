/**
 * Call stacks that follow their event as a record of their own, and how lifetimes get theirs.
 */
import {
  EVENT_STACK, EndReason, LIFETIME_CLOSE_SEQ, LIFETIME_CLOSE_STACK, LIFETIME_END, LIFETIME_OPEN_SEQ, LIFETIME_OPEN_STACK,
} from '../schema';
import { EVENTS, LIFETIMES, cell1, cell4, rowsOf } from './table';
import { CPU_ROWS } from './cpus';
import { NONE } from './now';

/** Gives a stack to the CPU's newest row that has none yet. */
export function giveStack(slot: usize, stack: u32): void {
  for (let i: usize = 0; i < 4; i++) {
    const row = load<u32>(slot + CPU_ROWS + (i << 2));
    if (row == NONE) return;
    const at = cell4(EVENTS, EVENT_STACK, row);
    if (load<u32>(at) != 0) continue;
    store<u32>(at, stack);
    return;
  }
}

/** Copies the events' stacks to the lifetimes that they opened or closed; once, when no more can come. */
export function finishStacks(): void {
  const rows = rowsOf(LIFETIMES);
  for (let id: u32 = 0; id < rows; id++) {
    store<u32>(cell4(LIFETIMES, LIFETIME_OPEN_STACK, id), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_OPEN_SEQ, id))));
    if (load<u8>(cell1(LIFETIMES, LIFETIME_END, id)) != <u8>EndReason.closed) continue;
    store<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_STACK, id), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_SEQ, id))));
  }
}

// @ts-ignore: decorator
@inline
function stackOf(row: u32): u32 {
  return row == NONE ? 0 : load<u32>(cell4(EVENTS, EVENT_STACK, row));
}
