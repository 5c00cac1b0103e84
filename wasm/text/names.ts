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

  private short(at: usize, length: i32): i32 {
    const a = firstBytes(at, length);
    const slot = this.slot(a, i64x2.splat(0));
    if (load<i32>(slot, 32) == length && same(a, v128.load(slot))) return load<i32>(slot, 36);
    return this.fill(slot, a, i64x2.splat(0), at, length);
  }

  private long(at: usize, length: i32): i32 {
    const a = v128.load(at);
    const b = v128.and(v128.load(at, 16), v128.load(ones + 48 - (length as usize)));
    const slot = this.slot(a, b);
    if (load<i32>(slot, 32) == length && same(a, v128.load(slot)) && same(b, v128.load(slot, 16))) return load<i32>(slot, 36);
    return this.fill(slot, a, b, at, length);
  }

  // @ts-ignore: decorator
  @inline
  private slot(a: v128, b: v128): usize {
    const mixed = (i64x2.extract_lane(a, 0) as u64) * 0x9e3779b97f4a7c15
      ^ (i64x2.extract_lane(a, 1) as u64) * 0xff51afd7ed558ccd
      ^ (i64x2.extract_lane(b, 0) as u64) * 0xc4ceb9fe1a85ec53
      ^ (i64x2.extract_lane(b, 1) as u64) * 0x2545f4914f6cdd1d;
    const index = ((mixed ^ (mixed >> 29)) * 0x9e3779b97f4a7c15) >> 54;
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

export const comms = new NameCache();
export const devices = new NameCache();
export const symbols = new NameCache();
export const events = new NameCache();
export const functions = new StringTable();
export const stacks = new StringTable();
/** Attribute names that the plan does not know. */
export const strangers = new StringTable();
