/**
 * Lifetimes that are one kernel object: notifiers, registrations (MR, ODP), attachments and their mappings, pool memory.
 *
 * In: the current event. Out: lifetimes, matched by the object's address, which is reused once the object is gone.
 */
import { EndReason, FLAG_AFTER_EXIT, Kind, Layer } from '../schema';
import {
  ABSENT, NONE, addr, concerns, device, errorNow, kind, len, lossSeen, lossSeq, mm, object, phys,
} from './now';
import {
  NO_LIFETIME, addFacts, addFlags, addrOf, closeLifetime, completeFacts, deviceIdOf, endLifetime, finishOpen, idOf, isOpen, kindOf, layerOf, mmOf, objectOf,
  openLifetime, openSeq, setMmOf, setSpace, spaceOf, speakOf, takeFacts,
} from './lifetimes';
import { findSpace, isReleasedSince } from './spaces';
import { WordTable } from './word-table';
import { closePagesOf, losePagesOf, newSpace, openPages } from './imports';
import { enterWatch, leaveWatch } from './watches';
import { enterPool, leavePool } from './pools';
import { firstReturned, nextReturned, openedHere, returnedRecord, takeReturned } from './tasks';
import { countEcho } from './echoes';
import { enterBuffer, leaveBuffer } from './buffers';

const live: WordTable = new WordTable();

/** Objects of one part cannot be alive twice at one address; a registration is closed under either of its kinds. */
function partOf(layer: u32, ofKind: u32): u32 {
  return layer == <u32>Layer.import_ ? layer : layer | (ofKind << 8);
}

/** What the current event's object is known by: pool memory by its address. */
function keyNow(layer: u32): u64 {
  return layer == <u32>Layer.pool ? placeKey(addr, mm) : object;
}

/** Pool memory in a process is known by its address there. */
function placeKey(address: u64, space: u64): u64 {
  return space == ABSENT || address == ABSENT ? address : address ^ space;
}

// ------------------------------------------------------------------------------------ open
export function openObject(layer: u32, task: usize): void {
  const key = keyNow(layer);
  if (errorNow() != 0 || key == ABSENT) return;
  const early = seenInCall(layer);
  const record = early != NO_LIFETIME ? early : newObject(layer, key);
  if (early != NO_LIFETIME) rename(early, layer, key);
  concerns(idOf(record));
  takeReturned(record);
  openedHere(task, record);
}

/** The object that this return tells of, when an event inside the call told of it already: a tracepoint, or a call within. */
function seenInCall(layer: u32): u32 {
  let youngest = NO_LIFETIME;
  for (let child = firstReturned(); child != 0; child = nextReturned(child)) {
    const record = returnedRecord(child);
    if (record == NO_LIFETIME || !isOpen(record) || layerOf(record) != layer || kindOf(record) != kind || deviceIdOf(record) != device) continue;
    // Addresses are never hashed: other pool memory is another object.
    if (layer == <u32>Layer.pool && keyOf(record) != keyNow(layer)) continue;
    if (youngest == NO_LIFETIME || idOf(record) > idOf(youngest)) youngest = record;
  }
  if (youngest != NO_LIFETIME) countEcho();
  return youngest;
}

/** Events inside a call may print the object's address hashed; the return has it. */
function rename(record: u32, layer: u32, key: u64): void {
  live.set(keyOf(record), partOf(layer, kind), 0);
  leaveBuffer(record);
  addFacts(record);
  enterBuffer(record);
  endStanding(layer, key);
  live.set(key, partOf(layer, kind), record);
}

function keyOf(record: u32): u64 {
  return layerOf(record) == <u32>Layer.pool ? placeKey(addrOf(record), mmOf(record)) : objectOf(record);
}

/** An object that is live under the name of a new one is gone, and nobody saw it go. */
function endStanding(layer: u32, key: u64): void {
  const old = live.get(key, partOf(layer, kind));
  if (old != 0) dropObject(old, lossSeen && openSeq(old) < lossSeq ? <u32>EndReason.inferred_lost : <u32>EndReason.replaced);
}

function newObject(layer: u32, key: u64): u32 {
  endStanding(layer, key);
  const record = openLifetime(layer, kind, addr, len, phys, 0);
  takeFacts(record);
  speakOf(record);
  setSpace(record, 0);
  live.set(key, partOf(layer, kind), record);
  enter(record, layer);
  return record;
}

/** Puts an object where others look for it. */
function enter(record: u32, layer: u32): void {
  if (layer == <u32>Layer.watch) {
    setSpace(record, newSpace());
    enterWatch(spaceOf(record), record);
  } else if (kind == <u32>Kind.attachment_map) enterBuffer(record);
  else if (kind == <u32>Kind.pool) enterPool(record);
  else if (kind == <u32>Kind.odp) enterRegistration(record);
}

/** An ODP registration's address space is the one of the notifier that was inserted for it. */
function enterRegistration(record: u32): void {
  let watch = NO_LIFETIME;
  for (let child = firstReturned(); child != 0; child = nextReturned(child)) {
    const one = returnedRecord(child);
    if (one == NO_LIFETIME || layerOf(one) != <u32>Layer.watch || !isOpen(one)) continue;
    if (watch == NO_LIFETIME || idOf(one) > idOf(watch)) watch = one;
  }
  if (watch == NO_LIFETIME) return;
  setMmOf(record, mmOf(watch));
  setSpace(record, spaceOf(watch));
}

// ------------------------------------------------------------------------------------ pages of a registration
/** Pages of a registration (the event's object) are mapped. */
export function openRegistered(task: usize): void {
  if (errorNow() != 0) return;
  const registration = object == ABSENT ? 0 : live.get(object, partOf(<u32>Layer.import_, 0));
  if (registration != 0 && spaceOf(registration) == 0 && mm != ABSENT) {
    setMmOf(registration, mm);
    setSpace(registration, newSpace());
  }
  openPages(task, registration == 0 ? NONE : idOf(registration), registration == 0 ? newSpace() : spaceOf(registration));
  if (registration != 0) takeReturned(registration);
}

// ------------------------------------------------------------------------------------ close
/** Returns whether there was such an object. */
export function closeObject(layer: u32): bool {
  const key = keyNow(layer);
  const record = key == ABSENT ? 0 : live.get(key, partOf(layer, kind));
  if (record == 0) return false;
  if (hasPages(record)) closePagesOf(record, spaceOf(record));
  leaveBuffer(record);
  completeFacts(record);
  leave(record);
  concerns(idOf(record));
  closeLifetime(record);
  return true;
}

function hasPages(record: u32): bool {
  return layerOf(record) == <u32>Layer.import_ && kindOf(record) == <u32>Kind.odp && spaceOf(record) != 0;
}

function dropObject(record: u32, reason: u32): void {
  if (hasPages(record)) losePagesOf(record, spaceOf(record), reason);
  leaveBuffer(record);
  leave(record);
  endLifetime(record, reason);
}

/** A registration that is still there after its address space was released: the process did not take it back. */
function flagOutlived(record: u32): void {
  if (layerOf(record) != <u32>Layer.import_) return;
  const space = spaceOf(record) != 0 ? spaceOf(record) : findSpace(mmOf(record));
  if (space != 0 && isReleasedSince(space, openSeq(record))) addFlags(record, FLAG_AFTER_EXIT);
}

function leave(record: u32): void {
  const layer = layerOf(record);
  flagOutlived(record);
  live.set(keyOf(record), partOf(layer, kindOf(record)), 0);
  if (layer == <u32>Layer.watch) leaveWatch(spaceOf(record), record);
  else if (kindOf(record) == <u32>Kind.pool) leavePool(record);
}

// ------------------------------------------------------------------------------------ walks
/** Flags what belongs to the device of the current event. */
export function flagObjects(flag: i32): void {
  for (let i: u32 = 0; i < live.size; i++) {
    const record = live.wordAt(i);
    if (record != 0 && deviceIdOf(record) == device && device != 0) addFlags(record, flag);
  }
}

/** At the end: what is still there gets its row. */
export function finishObjects(): void {
  for (let i: u32 = 0; i < live.size; i++) {
    const record = live.wordAt(i);
    if (record == 0) continue;
    flagOutlived(record);
    finishOpen(record);
  }
}
