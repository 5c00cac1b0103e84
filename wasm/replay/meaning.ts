/**
 * Columns that hold something else than they say: an end instead of a length, a result that may be an error.
 *
 * In: a row of a batch as decoders left it, and its type's MEANS_*. Out: the same row, its columns worked out.
 */
import {
  EVENT_ADDR, EVENT_ERROR, EVENT_LEN, EVENT_PHYS, EXTRA_OBJECT, EXTRA_VALUE, MEANS_END, MEANS_KVA, MEANS_LAST, MEANS_OFFSET, MEANS_ORDER,
  MEANS_PAGES, MEANS_PFN, MEANS_POINTER, MEANS_RESULT, MEANS_STRUCT_PAGE,
} from '../schema';
import { ABSENT } from './now';

/** Kernels count in pages of this size unless built otherwise; no event tells. */
const PAGE_SHIFT: u64 = 12;
/** Where x86-64 puts the array of struct page when the kernel's memory is not shuffled (VMEMMAP_START), 64 bytes a page. */
const VMEMMAP: u64 = 0xffffea0000000000;
const VMEMMAP_END: u64 = 0xffffeb0000000000;
/** Errors are the last page of the numbers (MAX_ERRNO, include/linux/err.h). */
const MAX_ERRNO: u64 = 4095;
const ENOMEM: i16 = -12;

/** Works out row `i` of a block; `words` are its extras, 0 = it has none. */
export function workOut(block: usize, i: usize, words: usize, means: u32): void {
  const addr = block + EVENT_ADDR + (i << 3);
  const len = block + EVENT_LEN + (i << 3);
  const phys = block + EVENT_PHYS + (i << 3);
  const error = block + EVENT_ERROR + (i << 1);
  if (means & MEANS_KVA) pointer(addr, error);
  if ((means & MEANS_OFFSET) != 0 && words != 0) add(addr, load<u64>(words + (EXTRA_VALUE << 3)));
  if (load<u64>(len) != ABSENT) length(len, load<u64>(addr), means);
  if (load<u64>(phys) != ABSENT) physical(phys, means);
  if (words == 0) return;
  if (means & MEANS_POINTER) pointer(words + (EXTRA_OBJECT << 3), error);
  if (means & MEANS_RESULT) result(words + (EXTRA_VALUE << 3), error);
}

function add(cell: usize, offset: u64): void {
  if (load<u64>(cell) != ABSENT && offset != ABSENT) store<u64>(cell, load<u64>(cell) + offset);
}

function length(cell: usize, addr: u64, means: u32): void {
  const given = load<u64>(cell);
  if ((means & (MEANS_END | MEANS_LAST)) != 0 && addr == ABSENT) store<u64>(cell, ABSENT);
  else if (means & MEANS_END) store<u64>(cell, given > addr ? given - addr : 0);
  else if (means & MEANS_LAST) store<u64>(cell, given >= addr ? given - addr + 1 : 0);
  else if (means & MEANS_PAGES) store<u64>(cell, given << PAGE_SHIFT);
  else if (means & MEANS_ORDER) store<u64>(cell, given < 32 ? (1 as u64) << (given + PAGE_SHIFT) : ABSENT);
}

function physical(cell: usize, means: u32): void {
  const given = load<u64>(cell);
  if (means & MEANS_PFN) store<u64>(cell, given << PAGE_SHIFT);
  else if (means & MEANS_STRUCT_PAGE) {
    store<u64>(cell, given >= VMEMMAP && given < VMEMMAP_END ? ((given - VMEMMAP) >> 6) << PAGE_SHIFT : ABSENT);
  }
}

function isError(value: u64): bool {
  return value >= 0 - MAX_ERRNO;
}

/** A pointer that is NULL or an error is no pointer. */
function pointer(cell: usize, error: usize): void {
  const value = load<u64>(cell);
  if (value == 0) store<i16>(error, ENOMEM);
  else if (isError(value) && value != ABSENT) store<i16>(error, value as i16);
  else return;
  store<u64>(cell, ABSENT);
}

/** A number that is an error when it is negative; results of 32 bits are not always sign-extended. */
function result(cell: usize, error: usize): void {
  const given = load<u64>(cell);
  const value = given > 0xfffff000 && given <= 0xffffffff ? given | 0xffffffff00000000 : given;
  if (!isError(value) || given == ABSENT) return;
  store<i16>(error, value as i16);
  store<u64>(cell, ABSENT);
}
