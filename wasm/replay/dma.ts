/**
 * The layer dma, one mapping at a time: open, close, sync, removal (docs/lifetimes.md).
 *
 * In: the current event. Out: lifetimes and anomalies.
 */
import { Anomaly, Dir, EndReason, FLAG_BEFORE_REMOVAL, FLAG_MISMATCH, Kind, Layer } from '../schema';
import {
  ABSENT, NONE, addr, attrs, concerns, device, dir, endOfRange, kind, len, lossSeen, lossSeq, phys, slot, tid, wantEvent,
} from './now';
import {
  NO_LIFETIME, addFlags, addrOf, attrsOf, closeLifetime, countSync, deviceIdOf, dirOf, endLifetime, finishOpen, groupOf, idOf, kindOf, lenOf,
  lifetimeCount, openLifetime, openSeq, physOf, speakOf, stillThere,
} from './lifetimes';
import { NOTHING, addAnomaly, addAnomalyOf, setOther } from './anomalies';
import {
  CLOSED_UNSEEN, KeyIndex, NEVER_CLOSED, append, closedRecord, firstMember, firstTime, lastClosed, nextMember, remove, setLastClosed,
} from './key-index';
import { found, foundAt } from './found';
import { RangeIndex } from './range-index';
import { forgetOlder, olderCloses, sameThread, watchOverlap } from './overlaps';
import { segmentGone } from './lists';
import { hasOwnAddresses, isWitnessed, noteAddress, noteTranslation, translates } from './witness';
import { addUndecided } from './undecided';
import { olderClosed } from './siblings';
import { removeFromLayers } from './layers';
import { linkToPool } from './pools';
import { activeCalls, openedInCall } from './tasks';

/** Attributes that make two mappings different things; the others are hints (include/linux/dma-mapping.h). */
const ATTRS_THAT_MATTER: u32 = 0x400 | 0x1000 | 0x2000; // MMIO, REQUIRE_COHERENT, CC_SHARED

/** (device, dma_addr) → live mappings, list segments included. */
export const live: KeyIndex = new KeyIndex();
/** Physical memory that each device has mapped. */
export const memory_: RangeIndex = new RangeIndex();
/** DMA addresses that each device has mapped; kept from the first sync that is not of a mapping's start. */
const space: RangeIndex = new RangeIndex();
let spaceKept: bool = false;
/** Highest device seen: how far a search across devices has to go. */
export let dmaDevices: u32 = 0;

// ------------------------------------------------------------------------------------ open
/** Returns the at of the lifetime. */
export function openMapping(): u32 {
  const hidden = loseHidden(addr);
  const at = openLifetime(<u32>Layer.dma, kind, addr, len, phys, 0);
  if (hidden) speakOf(at);
  concerns(idOf(at));
  enter(at, NONE);
  return idOf(at);
}

/** Makes a new lifetime live: in the indexes, and watched if the memory is mapped already. */
export function enter(at: u32, group: u32): void {
  const address = addrOf(at);
  const bytes = lenOf(at);
  const from = physOf(at);
  dmaDevices = max(dmaDevices, device);
  if (from != ABSENT) noteAddress(device, address, from);
  if (from != ABSENT && bytes != ABSENT && bytes != 0) {
    const end = endOfRange(from, bytes);
    memory_.queryAndInsert(device, from, end, at);
    if (found != 0) watchMemory(at, group);
  }
  append(live.take(address, device), at);
  linkToPool(at);
  if (activeCalls != 0) openedInCall(tid, slot as u32, at);
  if (spaceKept) keepInSpace(at);
}

// @ts-ignore: decorator
@inline
function older(a: u32, b: u32): u32 {
  return a == NO_LIFETIME || idOf(b) < idOf(a) ? b : a;
}

/** The current event maps memory that others, the result of a query, have mapped. */
function watchMemory(at: u32, group: u32): void {
  let youngest = NO_LIFETIME;
  for (let i: u32 = 0; i < found; i++) {
    const other = foundAt(i);
    if (deviceIdOf(other) != device || (group != NONE && groupOf(other) == group)) continue;
    if (youngest == NO_LIFETIME || idOf(other) > idOf(youngest)) youngest = other;
  }
  if (youngest != NO_LIFETIME) watchOverlap(youngest, at);
}

/** After a loss, a mapping that stands where a new one is made must have been unmapped in the dark; whether one was. */
export function loseHidden(address: u64): bool {
  if (!lossSeen) return false;
  const entry = live.find(address, device);
  if (entry == 0) return false;
  let hidden = false;
  for (let next = firstMember(entry); next != 0; ) {
    const old = next;
    next = nextMember(old);
    if (openSeq(old) >= lossSeq) continue;
    hidden = true;
    setOther(addAnomalyOf(<u32>Anomaly.inferred_lost, old, NOTHING, NOTHING), lifetimeCount());
    leave(entry, old);
    forgetOlder(old);
    endLifetime(old, <u32>EndReason.inferred_lost);
  }
  return hidden;
}

// ------------------------------------------------------------------------------------ close
export function closeMapping(): void {
  if (len == 0) return;
  const witnessed = isWitnessed();
  const entry = live.find(addr, device);
  const at = entry == 0 ? NO_LIFETIME : bestFit(entry);
  if (at == NO_LIFETIME) {
    closeNothing(witnessed);
    return;
  }
  if (witnessed && isOneMapping(kind)) noteTranslation(device);
  compare(at);
  concerns(idOf(at));
  closeAt(entry, at);
}

// @ts-ignore: decorator
@inline
function isOneMapping(k: u32): bool {
  return k == <u32>Kind.single || k == <u32>Kind.resource;
}

function bestFit(entry: usize): u32 {
  let best = NO_LIFETIME;
  let most = -1;
  for (let at = firstMember(entry); at != 0; at = nextMember(at)) {
    const points = i32(lenOf(at) == len) + i32(kindOf(at) == kind) + i32(dirOf(at) == dir);
    if (points > most || (points == most && isLikelier(at, best))) {
      most = points;
      best = at;
    }
  }
  return best;
}

/**
 * Which of two that fit alike the current event closes: what its own thread opened, and of that the youngest (the older one was most
 * likely forgotten, and its memory is mapped again); else the oldest (the younger one's unmap may be traced first).
 */
export function isLikelier(at: u32, best: u32): bool {
  const mine = sameThread(at);
  if (mine != sameThread(best)) return mine;
  return mine ? idOf(at) > idOf(best) : idOf(at) < idOf(best);
}

function compare(at: u32): void {
  let differs = false;
  const mapped = kindOf(at);
  if (len != ABSENT && lenOf(at) != ABSENT && lenOf(at) != len) {
    addAnomalyOf(<u32>Anomaly.size_mismatch, at, lenOf(at), len);
    differs = true;
  }
  if (dirDiffers(at)) {
    addAnomalyOf(<u32>Anomaly.direction_mismatch, at, dirOf(at), dir);
    differs = true;
  }
  if (mapped != kind && mapped != <u32>Kind.none && kind != <u32>Kind.none) {
    addAnomalyOf(<u32>Anomaly.kind_mismatch, at, mapped, kind);
    differs = true;
  } else if (attrsDiffer(at)) {
    addAnomalyOf(<u32>Anomaly.attrs_mismatch, at, attrsOf(at), attrs);
    differs = true;
  }
  if (differs) addFlags(at, FLAG_MISMATCH);
}

export function dirDiffers(at: u32): bool {
  return dir != 0xff && dirOf(at) != 0xff && dirOf(at) != dir;
}

export function attrsDiffer(at: u32): bool {
  const mapped = attrsOf(at);
  return attrs != u32.MAX_VALUE && mapped != u32.MAX_VALUE && ((mapped ^ attrs) & ATTRS_THAT_MATTER) != 0;
}

/** Closes a live mapping or list segment at the current event. */
export function close(at: u32): void {
  closeAt(live.find(addrOf(at), deviceIdOf(at)), at);
}

// @ts-ignore: decorator
@inline
function closeAt(entry: usize, at: u32): void {
  leave(entry, at);
  olderCloses(at);
  closeLifetime(at);
}

/** Takes a lifetime out of every index of live ones; `entry` is its key's. */
// @ts-ignore: decorator
@inline
function leave(entry: usize, at: u32): void {
  const owner = deviceIdOf(at);
  remove(entry, at);
  setLastClosed(entry, idOf(at) + 1, at);
  const from = physOf(at);
  const bytes = lenOf(at);
  if (bytes != ABSENT && bytes != 0) {
    if (from != ABSENT) memory_.remove(owner, from, endOfRange(from, bytes), at);
    if (spaceKept) space.remove(owner, addrOf(at), endOfRange(addrOf(at), bytes), at);
  }
  if (groupOf(at) != NONE) segmentGone(at);
}

/** An unmap of something that is not live on its device. */
function closeNothing(witnessed: bool): void {
  const entry = live.take(addr, device);
  const closed = lastClosed(entry);
  const before = stillThere(closedRecord(entry), closed - 1);
  let verdict = <u32>Anomaly.before_capture;
  if (wasUnmapped(closed)) verdict = <u32>Anomaly.double_unmap;
  else if (isOneMapping(kind) && translates(device) && !witnessed) verdict = <u32>Anomaly.unmap_unknown;
  const isOlder = verdict == <u32>Anomaly.before_capture;
  if (isOlder) {
    setLastClosed(entry, CLOSED_UNSEEN, NO_LIFETIME);
    olderClosed(<u32>Layer.dma, kind);
  }
  const row = addAnomaly(verdict, before, NOTHING, NOTHING);
  const elsewhere = onAnotherDevice();
  if (elsewhere == NO_LIFETIME || isOlder && witnessed) return;
  if (!isOlder || physOf(elsewhere) == addr) addUndecided(row, elsewhere, false);
  else if (isOneMapping(kind)) addUndecided(row, elsewhere, true);
}

/** Whether what was closed last at an address was all there was. Memory may have been mapped there twice before the capture, at its own address. */
// @ts-ignore: decorator
@inline
function wasUnmapped(closed: u32): bool {
  return closed != NEVER_CLOSED && (closed != CLOSED_UNSEEN || hasOwnAddresses(device));
}

/** The oldest live mapping of another device at this address, with this length and direction. */
function onAnotherDevice(): u32 {
  let oldest = NO_LIFETIME;
  for (let other: u32 = 0; other <= dmaDevices; other++) {
    if (other == device) continue;
    const entry = live.find(addr, other);
    if (entry == 0) continue;
    for (let at = firstMember(entry); at != 0; at = nextMember(at)) {
      if (lenOf(at) == len && dirOf(at) == dir) oldest = older(oldest, at);
    }
  }
  return oldest;
}

// ------------------------------------------------------------------------------------ sync
/** A sync of [address, address + bytes). */
export function syncMapping(address: u64, bytes: u64): void {
  const at = container(address, bytes == ABSENT ? 0 : bytes);
  if (at == NO_LIFETIME) {
    syncNothing(address, bytes);
    return;
  }
  countSync(at);
  concerns(idOf(at));
  if (dirOf(at) != <u32>Dir.bidirectional && dirDiffers(at)) addAnomalyOf(<u32>Anomaly.sync_direction, at, dirOf(at), dir);
}

// @ts-ignore: decorator
@inline
function contains(at: u32, address: u64, bytes: u64): bool {
  const offset = address - addrOf(at);
  return lenOf(at) != ABSENT && offset <= lenOf(at) && bytes <= lenOf(at) - offset;
}

function container(address: u64, bytes: u64): u32 {
  const entry = live.find(address, device);
  if (entry != 0) {
    let best = NO_LIFETIME;
    for (let at = firstMember(entry); at != 0; at = nextMember(at)) {
      if (contains(at, address, bytes)) best = older(best, at);
    }
    if (best != NO_LIFETIME) return best;
  }
  return oldestInSpace(address, bytes);
}

function oldestInSpace(address: u64, bytes: u64): u32 {
  if (!spaceKept) keepSpace();
  space.query(device, address, endOfRange(address, 1));
  let oldest = NO_LIFETIME;
  for (let i: u32 = 0; i < found; i++) {
    const at = foundAt(i);
    if (deviceIdOf(at) == device && contains(at, address, bytes)) oldest = older(oldest, at);
  }
  return oldest;
}

function syncNothing(address: u64, bytes: u64): void {
  const at = container(address, 1);
  if (at != NO_LIFETIME) {
    concerns(idOf(at));
    addAnomalyOf(<u32>Anomaly.sync_outside, at, lenOf(at), address - addrOf(at) + bytes);
    return;
  }
  const entry = live.take(address, device);
  const closed = lastClosed(entry);
  if (wasUnmapped(closed)) addAnomaly(<u32>Anomaly.sync_unmapped, stillThere(closedRecord(entry), closed - 1), NOTHING, NOTHING);
  else if (firstTime(entry)) addAnomaly(<u32>Anomaly.sync_unknown, NO_LIFETIME, NOTHING, NOTHING);
}

function keepInSpace(at: u32): void {
  const bytes = lenOf(at);
  if (bytes != ABSENT && bytes != 0) space.insert(deviceIdOf(at), addrOf(at), endOfRange(addrOf(at), bytes), at);
}

/** From here on syncs may be looked up by any address: enters all that is live. */
function keepSpace(): void {
  spaceKept = true;
  for (let i: u32 = 0; i < live.size; i++) {
    for (let at = firstMember(live.entryAt(i)); at != 0; at = nextMember(at)) keepInSpace(at);
  }
}

// ------------------------------------------------------------------------------------ removal
/** The device is going, or gone: whatever it has mapped now will not be given back if it is not by the end. */
export function removeDevice(): void {
  wantEvent();
  if (device == 0) return;
  removeFromLayers();
  for (let i: u32 = 0; i < live.size; i++) {
    for (let at = firstMember(live.entryAt(i)); at != 0; at = nextMember(at)) {
      if (deviceIdOf(at) == device) addFlags(at, FLAG_BEFORE_REMOVAL);
    }
  }
}

/** At the end: what mappings overlap that are still live was forgotten. */
export function finishOverlaps(): void {
  for (let i: u32 = 0; i < live.size; i++) {
    for (let at = firstMember(live.entryAt(i)); at != 0; at = nextMember(at)) forgetOlder(at);
  }
}

/** At the end: every mapping that is still live gets its row. */
export function finishLive(): void {
  for (let i: u32 = 0; i < live.size; i++) {
    for (let at = firstMember(live.entryAt(i)); at != 0; at = nextMember(at)) finishOpen(at);
  }
}
