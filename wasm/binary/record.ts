/**
 * One record's raw payload becomes a row: what ring-buffer pages and perf samples have in common.
 *
 * In: the payload (its first bytes are the common fields), its time, CPU and task. Out: a row in the batch, if the
 * record's id has a plan. A record that does not hold what its format promises becomes a `lost` row of one event.
 */
import { EVENT_DEVICE, EVENT_ERROR, EVENT_LEN, EVENT_SIDE, EVENT_STACK, EXTRA_WORDS } from '../schema';
import { keepRow, setU16, setU32, setU64, setU8, sideWord, startRow, takeSide } from '../decode/batch';
import { StringTable } from '../decode/strings';
import { listArray, listFact, startList, writeList } from './lists';
import { readNumber, readU16, readU32 } from './numbers';
import {
  counts, HOW_DEVICE, HOW_ERRNO, HOW_EXTRA, HOW_LIST, HOW_LIST_FACT, HOW_NULL_IS_ERROR, HOW_U32, HOW_U64, HOW_U8, KIND_ASK, KIND_STACK, known,
  PLAN_EXTRA, PLAN_HEAD, PLAN_KIND, PLAN_LEAST, PLAN_LIST, PLAN_STEPS, PLAN_TYPE, plans, STEP_BYTES, STEP_HOW, STEP_OFFSET,
  STEP_SIGNED, STEP_SIZE, STEP_TARGET, STEP_WHERE, WHERE_INLINE, WHERE_RELATIVE,
} from './plan';
import { tallyDevice, tallyRecord, tallyStackCut, tallyWithoutFormat } from './tally';

const ENOMEM: i32 = 12;

/** The host makes a plan for records of this id, of a probe at this address, or none. */
// @ts-ignore: decorator
@external("env", "resolveProbe")
declare function resolveProbe(id: u32, address: u64): void;

export const devices: StringTable = new StringTable();
/** Stacks by their frames: u64 addresses, innermost first. */
export const stacks: StringTable = new StringTable();

/** Where the common fields are: the event's id (2 bytes) and the task's pid (4 bytes). */
let idOffset: u32 = 0;
let pidOffset: u32 = 4;
let commonBytes: i32 = 8;
let lostType: i32 = 0;
let stackType: i32 = 1;

export function setCommonFields(id: u32, pid: u32): void {
  idOffset = id;
  pidOffset = pid;
  commonBytes = max(id + 2, pid + 4);
}

/** The two reserved event types. */
export function setReservedTypes(lost: i32, stack: i32): void {
  lostType = lost;
  stackType = stack;
}

/** The pid in a record, -1 where the record is too short to have one. */
// @ts-ignore: decorator
@inline
export function pidOf(at: usize, length: i32): i32 {
  return length < commonBytes ? -1 : (readU32(at + pidOffset) as i32);
}

/** `count` events were lost here; all ones where nobody knows how many. Needs room for a row. */
export function lostRow(ts: i64, cpu: i32, count: u64): void {
  startRow(lostType, ts, cpu, -1, 0);
  setU64(EVENT_LEN, count);
  keepRow();
}

function damaged(ts: i64, cpu: i32): void {
  tallyRecord();
  lostRow(ts, cpu, 1);
}

// What a step's reference to an array names; set by `locate`.
let foundAt: usize = 0;
let foundBytes: u32 = 0;

/** Where a __data_loc or __rel_loc field at `offset` points: length << 16 | offset. False: not inside the record. */
// @ts-ignore: decorator
@inline
function locate(at: usize, length: u32, offset: u32, where: u8): bool {
  const reference = readU32(at + offset);
  let start = reference & 0xffff;
  if (where == WHERE_RELATIVE) start += offset + 4;
  foundAt = at + start;
  foundBytes = reference >> 16;
  return start <= length && foundBytes <= length - start;
}

function setDevice(at: usize, most: u32): void {
  let bytes: u32 = 0;
  while (bytes < most && load<u8>(at + bytes) != 0) bytes++;
  if (bytes == 0) return;
  const id = devices.intern(at, bytes);
  if (id > 0xffff) tallyDevice();
  else setU16(EVENT_DEVICE, <u16>id);
}

/** Errors are the last page of the numbers (MAX_ERRNO, include/linux/err.h). */
const MAX_ERRNO: i64 = 4095;

/** Keeps an error as the kernel returns it; an int in a register may have zeros above it. */
function setErrno(value: i64): void {
  if (value > 0xfffff000 && value <= 0xffffffff) value -= 0x100000000;
  if (value < 0 && value >= -MAX_ERRNO) setU16(EVENT_ERROR, <u16>value);
}

/** Extras of the row, all absent; returns their word in the side heap. */
function startExtra(): i32 {
  const word = takeSide(EXTRA_WORDS);
  memory.fill(sideWord(word), 0xff, EXTRA_WORDS << 3);
  setU32(EVENT_SIDE, word as u32);
  return word;
}

/** Runs one step; false: the record does not hold what its format promises. */
// @ts-ignore: decorator
@inline
function runStep(step: usize, at: usize, length: u32, extra: i32): bool {
  const how = load<u8>(step, STEP_HOW);
  const offset = load<u32>(step, STEP_OFFSET);
  const target = load<u32>(step, STEP_TARGET);
  if (how == HOW_DEVICE) {
    if (load<u8>(step, STEP_WHERE) == WHERE_INLINE) setDevice(at + offset, target);
    else if (locate(at, length, offset, load<u8>(step, STEP_WHERE))) setDevice(foundAt, foundBytes);
    else return false;
    return true;
  }
  const size: u32 = load<u8>(step, STEP_SIZE);
  if (how == HOW_LIST) {
    if (!locate(at, length, offset, load<u8>(step, STEP_WHERE))) return false;
    listArray(target, foundAt, foundBytes, size);
    return true;
  }
  const value = readNumber(at + offset, size, load<u8>(step, STEP_SIGNED) != 0);
  if (how == HOW_U64) setU64(target, value);
  else if (how == HOW_U8) setU8(target, <u8>value);
  else if (how == HOW_U32) setU32(target, <u32>value);
  else if (how == HOW_ERRNO) setErrno(value as i64);
  else if (how == HOW_NULL_IS_ERROR) setErrno(value == 0 ? -ENOMEM : 0);
  else if (how == HOW_EXTRA && extra != 0) store<u64>(sideWord(extra + target), value);
  else if (how == HOW_LIST_FACT) listFact(target, value);
  return true;
}

const MOST_FRAMES: u32 = 1024;
const frames: usize = heap.alloc((MOST_FRAMES as usize) << 3);

/** ftrace:kernel_stack: int size; unsigned long caller[]. Older kernels have no size and end with all ones. */
function stackRow(plan: usize, at: usize, length: u32, ts: i64, cpu: i32, pid: i32, comm: i32): void {
  const array = plan + PLAN_HEAD;
  const word: u32 = load<u8>(array, STEP_SIZE);
  const offset = load<u32>(array, STEP_OFFSET);
  let count: u32 = min(MOST_FRAMES, (length - offset) / word);
  if (load<u32>(plan, PLAN_STEPS) > 1) {
    const told = readNumber(at + load<u32>(array + STEP_BYTES, STEP_OFFSET), load<u8>(array + STEP_BYTES, STEP_SIZE), false) as u32;
    if (told > count) tallyStackCut();
    count = min(count, told);
  }
  let used: u32 = 0;
  for (; used < count; used++) {
    const frame = readNumber(at + offset + used * word, word, true);
    if (frame == 0 || frame == u64.MAX_VALUE) break;
    store<u64>(frames + ((used as usize) << 3), word == 4 ? frame & 0xffffffff : frame);
  }
  if (used == 0) return;
  startRow(stackType, ts, cpu, pid, comm);
  setU32(EVENT_STACK, stacks.intern(frames, (used << 3) as i32));
  keepRow();
}

/** Asks the host what a probe's records are; returns the plan, 0 for none. */
function askFor(id: usize, plan: usize, at: usize): usize {
  const step = plan + PLAN_HEAD;
  resolveProbe(id as u32, readNumber(at + load<u32>(step, STEP_OFFSET), load<u8>(step, STEP_SIZE), false));
  const answer: usize = load<u32>(plans + (id << 2));
  if (answer != plan) return answer;
  store<u32>(plans + (id << 2), 0);
  return 0;
}

/** Decodes one record; needs room in the batch. `pid` and `comm` go into the row as they are. */
export function decodeRecord(at: usize, length: i32, ts: i64, cpu: i32, pid: i32, comm: i32): void {
  if (length < commonBytes) return damaged(ts, cpu);
  const id = readU16(at + idOffset) as usize;
  const count = counts + (id << 2);
  let plan: usize = load<u32>(plans + (id << 2));
  if (plan == 0) {
    if (load<u8>(known + id) == 0) tallyWithoutFormat();
    else store<u32>(count, load<u32>(count) + 1);
    return;
  }
  store<u32>(count, load<u32>(count) + 1);
  if ((length as u32) < load<u32>(plan, PLAN_LEAST)) return damaged(ts, cpu);
  if (load<u32>(plan, PLAN_KIND) == KIND_ASK) {
    plan = askFor(id, plan, at);
    if (plan == 0) return;
    if ((length as u32) < load<u32>(plan, PLAN_LEAST)) return damaged(ts, cpu);
  }
  if (load<u32>(plan, PLAN_KIND) == KIND_STACK) return stackRow(plan, at, length, ts, cpu, pid, comm);
  startRow(load<i32>(plan, PLAN_TYPE), ts, cpu, pid, comm);
  const list = load<u32>(plan, PLAN_LIST) != 0;
  let extra = 0;
  if (list) startList();
  else if (load<u32>(plan, PLAN_EXTRA) != 0) extra = startExtra();
  let step = plan + PLAN_HEAD;
  for (let left = load<u32>(plan, PLAN_STEPS); left > 0; left--, step += STEP_BYTES) {
    if (!runStep(step, at, length, extra)) return damaged(ts, cpu);
  }
  if (list) writeList();
  keepRow();
}
