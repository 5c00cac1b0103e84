/**
 * Decode plans: for each event id, the steps that turn a record into a row.
 *
 * In: one `plan…` call a field, from the host. Out: a program in memory that `record.ts` runs.
 *
 *   plan   type u32 | kind u32 | least u32 | steps u32 | list u32 | extra u32 | step × steps
 *   step   how u8 | size u8 | signed u8 | where u8 | offset u32 | target u32
 *
 * `least` is how long a record must be for every step to read inside it, so that the steps need not ask.
 */
export const PLAN_TYPE: usize = 0;
export const PLAN_KIND: usize = 4;
export const PLAN_LEAST: usize = 8;
export const PLAN_STEPS: usize = 12;
export const PLAN_LIST: usize = 16;
export const PLAN_EXTRA: usize = 20;
export const PLAN_HEAD: usize = 24;

export const STEP_HOW: usize = 0;
export const STEP_SIZE: usize = 1;
export const STEP_SIGNED: usize = 2;
export const STEP_WHERE: usize = 3;
export const STEP_OFFSET: usize = 4;
export const STEP_TARGET: usize = 8;
export const STEP_BYTES: usize = 12;

/** Kinds of plan. */
export const KIND_FIELDS: u32 = 0;
/** ftrace:kernel_stack: step 0 is the array; step 1, where the format has it, the number of frames. */
export const KIND_STACK: u32 = 1;
/** A probe of which only the address in its records tells what it is: step 0 is the address. */
export const KIND_ASK: u32 = 2;

/** How a step reads its field; the target is a column of the event block unless said otherwise. */
export const HOW_U64: u8 = 0;
export const HOW_U32: u8 = 1;
export const HOW_U8: u8 = 2;
export const HOW_ERRNO: u8 = 3;
export const HOW_NULL_IS_ERROR: u8 = 4;
export const HOW_DEVICE: u8 = 5;
/** Target: a word of the extras. */
export const HOW_EXTRA: u8 = 6;
/** Target: LIST_PHYS, LIST_DMA or LIST_LENGTHS; size is an element's. */
export const HOW_LIST: u8 = 7;
/** Target: LIST_NENTS, LIST_ENTS or LIST_TRUNCATED. */
export const HOW_LIST_FACT: u8 = 8;

/** Where an array's bytes are: in the field itself, or named by it (__data_loc, __rel_loc). */
export const WHERE_INLINE: u8 = 0;
export const WHERE_DATA: u8 = 1;
export const WHERE_RELATIVE: u8 = 2;

export const LIST_PHYS: u32 = 0;
export const LIST_DMA: u32 = 1;
export const LIST_LENGTHS: u32 = 2;
export const LIST_NENTS: u32 = 0;
export const LIST_ENTS: u32 = 1;
export const LIST_TRUNCATED: u32 = 2;

const IDS: usize = 65536;
const MAX_STEPS: u32 = 32;

/** Plan of each event id, 0 = none. */
export const plans: usize = heap.alloc(IDS << 2);
/** Records seen of each event id. */
export const counts: usize = heap.alloc(IDS << 2);
/** 1 where the capture has a format for the id, so that a record of another one is known to be damaged. */
export const known: usize = heap.alloc(IDS);
memory.fill(plans, 0, IDS << 2);
memory.fill(counts, 0, IDS << 2);
memory.fill(known, 0, IDS);

/** The plan under construction; it takes effect with `planDone`. */
const draft: usize = heap.alloc(PLAN_HEAD + (MAX_STEPS as usize) * STEP_BYTES);

/** Says that records of this id occur. */
export function knowEvent(id: u32): void {
  store<u8>(known + ((id & 0xffff) as usize), 1);
}

export function planBegin(type: u32): void {
  memory.fill(draft, 0, PLAN_HEAD);
  store<u32>(draft, type, PLAN_TYPE);
}

/** `bytes` are how many the step reads at `offset` itself. */
function step(how: u8, target: u32, offset: u32, size: u32, signed: bool, where: u8, bytes: u32): void {
  const steps = load<u32>(draft, PLAN_STEPS);
  if (steps == MAX_STEPS) return;
  const at = draft + PLAN_HEAD + (steps as usize) * STEP_BYTES;
  store<u8>(at, how, STEP_HOW);
  store<u8>(at, <u8>size, STEP_SIZE);
  store<u8>(at, signed ? 1 : 0, STEP_SIGNED);
  store<u8>(at, where, STEP_WHERE);
  store<u32>(at, offset, STEP_OFFSET);
  store<u32>(at, target, STEP_TARGET);
  store<u32>(draft, steps + 1, PLAN_STEPS);
  store<u32>(draft, max(load<u32>(draft, PLAN_LEAST), offset + bytes), PLAN_LEAST);
}

export function planU64(column: u32, offset: u32, size: u32, signed: bool): void {
  step(HOW_U64, column, offset, size, signed, WHERE_INLINE, size);
}

export function planU32(column: u32, offset: u32, size: u32, signed: bool): void {
  step(HOW_U32, column, offset, size, signed, WHERE_INLINE, size);
}

export function planU8(column: u32, offset: u32, size: u32, signed: bool): void {
  step(HOW_U8, column, offset, size, signed, WHERE_INLINE, size);
}

export function planErrno(offset: u32, size: u32): void {
  step(HOW_ERRNO, 0, offset, size, true, WHERE_INLINE, size);
}

export function planNullIsError(offset: u32, size: u32): void {
  step(HOW_NULL_IS_ERROR, 0, offset, size, false, WHERE_INLINE, size);
}

/** A device's name in the record: a char array of `bytes` bytes at most. */
export function planDeviceInline(offset: u32, bytes: u32): void {
  step(HOW_DEVICE, bytes, offset, 0, false, WHERE_INLINE, bytes);
}

/** A device's name elsewhere in the record: a __data_loc, or a __rel_loc. */
export function planDeviceAt(offset: u32, relative: bool): void {
  step(HOW_DEVICE, 0, offset, 0, false, relative ? WHERE_RELATIVE : WHERE_DATA, 4);
}

export function planExtra(word: u32, offset: u32, size: u32, signed: bool): void {
  step(HOW_EXTRA, word, offset, size, signed, WHERE_INLINE, size);
  store<u32>(draft, 1, PLAN_EXTRA);
}

/** `which`: 0 physical addresses, 1 DMA addresses, 2 lengths. */
export function planList(which: u32, offset: u32, element: u32, relative: bool): void {
  step(HOW_LIST, which, offset, element, false, relative ? WHERE_RELATIVE : WHERE_DATA, 4);
  store<u32>(draft, 1, PLAN_LIST);
}

/** `which`: 0 entries of the caller's list, 1 DMA segments that it became, 2 whether it was truncated. */
export function planListFact(which: u32, offset: u32, size: u32): void {
  step(HOW_LIST_FACT, which, offset, size, false, WHERE_INLINE, size);
  store<u32>(draft, 1, PLAN_LIST);
}

/** A call stack: frames of `word` bytes from `offset` to the record's end; how many, where `countSize` is not 0. */
export function planStack(offset: u32, word: u32, countOffset: u32, countSize: u32): void {
  store<u32>(draft, KIND_STACK, PLAN_KIND);
  step(HOW_LIST, 0, offset, word, false, WHERE_INLINE, 0);
  if (countSize > 0) step(HOW_U32, 0, countOffset, countSize, false, WHERE_INLINE, countSize);
}

/** What records of this id are, the host says when the first one comes: by the address at `offset`. */
export function planAsk(offset: u32, size: u32): void {
  store<u32>(draft, KIND_ASK, PLAN_KIND);
  step(HOW_U64, 0, offset, size, false, WHERE_INLINE, size);
}

/** Records of this id become no rows. */
export function planNothing(id: u32): void {
  store<u32>(plans + ((id & 0xffff) as usize << 2), 0);
}

/** Makes the draft the plan for records of `id`. */
export function planDone(id: u32): void {
  const bytes = PLAN_HEAD + (load<u32>(draft, PLAN_STEPS) as usize) * STEP_BYTES;
  const plan = heap.alloc(bytes);
  memory.copy(plan, draft, bytes);
  store<u32>(plans + ((id & 0xffff) as usize << 2), plan as u32);
  knowEvent(id);
}

/** Records of this id seen so far. */
export function eventCount(id: u32): u32 {
  return load<u32>(counts + ((id & 0xffff) as usize << 2));
}
