/**
 * The layer iova: ranges linked and unlinked with the two-step IOVA API (dma_iova_link, since Linux 6.16).
 *
 * In: the current event. Out: lifetimes, split where a part is unlinked.
 */
import { EndReason, Layer } from '../schema';
import { ABSENT, addr, concerns, device, endOfRange, kind, len, lossSeen, lossSeq, phys } from './now';
import { addFlags, endLifetime, finishOpen, idOf, openLifetime, openSeq, speakOf, takeFacts } from './lifetimes';
import { carve, closePart, enterRange, sortFound } from './parts';
import { copyFound, found, foundAt } from './found';
import { RangeIndex } from './range-index';

const ranges: RangeIndex = new RangeIndex();
/** Highest device seen: how far a walk over all has to go. */
let devices: u32 = 0;

/** Returns the id of the lifetime. */
export function linkRange(): u32 {
  const end = endOfRange(addr, len);
  if (lossSeen) {
    ranges.query(device, addr, end);
    sortFound();
    const count = found;
    for (let i: u32 = 0; i < count; i++) {
      const old = foundAt(i);
      if (openSeq(old) < lossSeq) endLifetime(carve(ranges, device, old, addr, end), <u32>EndReason.inferred_lost);
    }
  }
  const record = openLifetime(<u32>Layer.iova, kind, addr, len, phys, 0);
  takeFacts(record);
  speakOf(record);
  devices = max(devices, device);
  enterRange(ranges, device, record);
  concerns(idOf(record));
  return record;
}

export function unlinkRange(): void {
  if (len == ABSENT || len == 0) return;
  const end = endOfRange(addr, len);
  ranges.query(device, addr, end);
  sortFound();
  const count = found;
  const list = copyFound();
  for (let i: u32 = 0; i < count; i++) {
    const closed = closePart(ranges, device, load<u32>(list + ((i as usize) << 2)), addr, end);
    if (i == 0) concerns(closed);
  }
  heap.free(list);
}

/** Flags what the device of the current event has linked. */
export function flagLinked(flag: i32): void {
  ranges.query(device, 0, u64.MAX_VALUE);
  for (let i: u32 = 0; i < found; i++) addFlags(foundAt(i), flag);
}

export function finishLinked(): void {
  for (let owner: u32 = 0; owner <= devices; owner++) {
    ranges.query(owner, 0, u64.MAX_VALUE);
    for (let i: u32 = 0; i < found; i++) finishOpen(foundAt(i));
  }
}
