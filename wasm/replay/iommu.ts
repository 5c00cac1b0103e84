/**
 * The layer iommu: ranges of I/O virtual addresses, mapped and unmapped in any pieces, in domains that no event names.
 *
 * In: the current event. Out: lifetimes, split where an unmap takes a part.
 */
import { EVENT_ADDR, EVENT_ERROR, EVENT_LEN, EVENT_TID, Layer, Op } from '../schema';
import { CPU_WAITING, CPU_WAITING_AT, MAX_CPUS, cpuSlot } from './cpus';
import { ABSENT, NONE, addr, concerns, device, endOfRange, kind, len, phys, slot, tid } from './now';
import {
  adopt, addrOf, finishOpen, hold, idOf, isOpen, lenOf, openLifetime, openSeq, openTid, passLifetime, planeOf, release, setPlane,
} from './lifetimes';
import { closePart, enterRange, sortFound } from './parts';
import { found, foundAt, setFound, shrinkFound } from './found';
import { RangeIndex } from './range-index';
import { dmaAt, lengthAt, segmentCount } from './lists';
import { noteUnmap } from './witness';

const ranges: RangeIndex = new RangeIndex();

/** So many mappings of one address are told apart: a bit each in a mask. More share the last plane. */
const PLANES: u32 = 64;

/** Most iommu mappings that one DMA mapping is taken to need. */
const MAX_WAITING: u32 = 8192;

/** Whether ranges become lifetimes. If nobody will read them they only bear witness (witness.ts), and take their numbers. */
let followed: bool = true;

export function followRanges(all: bool): void {
  followed = all;
}

// ------------------------------------------------------------------------------------ passed by
/** Replays row `i` of a batch's block, an event of this layer, if nobody will read ranges; of its facts only those needed are read. */
// @ts-ignore: decorator
@inline
export function passRange(block: usize, i: usize, op: u32, cpu: usize): bool {
  if (followed) return false;
  const bytes = load<u64>(block + EVENT_LEN + (i << 3));
  const from = load<u64>(block + EVENT_ADDR + (i << 3));
  if (bytes == ABSENT || bytes == 0 || from == ABSENT) return true;
  if (op == <u32>Op.close) noteUnmap(cpu, from, bytes, load<i32>(block + EVENT_TID + (i << 2)));
  else if (op == <u32>Op.open && load<i16>(block + EVENT_ERROR + (i << 1)) == 0) passLifetime();
  return true;
}

// ------------------------------------------------------------------------------------ map
export function openRange(): void {
  if (len == ABSENT || len == 0) return;
  ranges.query(0, addr, endOfRange(addr, len));
  const plane = min(ctz(~planesFound()) as u32, PLANES - 1);
  const record = openLifetime(<u32>Layer.iommu, kind, addr, len, phys, 0);
  setPlane(record, plane);
  concerns(idOf(record));
  enterRange(ranges, 0, record);
  wait(record);
}

// ------------------------------------------------------------------------------------ unmap
export function closeRange(): void {
  if (len == ABSENT || len == 0) return;
  noteUnmap(slot, addr, len, tid);
  const end = endOfRange(addr, len);
  ranges.query(0, addr, end);
  if (found == 0) return;
  keepPlane(choosePlane(end));
  sortFound();
  const closing = found;
  for (let i: u32 = 0; i < closing; i++) {
    const closed = closePart(ranges, 0, foundAt(i), addr, end);
    if (i == 0) concerns(closed);
  }
}

/** The planes of the result, a bit each. */
function planesFound(): u64 {
  let planes: u64 = 0;
  for (let i: u32 = 0; i < found; i++) planes |= (1 as u64) << planeOf(foundAt(i));
  return planes;
}

/** The plane with most bytes in the range; among equals the one whose oldest mapping is oldest. */
function choosePlane(end: u64): u32 {
  let best: u32 = 0;
  let most: u64 = 0;
  let oldest = NONE;
  for (let planes = planesFound(); planes != 0; planes &= planes - 1) {
    const plane = ctz(planes) as u32;
    let bytes: u64 = 0;
    let first = NONE;
    for (let i: u32 = 0; i < found; i++) {
      const record = foundAt(i);
      if (planeOf(record) != plane) continue;
      bytes += min(end, endOfRange(addrOf(record), lenOf(record))) - max(addr, addrOf(record));
      first = min(first, openSeq(record));
    }
    if (bytes < most || (bytes == most && first > oldest)) continue;
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

// ------------------------------------------------------------------------------------ whose it is
/** Remembers a mapping until the CPU's next event of the layer dma. */
function wait(record: u32): void {
  const count = load<u32>(slot, CPU_WAITING);
  if (count == MAX_WAITING) return;
  if (load<u32>(slot, CPU_WAITING_AT) == 0) store<u32>(slot, heap.alloc((MAX_WAITING as usize) << 2) as u32, CPU_WAITING_AT);
  hold(record);
  store<u32>((load<u32>(slot, CPU_WAITING_AT) as usize) + ((count as usize) << 2), record);
  store<u32>(slot, count + 1, CPU_WAITING);
}

// @ts-ignore: decorator
@inline
export function nobodyWaits(): void {
  if (somebodyWaits()) dismiss(slot);
}

function dismiss(cpu: usize): void {
  const count = load<u32>(cpu, CPU_WAITING);
  const at = load<u32>(cpu, CPU_WAITING_AT) as usize;
  for (let i: u32 = 0; i < count; i++) release(load<u32>(at + ((i as usize) << 2)));
  store<u32>(cpu, 0, CPU_WAITING);
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
    const record = load<u32>(at + ((i as usize) << 2));
    if (openTid(record) != tid || !isOpen(record)) continue;
    let tries = segments;
    if (segments == 0) {
      if (inPages(record, addr, len)) adopt(record, device, first);
      continue;
    }
    // Segments come in the order of their mappings: go on from the last match.
    for (; tries != 0; tries--) {
      if (inPages(record, dmaAt(segment), lengthAt(segment))) {
        adopt(record, device, first);
        break;
      }
      segment = segment + 1 == segments ? 0 : segment + 1;
    }
  }
}

function inPages(record: u32, start: u64, bytes: u64): bool {
  const from = start & ~0xfff;
  const end = endOfRange(start, bytes == ABSENT ? 0 : bytes);
  const to = end > u64.MAX_VALUE - 0xfff ? u64.MAX_VALUE : (end + 0xfff) & ~0xfff;
  return addrOf(record) >= from && endOfRange(addrOf(record), lenOf(record)) <= to;
}

/** At the end: nobody waits on any CPU, and every range that is still mapped gets its row. */
export function finishRanges(): void {
  for (let cpu: u32 = 0; cpu <= MAX_CPUS; cpu++) if (load<u32>(cpuSlot(cpu), CPU_WAITING) != 0) dismiss(cpuSlot(cpu));
  ranges.query(0, 0, u64.MAX_VALUE);
  for (let i: u32 = 0; i < found; i++) finishOpen(foundAt(i));
}
