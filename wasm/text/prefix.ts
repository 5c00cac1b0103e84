/**
 * What stands before the event on a line of ftrace's `trace` and `trace_pipe`.
 *
 * In: a line. Out: task, thread, CPU and time, and where the body begins.
 * Written by trace_print_context() and trace_print_time(), kernel/trace/trace_output.c:
 *
 *               nc-181     (    181) [001] b..6.    11.338764: map: IOMMU: …
 *   |%16s          |-%-7d  |(%7d)    |[%03d]|flags |%5lu.%06lu or %12llu (clocks that count)
 *
 * The TGID column and the flags are there or not, by trace option; flags are 4 characters before Linux 5.16.
 */
import { commOfColumn, comms } from './names';
import { CLOSE, COLON, MINUS, OPEN, SPACE, find, hits, isDigit, number, readDecimal } from './values';

export let lineTs: i64 = 0;
export let lineCpu: i32 = 0;
export let lineTid: i32 = 0;
export let lineComm: i32 = 0;
/** Where the body begins. */
export let body: usize = 0;
/** Lines so far whose time was in seconds with a fraction, and lines whose time was a plain count. */
export let secondStamps: f64 = 0;
export let countStamps: f64 = 0;

const COMM_WIDTH: usize = 16;
/** "-%-7d " and "(%7d) " */
const PID_WIDTH: usize = 9;
const TGID_WIDTH: usize = 10;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;
const DOT: u32 = 0x2e;

/** Reads the prefix of the line [at, end); false when it has none. */
export function readPrefix(at: usize, end: usize): bool {
  const dash = at + COMM_WIDTH;
  if (dash + 8 < end && load<u8>(dash) == MINUS && readFromDash(dash, end)) {
    lineComm = commOfColumn(at);
    return true;
  }
  return readFromBracket(at, end);
}

/** What is behind the task's name. */
// @ts-ignore: decorator
@inline
function readFromDash(dash: usize, end: usize): bool {
  let p = readDecimal(dash + 1);
  if (p == 0 || load<u8>(p) != SPACE || number > 0x7fffffff) return false;
  lineTid = number as i32;
  p = behindTgid(blanksBehind(p, dash + PID_WIDTH), end);
  p = readCpu(p, end);
  if (p == 0) return false;
  p = readTime(p, end);
  body = p;
  return p != 0;
}

/** The first byte from `p` on that is no blank; `guess` is where it is nearly always. */
// @ts-ignore: decorator
@inline
function blanksBehind(p: usize, guess: usize): usize {
  const c = load<u8>(guess) as u32;
  if ((c == OPEN || c == OPEN_BRACKET) && load<u8>(guess - 1) == SPACE && p < guess) return guess;
  while (load<u8>(p) == SPACE) p++;
  return p;
}

// @ts-ignore: decorator
@inline
function behindTgid(p: usize, end: usize): usize {
  if (load<u8>(p) != OPEN) return p;
  if (load<u16>(p + TGID_WIDTH - 2) == <u16>((SPACE << 8) | CLOSE)) return p + TGID_WIDTH;
  p = find(p, min(p + 16, end), CLOSE as u8) + 1;
  while (load<u8>(p) == SPACE) p++;
  return p;
}

/** "[001] ": returns what is behind the space. */
// @ts-ignore: decorator
@inline
function readCpu(p: usize, end: usize): usize {
  if (load<u8>(p) != OPEN_BRACKET) return 0;
  p = readDecimal(p + 1);
  if (p == 0 || p + 2 >= end || load<u16>(p) != <u16>((SPACE << 8) | CLOSE_BRACKET) || number > 0xfffe) return 0;
  lineCpu = number as i32;
  return p + 2;
}

/** "b..6.    11.338764: ", the flags or not. Returns where the body begins. */
// @ts-ignore: decorator
@inline
function readTime(p: usize, end: usize): usize {
  if (load<u8>(p) != SPACE) p = flagsEnd(p, end);
  return readStamp(p + (ctz(~hits(p, SPACE as u8)) as usize));
}

/** "11.338764: ", in seconds, or "80595671354: ", a count. Returns what is behind, perhaps behind the line's end, or 0. */
// @ts-ignore: decorator
@inline
export function readStamp(p: usize): usize {
  let at = readDecimal(p);
  if (at == 0) return 0;
  const whole = number;
  if (load<u8>(at) == DOT) {
    at = readFraction(at + 1, whole);
    secondStamps += 1;
  } else {
    lineTs = whole as i64;
    countStamps += 1;
  }
  if (at == 0 || load<u8>(at) != COLON) return 0;
  return load<u8>(at + 1) == SPACE ? at + 2 : at + 1;
}

/** What the prefix of another tool's line says. */
export function setPrefix(cpu: i32, tid: i32, comm: i32, bodyAt: usize): void {
  lineCpu = cpu;
  lineTid = tid;
  lineComm = comm;
  body = bodyAt;
}

/** Flags stand without a space behind the CPU; a stamp that long stands there only in text that was squeezed. */
// @ts-ignore: decorator
@inline
function flagsEnd(p: usize, end: usize): usize {
  if (load<u8>(p + 5) == SPACE && load<u8>(p + 4) != COLON) return p + 5;
  const word = find(p, end, SPACE as u8);
  return word > p && load<u8>(word - 1) == COLON ? p : word;
}

/** The digits behind the point, six of them nearly always: nanoseconds. */
// @ts-ignore: decorator
@inline
function readFraction(p: usize, seconds: u64): usize {
  const six = load<u64>(p) & 0x0000ffffffffffff;
  const odd = ((six + 0x0000464646464646) | (six - 0x0000303030303030)) & 0x0000808080808080;
  if (odd == 0 && load<u8>(p + 6) == COLON) {
    let value = ((six << 16) | 0x3030) & 0x0f0f0f0f0f0f0f0f;
    value = ((value * 2561) >> 8) & 0x00ff00ff00ff00ff;
    value = ((value * 6553601) >> 16) & 0x0000ffff0000ffff;
    value = (value * 42949672960001) >> 32;
    lineTs = (seconds * 1000000000 + value * 1000) as i64;
    return p + 6;
  }
  return readAnyFraction(p, seconds);
}

function readAnyFraction(p: usize, seconds: u64): usize {
  const from = p;
  p = readDecimal(p);
  if (p == 0 || p - from > 9) return 0;
  let value = number;
  for (let digits = p - from; digits < 9; digits++) value *= 10;
  lineTs = (seconds * 1000000000 + value) as i64;
  return p;
}

/**
 * Text whose columns have moved (blanks lost in a paste): the CPU in brackets is the landmark; what is before it must
 * end in -pid, or in -pid and a TGID in parentheses.
 */
function readFromBracket(line: usize, end: usize): bool {
  const limit = min(end, line + 100);
  for (let p = find(line, limit, OPEN_BRACKET as u8); p < limit; p = find(p + 1, limit, OPEN_BRACKET as u8)) {
    if (p == line || load<u8>(p - 1) != SPACE || !isDigit(load<u8>(p + 1))) continue;
    const dash = dashBefore(line, p);
    if (dash == 0 || !readFromDash(dash, end)) continue;
    while (line < dash && load<u8>(line) == SPACE) line++;
    lineComm = line == dash ? 0 : comms.id(line, (dash - line) as i32);
    return true;
  }
  return false;
}

export function dashBefore(line: usize, p: usize): usize {
  p = blanksBefore(line, p);
  if (p > line && load<u8>(p - 1) == CLOSE) {
    while (p > line && load<u8>(p - 1) != OPEN) p--;
    p = blanksBefore(line, p > line ? p - 1 : p);
  }
  const digits = p;
  while (p > line && isDigit(load<u8>(p - 1))) p--;
  return p < digits && p > line + 1 && load<u8>(p - 1) == MINUS ? p - 1 : 0;
}

function blanksBefore(line: usize, p: usize): usize {
  while (p > line && load<u8>(p - 1) == SPACE) p--;
  return p;
}
