/**
 * What stands before the event on a line of `trace-cmd report`.
 *
 * In: a line. Out: task, thread, CPU and time, as `prefix.ts` has them, and where the event's name begins.
 * Written by trace_show_data() and print_handle_file(), tracecmd/trace-read.c, and tep_print_event(), libtraceevent:
 *
 *   v6:             init-101   [001] .....    18.066216: (+13114) map:                  IOMMU: …
 *   |%*s: |%16s        |-%-5d |[%03d]|flags|%6.1000d or %12d|--ts-diff|%s: |
 *
 *   nb6:     init-101     1..... 30374691037: map: …      latency format (-l): %8.8s-%-5d %3d
 *   b_lab:         init-101   [001]-0x0    30.376165: dma_map_phys:  …      raw format (-R)
 *   x86:           init-101   [001] .....1795205022659704554: …             long times touch the flags
 *
 * The buffer's name stands in all lines or in none, in one width. trace-cmd 3.1 leaves the flags out.
 */
import { commOfColumn, comms } from './names';
import { dashBefore, readStamp, setPrefix } from './prefix';
import { CLOSE, MINUS, OPEN, PLUS, SPACE, find, isDigit, number, readDecimal } from './values';

const COMM_WIDTH: usize = 16;
const LATENCY_COMM_WIDTH: usize = 8;
const FLAGS: usize = 5;
/** Landmarks are looked for in so many bytes. */
const PREFIX_MAX: usize = 160;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;

/** The width of the buffer's name and what is behind it, on the line before. */
let nameWidth: usize = 0;

/** Reads the prefix of the line [at, end); false when it has none. */
export function readReportPrefix(at: usize, end: usize): bool {
  const dash = at + nameWidth + COMM_WIDTH;
  if (dash + 8 < end && load<u8>(dash) == MINUS && readFromDash(dash, end)) {
    setPrefix(cpu, tid, commOfColumn(at + nameWidth), behind);
    return true;
  }
  return readFromBracket(at, end) || readLatency(at, end);
}

let cpu: i32 = 0;
let tid: i32 = 0;
let behind: usize = 0;

/** "-101   [001] .....    18.066216: " */
// @ts-ignore: decorator
@inline
function readFromDash(dash: usize, end: usize): bool {
  let p = readTid(dash);
  if (p == 0 || load<u8>(p) != OPEN_BRACKET) return false;
  p = readDecimal(p + 1);
  if (p == 0 || load<u8>(p) != CLOSE_BRACKET || number > 0xfffe) return false;
  cpu = number as i32;
  return readFromFlags(p + 1, end);
}

/** "-101   ": returns what is behind the blanks. */
// @ts-ignore: decorator
@inline
function readTid(dash: usize): usize {
  let p = readDecimal(dash + 1);
  if (p == 0 || load<u8>(p) != SPACE || number > 0x7fffffff) return 0;
  tid = number as i32;
  while (load<u8>(p) == SPACE) p++;
  return p;
}

/** " .....    18.066216: (+13114) ", or without flags, or "-0x0 " for flags. */
// @ts-ignore: decorator
@inline
function readFromFlags(p: usize, end: usize): bool {
  if (load<u8>(p) == MINUS) p = find(p, end, SPACE as u8);
  if (load<u8>(p) == SPACE && load<u8>(p + 1) != SPACE && !isDigit(load<u8>(p + 1))) p = behindFlags(p + 1);
  while (load<u8>(p) == SPACE) p++;
  p = readStamp(p);
  if (p == 0) return false;
  behind = behindDelta(p, end);
  return true;
}

/** Five characters, four before Linux 5.16; a long time may follow at once. */
// @ts-ignore: decorator
@inline
function behindFlags(p: usize): usize {
  return load<u8>(p + FLAGS - 1) == SPACE ? p + FLAGS - 1 : p + FLAGS;
}

// @ts-ignore: decorator
@inline
function behindDelta(p: usize, end: usize): usize {
  while (load<u8>(p) == SPACE) p++;
  const sign = load<u8>(p + 1) as u32;
  if (load<u8>(p) != OPEN || (sign != PLUS && sign != MINUS)) return p;
  p = min(find(p, end, CLOSE as u8) + 1, end);
  while (load<u8>(p) == SPACE) p++;
  return p;
}

/** The first line, and text whose columns have moved: the CPU in brackets is the landmark. */
function readFromBracket(line: usize, end: usize): bool {
  const limit = min(end, line + PREFIX_MAX);
  for (let p = find(line, limit, OPEN_BRACKET as u8); p < limit; p = find(p + 1, limit, OPEN_BRACKET as u8)) {
    if (p == line || load<u8>(p - 1) != SPACE || !isDigit(load<u8>(p + 1))) continue;
    const dash = dashBefore(line, p);
    if (dash == 0 || !readFromDash(dash, end)) continue;
    setPrefix(cpu, tid, commBefore(line, dash), behind);
    return true;
  }
  return false;
}

/** The task's name; from its column the width of the buffer's name is learnt. */
function commBefore(line: usize, dash: usize): i32 {
  const column = dash - COMM_WIDTH;
  if (column == line || column > line && load<u8>(column - 1) == SPACE) {
    nameWidth = column - line;
    return commOfColumn(column);
  }
  return trimmed(line, dash);
}

function trimmed(at: usize, end: usize): i32 {
  while (at < end && load<u8>(at) == SPACE) at++;
  return at == end ? 0 : comms.id(at, (end - at) as i32);
}

/** "    init-101     1..... 30374691037: ": the CPU's number and the flags are one word. */
function readLatency(line: usize, end: usize): bool {
  const limit = min(end, line + PREFIX_MAX);
  for (let dash = find(line, limit, MINUS as u8); dash < limit; dash = find(dash + 1, limit, MINUS as u8)) {
    let p = readTid(dash);
    if (p == 0) continue;
    p = readDecimal(p);
    if (p == 0 || number > 0xfffe || load<u8>(p) == SPACE) continue;
    cpu = number as i32;
    if (!readFromFlags(behindFlags(p), end)) continue;
    const column = dash - min(dash - line, LATENCY_COMM_WIDTH);
    setPrefix(cpu, tid, trimmed(column, dash), behind);
    return true;
  }
  return false;
}
