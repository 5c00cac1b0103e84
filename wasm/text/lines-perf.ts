/**
 * One line of `perf script`, whatever it is.
 *
 * In: a line without its newline. Out: rows, counts; the state of stacks.
 * Written by process_event(), tools/perf/builtin-script.c, and perf_event__fprintf(), tools/perf/util/event.c:
 *
 *               init     101 [001]    18.163884:                      iommu:map: IOMMU: iova=0x00000000fffff000 - …
 *   # os release : 7.2.13                                                        (--header)
 *            swapper       0 [000]    14.010000: PERF_RECORD_LOST lost 25        (--show-lost-events)
 *            swapper       0 [000]     0.000000: PERF_RECORD_MMAP2 -1/0: [0x…    (--show-mmap-events)
 */
import { EVENT_LEN, TextCounter } from '../schema';
import { keepRow, rows, setU64, startRow } from '../decode/batch';
import { readQualified } from './events';
import { Stack, closeStack, open, openStack, openStackOf } from './stacks';
import { readPerfFrame, startPerfStack } from './stacks-perf';
import { body, lineCpu, lineTs } from './prefix';
import { readPerfPrefix } from './prefix-perf';
import { count } from './counters';
import { SPACE, isDigit, number, readDecimal, wordEnd } from './values';

/** The reserved event type of a loss (TYPE_LOST of the host). */
const TYPE_LOST: i32 = 0;
const TAB: u32 = 0x09;
const HASH: u32 = 0x23;
const PERF_RECORD: u64 = 0x4345525f46524550; // "PERF_REC"
const LOST: u32 = 0x54534f4c; // "LOST"
/** "PERF_RECORD_" */
const RECORD_BYTES: usize = 12;

/** Whether the line before was an event, whose stack may follow; and its row, -1 where it is none. */
let afterEvent: bool = false;
let eventRow: i32 = -1;

/** Reads the line [at, end). */
export function readPerfLine(at: usize, end: usize): void {
  const first = load<u8>(at) as u32;
  if (first == TAB) return readStackLine(at, end);
  const wasOpen = open != Stack.none;
  afterEvent = false;
  if (at == end) return closeStack();
  if (first == HASH) return;
  if (readPerfPrefix(at, end)) {
    if (wasOpen) closeStack();
    readRecord(body, end);
  } else if (!wasOpen) count(TextCounter.line_not_understood, at, end); // in a stack it is a frame's source line
}

function readStackLine(at: usize, end: usize): void {
  if (afterEvent) {
    startPerfStack();
    if (eventRow < 0) openStack(Stack.user);
    else openStackOf(eventRow);
  } else if (open == Stack.none) count(TextCounter.stack_frame_stray, at, end);
  afterEvent = false;
  if (open == Stack.kernel) readPerfFrame(at + 1, end);
}

// @ts-ignore: decorator
@inline
function readRecord(at: usize, end: usize): void {
  if (load<u64>(at) == PERF_RECORD) return readTaskRecord(at, end);
  const before = rows;
  readQualified(at, end);
  afterEvent = true;
  eventRow = rows > before ? before : -1;
}

/** PERF_RECORD_LOST and PERF_RECORD_LOST_SAMPLES are losses; COMM, FORK, EXIT, MMAP, … are of no use here. */
function readTaskRecord(at: usize, end: usize): void {
  if (load<u32>(at + RECORD_BYTES) != LOST) return count(TextCounter.task_record, at, end);
  startRow(TYPE_LOST, lineTs, lineCpu, -1, 0);
  for (let p = wordEnd(at, end); p < end; p = wordEnd(p, end)) {
    while (load<u8>(p) == SPACE) p++;
    if (isDigit(load<u8>(p)) && readDecimal(p) != 0) setU64(EVENT_LEN, number);
  }
  keepRow();
}
