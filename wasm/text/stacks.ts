/**
 * Call stacks in the text.
 *
 * In: the line that announces one, then its frames. Out: a row of TYPE_STACK, its stack a list of u64 symbol ids.
 * Written by trace_stack_print() and trace_user_stack_print(), kernel/trace/trace_output.c:
 *
 *               init-101     (    101) [001] .....    18.163109: <stack trace>
 *    => iommu_map                                  plain
 *    => cmd_write+0xc78/0x1f10 [dmabug]            option sym-offset; [module] where the kernel says so
 *    => iommu_map <ffffffff818683f4>               option sym-addr
 *    => 0xffffffffa0400099                         no symbol
 */
import { EVENT_STACK, TextCounter } from '../schema';
import { block, keepRow, rows, setU32, startRow } from '../decode/batch';
import { lineComm, lineCpu, lineTid, lineTs } from './prefix';
import { count } from './counters';
import { PLUS, SPACE, find, wordEnd } from './values';
import { stacks, symbols } from './names';

/** The reserved event type of a stack (TYPE_STACK of the host). */
const TYPE_STACK: i32 = 1;
const FRAMES_MAX: i32 = 512;
const OPEN_BRACKET: u32 = 0x5b;
/** Behind the longest symbol that fits: a name, a space and a module. */
const SCRATCH: usize = 1024;

export enum Stack { none, kernel, user }

const frames: usize = heap.alloc((FRAMES_MAX as usize) << 3);
const scratch: usize = heap.alloc(SCRATCH + 64);
let depth: i32 = 0;
/** The row that the open stack belongs to; -1 where the stack is an event of its own. It may have been taken away since. */
let owner: i32 = -1;
export let open: Stack = Stack.none;
let ts: i64 = 0;
let cpu: i32 = 0;
let tid: i32 = 0;
let comm: i32 = 0;

/** Begins the stack that the line just read announces. */
export function openStack(kind: Stack): void {
  open = kind;
  owner = -1;
  depth = 0;
  ts = lineTs;
  cpu = lineCpu;
  tid = lineTid;
  comm = lineComm;
}

/** Begins the stack of the row `row` of the batch. */
export function openStackOf(row: i32): void {
  openStack(Stack.kernel);
  owner = row;
}

/** Ends a stack: its event gets it, or it becomes a row where it stood. */
export function closeStack(): void {
  if (open == Stack.kernel && depth > 0) keepStack(stacks.intern(frames, depth << 3));
  open = Stack.none;
}

function keepStack(id: i32): void {
  if (owner >= 0 && owner == rows - 1) return setStackOf(owner, id);
  startRow(TYPE_STACK, ts, cpu, tid, comm);
  setU32(EVENT_STACK, id);
  keepRow();
}

function setStackOf(row: i32, id: i32): void {
  store<u32>(block + EVENT_STACK + ((row as usize) << 2), id);
}

/** A line " => frame"; `at` is behind the arrow. */
export function readFrame(at: usize, end: usize): void {
  if (open == Stack.none) count(TextCounter.stack_frame_stray, at, end);
  if (open != Stack.kernel || depth == FRAMES_MAX || at >= end) return;
  const stop = wordEnd(at, end);
  addFrame(stop == end ? symbol(at, find(at, end, PLUS as u8)) : symbolOfWords(at, stop, end));
}

/** Adds a symbol to the open stack; 0 is none. */
export function addFrame(id: i32): void {
  if (id != 0 && depth < FRAMES_MAX) store<u64>(frames + ((depth++ as usize) << 3), id as u64);
}

export function symbol(at: usize, end: usize): i32 {
  return end > at ? symbols.id(at, (end - at) as i32) : 0;
}

/** The function's name without offset and address, and its module. */
function symbolOfWords(at: usize, stop: usize, end: usize): i32 {
  const nameEnd = find(at, stop, PLUS as u8);
  const module = find(stop, end, OPEN_BRACKET as u8);
  if (module >= end) return symbol(at, nameEnd);
  const moduleEnd = wordEnd(module, end);
  return symbolInModule(at, nameEnd, module, moduleEnd);
}

/** "cmd_write [dmabug]", from its two parts. */
export function symbolInModule(at: usize, end: usize, module: usize, moduleEnd: usize): i32 {
  if (end - at + moduleEnd - module + 1 > SCRATCH) return symbol(at, end);
  let to = scratch;
  memory.copy(to, at, end - at);
  to += end - at;
  store<u8>(to++, SPACE as u8);
  memory.copy(to, module, moduleEnd - module);
  return symbol(scratch, to + moduleEnd - module);
}
