/**
 * The layer pool: peer-to-peer memory that a provider hands out, and the DMA mappings that are made of it.
 *
 * In: pool lifetimes, and DMA mappings as they are made. Out: which pool memory a mapping is of.
 */
import { ABSENT, NONE, endOfRange } from './now';
import { addrOf, idOf, lenOf, physOf, setParent, setPhys, parentOf } from './lifetimes';
import { found, foundAt } from './found';
import { RangeIndex } from './range-index';

/** Where x86-64 maps all of physical memory when the kernel's memory is not shuffled (page_offset_base), and how much of it. */
const DIRECT_MAP: u64 = 0xffff888000000000;
const DIRECT_MAP_END: u64 = 0xffffc88000000000;

const memory_: RangeIndex = new RangeIndex();
/** Pool memory that is handed out and whose physical address is known. */
let known: u32 = 0;

/** The physical address behind one of the kernel's direct map; ABSENT when it is outside. */
export function physicalOf(address: u64): u64 {
  return address >= DIRECT_MAP && address < DIRECT_MAP_END ? address - DIRECT_MAP : ABSENT;
}

function hasPlace(record: u32): bool {
  return physOf(record) != ABSENT && lenOf(record) != ABSENT && lenOf(record) != 0;
}

export function enterPool(record: u32): void {
  setPhys(record, physicalOf(addrOf(record)));
  if (!hasPlace(record)) return;
  memory_.insert(0, physOf(record), endOfRange(physOf(record), lenOf(record)), record);
  known++;
}

export function leavePool(record: u32): void {
  if (!hasPlace(record)) return;
  memory_.remove(0, physOf(record), endOfRange(physOf(record), lenOf(record)), record);
  known--;
}

/** A DMA mapping was made: if it is of pool memory, it is that memory's. */
// @ts-ignore: decorator
@inline
export function linkToPool(record: u32): void {
  if (known != 0) link(record);
}

function link(record: u32): void {
  const from = physOf(record);
  if (from == ABSENT || parentOf(record) != NONE) return;
  memory_.query(0, from, endOfRange(from, 1));
  let youngest = NONE;
  for (let i: u32 = 0; i < found; i++) {
    const id = idOf(foundAt(i));
    if (youngest == NONE || id > youngest) youngest = id;
  }
  if (youngest != NONE) setParent(record, youngest);
}
