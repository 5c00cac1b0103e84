/**
 * Records of a perf.data whose turn has come: samples become rows, COMM and FORK name tasks, losses become rows.
 *
 * In: an entry of the queue. Out: at most one row. kernel/events/core.c, perf_output_sample(), writes a sample; behind
 * the facts of 8 bytes (attributes.ts) come
 *
 *   READ        value u64 | time enabled | time running | id | lost        or, with GROUP,
 *               nr u64 | time enabled | time running | ( value | id | lost ) × nr
 *   CALLCHAIN   nr u64 | address or mark u64 × nr
 *   RAW         size u32 | size bytes: the tracepoint's record
 */
import { EVENT_STACK } from '../schema';
import { block, rows } from '../decode/batch';
import { readU16, readU32, readU64 } from '../binary/numbers';
import { decodeRecord, lostRow, pidOf, stacks } from '../binary/record';
import { tallyBackwards, tallyRecord } from '../binary/tally';
import { comms, commOf, nameTask } from '../binary/tasks';
import { Attribute, attributeOf, cpuOfId, samplesHaveIds } from './attributes';
import { LOST_MOST, loseHere } from './losses';
import { ENTRY_ADDRESS, ENTRY_ATTRIBUTE, ENTRY_TIME } from './queue';

export const RECORD_LOST: u32 = 2;
export const RECORD_COMM: u32 = 3;
export const RECORD_FORK: u32 = 7;
export const RECORD_SAMPLE: u32 = 9;
export const RECORD_LOST_SAMPLES: u32 = 13;

/** Stand in an entry in place of an attribute: here a damaged sample, or an unknown number of records, was lost. */
export const ONE_LOST: u32 = 0xfffe;
export const SOME_LOST: u32 = 0xffff;

const READ_ENABLED: i32 = 1;
const READ_RUNNING: i32 = 2;
const READ_ID: i32 = 4;
const READ_GROUP: i32 = 8;
const READ_LOST: i32 = 16;

const NO_CPU: i32 = 0xffff;
/** Linux has no larger ones (PID_MAX_LIMIT); a damaged record may. */
const LARGEST_TID: u32 = 1 << 22;

/** The newest time given to a row. */
export let timeNow: i64 = 0;

/** Times never go back: whoever merges streams counts on it. */
// @ts-ignore: decorator
@inline
function advance(time: i64): i64 {
  if (time < timeNow) {
    tallyBackwards();
    return timeNow;
  }
  timeNow = time;
  return time;
}

// @ts-ignore: decorator
@inline
function bitCount(format: i32): usize {
  return popcnt(format & (READ_ID | READ_LOST)) as usize;
}

/** Bytes of the READ part at `at`, of which `left` are there; all ones: it does not end inside the record. */
function readBytes(at: usize, left: usize, format: i32): usize {
  const times = popcnt(format & (READ_ENABLED | READ_RUNNING)) as usize;
  if ((format & READ_GROUP) == 0) return (1 + times + bitCount(format)) << 3;
  if (left < 8) return usize.MAX_VALUE;
  const members = readU64(at);
  if (members > 4096) return usize.MAX_VALUE;
  return (1 + times + (members as usize) * (1 + bitCount(format))) << 3;
}

// Marks among the addresses of a call chain (enum perf_callchain_context): minus a small number.
const CONTEXT_KERNEL: u64 = -128;
const CONTEXT_MOST: u64 = -4095;

const MOST_FRAMES: usize = 1024;
let frames: usize = 0;

/** The chain's kernel part as an id in `stacks`, 0 where it has none. */
function internChain(at: usize, count: usize): u32 {
  if (frames == 0) frames = heap.alloc(MOST_FRAMES << 3);
  let used: usize = 0;
  let inKernel = false;
  for (let i: usize = 0; i < count && used < MOST_FRAMES; i++) {
    const address = readU64(at + (i << 3));
    if (address >= CONTEXT_MOST) inKernel = address == CONTEXT_KERNEL;
    else if (inKernel) store<u64>(frames + (used++ << 3), address);
  }
  return used == 0 ? 0 : stacks.intern(frames, (used << 3) as i32);
}

/** Why a sample is no row; the caller turns damage into a loss. */
const DAMAGED: i32 = -1;

function decodeSample(a: Attribute, at: usize, end: usize, time: i64, cpu: i32): i32 {
  let p = at + (a.partsAt as usize);
  if (a.readFormat >= 0) {
    const bytes = readBytes(p, end - p, a.readFormat);
    if (bytes > end - p) return DAMAGED;
    p += bytes;
  }
  let chain: usize = 0;
  let chainCount: u64 = 0;
  if (a.hasChain) {
    if (end - p < 8) return DAMAGED;
    chainCount = readU64(p);
    if (chainCount > (((end - p) >> 3) - 1) as u64) return DAMAGED;
    chain = p + 8;
    p = chain + ((chainCount as usize) << 3);
  }
  a.samples++;
  if (a.tracepoint == 0 || !a.hasRaw) return 0;
  if (end - p < 4) return DAMAGED;
  const size = readU32(p);
  p += 4;
  if (size > ((end - p) as u32) || size < 2) return DAMAGED;
  // A tracepoint's record begins with its id (struct trace_entry).
  if (samplesHaveIds() && readU16(p) != a.tracepoint) return DAMAGED;
  const before = rows;
  const tid = a.tidAt >= 0 ? (readU32(at + a.tidAt + 4) as i32) : pidOf(p, size as i32);
  decodeRecord(p, size as i32, advance(time), cpu, tid, commOf(tid));
  if (chainCount > 0 && rows > before) {
    const stack = internChain(chain, chainCount as usize);
    store<u32>(block + EVENT_STACK + ((before as usize) << 2), stack);
  }
  return 0;
}

function takeSample(attribute: u32, at: usize, end: usize, time: i64): void {
  const a = attributeOf(attribute);
  let cpu = NO_CPU;
  if (a.cpuAt >= 0) cpu = min<u32>(readU32(at + a.cpuAt), NO_CPU) as i32;
  if (decodeSample(a, at, end, time, cpu) == DAMAGED) {
    tallyRecord();
    lostRow(advance(time), cpu, 1);
  }
}

/** LOST: id u64 | lost u64 | trailer.   LOST_SAMPLES: lost u64 | trailer. */
function takeLost(a: Attribute, record: usize, end: usize, isSamples: bool, time: i64): void {
  let cpu = NO_CPU;
  if (a.trailerCpu > 0) cpu = min<u32>(readU32(end - a.trailerCpu), NO_CPU) as i32;
  else if (!isSamples) cpu = cpuOfId(readU64(record + 8));
  const count = readU64(record + (isSamples ? 8 : 16));
  if (count <= LOST_MOST) return loseHere(advance(time), cpu, count);
  tallyRecord();
  lostRow(advance(time), cpu, u64.MAX_VALUE);
}

/** COMM: pid u32 | tid u32 | name, with zeros at its end. */
export function takeComm(record: usize, end: usize): void {
  const tid = readU32(record + 12);
  const name = record + 16;
  let length: usize = 0;
  while (name + length < end && length < 64 && load<u8>(name + length) != 0) length++;
  if (length > 0 && tid <= LARGEST_TID) nameTask(tid as i32, name, length as i32);
}

/** FORK: pid u32 | ppid u32 | tid u32 | ptid u32 | time u64. The child starts with its parent's name. */
export function takeFork(record: usize): void {
  const tid = readU32(record + 16);
  const parent = commOf(readU32(record + 20) as i32);
  if (parent != 0 && tid <= LARGEST_TID) nameTask(tid as i32, comms.pointer(parent), comms.length(parent));
}

/** Decodes one entry; needs room for a row. The lengths of all but samples were checked when it was queued. */
export function takeEntry(entry: usize): void {
  const time = load<i64>(entry, ENTRY_TIME);
  const attribute: u32 = load<u16>(entry, ENTRY_ATTRIBUTE);
  if (attribute >= ONE_LOST) return lostRow(advance(time), NO_CPU, attribute == ONE_LOST ? 1 : u64.MAX_VALUE);
  const record: usize = load<u32>(entry, ENTRY_ADDRESS);
  const type = readU32(record);
  const end = record + (readU16(record + 6) as usize);
  if (type == RECORD_SAMPLE) return takeSample(attribute, record + 8, end, time);
  if (type == RECORD_COMM) return takeComm(record, end - attributeOf(attribute).trailer);
  if (type == RECORD_FORK) return takeFork(record);
  takeLost(attributeOf(attribute), record, end, type == RECORD_LOST_SAMPLES, time);
}
