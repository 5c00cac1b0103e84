/**
 * Call stacks that follow their event as a record of their own, and how lifetimes get theirs.
 */
import {
  EVENT_SEQ, EVENT_STACK, EndReason, LIFETIME_CLOSE_SEQ, LIFETIME_CLOSE_STACK, LIFETIME_END, LIFETIME_OPEN_SEQ, LIFETIME_OPEN_STACK, ROWS, ROWS_SHIFT,
} from '../schema';
import { EVENTS, LIFETIMES, cell1, cell4, rowsOf } from './table';
import { MAX_CPUS } from './cpus';
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

/**
 * Per buffer (a buffer's stacks are for its own events) and CPU the newest four events, as number + 1, newest first;
 * 0 = none. A buffer's part is made when its first event comes.
 */
const BUFFERS: u32 = 32;
const BUFFER_BYTES: u32 = (MAX_CPUS + 1) << 4;
const newest = memory.data(32 * 4);

// @ts-ignore: decorator
@inline
function newestOf(buffer: u32, cpu: u32): usize {
  const at = newest + (((buffer & (BUFFERS - 1)) as usize) << 2);
  if (load<u32>(at) == 0) addBuffer(at);
  return load<u32>(at) + (min(cpu, MAX_CPUS) << 4);
}

function addBuffer(at: usize): void {
  store<u32>(at, heap.alloc(BUFFER_BYTES) as u32);
  memory.fill(load<u32>(at), 0, BUFFER_BYTES);
}

/** Remembers a new event of the CPU, for a stack that may follow; the oldest of the four falls out. */
// @ts-ignore: decorator
@inline
export function pushRow(buffer: u32, cpu: u32, seq: u32): void {
  const at = newestOf(buffer, cpu);
  store<u64>(at, (load<u64>(at, 8) << 32) | (load<u64>(at) >> 32), 8);
  store<u64>(at, (load<u64>(at) << 32) | ((seq + 1) as u64));
}

/** Gives a stack to the newest event of the buffer on this CPU that has none yet. */
export function giveStack(buffer: u32, cpu: u32, stack: u32): void {
  const at = newestOf(buffer, cpu);
  for (let i: usize = 0; i < 4; i++) {
    const seq = load<u32>(at + (i << 2));
    if (seq == 0) return;
    if (seen && stackOf(seq - 1) != 0) continue;
    setStack(seq - 1, stack);
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
    const end = load<u8>(cell1(LIFETIMES, LIFETIME_END, row));
    if (end != <u8>EndReason.closed && end != <u8>EndReason.split) continue;
    store<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_STACK, row), stackOf(load<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_SEQ, row))));
  }
}
