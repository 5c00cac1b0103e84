/**
 * The text module: bytes of text in, event batches out.
 *
 * The host calls `readPlan` and `setTool` once; then in turn `makeRoom`, `fed` and `run`, and `finish` at the end. When `run` or `finish`
 * says FULL, the host takes the batch, calls `clearBatch`, and calls the same again. Only the host empties a batch.
 */
import { ROWS, TextTool } from '../schema';
import { StringTable } from '../decode/strings';
import { SIDE_RESERVE, SIDE_WORDS, block, rows, side, sideUsed } from '../decode/batch';
import { lastLine, lineEnd, lineStart, nextWholeLine } from './input';
import { types } from './plan';
import { LONG, checkLong } from './joined';
import { closeStack } from './stacks';
import { keepLosses, pending } from './losses';
import { lineTs } from './prefix';
import { endCutLine, readLine, rowsNeeded, startCutLine } from './lines';
import { readPerfLine } from './lines-perf';
import { readReportLine } from './lines-report';
import { comms, devices, events, stacks, strangers, symbols } from './names';

export { clearBatch } from '../decode/batch';
export { counted, excerpt, excerptLength, firstLine, lineNumber } from './counters';
export { fed, makeRoom, readBytes } from './input';
export { readPlan } from './plan';
export { countStamps, secondStamps } from './prefix';
export { functionLines, nameCount, typeCount } from './events';

/** Answers of `run` and `finish`: all input is used up; the batch is full. */
const DONE: i32 = 0;
const FULL: i32 = 1;

// @ts-ignore: decorator
@inline
function hasRoom(): bool {
  return rows + rowsNeeded() <= ROWS && sideUsed + SIDE_RESERVE <= SIDE_WORDS;
}

/** Which tool printed the text. */
let tool: i32 = TextTool.ftrace;
export function setTool(which: i32): void {
  tool = which;
}

/** Reads whole lines until the batch is full or no whole line is left. */
export function run(): i32 {
  if (tool != TextTool.ftrace) return runOther();
  while (hasRoom()) {
    if (!nextWholeLine()) return DONE;
    if (lineEnd - lineStart > LONG) checkLong(lineStart, lineEnd);
    readLine(lineStart, lineEnd);
  }
  return FULL;
}

function runOther(): i32 {
  while (hasRoom()) {
    if (!nextWholeLine()) return DONE;
    readToolLine(lineStart, lineEnd);
  }
  return FULL;
}

function readToolLine(at: usize, end: usize): void {
  if (end - at > LONG) checkLong(at, end);
  if (tool == TextTool.perf_script) readPerfLine(at, end);
  else if (tool == TextTool.trace_cmd_report) readReportLine(at, end);
  else readLine(at, end);
}

/** The last line, which has no newline, and may be cut: a row only if everything that the plan knows of its event is there. */
function readLastLine(at: usize, end: usize): void {
  startCutLine();
  readToolLine(at, end);
  endCutLine(at, end);
}

/** After the last byte: reads the line without a newline, ends an open stack, and places what losses are left. */
export function finish(): i32 {
  if (!hasRoom()) return FULL;
  if (lastLine()) {
    readLastLine(lineStart, lineEnd);
    if (!hasRoom()) return FULL;
  }
  closeStack();
  keepLosses(lineTs);
  return DONE;
}

/** Memory for the plan. */
export function planRoom(bytes: usize): usize {
  return heap.alloc(bytes + 64);
}
export function planTypes(): i32 {
  return types;
}
export function batchRows(): i32 {
  return rows;
}
export function batchBlock(): usize {
  return block;
}
export function batchSide(): usize {
  return side;
}
export function batchSideWords(): i32 {
  return sideUsed;
}

/** String tables by number: comms, devices, symbols, stacks, event names, unknown attributes. */
function table(index: i32): StringTable {
  if (index == 0) return comms.table;
  if (index == 1) return devices.table;
  if (index == 2) return symbols.table;
  if (index == 3) return stacks;
  return index == 4 ? events.table : strangers;
}
export function nameTotal(index: i32): i32 {
  return table(index).count;
}
export function namePointer(index: i32, id: i32): usize {
  return table(index).pointer(id);
}
export function nameLength(index: i32, id: i32): i32 {
  return table(index).length(id);
}
