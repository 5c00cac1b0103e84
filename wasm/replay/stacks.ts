/**
 * Call stacks that follow their event as a record of their own, and how lifetimes get theirs.
 */
import {
  EVENT_SEQ, EVENT_STACK, EndReason, LIFETIME_CLOSE_SEQ, LIFETIME_CLOSE_STACK, LIFETIME_END, LIFETIME_OPEN_SEQ, LIFETIME_OPEN_STACK, ROWS, ROWS_SHIFT,
} from '../schema';
import { EVENTS, LIFETIMES, cell1, cell4, rowsOf } from './table';
import { CPU_ROWS } from './cpus';
import { NONE } from './now';
import { keepLifetimes } from './lifetimes';

/** For each ROWS events, if one has a stack: the stack of each. Events themselves may not be kept. */
const blocks: usize = heap.alloc(65536 << 2);
let seen: bool = false;

/** With the first stack: from here on closed lifetimes are kept too, since they tell who unmaps what others leave. */
function begin(): void {
  memory.fill(blocks, 0, 65536 << 2);
  keepLifetimes(true);
  seen = true;
}

/** Notes the stack of an event. */
export function setStack(seq: u32, stack: u32): void {
  if (!seen) begin();
  const entry = blocks + ((seq >> ROWS_SHIFT) as usize << 2);
  if (load<u32>(entry) == 0) {
    store<u32>(entry, heap.alloc(ROWS << 2) as u32);
    memory.fill(load<u32>(entry), 0, ROWS << 2);
  }
  store<u32>(load<u32>(entry) + ((seq & (<u32>ROWS - 1)) << 2), stack);
}

/** The stack of an event, 0 = none. */
function stackOf(seq: u32): u32 {
  if (seq == NONE) return 0;
  const block = load<u32>(blocks + ((seq >> ROWS_SHIFT) as usize << 2));
  return block == 0 ? 0 : load<u32>(block + ((seq & (<u32>ROWS - 1)) << 2));
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

/** Gives events and the lifetimes that they opened or closed their stacks; once, when no more can come. */
export function finishStacks(): void {
  if (!seen) return;
  for (let row: u32 = 0; row < rowsOf(EVENTS); row++) {
    store<u32>(cell4(EVENTS, EVENT_STACK, row), stackOf(load<u32>(cell4(EVENTS, EVENT_SEQ, row))));
  }
  const rows = rowsOf(LIFETIMES);
  for (let row: u32 = 0; row < rows; row++) {
    store<u32>(cell4(LIFETIMES, LIFETIME_OPEN_STACK, row), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_OPEN_SEQ, row))));
    if (load<u8>(cell1(LIFETIMES, LIFETIME_END, row)) != <u8>EndReason.closed) continue;
    store<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_STACK, row), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_SEQ, row))));
  }
}
