/**
 * The layer iommu: ranges of I/O virtual addresses, mapped and unmapped in any pieces, in domains that no event names.
 *
 * In: the current event. Out: lifetimes, split where an unmap takes a part.
 */
import {
  LIFETIME_ADDR, LIFETIME_DEVICE, LIFETIME_GROUP, LIFETIME_LEN, LIFETIME_PARENT, LIFETIME_PHYS, Layer,
} from '../schema';
import { LIFETIMES, cell2, cell4, cell8 } from './table';
import { CPU_WAITING, CPU_WAITING_AT } from './cpus';
import { ABSENT, NONE, addr, concerns, device, endOfRange, len, phys, slot, tid } from './now';
import {
  addrOf, closeLifetime, copyLifetime, dropFlags, flagsOf, isOpen, lenOf, openLifetime, openTid, physOf,
} from './lifetimes';
import { RangeIndex, found, foundAt, setFound, shrinkFound } from './range-index';
import { dmaAt, lengthAt, segmentCount } from './lists';
import { noteUnmap } from './witness';

const ranges: RangeIndex = new RangeIndex();

/** A lifetime's plane stands in internal bits of its flags until the end. */
const PLANE_SHIFT: u32 = 12;
const PLANES: u32 = 8;
const PLANE_BITS: u32 = (PLANES - 1) << PLANE_SHIFT;

/** Most iommu mappings that one DMA mapping is taken to need. */
const MAX_WAITING: u32 = 8192;

// @ts-ignore: decorator
@inline
function planeOf(id: u32): u32 {
  return (flagsOf(id) & PLANE_BITS) >> PLANE_SHIFT;
}

function enter(id: u32): void {
  ranges.insert(0, addrOf(id), endOfRange(addrOf(id), lenOf(id)), id);
}

// ------------------------------------------------------------------------------------ map
export function openRange(): void {
  if (len == ABSENT || len == 0) return;
  ranges.query(0, addr, endOfRange(addr, len));
  let taken: u32 = 0;
  for (let i: u32 = 0; i < found; i++) taken |= 1 << planeOf(foundAt(i));
  const plane = min(<u32>ctz(~taken), PLANES - 1);
  const id = openLifetime(<u32>Layer.iommu, 0, addr, len, phys, plane << PLANE_SHIFT);
  concerns(id);
  enter(id);
  wait(id);
}

// ------------------------------------------------------------------------------------ unmap
export function closeRange(): void {
  noteUnmap();
  if (len == ABSENT || len == 0) return;
  const end = endOfRange(addr, len);
  ranges.query(0, addr, end);
  if (found == 0) return;
  keepPlane(choosePlane(end));
  sortFound();
  concerns(foundAt(0));
  const closing = found;
  for (let i: u32 = 0; i < closing; i++) closePart(foundAt(i), addr, end);
}

/** The plane with most bytes in the range; among equals the one whose oldest mapping is oldest. */
function choosePlane(end: u64): u32 {
  let best: u32 = 0;
  let most: u64 = 0;
  let oldest = NONE;
  for (let plane: u32 = 0; plane < PLANES; plane++) {
    let bytes: u64 = 0;
    let first = NONE;
    for (let i: u32 = 0; i < found; i++) {
      const id = foundAt(i);
      if (planeOf(id) != plane) continue;
      bytes += min(end, endOfRange(addrOf(id), lenOf(id))) - max(addr, addrOf(id));
      first = min(first, id);
    }
    if (bytes < most || bytes == 0 || (bytes == most && first > oldest)) continue;
    best = plane;
    most = bytes;
    oldest = first;
  }
  return best;
}

/** Leaves only this plane's members in the result. */
function keepPlane(plane: u32): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < found; i++) if (planeOf(foundAt(i)) == plane) setFound(kept++, foundAt(i));
  shrinkFound(kept);
}

/** By address; insertion sort, since results are short or nearly sorted. */
function sortFound(): void {
  for (let i: u32 = 1; i < found; i++) {
    const id = foundAt(i);
    let j = i;
    for (; j > 0 && addrOf(foundAt(j - 1)) > addrOf(id); j--) setFound(j, foundAt(j - 1));
    setFound(j, id);
  }
}

/** Closes what [from, end) covers of a lifetime. */
function closePart(id: u32, from: u64, end: u64): void {
  const start = addrOf(id);
  const stop = endOfRange(start, lenOf(id));
  ranges.remove(0, start, stop, id);
  if (from <= start && end >= stop) {
    closeLifetime(id);
    return;
  }
  const cut = max(from, start);
  const rest = min(end, stop);
  closeLifetime(piece(id, cut, rest));
  if (cut > start) {
    if (rest < stop) enter(piece(id, rest, stop));
    trim(id, start, cut);
  } else trim(id, rest, stop);
  enter(id);
}

/** A new row for [from, end) of a lifetime. */
function piece(id: u32, from: u64, end: u64): u32 {
  const copy = copyLifetime(id);
  const offset = from - addrOf(id);
  store<u64>(cell8(LIFETIMES, LIFETIME_ADDR, copy), from);
  store<u64>(cell8(LIFETIMES, LIFETIME_LEN, copy), end - from);
  if (physOf(id) != ABSENT) store<u64>(cell8(LIFETIMES, LIFETIME_PHYS, copy), physOf(id) + offset);
  const original = load<u32>(cell4(LIFETIMES, LIFETIME_GROUP, id));
  store<u32>(cell4(LIFETIMES, LIFETIME_GROUP, copy), original == NONE ? id : original);
  return copy;
}

/** Leaves [from, end) of a lifetime in its own row. */
function trim(id: u32, from: u64, end: u64): void {
  const offset = from - addrOf(id);
  store<u64>(cell8(LIFETIMES, LIFETIME_ADDR, id), from);
  store<u64>(cell8(LIFETIMES, LIFETIME_LEN, id), end - from);
  if (physOf(id) != ABSENT) store<u64>(cell8(LIFETIMES, LIFETIME_PHYS, id), physOf(id) + offset);
}

// ------------------------------------------------------------------------------------ whose it is
/** Remembers a mapping until the CPU's next event of the layer dma. */
function wait(id: u32): void {
  const count = load<u32>(slot, CPU_WAITING);
  if (count == MAX_WAITING) return;
  if (load<u32>(slot, CPU_WAITING_AT) == 0) store<u32>(slot, heap.alloc((MAX_WAITING as usize) << 2) as u32, CPU_WAITING_AT);
  store<u32>((load<u32>(slot, CPU_WAITING_AT) as usize) + ((count as usize) << 2), id);
  store<u32>(slot, count + 1, CPU_WAITING);
}

// @ts-ignore: decorator
@inline
export function nobodyWaits(): void {
  store<u32>(slot, 0, CPU_WAITING);
}

// @ts-ignore: decorator
@inline
export function somebodyWaits(): bool {
  return load<u32>(slot, CPU_WAITING) != 0;
}

/** The current event opened `first` (a list: and its other segments): gives it the waiting mappings inside its pages. */
export function adoptWaiting(first: u32): void {
  const count = load<u32>(slot, CPU_WAITING);
  const at = load<u32>(slot, CPU_WAITING_AT) as usize;
  let segment: u32 = 0;
  const segments = segmentCount();
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(at + ((i as usize) << 2));
    if (openTid(id) != tid || !isOpen(id)) continue;
    let tries = segments;
    if (segments == 0) {
      if (inPages(id, addr, len)) give(id, first);
      continue;
    }
    // Segments come in the order of their mappings: go on from the last match.
    for (; tries != 0; tries--) {
      if (inPages(id, dmaAt(segment), lengthAt(segment))) {
        give(id, first);
        break;
      }
      segment = segment + 1 == segments ? 0 : segment + 1;
    }
  }
}

function inPages(id: u32, start: u64, bytes: u64): bool {
  const from = start & ~0xfff;
  const end = endOfRange(start, bytes == ABSENT ? 0 : bytes);
  const to = end > u64.MAX_VALUE - 0xfff ? u64.MAX_VALUE : (end + 0xfff) & ~0xfff;
  return addrOf(id) >= from && endOfRange(addrOf(id), lenOf(id)) <= to;
}

function give(id: u32, parent: u32): void {
  store<u16>(cell2(LIFETIMES, LIFETIME_DEVICE, id), <u16>device);
  store<u32>(cell4(LIFETIMES, LIFETIME_PARENT, id), parent);
}

/** Takes the planes out of a lifetime's flags, at the end. */
// @ts-ignore: decorator
@inline
export function forgetPlane(id: u32): void {
  dropFlags(id, PLANE_BITS);
}
