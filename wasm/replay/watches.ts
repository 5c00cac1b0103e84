/**
 * The layer watch: mmu notifiers, and which import each of them watches for.
 *
 * In: the current event, a notifier's insertion or removal. Out: lifetimes; whether a part of an import is watched.
 *
 * No event says whose notifier it is. A notifier that was inserted inside a call that opened an import is that import's;
 * else it is the device's that first imports something in its range.
 */
import { ABSENT, NONE, addr, device, endOfRange, len } from './now';
import { addrOf, deviceIdOf, idOf, lenOf, openSeq, parentOf, setDeviceOf } from './lifetimes';
import { found, foundAt } from './found';
import { RangeIndex } from './range-index';

const watches: RangeIndex = new RangeIndex();

function endOf(record: u32): u64 {
  return lenOf(record) == ABSENT ? u64.MAX_VALUE : endOfRange(addrOf(record), lenOf(record));
}

function startOf(record: u32): u64 {
  return addrOf(record) == ABSENT ? 0 : addrOf(record);
}

export function enterWatch(space: u32, record: u32): void {
  if (endOf(record) > startOf(record)) watches.insert(space, startOf(record), endOf(record), record);
}

export function leaveWatch(space: u32, record: u32): void {
  if (endOf(record) > startOf(record)) watches.remove(space, startOf(record), endOf(record), record);
}

/** The current event imports something: the id of the notifier that watches it (and is the device's from now on), NONE = none is known. */
export function watchOfImport(space: u32): u32 {
  if (space == 0) return NONE;
  const end = endOfRange(addr, len);
  watches.query(space, addr, end);
  let best: u32 = 0;
  for (let i: u32 = 0; i < found; i++) {
    const watch = foundAt(i);
    if (startOf(watch) > addr || endOf(watch) < end || parentOf(watch) != NONE) continue;
    const mine = deviceIdOf(watch) == device && device != 0;
    if (!mine && deviceIdOf(watch) != 0) continue;
    if (best == 0 || (mine && deviceIdOf(best) == 0) || (mine == (deviceIdOf(best) != 0) && idOf(watch) > idOf(best))) best = watch;
  }
  if (best == 0) return NONE;
  if (device != 0) setDeviceOf(best, device);
  return idOf(best);
}

/** Whether a notifier that was there before event `before` would have told this import of an invalidation of [from, end). */
export function isWatched(space: u32, record: u32, from: u64, end: u64, before: u32): bool {
  watches.query(space, from, end);
  for (let i: u32 = 0; i < found; i++) {
    const watch = foundAt(i);
    if (startOf(watch) > from || endOf(watch) < end || openSeq(watch) >= before) continue;
    const owner = parentOf(watch);
    if (owner != NONE ? owner == parentOf(record) : deviceIdOf(watch) == 0 || deviceIdOf(watch) == deviceIdOf(record)) return true;
  }
  return false;
}
