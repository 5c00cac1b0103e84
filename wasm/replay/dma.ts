/**
 * The layer dma, one mapping at a time: open, close, sync, removal (docs/lifetimes.md).
 *
 * In: the current event. Out: lifetimes and anomalies.
 */
import { Anomaly, Dir, EndReason, FLAG_BEFORE_REMOVAL, FLAG_MISMATCH, Kind, Layer } from '../schema';
import {
  ABSENT, NONE, addr, attrs, concerns, device, dir, endOfRange, kind, len, lossSeen, lossSeq, phys,
} from './now';
import {
  addFlags, addrOf, attrsOf, closeLifetime, countSync, deviceIdOf, dirOf, endLifetime, groupOf, kindOf, lenOf, nextLifetime, openLifetime, openSeq,
  physOf,
} from './lifetimes';
import { NOTHING, addAnomaly, addAnomalyOf, setOther } from './anomalies';
import {
  CLOSED_UNSEEN, KeyIndex, NEVER_CLOSED, append, firstNode, lastClosed, memberOf, newNode, nextOf, remove, setLastClosed,
} from './key-index';
import { RangeIndex, found, foundAt } from './range-index';
import { forgetOlder, olderCloses, watchOverlap } from './overlaps';
import { segmentGone } from './lists';
import { isWitnessed, noteTranslation, translates } from './witness';
import { addUndecided } from './undecided';
import { stillKept } from './retention';
import { olderClosed } from './siblings';

/** Attributes that make two mappings different things; the others are hints (include/linux/dma-mapping.h). */
const ATTRS_THAT_MATTER: u32 = 0x400 | 0x1000 | 0x2000; // MMIO, REQUIRE_COHERENT, CC_SHARED

/** (device, dma_addr) → live mappings, list segments included. */
export const live: KeyIndex = new KeyIndex();
/** Physical memory that each device has mapped. */
export const memory_: RangeIndex = new RangeIndex();
/** DMA addresses that each device has mapped; kept from the first sync that is not of a mapping's start. */
const space: RangeIndex = new RangeIndex();
let spaceKept: bool = false;
/** Highest device id seen: how far a search across devices has to go. */
let devices: u32 = 0;

// ------------------------------------------------------------------------------------ open
export function openMapping(): u32 {
  loseHidden(addr);
  const id = openLifetime(<u32>Layer.dma, kind, addr, len, phys, 0);
  concerns(id);
  enter(id, NONE);
  return id;
}

/** Makes a new lifetime live: in the indexes, and watched if the memory is mapped already. */
export function enter(id: u32, group: u32): void {
  const address = addrOf(id);
  const bytes = lenOf(id);
  const from = physOf(id);
  devices = max(devices, device);
  if (from != ABSENT && bytes != ABSENT && bytes != 0) {
    const end = endOfRange(from, bytes);
    watchMemory(id, group, from, end);
    memory_.insert(device, from, end, id);
  }
  append(live.take(address, device), newNode(id));
  if (spaceKept) keepInSpace(id);
}

function watchMemory(id: u32, group: u32, from: u64, end: u64): void {
  memory_.query(device, from, end);
  let oldest = NONE;
  for (let i: u32 = 0; i < found; i++) {
    const other = foundAt(i);
    if (other < oldest && deviceIdOf(other) == device && (group == NONE || groupOf(other) != group)) oldest = other;
  }
  if (oldest != NONE) watchOverlap(oldest, id);
}

/** After a loss, a mapping that stands where a new one is made must have been unmapped in the dark. */
export function loseHidden(address: u64): void {
  if (!lossSeen) return;
  const entry = live.find(address, device);
  if (entry == 0) return;
  for (let node = firstNode(entry); node != 0; ) {
    const old = memberOf(node);
    node = nextOf(node);
    if (openSeq(old) >= lossSeq) continue;
    setOther(addAnomalyOf(<u32>Anomaly.inferred_lost, old, NOTHING, NOTHING), nextLifetime());
    leave(old);
    forgetOlder(old);
    endLifetime(old, <u32>EndReason.inferred_lost);
  }
}

// ------------------------------------------------------------------------------------ close
export function closeMapping(): void {
  if (len == 0) return;
  const witnessed = isWitnessed();
  const entry = live.find(addr, device);
  const id = entry == 0 ? NONE : bestFit(entry);
  if (id == NONE) {
    closeNothing(witnessed);
    return;
  }
  if (witnessed && isOneMapping(kind)) noteTranslation(device);
  compare(id);
  close(id);
  concerns(id);
}

// @ts-ignore: decorator
@inline
function isOneMapping(k: u32): bool {
  return k == <u32>Kind.single || k == <u32>Kind.resource;
}

function bestFit(entry: usize): u32 {
  let best = NONE;
  let most = -1;
  for (let node = firstNode(entry); node != 0; node = nextOf(node)) {
    const id = memberOf(node);
    const points = i32(lenOf(id) == len) + i32(kindOf(id) == kind) + i32(dirOf(id) == dir);
    if (points > most || (points == most && id < best)) {
      most = points;
      best = id;
    }
  }
  return best;
}

function compare(id: u32): void {
  let differs = false;
  const mapped = kindOf(id);
  if (len != ABSENT && lenOf(id) != ABSENT && lenOf(id) != len) {
    addAnomalyOf(<u32>Anomaly.size_mismatch, id, lenOf(id), len);
    differs = true;
  }
  if (dirDiffers(id)) {
    addAnomalyOf(<u32>Anomaly.direction_mismatch, id, dirOf(id), dir);
    differs = true;
  }
  if (mapped != kind && mapped != <u32>Kind.none && kind != <u32>Kind.none) {
    addAnomalyOf(<u32>Anomaly.kind_mismatch, id, mapped, kind);
    differs = true;
  } else if (attrsDiffer(id)) {
    addAnomalyOf(<u32>Anomaly.attrs_mismatch, id, attrsOf(id), attrs);
    differs = true;
  }
  if (differs) addFlags(id, FLAG_MISMATCH);
}

export function dirDiffers(id: u32): bool {
  return dir != 0xff && dirOf(id) != 0xff && dirOf(id) != dir;
}

export function attrsDiffer(id: u32): bool {
  const mapped = attrsOf(id);
  return attrs != u32.MAX_VALUE && mapped != u32.MAX_VALUE && ((mapped ^ attrs) & ATTRS_THAT_MATTER) != 0;
}

/** Closes a live mapping or list segment at the current event. */
export function close(id: u32): void {
  leave(id);
  olderCloses(id);
  closeLifetime(id);
}

/** Takes a lifetime out of every index of live ones. */
function leave(id: u32): void {
  const owner = deviceIdOf(id);
  const entry = live.find(addrOf(id), owner);
  let node = firstNode(entry);
  while (memberOf(node) != id) node = nextOf(node);
  remove(entry, node);
  setLastClosed(entry, id + 1);
  const from = physOf(id);
  const bytes = lenOf(id);
  if (bytes != ABSENT && bytes != 0) {
    if (from != ABSENT) memory_.remove(owner, from, endOfRange(from, bytes), id);
    if (spaceKept) space.remove(owner, addrOf(id), endOfRange(addrOf(id), bytes), id);
  }
  if (groupOf(id) != NONE) segmentGone(id);
}

/** An unmap of something that is not live on its device. */
function closeNothing(witnessed: bool): void {
  const entry = live.take(addr, device);
  const closed = lastClosed(entry);
  let verdict = <u32>Anomaly.before_capture;
  if (closed != NEVER_CLOSED) verdict = <u32>Anomaly.double_unmap;
  else if (isOneMapping(kind) && translates(device) && !witnessed) verdict = <u32>Anomaly.unmap_unknown;
  if (verdict == <u32>Anomaly.before_capture) setLastClosed(entry, CLOSED_UNSEEN);
  if (verdict == <u32>Anomaly.before_capture) olderClosed(<u32>Layer.dma, kind);
  const lifetime = closed == NEVER_CLOSED || closed == CLOSED_UNSEEN ? NONE : stillKept(closed - 1);
  const row = addAnomaly(verdict, lifetime, NOTHING, NOTHING);
  const elsewhere = onAnotherDevice();
  if (elsewhere != NONE) addUndecided(row, elsewhere);
}

/** The oldest live mapping of another device at this address, with this length and direction. */
function onAnotherDevice(): u32 {
  let oldest = NONE;
  for (let other: u32 = 0; other <= devices; other++) {
    if (other == device) continue;
    const entry = live.find(addr, other);
    if (entry == 0) continue;
    for (let node = firstNode(entry); node != 0; node = nextOf(node)) {
      const id = memberOf(node);
      if (lenOf(id) == len && dirOf(id) == dir && id < oldest) oldest = id;
    }
  }
  return oldest;
}

// ------------------------------------------------------------------------------------ sync
/** A sync of [address, address + bytes). */
export function syncMapping(address: u64, bytes: u64): void {
  const id = container(address, bytes == ABSENT ? 0 : bytes);
  if (id == NONE) {
    syncNothing(address, bytes);
    return;
  }
  countSync(id);
  concerns(id);
  if (dirOf(id) != <u32>Dir.bidirectional && dirDiffers(id)) addAnomalyOf(<u32>Anomaly.sync_direction, id, dirOf(id), dir);
}

// @ts-ignore: decorator
@inline
function contains(id: u32, address: u64, bytes: u64): bool {
  const offset = address - addrOf(id);
  return lenOf(id) != ABSENT && offset <= lenOf(id) && bytes <= lenOf(id) - offset;
}

function container(address: u64, bytes: u64): u32 {
  const entry = live.find(address, device);
  if (entry != 0) {
    let best = NONE;
    for (let node = firstNode(entry); node != 0; node = nextOf(node)) {
      const id = memberOf(node);
      if (id < best && contains(id, address, bytes)) best = id;
    }
    if (best != NONE) return best;
  }
  return oldestInSpace(address, bytes);
}

function oldestInSpace(address: u64, bytes: u64): u32 {
  if (!spaceKept) keepSpace();
  space.query(device, address, endOfRange(address, 1));
  let oldest = NONE;
  for (let i: u32 = 0; i < found; i++) {
    const id = foundAt(i);
    if (id < oldest && deviceIdOf(id) == device && contains(id, address, bytes)) oldest = id;
  }
  return oldest;
}

function syncNothing(address: u64, bytes: u64): void {
  const id = container(address, 1);
  if (id != NONE) {
    concerns(id);
    addAnomalyOf(<u32>Anomaly.sync_outside, id, lenOf(id), address - addrOf(id) + bytes);
    return;
  }
  const entry = live.find(address, device);
  const closed = entry == 0 ? NEVER_CLOSED : lastClosed(entry);
  if (closed == NEVER_CLOSED) addAnomaly(<u32>Anomaly.sync_unknown, NONE, NOTHING, NOTHING);
  else addAnomaly(<u32>Anomaly.sync_unmapped, closed == CLOSED_UNSEEN ? NONE : stillKept(closed - 1), NOTHING, NOTHING);
}

function keepInSpace(id: u32): void {
  const bytes = lenOf(id);
  if (bytes != ABSENT && bytes != 0) space.insert(deviceIdOf(id), addrOf(id), endOfRange(addrOf(id), bytes), id);
}

/** From here on syncs may be looked up by any address: enters all that is live. */
function keepSpace(): void {
  spaceKept = true;
  for (let i: u32 = 0; i < live.size; i++) {
    for (let node = firstNode(live.entryAt(i)); node != 0; node = nextOf(node)) keepInSpace(memberOf(node));
  }
}

// ------------------------------------------------------------------------------------ removal
/** The device is going, or gone: whatever it has mapped now will not be given back if it is not by the end. */
export function removeDevice(): void {
  for (let i: u32 = 0; i < live.size; i++) {
    for (let node = firstNode(live.entryAt(i)); node != 0; node = nextOf(node)) {
      const id = memberOf(node);
      if (deviceIdOf(id) == device) addFlags(id, FLAG_BEFORE_REMOVAL);
    }
  }
}
