/**
 * The layer import, by range: pages of a process that a device has mapped, made and taken back in any pieces.
 *
 * In: the current event. Out: lifetimes; each knows its notifier, and the DMA mapping that was made for it.
 */
import { EndReason, Kind, Layer } from '../schema';
import {
  ABSENT, NONE, addr, concerns, device, endOfRange, kind, len, lossSeen, lossSeq, mm, object, other, setRange, value,
} from './now';
import {
  addFlags, addrOf, deviceIdOf, endLifetime, finishOpen, idOf, importedObject, invalidationOf, kindOf, lenOf, openLifetime, openSeq, parentOf,
  setImportedObject, setInvalidation, setParent, setSpace, speakOf, takeFacts,
} from './lifetimes';
import { live } from './dma';
import { firstMember, nextMember } from './key-index';
import { imports } from './import-index';
import { carve, endPart, enterRange, sortFound } from './parts';
import { copyFound, found, foundAt, setFound, shrinkFound } from './found';
import { enterSpace, findSpace, isReleased, spaceCount } from './spaces';
import { endRelease, obeyed } from './invalidations';
import { openedHere } from './tasks';
import { watchOfImport } from './watches';

const PAGE: u64 = 4096;

/** Whether anything was ever granted. */
export let grantsSeen: bool = false;

/** Whether an import must let go when a notifier says so. What an exporter granted is taken back by itself. */
export function obeysNotifiers(record: u32): bool {
  return kindOf(record) != <u32>Kind.grant;
}

/** The space of something new in the current event's mm; a release of an mm of the same name is over. */
export function newSpace(): u32 {
  const before = findSpace(mm);
  if (before != 0 && isReleased(before)) endRelease(before);
  return enterSpace(mm);
}

// ------------------------------------------------------------------------------------ open
/** A device maps [addr, addr+len) of an mm. Returns the record. */
export function openImport(): u32 {
  const space = newSpace();
  if (lossSeen) loseHidden(space);
  const record = enterImport(space, addr, len, watchOfImport(space));
  concerns(idOf(record));
  if (other != ABSENT) adoptMapping(record);
  return record;
}

function enterImport(space: u32, from: u64, bytes: u64, parent: u32): u32 {
  const record = openLifetime(<u32>Layer.import_, kind, from, bytes, ABSENT, 0);
  if (kind == <u32>Kind.grant) grantsSeen = true;
  takeFacts(record);
  setImportedObject(record, object);
  speakOf(record);
  setSpace(record, space);
  setParent(record, parent);
  enterRange(imports, space, record);
  return record;
}

/** After a loss: what stands in the way of a new mapping of the same device and sort has been unmapped in the dark. */
function loseHidden(space: u32): void {
  keepMine(space, addr, endOfRange(addr, len));
  sortFound();
  const count = found;
  for (let i: u32 = 0; i < count; i++) {
    const old = foundAt(i);
    if (openSeq(old) >= lossSeq) continue;
    const part = carve(imports, space, old, addr, endOfRange(addr, len));
    endLifetime(part, <u32>EndReason.inferred_lost);
  }
}

/** The DMA mapping at the address that the event names was made for this import. */
function adoptMapping(record: u32): void {
  const entry = live.find(other, device);
  if (entry == 0) return;
  let newest: u32 = 0;
  for (let at = firstMember(entry); at != 0; at = nextMember(at)) {
    if (newest == 0 || idOf(at) > idOf(newest)) newest = at;
  }
  if (newest == 0) return;
  setParent(newest, idOf(record));
  speakOf(newest);
}

/**
 * Pages of a registration are mapped for its device: of [addr, addr+len) those that are not yet become one lifetime a gap.
 * `value` pages were mapped, from the first on. Without faulting (other = 0) the kernel does not tell which: then none.
 */
export function openPages(task: usize, registration: u32, space: u32): void {
  if (addr == ABSENT || len == ABSENT || len == 0) return;
  if (value == 0 || value == ABSENT || other == 0) return;
  const from = addr & ~(PAGE - 1);
  const whole = (endOfRange(addr, len) + PAGE - 1) & ~(PAGE - 1);
  const end = min(whole, endOfRange(from, value < whole / PAGE ? value * PAGE : whole - from));
  setRange(from, end - from);
  keepMine(space, from, end);
  sortFound();
  let at = from;
  const count = found;
  const starts = heap.alloc(((count as usize) + 1) << 4);
  for (let i: u32 = 0; i < count; i++) {
    store<u64>(starts + ((i as usize) << 4), addrOf(foundAt(i)));
    store<u64>(starts + ((i as usize) << 4) + 8, endOfRange(addrOf(foundAt(i)), lenOf(foundAt(i))));
  }
  let first = NONE;
  for (let i: u32 = 0; i <= count; i++) {
    const stop = i < count ? min(end, load<u64>(starts + ((i as usize) << 4))) : end;
    if (stop > at) {
      const record = enterImport(space, at, stop - at, registration);
      openedHere(task, record);
      if (first == NONE) first = idOf(record);
    }
    if (i < count) at = max(at, load<u64>(starts + ((i as usize) << 4) + 8));
  }
  heap.free(starts);
  if (first != NONE) concerns(first);
}

/** Leaves in the result of a query what is of the current event's sort: its kind, its device, its object where it names one. */
function keepMine(space: u32, from: u64, end: u64): void {
  imports.query(space, from, end);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < found; i++) {
    const record = foundAt(i);
    if (kindOf(record) != kind || deviceIdOf(record) != device) continue;
    if (object != ABSENT && importedObject(record) != object) continue;
    setFound(kept++, record);
  }
  shrinkFound(kept);
}

// ------------------------------------------------------------------------------------ close
/** A device lets go of [addr, addr+len). Where no mm is told, in whichever space it has it. Returns whether there was anything. */
export function closeImport(): bool {
  if (len == ABSENT || len == 0) return false;
  if (mm != ABSENT) return findSpace(mm) != 0 && closeIn(findSpace(mm));
  for (let space: u32 = 0; space <= spaceCount; space++) if (closeIn(space)) return true;
  return false;
}

function closeIn(space: u32): bool {
  const end = endOfRange(addr, len);
  keepMine(space, addr, end);
  if (found == 0) return false;
  sortFound();
  closeFound(space, addr, end);
  return true;
}

/** Closes what [from, end) covers of the result. */
function closeFound(space: u32, from: u64, end: u64): void {
  const count = found;
  if (count == 1) {
    concerns(closeOne(space, foundAt(0), from, end));
    return;
  }
  const list = copyFound();
  for (let i: u32 = 0; i < count; i++) {
    const closed = closeOne(space, load<u32>(list + ((i as usize) << 2)), from, end);
    if (i == 0) concerns(closed);
  }
  heap.free(list);
}

function closeOne(space: u32, record: u32, from: u64, end: u64): u32 {
  const order = obeyed(space, max(from, addrOf(record)), min(end, endOfRange(addrOf(record), lenOf(record))));
  const part = carve(imports, space, record, from, end);
  if (order != NONE && invalidationOf(part) == NONE) setInvalidation(part, order);
  endPart(part, part == record);
  return idOf(part);
}

/** Everything that a registration has mapped goes with it. */
export function closePagesOf(registration: u32, space: u32): void {
  keepPagesOf(registration, space);
  if (found != 0) closeFound(space, 0, u64.MAX_VALUE);
}

/** A registration is gone, and nobody saw it go: so are its pages. */
export function losePagesOf(registration: u32, space: u32, reason: u32): void {
  keepPagesOf(registration, space);
  const count = found;
  for (let i: u32 = 0; i < count; i++) endLifetime(carve(imports, space, foundAt(i), 0, u64.MAX_VALUE), reason);
}

/** Finds the pages that a registration has mapped in its range, by address. */
function keepPagesOf(registration: u32, space: u32): void {
  const known = addrOf(registration) != ABSENT && lenOf(registration) != ABSENT;
  const from = known ? addrOf(registration) : 0;
  imports.query(space, from, known ? endOfRange(from, lenOf(registration)) : u64.MAX_VALUE);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < found; i++) {
    const record = foundAt(i);
    if (kindOf(record) == <u32>Kind.mirror && parentOf(record) == idOf(registration)) setFound(kept++, record);
  }
  shrinkFound(kept);
  sortFound();
}

/** At the end: what is still mapped gets its row. */
export function finishImports(): void {
  for (let space: u32 = 0; space <= spaceCount; space++) {
    imports.query(space, 0, u64.MAX_VALUE);
    for (let i: u32 = 0; i < found; i++) finishOpen(foundAt(i));
  }
}

/** Flags what a device has mapped. */
export function flagImports(flag: i32): void {
  for (let space: u32 = 0; space <= spaceCount; space++) {
    imports.query(space, 0, u64.MAX_VALUE);
    for (let i: u32 = 0; i < found; i++) if (deviceIdOf(foundAt(i)) == device) addFlags(foundAt(i), flag);
  }
}
