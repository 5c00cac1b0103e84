/**
 * Ids of the strings of a capture: tables for ever, and in front of each a cache for names of up to 32 bytes.
 *
 * In: pointers to text, with 32 readable bytes behind it. Out: ids of StringTable.
 *
 *   a cache's slot (48 bytes): | the name, zero-padded: 32 | length u32 | id u32 | unused |
 */
import { StringTable } from '../decode/strings';

const SLOT: usize = 48;
const SLOTS: usize = 1024;

/** 32 bytes of ones, then 32 of zeros: loaded 32 - n bytes in, it is a mask of n bytes. */
const ones: usize = heap.alloc(80);
memory.fill(ones, 0xff, 32);
memory.fill(ones + 32, 0, 48);

// @ts-ignore: decorator
@inline
export function firstBytes(at: usize, length: i32): v128 {
  return v128.and(v128.load(at), v128.load(ones + 32 - (length as usize)));
}

// @ts-ignore: decorator
@inline
function same(a: v128, b: v128): bool {
  return !v128.any_true(v128.xor(a, b));
}

// @ts-ignore: decorator
@final
export class NameCache {
  readonly table: StringTable = new StringTable();
  private slots: usize;

  constructor() {
    this.slots = heap.alloc(SLOT * SLOTS);
    memory.fill(this.slots, 0, SLOT * SLOTS);
  }

  /** The id of a name that is not empty. */
  // @ts-ignore: decorator
  @inline
  id(at: usize, length: i32): i32 {
    if (length > 32) return this.table.intern(at, length);
    return length <= 16 ? this.short(at, length) : this.long(at, length);
  }

  // @ts-ignore: decorator
  @inline
  private short(at: usize, length: i32): i32 {
    const a = firstBytes(at, length);
    const slot = this.slotOf(a);
    if (load<i32>(slot, 32) == length && same(a, v128.load(slot))) return load<i32>(slot, 36);
    return this.fill(slot, a, i64x2.splat(0), at, length);
  }

  private long(at: usize, length: i32): i32 {
    const a = v128.load(at);
    const b = v128.and(v128.load(at, 16), v128.load(ones + 48 - (length as usize)));
    const slot = this.slotOf(i64x2.add(a, b));
    if (load<i32>(slot, 32) == length && same(a, v128.load(slot)) && same(b, v128.load(slot, 16))) return load<i32>(slot, 36);
    return this.fill(slot, a, b, at, length);
  }

  // @ts-ignore: decorator
  @inline
  private slotOf(a: v128): usize {
    const x = i64x2.extract_lane(a, 0) as u64;
    const y = i64x2.extract_lane(a, 1) as u64;
    const index = ((x ^ ((y << 23) | (y >> 41))) * 0x9e3779b97f4a7c15) >> 54;
    return this.slots + (index as usize) * SLOT;
  }

  private fill(slot: usize, a: v128, b: v128, at: usize, length: i32): i32 {
    const id = this.table.intern(at, length);
    v128.store(slot, a);
    v128.store(slot, b, 16);
    store<i32>(slot, length, 32);
    store<i32>(slot, id, 36);
    return id;
  }
}

/** Ids of task names by their column, blanks included. */
const COLUMN_SLOT: usize = 32;
const columns: usize = heap.alloc(COLUMN_SLOT * SLOTS);
memory.fill(columns, 0, COLUMN_SLOT * SLOTS);

/** The id of the task name in the 16 bytes at `at`, blanks before it; 0 for blanks only. */
// @ts-ignore: decorator
@inline
export function commOfColumn(at: usize): i32 {
  const column = v128.load(at);
  const y = i64x2.extract_lane(column, 1) as u64;
  const x = i64x2.extract_lane(column, 0) as u64;
  const index = ((y ^ ((x << 23) | (x >> 41))) * 0x9e3779b97f4a7c15) >> 54;
  const slot = columns + (index as usize) * COLUMN_SLOT;
  return same(column, v128.load(slot)) ? load<i32>(slot, 16) : fillColumn(slot, column, at);
}

function fillColumn(slot: usize, column: v128, at: usize): i32 {
  const blanks = ctz(~i8x16.bitmask(i8x16.eq(column, i8x16.splat(0x20))));
  const id = blanks >= 16 ? 0 : comms.id(at + blanks, 16 - blanks);
  v128.store(slot, column);
  store<i32>(slot, id, 16);
  return id;
}

export const comms = new NameCache();
export const devices = new NameCache();
export const symbols = new NameCache();
export const events = new NameCache();
export const functions = new StringTable();
export const stacks = new StringTable();
/** Attribute names that the plan does not know. */
export const strangers = new StringTable();
