/**
 * One line of ftrace text, whatever it is.
 *
 * In: a line without its newline. Out: rows, counts; the state of stacks and losses.
 */
import { TextCounter } from '../schema';
import { readEvent } from './events';
import { Stack, closeStack, open, openStack, readFrame } from './stacks';
import { keepLosses, lossesFull, pending, readBufferStart, readLoss } from './losses';
import { body, lineTs, readPrefix } from './prefix';
import { count, muteCounters, muted } from './counters';
import { setWholeOnly } from './body';

const ARROW: u32 = 0x203e3d20; // " => "
const HASH: u8 = 0x23;
const LESS: u8 = 0x3c;
const OPEN_BRACKET: u8 = 0x5b;
const LETTER_C: u8 = 0x43;
const STACK: u64 = 0x74206b636174733c; // "<stack t"
const USER_STACK: u64 = 0x747320726573753c; // "<user st"
const BUFFER_START: u64 = 0x5550432023232323; // "#### CPU", behind the first '#'
const LINE_TOO_BIG: u64 = 0x4f4f5420454e494c; // "LINE TOO", behind "["

/** Rows that reading one more line may need at most. */
// @ts-ignore: decorator
@inline
export function rowsNeeded(): i32 {
  return 1 + pending + (open == Stack.kernel ? 1 : 0);
}

/** Reads the line [at, end). */
// @ts-ignore: decorator
@inline
export function readLine(at: usize, end: usize): void {
  if (load<u32>(at) == ARROW) return readFrame(at + 4, end);
  if (open != Stack.none) closeStack();
  const first = load<u8>(at);
  if (first == HASH) return readComment(at, end);
  if ((first == LETTER_C || first == OPEN_BRACKET) && readMark(at, end)) return;
  if (!readPrefix(at, end)) return countLine(at, end);
  if (pending != 0) keepLosses(lineTs);
  if (load<u8>(body) == LESS && readStackStart(body, end)) return;
  readEvent(body, end);
}

/**
 * Begins a last line that has no newline: it counts as whole if everything that the plan knows of its event is there, else it is
 * taken for cut, and no row. A value may still be short, so the line is counted either way.
 */
export function startCutLine(): void {
  setWholeOnly(true);
  muteCounters(true);
}

export function endCutLine(at: usize, end: usize): void {
  setWholeOnly(false);
  muteCounters(false);
  count(muted == 0 ? TextCounter.last_line_open : TextCounter.line_cut, at, end);
}

function countLine(at: usize, end: usize): void {
  if (end > at) count(TextCounter.line_not_understood, at, end);
}

function readComment(at: usize, end: usize): void {
  if (end - at > 16 && load<u64>(at + 1) == BUFFER_START && !lossesFull()) readBufferStart(at, end);
}

/** "CPU:0 [LOST 7 EVENTS]", "[LINE TOO BIG]" */
function readMark(at: usize, end: usize): bool {
  if (lossesFull()) keepLosses(lineTs);
  if (readLoss(at, end)) return true;
  if (load<u64>(at + 1) != LINE_TOO_BIG) return false;
  count(TextCounter.line_too_big, at, end);
  return true;
}

/** "<stack trace>", "<user stack trace>"; false for an event that merely begins with '<'. */
function readStackStart(at: usize, end: usize): bool {
  const head = load<u64>(at);
  if (head == STACK) openStack(Stack.kernel);
  else if (head == USER_STACK) {
    openStack(Stack.user);
    count(TextCounter.user_stack, at, end);
  }
  return open != Stack.none;
}
