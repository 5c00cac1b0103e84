/**
 * One line of `trace-cmd report`, whatever it is.
 *
 * In: a line without its newline. Out: rows, counts; the state of stacks and losses.
 * Written by trace_show_data(), tracecmd/trace-read.c, and trace_stack_handler(), lib/trace-cmd/trace-ftrace.c:
 *
 *   cpus=2
 *               init-101   [001] .....    18.163394: map:                  IOMMU: iova=0x00000000fffff000 - …
 *               init-101   [001] .....    18.163401: kernel_stack:         ⇥=> __traceiter_map
 *   ⇥=> iommu_map_nosync
 *   => iommu_map (ffffffff818683f4)               with its plugins
 *   CPU:0 [601 EVENTS DROPPED]      v6: CPU:0 [EVENTS DROPPED]
 */
import { TextCounter } from '../schema';
import { readEvent } from './events';
import { Stack, closeStack, open, openStack, readFrame } from './stacks';
import { keepLosses, lossesFull, pending, readLoss } from './losses';
import { body, lineTs } from './prefix';
import { readReportPrefix } from './prefix-report';
import { count } from './counters';
import { COLON, EQUALS, SPACE, find, wordEnd } from './values';

const TAB: u32 = 0x09;
const ARROW: u32 = 0x203e3d; // "=> "
const SPACE_ARROW: u32 = 0x203e3d20; // " => "
const KERNEL_STACK: u64 = 0x735f6c656e72656b; // "kernel_s"
const TACK: u32 = 0x6b636174; // "tack"
const USER_STACK: u64 = 0x6174735f72657375; // "user_sta"
const CPUS: u32 = 0x73757063; // "cpus"
const VERSION: u32 = 0x73726576; // "vers"
const CPU_SPACE: u32 = 0x20555043; // "CPU "
const CPU_COLON: u32 = 0x3a555043; // "CPU:"

/** Reads the line [at, end). */
export function readReportLine(at: usize, end: usize): void {
  const first = load<u8>(at) as u32;
  if (first == TAB || first == EQUALS || load<u32>(at) == SPACE_ARROW) {
    const frame = frameAt(at);
    if (frame != 0) return readFrame(frame, end);
  }
  if (open != Stack.none) closeStack();
  if (!readReportPrefix(at, end)) return readMark(at, end);
  if (pending != 0) keepLosses(lineTs);
  readEvent(body, end);
  const name = load<u64>(body);
  if (name == KERNEL_STACK && load<u32>(body + 8) == TACK) readStackStart(body + 12, end);
  else if (name == USER_STACK) {
    openStack(Stack.user);
    count(TextCounter.user_stack, body, end);
  }
}

/** Behind the arrow of a stack frame, or 0. */
function frameAt(at: usize): usize {
  while (load<u8>(at) == TAB || load<u8>(at) == SPACE) at++;
  return (load<u32>(at) & 0xffffff) == ARROW ? at + 3 : 0;
}

/** A stack begins; its first frame may stand on the same line. */
function readStackStart(at: usize, end: usize): void {
  openStack(Stack.kernel);
  while (load<u8>(at) == COLON || load<u8>(at) == SPACE) at++;
  const frame = frameAt(at);
  if (frame != 0) readFrame(frame, end);
}

/** Lines that are no events: the file's head, and lost events, behind the buffer's name or not. */
function readMark(at: usize, end: usize): void {
  const mark = behindBufferName(at, end);
  const head = load<u32>(mark);
  if (mark >= end || head == CPUS || head == VERSION || head == CPU_SPACE) return;
  if (lossesFull()) keepLosses(lineTs);
  if (head != CPU_COLON || !readLoss(mark, end)) count(TextCounter.line_not_understood, at, end);
}

function behindBufferName(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) == SPACE) at++;
  const stop = wordEnd(at, end);
  if (load<u32>(at) == CPU_COLON || stop >= end || load<u8>(stop - 1) != COLON) return at;
  return min(find(stop, end, SPACE as u8) + 1, end);
}
