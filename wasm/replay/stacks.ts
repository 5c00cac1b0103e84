/**
 * Call stacks that follow their event as a record of their own, and how lifetimes get theirs.
 */
import {
  EVENT_STACK, EndReason, LIFETIME_CLOSE_SEQ, LIFETIME_CLOSE_STACK, LIFETIME_END, LIFETIME_OPEN_SEQ, LIFETIME_OPEN_STACK, ROWS, ROWS_SHIFT,
} from '../schema';
import { EVENTS, LIFETIMES, cell1, cell4, isKept, rowsOf } from './table';
import { CPU_ROWS } from './cpus';
import { NONE } from './now';

/** For each block of events that has a stack: the stack of each row. Events themselves may not be kept. */
const blocks: usize = heap.alloc(65536 << 2);
let seen: bool = false;

/** Notes the stack of a row. */
export function setStack(row: u32, stack: u32): void {
  if (!seen) memory.fill(blocks, 0, 65536 << 2);
  seen = true;
  const entry = blocks + ((row >> ROWS_SHIFT) as usize << 2);
  if (load<u32>(entry) == 0) {
    store<u32>(entry, heap.alloc(ROWS << 2) as u32);
    memory.fill(load<u32>(entry), 0, ROWS << 2);
  }
  store<u32>(load<u32>(entry) + ((row & (<u32>ROWS - 1)) << 2), stack);
  if (isKept(EVENTS, row)) store<u32>(cell4(EVENTS, EVENT_STACK, row), stack);
}

/** The stack of a row, 0 = none. */
function stackOf(row: u32): u32 {
  if (row == NONE) return 0;
  const block = load<u32>(blocks + ((row >> ROWS_SHIFT) as usize << 2));
  return block == 0 ? 0 : load<u32>(block + ((row & (<u32>ROWS - 1)) << 2));
}

/** Gives a stack to the CPU's newest row that has none yet. */
export function giveStack(slot: usize, stack: u32): void {
  for (let i: usize = 0; i < 4; i++) {
    const row = load<u32>(slot + CPU_ROWS + (i << 2));
    if (row == NONE) return;
    if (seen && stackOf(row) != 0) continue;
    setStack(row, stack);
    return;
  }
}

/** Copies the events' stacks to the lifetimes that they opened or closed; once, when no more can come. */
export function finishStacks(): void {
  if (!seen) return;
  const rows = rowsOf(LIFETIMES);
  for (let row: u32 = 0; row < rows; row++) {
    store<u32>(cell4(LIFETIMES, LIFETIME_OPEN_STACK, row), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_OPEN_SEQ, row))));
    if (load<u8>(cell1(LIFETIMES, LIFETIME_END, row)) != <u8>EndReason.closed) continue;
    store<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_STACK, row), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_SEQ, row))));
  }
}
