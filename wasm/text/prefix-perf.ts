/**
 * What stands before the event on a line of `perf script`.
 *
 * In: a line. Out: task, thread, CPU and time, as `prefix.ts` has them, and where the event's name begins.
 * Written by perf_sample__fprintf_start() and process_event(), tools/perf/builtin-script.c:
 *
 *               init     101 [001]    30.377193:                      iommu:map: IOMMU: …
 *   |%16s           |%7d    |[%03d]|%5lu.%06lu or .%09lu|period|%*s: |
 *
 *   init     101/101     [001]    29.915488:  dma:dma_map_phys: …      with call stacks (-g), and pid/tid (-F +pid)
 *      30.378740:   dma:dma_map_phys: …                                -F time,event,trace
 *
 * Every field before the event may be left out but the time; what is left out is absent.
 */
import { commOfColumn, comms } from './names';
import { readStamp, setPrefix } from './prefix';
import { COLON, MINUS, SLASH, SPACE, find, hits, isDigit, number, readDecimal } from './values';

const COMM_WIDTH: usize = 16;
const NO_CPU: i32 = 0xffff;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET_SPACE: u32 = 0x205d; // "] "
const DOT: u32 = 0x2e;
/** Landmarks are looked for in so many bytes. */
const PREFIX_MAX: usize = 160;

/** Reads the prefix of the line [at, end); false when it has none. */
export function readPerfPrefix(at: usize, end: usize): bool {
  const limit = min(end, at + PREFIX_MAX);
  for (let p = find(at, limit, OPEN_BRACKET as u8); p < limit; p = find(p + 1, limit, OPEN_BRACKET as u8)) {
    let behind = readCpu(at, p);
    if (behind == 0) continue;
    behind = readStamp(behindBlanks(behind));
    if (behind != 0) return setLine(at, p, behind);
  }
  return readFromTime(at, end);
}

// @ts-ignore: decorator
@inline
function setLine(at: usize, taskEnd: usize, behind: usize): bool {
  readTask(at, taskEnd);
  setPrefix(cpu, tid, comm, behindPeriod(behind));
  return true;
}

let cpu: i32 = NO_CPU;

/** "[001] ", the bracket at `p`: returns what is behind it, or 0. */
// @ts-ignore: decorator
@inline
function readCpu(line: usize, p: usize): usize {
  if (!isDigit(load<u8>(p + 1)) || p > line && load<u8>(p - 1) != SPACE) return 0;
  const stop = readDecimal(p + 1);
  if (stop == 0 || load<u16>(stop) != <u16>CLOSE_BRACKET_SPACE || number > 0xfffe) return 0;
  cpu = number as i32;
  return stop + 2;
}

/** Lines without a CPU, or with other fields between it and the time (misc, tod): the time is the landmark. */
function readFromTime(at: usize, end: usize): bool {
  const time = findTime(at, end);
  if (time == 0) return false;
  let taskEnd = time;
  while (taskEnd > at && (load<u8>(taskEnd) != OPEN_BRACKET || readCpu(at, taskEnd) == 0)) taskEnd--;
  if (load<u8>(taskEnd) != OPEN_BRACKET || readCpu(at, taskEnd) == 0) {
    taskEnd = time;
    cpu = NO_CPU;
  }
  return setLine(at, taskEnd, readStamp(time));
}

// @ts-ignore: decorator
@inline
function behindBlanks(p: usize): usize {
  const blanks = ctz(~hits(p, SPACE as u8)) as usize;
  p += blanks;
  if (blanks == 32) while (load<u8>(p) == SPACE) p++;
  return p;
}

/** Where "30.377193: " begins, or 0. */
function findTime(from: usize, end: usize): usize {
  const limit = min(end, from + PREFIX_MAX);
  for (let colon = find(from, limit, COLON as u8); colon < limit; colon = find(colon + 1, limit, COLON as u8)) {
    const dot = digitsBefore(from, colon);
    if (dot == colon || dot == from || load<u8>(dot - 1) != DOT || load<u8>(colon + 1) != SPACE) continue;
    const p = digitsBefore(from, dot - 1);
    if (p < dot - 1 && (p == from || load<u8>(p - 1) == SPACE)) return p;
  }
  return 0;
}

/** The first of the digits that end at `p`; `p` where there are none. */
// @ts-ignore: decorator
@inline
function digitsBefore(from: usize, p: usize): usize {
  while (p > from && isDigit(load<u8>(p - 1))) p--;
  return p;
}

let tid: i32 = -1;
let comm: i32 = 0;

/** "            init     101 ", "init     101/101     ", "init ", or nothing. */
// @ts-ignore: decorator
@inline
function readTask(at: usize, end: usize): void {
  if (!readColumns(at, end)) readAnyTask(at, end);
}

/** "            init     101 ", in columns: the name ends where its column does, and blanks and the thread's number follow. */
// @ts-ignore: decorator
@inline
function readColumns(at: usize, end: usize): bool {
  const column = at + COMM_WIDTH;
  if (end < column + 2 || load<u8>(column) != SPACE || load<u8>(column - 1) == SPACE) return false;
  const digits = behindBlanks(column);
  const stop = readDecimal(digits);
  if (stop == 0 || stop + 1 != end || number > 0x7fffffff) return false;
  tid = number as i32;
  comm = commOfColumn(at);
  return true;
}

function readAnyTask(at: usize, end: usize): void {
  while (at < end && load<u8>(at) == SPACE) at++;
  end = blanksBefore(at, end);
  tid = -1;
  const digits = digitsBefore(at, end);
  if (digits < end && beginsNumber(at, digits)) end = readTid(at, digits);
  comm = at == end ? 0 : comms.id(at, (end - at) as i32);
}

/** Whether digits that begin here are a thread's number: alone, behind a blank, a slash, or a minus that is behind one. */
// @ts-ignore: decorator
@inline
function beginsNumber(at: usize, digits: usize): bool {
  if (digits == at) return true;
  const before = load<u8>(digits - 1) as u32;
  return before == SPACE || before == SLASH || before == MINUS && (digits - 1 == at || load<u8>(digits - 2) == SPACE);
}

/** "101", "101/101", or "-1" for a thread that perf does not know. Returns where the task's name ends. */
// @ts-ignore: decorator
@inline
function readTid(at: usize, digits: usize): usize {
  readDecimal(digits);
  const before = digits == at ? SPACE : load<u8>(digits - 1) as u32;
  tid = before == MINUS || number > 0x7fffffff ? -1 : number as i32;
  if (before == SLASH) digits = digitsBefore(at, digits - 1);
  return blanksBefore(at, before == MINUS ? digits - 1 : digits);
}

// @ts-ignore: decorator
@inline
function blanksBefore(from: usize, p: usize): usize {
  while (p > from && load<u8>(p - 1) == SPACE) p--;
  return p;
}

/** Behind "         1 ", the sample's period (-F +period). */
// @ts-ignore: decorator
@inline
function behindPeriod(p: usize): usize {
  p = behindBlanks(p);
  if (!isDigit(load<u8>(p))) return p;
  const stop = readDecimal(p);
  if (stop == 0 || load<u8>(stop) != SPACE) return p;
  return behindBlanks(stop);
}
