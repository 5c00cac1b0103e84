/**
 * Events that the kernel says it lost: rows of TYPE_LOST, at the time of the next event.
 *
 * In: lines. Out: rows, once the next event's time is known. Written by print_trace_line() and test_cpu_buff_start(), kernel/trace/trace.c,
 * and by trace-cmd:
 *
 *   CPU:0 [LOST 1425 EVENTS]      CPU:0 [LOST EVENTS]      CPU:0 [601 EVENTS DROPPED]      CPU:0 [EVENTS DROPPED]
 *   ##### CPU 0 buffer started ####      (only where buffers were overrun: older events of that CPU are gone)
 */
import { EVENT_LEN } from '../schema';
import { keepRow, setU64, startRow } from '../decode/batch';
import { SPACE, isDigit, number, readDecimal } from './values';

/** The reserved event type of a loss (TYPE_LOST of the host). */
const TYPE_LOST: i32 = 0;
const NO_CPU: i32 = 0xffff;
const PENDING_MAX: i32 = 256;

const pendingCpus: usize = heap.alloc((PENDING_MAX as usize) << 2);
const pendingCounts: usize = heap.alloc((PENDING_MAX as usize) << 3);
export let pending: i32 = 0;

/** Whether no more losses can wait: rows must be made now. */
export function lossesFull(): bool {
  return pending == PENDING_MAX;
}

function add(cpu: i32, count: u64): void {
  store<i32>(pendingCpus + ((pending as usize) << 2), cpu);
  store<u64>(pendingCounts + ((pending as usize) << 3), count);
  pending++;
}

/** Makes rows of the losses that wait, at `ts`. The caller has room for them. */
export function keepLosses(ts: i64): void {
  for (let i = 0; i < pending; i++) {
    startRow(TYPE_LOST, ts, load<i32>(pendingCpus + ((i as usize) << 2)), -1, 0);
    setU64(EVENT_LEN, load<u64>(pendingCounts + ((i as usize) << 3)));
    keepRow();
  }
  pending = 0;
}

const CPU_COLON: u32 = 0x3a555043; // "CPU:"
const CPU_SPACE: u32 = 0x20555043; // "CPU "
const LOST: u32 = 0x54534f4c; // "LOST"
const EVENTS: u64 = 0x53544e455645; // "EVENTS"
const OPEN_BRACKET: u32 = 0x5b;

/** Reads a line that tells of lost events; false when it is none. */
export function readLoss(at: usize, end: usize): bool {
  let cpu = NO_CPU;
  if (load<u32>(at) == CPU_COLON) {
    at = readDecimal(at + 4);
    if (at == 0 || number > 0xfffe) return false;
    cpu = number as i32;
    while (load<u8>(at) == SPACE) at++;
  }
  if (load<u8>(at++) != OPEN_BRACKET) return false;
  if (load<u32>(at) == LOST) at += 5;
  let count: u64 = u64.MAX_VALUE;
  if (isDigit(load<u8>(at))) {
    at = readDecimal(at);
    if (at == 0) return false;
    count = number;
    at++;
  }
  if (at + 6 > end || (load<u64>(at) & 0xffffffffffff) != EVENTS) return false;
  add(cpu, count);
  return true;
}

/** "##### CPU 0 buffer started ####" */
export function readBufferStart(at: usize, end: usize): void {
  at += 6;
  if (at >= end || load<u32>(at) != CPU_SPACE) return;
  at = readDecimal(at + 4);
  if (at != 0 && number <= 0xfffe) add(number as i32, u64.MAX_VALUE);
}
