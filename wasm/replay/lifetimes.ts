/**
 * Lifetimes as records while they are live, and as rows of the table `lifetimes` once they are over.
 *
 * In: the event being replayed (`now.ts`). Out: rows, written when nothing about a lifetime can change any more.
 *
 * A record is two cache lines, so opening and closing touch little memory, and memory follows what is live. A closed
 * lifetime waits in a short queue (a second unmap soon after the first can still name it), then becomes a row if whole
 * tables are wanted or an anomaly speaks of it, and its record serves the next one.
 *
 *   | id, next of its key | closed ts | addr | len | phys | opened ts | open seq, close seq | open tid, close tid |
 *   | comm, attrs | group, parent | syncs, passed | siblings, extra | references, list | place in it or plane, newest pair (an import: its object) | device, flags | layer, kind, dir, end | spoken of, pairs, invalidation |
 */
import {
  EVENT_LIFETIME, EndReason, FLAG_AFTER_LOSS, Layer, LIFETIME_ADDR, LIFETIME_ATTRS, LIFETIME_CLOSED_TS, LIFETIME_CLOSE_SEQ, LIFETIME_CLOSE_STACK,
  LIFETIME_CLOSE_TID, LIFETIME_DEVICE, LIFETIME_DIR, LIFETIME_END, LIFETIME_EXTRA, LIFETIME_FLAGS, LIFETIME_GROUP, LIFETIME_ID,
  LIFETIME_INVALIDATION, LIFETIME_KIND, LIFETIME_LAYER, LIFETIME_LEN, LIFETIME_OPENED_TS, LIFETIME_OPEN_COMM, LIFETIME_OPEN_SEQ, LIFETIME_OPEN_STACK,
  LIFETIME_OPEN_TID, LIFETIME_PARENT, LIFETIME_PASSED, LIFETIME_PHYS, LIFETIME_SIBLINGS, LIFETIME_SYNCS, ROWS, ROWS_SHIFT,
  COLUMN8, EXTRA_MM, EXTRA_OBJECT, EXTRA_OTHER, EXTRA_VALUE,
} from '../schema';
import { EVENTS, EXTRAS, LIFETIMES, addRow, blockOf, cell4, cell8, rowsOf } from './table';
import { closedBefore, passedSince, siblingClosed, siblingOpened, siblingSplit } from './siblings';
import { ABSENT, NONE, attrs, commNow, device, dir, lossSeen, lossSeq, mm, object, other, seq, tid, ts, value } from './now';

const ID: usize = 0;
const NEXT: usize = 4; // of its key (key-index.ts), or the next free record
const CLOSED_TS: usize = 8;
const ADDR: usize = 16;
const LEN: usize = 24;
const PHYS: usize = 32;
const OPENED_TS: usize = 40;
const OPEN_SEQ: usize = 48;
const CLOSE_SEQ: usize = 52;
const OPEN_TID: usize = 56;
const CLOSE_TID: usize = 60;
const COMM: usize = 64;
const ATTRS: usize = 68;
const GROUP: usize = 72;
const PARENT: usize = 76;
const SYNCS: usize = 80;
const PASSED: usize = 84;
const SIBLINGS: usize = 88;
const EXTRA: usize = 92;
const REFERENCES: usize = 96;
const LIST: usize = 100;
const PLACE: usize = 104;
const NEWEST_PAIR: usize = 108;
const OBJECT: usize = 104; // of an import, which has neither
const DEVICE: usize = 112;
const FLAGS: usize = 114;
const LAYER: usize = 116;
const KIND: usize = 117;
const DIR: usize = 118;
const END: usize = 119;
const SPOKEN_OF: usize = 120;
const PAIRS: usize = 121;
const INVALIDATION: usize = 124;
const RECORD: usize = 128;
const BATCH: i32 = 512;

/** The record that is none: 0. */
export const NO_LIFETIME: u32 = 0;

let free: u32 = 0;
let nextId: u32 = 0;
/**
 * The next part of an IOMMU range has this number, until the end (numberParts): from the last number down. So every other lifetime has
 * the same number, whether those ranges are followed (iommu.ts) or not.
 */
let nextPart: u32 = NONE - 1;
let keepAll: bool = true;

/** Whether every lifetime becomes a row, or only those open or spoken of at the end. */
export function keepLifetimes(all: bool): void {
  keepAll = all;
}

/** Lifetimes opened so far; also the id that the next one will have. */
export function lifetimeCount(): u32 {
  return nextId;
}

/** Numbers given out so far, those of parts of IOMMU ranges included. */
export function numberCount(): u32 {
  return nextId + (NONE - 1 - nextPart);
}

/** At the end, when it is known how many others there are: gives parts of IOMMU ranges the numbers behind all others'. */
export function numberParts(): void {
  if (nextPart == NONE - 1) return;
  renumber(LIFETIMES, LIFETIME_ID);
  renumber(EVENTS, EVENT_LIFETIME);
}

function renumber(table: u32, column: usize): void {
  for (let row: u32 = 0; row < rowsOf(table); row++) {
    const cell = cell4(table, column, row);
    const id = load<u32>(cell);
    if (id > nextPart && id != NONE) store<u32>(cell, nextId + (NONE - 1 - id));
  }
}

function addRecords(): void {
  // Records start on a cache line.
  let at = ((heap.alloc((BATCH as usize) * RECORD + 64) + 63) & ~63) as u32;
  for (let i = 0; i < BATCH; i++) {
    store<u32>(at, free, NEXT);
    free = at;
    at += RECORD as u32;
  }
}

// @ts-ignore: decorator
@inline
function newRecord(): u32 {
  if (free == 0) addRecords();
  const record = free;
  free = load<u32>(record, NEXT);
  return record;
}

/** A lifetime that nobody will ask for: it takes its number, and is nowhere. */
export function passLifetime(): void {
  nextId++;
}

// ------------------------------------------------------------------------------------ open
/** Opens a lifetime of the current event. */
// @ts-ignore: decorator
@inline
export function openLifetime(layer: u32, kind: u32, addr: u64, len: u64, phys: u64, flags: u32): u32 {
  const at = newRecord();
  store<i64>(at, ts, OPENED_TS);
  store<i64>(at, -1, CLOSED_TS);
  store<u64>(at, addr, ADDR);
  store<u64>(at, len, LEN);
  store<u64>(at, phys, PHYS);
  store<u32>(at, seq, OPEN_SEQ);
  store<u32>(at, NONE, CLOSE_SEQ);
  store<i32>(at, tid, OPEN_TID);
  store<i32>(at, -1, CLOSE_TID);
  store<u32>(at, commNow(), COMM);
  store<u32>(at, attrs, ATTRS);
  store<u32>(at, NONE, GROUP);
  store<u32>(at, NONE, PARENT);
  store<u32>(at, 0, SYNCS);
  store<u32>(at, siblingOpened(layer, kind, len), SIBLINGS);
  store<u32>(at, closedBefore, PASSED);
  store<u32>(at, NONE, EXTRA);
  store<u32>(at, nextId++, ID);
  store<u32>(at, 0, REFERENCES);
  store<u32>(at, 0, LIST);
  store<u32>(at, 0, NEWEST_PAIR);
  store<u16>(at, <u16>device, DEVICE);
  store<u16>(at, <u16>flags, FLAGS);
  store<u32>(at, layer | (kind << 8) | (dir << 16) | ((<u32>EndReason.capture_end) << 24), LAYER);
  store<u16>(at, 0, SPOKEN_OF); // and PAIRS
  store<u32>(at, NONE, INVALIDATION);
  return at;
}

/** A new record with all of another's facts, for a part [from, end) of its range; `group` names the original. */
export function copyPart(original: u32, from: u64, end: u64): u32 {
  const at = newRecord();
  memory.copy(at, original, RECORD);
  store<u32>(at, layerOf(original) == <u32>Layer.iommu ? nextPart-- : nextId++, ID);
  store<u32>(at, 0, REFERENCES);
  if (groupOf(original) == NONE) store<u32>(at, idOf(original), GROUP);
  siblingSplit(load<u32>(at, SIBLINGS));
  setPart(at, from, end);
  return at;
}

/** Narrows a lifetime to a part of its range. */
export function setPart(at: u32, from: u64, end: u64): void {
  if (physOf(at) != u64.MAX_VALUE) store<u64>(at, physOf(at) + (from - addrOf(at)), PHYS);
  store<u64>(at, from, ADDR);
  store<u64>(at, end - from, LEN);
}

// ------------------------------------------------------------------------------------ close
/** Closes a lifetime at the current event. */
// @ts-ignore: decorator
@inline
export function closeLifetime(at: u32): void {
  store<i32>(at, tid, CLOSE_TID);
  endLifetime(at, <u32>EndReason.closed);
}

/** Closes a part of a mapping, the rest of which stays. */
export function splitLifetime(at: u32): void {
  store<i32>(at, tid, CLOSE_TID);
  endLifetime(at, <u32>EndReason.split);
}

/** Ends a lifetime at the current event, which closed it or showed that it was gone. */
export function endLifetime(at: u32, reason: u32): void {
  store<u32>(at, seq, CLOSE_SEQ);
  store<i64>(at, ts, CLOSED_TS);
  store<u8>(at, <u8>reason, END);
  store<u32>(at, siblingClosed(load<u32>(at, SIBLINGS), load<u32>(at, PASSED), lenOf(at), ts - openedTs(at)), PASSED);
  if (lossSeen && openSeq(at) < lossSeq) addFlags(at, FLAG_AFTER_LOSS);
  hold(at);
  // Nothing ever names a range of the IOMMU again.
  if (layerOf(at) == <u32>Layer.iommu) release(at);
  else bury(at);
}

// ------------------------------------------------------------------------------------ after the close
/** Closed lifetimes that may still be named: of the layer dma by a second unmap, of all others only by the call that they were closed in. */
const QUEUE: u32 = 1024;
const OTHERS: u32 = 64;
const queue: usize = heap.alloc(((QUEUE + OTHERS) as usize) << 2);
memory.fill(queue, 0, ((QUEUE + OTHERS) as usize) << 2);
let queueEnd: u32 = 0;
let othersEnd: u32 = 0;

/** A closed lifetime joins its queue, held; the one that leaves it is over. */
// @ts-ignore: decorator
@inline
function bury(at: u32): void {
  const place = queue + ((layerOf(at) == <u32>Layer.dma ? queueEnd++ & (QUEUE - 1) : QUEUE + (othersEnd++ & (OTHERS - 1))) << 2);
  const oldest = load<u32>(place);
  store<u32>(place, at);
  if (oldest != 0) release(oldest);
}

/** Somebody may still ask for this record. */
// @ts-ignore: decorator
@inline
export function hold(at: u32): void {
  store<u32>(at, load<u32>(at, REFERENCES) + 1, REFERENCES);
}

/** Somebody asks no more; a closed record that nobody asks for is over. */
// @ts-ignore: decorator
@inline
export function release(at: u32): void {
  const references = load<u32>(at, REFERENCES) - 1;
  store<u32>(at, references, REFERENCES);
  if (references == 0 && !isOpen(at)) {
    if (keepAll || load<u8>(at, SPOKEN_OF) != 0) writeRow(at);
    store<u32>(at, free, NEXT);
    store<u32>(at, NONE, ID);
    free = at;
  }
}

/** An anomaly speaks of the lifetime: it will have a row. */
export function speakOf(at: u32): u32 {
  store<u8>(at, 1, SPOKEN_OF);
  return idOf(at);
}

/** The record if it still is this lifetime's, else none. */
export function stillThere(at: u32, id: u32): u32 {
  return at != 0 && idOf(at) == id ? at : NO_LIFETIME;
}

/** At the end, for every lifetime that is still open. */
export function finishOpen(at: u32): void {
  store<u32>(at, passedSince(load<u32>(at, SIBLINGS), load<u32>(at, PASSED)), PASSED);
  if (lossSeen && openSeq(at) < lossSeq) addFlags(at, FLAG_AFTER_LOSS);
  writeRow(at);
}

/** At the end: writes the rows of what is still in the queues. */
export function finishQueue(): void {
  for (let i: u32 = 0; i < QUEUE + OTHERS; i++) {
    const at = load<u32>(queue + (i << 2));
    store<u32>(queue + (i << 2), 0);
    if (at != 0) release(at);
  }
}

// ------------------------------------------------------------------------------------ the row
function writeRow(at: u32): void {
  const row = addRow(LIFETIMES);
  const block = blockOf(LIFETIMES, row >> ROWS_SHIFT);
  const i = (row & (<u32>ROWS - 1)) as usize;
  const i8 = block + (i << 3);
  const i4 = block + (i << 2);
  const i2 = block + (i << 1);
  store<i64>(i8 + LIFETIME_OPENED_TS, openedTs(at));
  store<i64>(i8 + LIFETIME_CLOSED_TS, load<i64>(at, CLOSED_TS));
  store<u64>(i8 + LIFETIME_ADDR, addrOf(at));
  store<u64>(i8 + LIFETIME_LEN, lenOf(at));
  store<u64>(i8 + LIFETIME_PHYS, physOf(at));
  store<u32>(i4 + LIFETIME_ID, idOf(at));
  store<u32>(i4 + LIFETIME_OPEN_SEQ, openSeq(at));
  store<u32>(i4 + LIFETIME_CLOSE_SEQ, load<u32>(at, CLOSE_SEQ));
  store<i32>(i4 + LIFETIME_OPEN_TID, openTid(at));
  store<i32>(i4 + LIFETIME_CLOSE_TID, load<i32>(at, CLOSE_TID));
  store<u32>(i4 + LIFETIME_OPEN_COMM, load<u32>(at, COMM));
  store<u32>(i4 + LIFETIME_OPEN_STACK, 0); // stacks.ts fills them in at the end
  store<u32>(i4 + LIFETIME_CLOSE_STACK, 0);
  store<u32>(i4 + LIFETIME_ATTRS, attrsOf(at));
  store<u32>(i4 + LIFETIME_GROUP, groupOf(at));
  store<u32>(i4 + LIFETIME_PARENT, load<u32>(at, PARENT));
  store<u32>(i4 + LIFETIME_SYNCS, load<u32>(at, SYNCS));
  store<u32>(i4 + LIFETIME_PASSED, load<u32>(at, PASSED));
  store<u32>(i4 + LIFETIME_SIBLINGS, load<u32>(at, SIBLINGS));
  store<u32>(i4 + LIFETIME_EXTRA, load<u32>(at, EXTRA));
  store<u32>(i4 + LIFETIME_INVALIDATION, load<u32>(at, INVALIDATION));
  store<u16>(i2 + LIFETIME_DEVICE, <u16>deviceIdOf(at));
  store<u16>(i2 + LIFETIME_FLAGS, <u16>(flagsOf(at) & PUBLIC_FLAGS));
  store<u8>(block + i + LIFETIME_LAYER, load<u8>(at, LAYER));
  store<u8>(block + i + LIFETIME_KIND, <u8>kindOf(at));
  store<u8>(block + i + LIFETIME_DIR, <u8>dirOf(at));
  store<u8>(block + i + LIFETIME_END, load<u8>(at, END));
}

/** Flags beyond these are the replay's own (overlaps.ts). */
const PUBLIC_FLAGS: u32 = 0x0fff;

// ------------------------------------------------------------------------------------ facts
// @ts-ignore: decorator
@inline
export function isOpen(at: u32): bool {
  return load<i64>(at, CLOSED_TS) == -1;
}
// @ts-ignore: decorator
@inline
export function idOf(at: u32): u32 {
  return load<u32>(at, ID);
}
// @ts-ignore: decorator
@inline
export function addrOf(at: u32): u64 {
  return load<u64>(at, ADDR);
}
// @ts-ignore: decorator
@inline
export function lenOf(at: u32): u64 {
  return load<u64>(at, LEN);
}
// @ts-ignore: decorator
@inline
export function physOf(at: u32): u64 {
  return load<u64>(at, PHYS);
}
// @ts-ignore: decorator
@inline
export function openedTs(at: u32): i64 {
  return load<i64>(at, OPENED_TS);
}
// @ts-ignore: decorator
@inline
export function openSeq(at: u32): u32 {
  return load<u32>(at, OPEN_SEQ);
}
// @ts-ignore: decorator
@inline
export function openTid(at: u32): i32 {
  return load<i32>(at, OPEN_TID);
}
// @ts-ignore: decorator
@inline
export function groupOf(at: u32): u32 {
  return load<u32>(at, GROUP);
}
// @ts-ignore: decorator
@inline
export function attrsOf(at: u32): u32 {
  return load<u32>(at, ATTRS);
}
// @ts-ignore: decorator
@inline
export function deviceIdOf(at: u32): u32 {
  return load<u16>(at, DEVICE);
}
// @ts-ignore: decorator
@inline
export function kindOf(at: u32): u32 {
  return load<u8>(at, KIND);
}
// @ts-ignore: decorator
@inline
export function dirOf(at: u32): u32 {
  return load<u8>(at, DIR);
}
// @ts-ignore: decorator
@inline
export function flagsOf(at: u32): u32 {
  return load<u16>(at, FLAGS);
}
// @ts-ignore: decorator
@inline
export function addFlags(at: u32, flags: u32): void {
  store<u16>(at, <u16>(flagsOf(at) | flags), FLAGS);
}
export function dropFlags(at: u32, flags: u32): void {
  store<u16>(at, <u16>(flagsOf(at) & ~flags), FLAGS);
}
// @ts-ignore: decorator
@inline
export function countSync(at: u32): void {
  store<u32>(at, load<u32>(at, SYNCS) + 1, SYNCS);
}

/** Gives a lifetime its device and the id of the one that it was made for. */
export function adopt(at: u32, byDevice: u32, parent: u32): void {
  store<u16>(at, <u16>byDevice, DEVICE);
  store<u32>(at, parent, PARENT);
}

// The newest pair (overlaps.ts) of which this is the older mapping, 0 = none.
// @ts-ignore: decorator
@inline
export function newestPair(at: u32): u32 {
  return load<u32>(at, NEWEST_PAIR);
}
export function setNewestPair(at: u32, pair: u32): void {
  store<u32>(at, pair, NEWEST_PAIR);
}

/** Of one older mapping so many pairs are remembered. */
const MOST_PAIRS: u8 = 16;

/** Counts a pair of which this is the older one; false when there are enough. */
export function countPair(at: u32): bool {
  const pairs = load<u8>(at, PAIRS);
  if (pairs == MOST_PAIRS) return false;
  store<u8>(at, pairs + 1, PAIRS);
  return true;
}

// ------------------------------------------------------------------------------------ facts of the other layers
/** Gives a lifetime the current event's extras, in a row of their own. */
export function takeFacts(at: u32): void {
  const row = addRow(EXTRAS);
  store<u32>(at, row, EXTRA);
  const cell = cell8(EXTRAS, 0, row);
  store<u64>(cell, mm, EXTRA_MM * COLUMN8);
  store<u64>(cell, object, EXTRA_OBJECT * COLUMN8);
  store<u64>(cell, value, EXTRA_VALUE * COLUMN8);
  store<u64>(cell, other, EXTRA_OTHER * COLUMN8);
}

/** Puts what the current event tells in place of a lifetime's facts; what it does not tell stays. */
export function addFacts(at: u32): void {
  if (mm != ABSENT) store<u64>(factCell(at, EXTRA_MM), mm);
  if (object != ABSENT) store<u64>(factCell(at, EXTRA_OBJECT), object);
  if (value != ABSENT) store<u64>(factCell(at, EXTRA_VALUE), value);
  if (other != ABSENT) store<u64>(factCell(at, EXTRA_OTHER), other);
}

/** Adds what the current event tells of a lifetime's facts that are not known. */
export function completeFacts(at: u32): void {
  completeFact(at, EXTRA_MM, mm);
  completeFact(at, EXTRA_OBJECT, object);
  completeFact(at, EXTRA_VALUE, value);
  completeFact(at, EXTRA_OTHER, other);
}

function completeFact(at: u32, word: usize, fact: u64): void {
  if (load<u64>(factCell(at, word)) == ABSENT) store<u64>(factCell(at, word), fact);
}

function factCell(at: u32, word: usize): usize {
  return cell8(EXTRAS, word * COLUMN8, load<u32>(at, EXTRA));
}
export function mmOf(at: u32): u64 {
  return load<u64>(factCell(at, EXTRA_MM));
}
export function setMmOf(at: u32, told: u64): void {
  store<u64>(factCell(at, EXTRA_MM), told);
}
export function objectOf(at: u32): u64 {
  return load<u64>(factCell(at, EXTRA_OBJECT));
}
export function valueOf(at: u32): u64 {
  return load<u64>(factCell(at, EXTRA_VALUE));
}
export function layerOf(at: u32): u32 {
  return load<u8>(at, LAYER);
}
export function parentOf(at: u32): u32 {
  return load<u32>(at, PARENT);
}
export function setParent(at: u32, parent: u32): void {
  store<u32>(at, parent, PARENT);
}
export function setPhys(at: u32, address: u64): void {
  store<u64>(at, address, PHYS);
}
export function setDeviceOf(at: u32, byDevice: u32): void {
  store<u16>(at, <u16>byDevice, DEVICE);
}
export function invalidationOf(at: u32): u32 {
  return load<u32>(at, INVALIDATION);
}
export function setInvalidation(at: u32, id: u32): void {
  store<u32>(at, id, INVALIDATION);
}
// Neighbours among the mappings of one dma-buf (buffers.ts), which are in no list and in no address space.
export function nextMapOf(at: u32): u32 {
  return load<u32>(at, LIST);
}
export function setNextMap(at: u32, record: u32): void {
  store<u32>(at, record, LIST);
}
export function previousMapOf(at: u32): u32 {
  return load<u32>(at, PLACE);
}
export function setPreviousMap(at: u32, record: u32): void {
  store<u32>(at, record, PLACE);
}
/** The object of an import as the record has it: closer at hand than among its facts. */
// @ts-ignore: decorator
@inline
export function importedObject(at: u32): u64 {
  return load<u64>(at, OBJECT);
}
export function setImportedObject(at: u32, told: u64): void {
  store<u64>(at, told, OBJECT);
}
// The address space (spaces.ts) of an import or a notifier, which are in no list.
export function spaceOf(at: u32): u32 {
  return load<u32>(at, LIST);
}
export function setSpace(at: u32, space: u32): void {
  store<u32>(at, space, LIST);
}

// The list (lists.ts) that a segment belongs to while the list is mapped, and its place there.
// @ts-ignore: decorator
@inline
export function listOf(at: u32): u32 {
  return load<u32>(at, LIST);
}
// @ts-ignore: decorator
@inline
export function placeOf(at: u32): u32 {
  return load<u32>(at, PLACE);
}
export function joinList(at: u32, list: u32, place: u32, group: u32): void {
  store<u32>(at, list, LIST);
  store<u32>(at, place, PLACE);
  store<u32>(at, group, GROUP);
}
// The plane (iommu.ts) of an iommu lifetime, which is in no list.
// @ts-ignore: decorator
@inline
export function planeOf(at: u32): u32 {
  return load<u32>(at, PLACE);
}
export function setPlane(at: u32, plane: u32): void {
  store<u32>(at, plane, PLACE);
}
export function leaveList(at: u32): void {
  store<u32>(at, 0, LIST);
}
