/**
 * What each task is in the middle of: calls whose return will say what they did, and the operation it did last.
 *
 * In: entries and returns of probed functions. Out: a return that knows what its entry said, and what was opened between
 * the two: that belongs to the lifetime that the return opens.
 *
 *   task:  | innermost call u32 | … the last operation (echoes.ts) … |
 *   call:  | function u32 | outer u32 | children u32 | device, dir, attrs u32 | addr, len, phys, mm, other, object, value u64 |
 *   child: | record u32 | its id u32 | next u32 |
 */
import {
  EVENT_ADDR, EVENT_ATTRS, EVENT_DIR, EVENT_LEN, EVENT_PHYS, EXTRA_MM, EXTRA_OBJECT, EXTRA_OTHER, EXTRA_VALUE,
  MEANS_KVA, MEANS_POINTER, MEANS_RESULT,
} from '../schema';
import { ABSENT, NONE, addr, attrs, device, dir, len, mm, object, other, phys, value } from './now';
import { NO_LIFETIME, idOf, parentOf, setParent, stillThere } from './lifetimes';
import { WordTable } from './word-table';

const CALL: usize = 0;
const OUTER: usize = 4;
const CHILDREN: usize = 8;
const DEVICE: usize = 16;
const DIR: usize = 20;
const ATTRS: usize = 24;
const NUMBERS: usize = 32; // addr, len, phys, mm, other, object, value
const CALL_BYTES: usize = 88;
const CHILD_BYTES: usize = 12;
const TASK_BYTES: usize = 48;
/** Deeper calls of one task are leftovers: their returns were lost, or are not probed. */
const MAX_DEPTH: u32 = 32;

const tasks: WordTable = new WordTable();
/** Calls that have begun and not returned, in all tasks. */
export let activeCalls: u32 = 0;
let freeCall: u32 = 0;
let freeChild: u32 = 0;

/** What was opened in the call that returns now, for the lifetime that the return opens. */
let returned: u32 = 0;

// ------------------------------------------------------------------------------------ tasks
/** The task of a thread; the idle thread is another one on each CPU. */
function key(tid: i32, cpu: u32): u64 {
  return tid > 0 ? tid as u64 : ((1 as u64) << 32) | (cpu as u64);
}

/** The task that was asked for last, and its record: most events come from the same one as the event before. */
let lastKey: u64 = 0;
let lastTask: usize = 0;

/** The task's record, 0 = it has none. */
export function findTask(tid: i32, cpu: u32): usize {
  const wanted = key(tid, cpu);
  if (wanted != lastKey) {
    lastKey = wanted;
    lastTask = tasks.get(wanted, 1) as usize;
  }
  return lastTask;
}

/** The task's record, made when there is none. */
export function takeTask(tid: i32, cpu: u32): usize {
  let at = findTask(tid, cpu);
  if (at != 0) return at;
  at = heap.alloc(TASK_BYTES);
  memory.fill(at, 0, TASK_BYTES);
  tasks.set(key(tid, cpu), 1, at as u32);
  lastTask = at;
  return at;
}

// ------------------------------------------------------------------------------------ calls
/** The current event begins a call of a function. */
export function beginCall(task: usize, call: u32): void {
  if (depthOf(task) >= MAX_DEPTH) dropInnermost(task);
  if (freeCall == 0) {
    freeCall = heap.alloc(CALL_BYTES) as u32;
    store<u32>(freeCall, 0, OUTER);
  }
  const at = freeCall;
  freeCall = load<u32>(at, OUTER);
  store<u32>(at, call, CALL);
  store<u32>(at, load<u32>(task), OUTER);
  store<u32>(at, 0, CHILDREN);
  store<u32>(at, device, DEVICE);
  store<u32>(at, dir, DIR);
  store<u32>(at, attrs, ATTRS);
  store<u64>(at, addr, NUMBERS);
  store<u64>(at, len, NUMBERS + 8);
  store<u64>(at, phys, NUMBERS + 16);
  store<u64>(at, mm, NUMBERS + 24);
  store<u64>(at, other, NUMBERS + 32);
  store<u64>(at, object, NUMBERS + 40);
  store<u64>(at, value, NUMBERS + 48);
  store<u32>(task, at);
  activeCalls++;
}

function depthOf(task: usize): u32 {
  let depth: u32 = 0;
  for (let at = load<u32>(task); at != 0; at = load<u32>(at, OUTER)) depth++;
  return depth;
}

/** Ends the task's innermost call; what it opened goes to the call around it. */
function dropInnermost(task: usize): void {
  const at = load<u32>(task);
  const outer = load<u32>(at, OUTER);
  store<u32>(task, outer);
  giveChildren(load<u32>(at, CHILDREN), outer);
  store<u32>(at, freeCall, OUTER);
  freeCall = at;
  activeCalls--;
}

function giveChildren(children: u32, call: u32): void {
  while (children != 0) {
    const child = children;
    children = load<u32>(child, 8);
    if (call == 0) {
      store<u32>(child, freeChild, 8);
      freeChild = child;
    } else {
      store<u32>(child, load<u32>(call, CHILDREN), 8);
      store<u32>(call, child, CHILDREN);
    }
  }
}

/** The current event opened a lifetime; if its task is in a call, the lifetime may belong to that. */
export function openedInCall(tid: i32, cpu: u32, record: u32): void {
  const task = findTask(tid, cpu);
  if (task != 0) openedHere(task, record);
}

/** The current event of this task opened a lifetime. */
export function openedHere(task: usize, record: u32): void {
  const call = load<u32>(task);
  if (call == 0) return;
  if (freeChild == 0) {
    freeChild = heap.alloc(CHILD_BYTES) as u32;
    store<u32>(freeChild, 0, 8);
  }
  const child = freeChild;
  freeChild = load<u32>(child, 8);
  store<u32>(child, record);
  store<u32>(child, idOf(record), 4);
  store<u32>(child, load<u32>(call, CHILDREN), 8);
  store<u32>(call, child, CHILDREN);
}

// ------------------------------------------------------------------------------------ returns
/**
 * Row `i` of a block is the return of a call: ends it, and adds to the row what the entry said and the return does not.
 * Returns the device, which the entry may have told.
 */
export function returnFrom(task: usize, call: u32, means: u32, block: usize, i: usize, words: usize, ofDevice: u32): u32 {
  let at = load<u32>(task) as usize;
  while (at != 0 && load<u32>(at, CALL) != call) at = load<u32>(at, OUTER) as usize;
  if (at == 0) return ofDevice;
  while ((load<u32>(task) as usize) != at) dropInnermost(task);
  const deviceThen = load<u32>(at, DEVICE);
  if (load<u8>(block + EVENT_DIR + i) == 0xff) store<u8>(block + EVENT_DIR + i, load<u8>(at, DIR));
  fill4(block + EVENT_ATTRS + (i << 2), at + ATTRS);
  if ((means & MEANS_KVA) == 0) fill8(block + EVENT_ADDR + (i << 3), at + NUMBERS);
  fill8(block + EVENT_LEN + (i << 3), at + NUMBERS + 8);
  fill8(block + EVENT_PHYS + (i << 3), at + NUMBERS + 16);
  fill8(words + (EXTRA_MM << 3), at + NUMBERS + 24);
  fill8(words + (EXTRA_OTHER << 3), at + NUMBERS + 32);
  // A result that was an error stays absent.
  if ((means & MEANS_POINTER) == 0) fill8(words + (EXTRA_OBJECT << 3), at + NUMBERS + 40);
  if ((means & MEANS_RESULT) == 0) fill8(words + (EXTRA_VALUE << 3), at + NUMBERS + 48);
  returned = load<u32>(at, CHILDREN);
  store<u32>(at, 0, CHILDREN);
  dropInnermost(task);
  return ofDevice == 0 ? deviceThen : ofDevice;
}

function fill8(cell: usize, from: usize): void {
  if (load<u64>(cell) == ABSENT) store<u64>(cell, load<u64>(from));
}

function fill4(cell: usize, from: usize): void {
  if (load<u32>(cell) == NONE) store<u32>(cell, load<u32>(from));
}

/** After the return was replayed: what nobody took goes to the call around it. */
export function afterReturn(task: usize): void {
  const left = returned;
  returned = 0;
  giveChildren(left, load<u32>(task));
}

/** The return opened this lifetime: what was opened in the call belongs to it, unless it belongs to another already. */
export function takeReturned(record: u32): void {
  for (let child = returned; child != 0; child = load<u32>(child, 8)) {
    const at = stillThere(load<u32>(child), load<u32>(child, 4));
    if (at != NO_LIFETIME && at != record && parentOf(at) == NONE) setParent(at, idOf(record));
  }
  giveChildren(returned, 0);
  returned = 0;
}

// For walks over what was opened in the call that returns now: the first child, the next, its record (or none).
export function firstReturned(): u32 {
  return returned;
}
export function nextReturned(child: u32): u32 {
  return load<u32>(child, 8);
}
export function returnedRecord(child: u32): u32 {
  return stillThere(load<u32>(child), load<u32>(child, 4));
}
