/**
 * Invalidations: an owner of memory tells its importers to let go, and from the end on nothing that obeys may be mapped.
 *
 * In: the current event, a begin, an end, or a release. Out: rows of `invalidations`; imports marked that did not obey.
 *
 * While it is under way an invalidation is a record; it becomes a row at its end, if whole tables are wanted, it touched an import, or it never ends.
 *
 *   | older one of its space u32 | id u32 | from u64 | end u64 | mm u64 | object u64 | begin ts i64 | begin seq, tid u32 | imports, obeyed u32 |
 *   | layer, cause, flags u8 |
 */
import {
  Cause, FLAG_AFTER_EXIT, FLAG_UNWATCHED, INVALIDATION_ADDR, INVALIDATION_BEGIN_SEQ, INVALIDATION_BEGIN_TS, INVALIDATION_CAUSE,
  INVALIDATION_END_SEQ, INVALIDATION_END_TS, INVALIDATION_FLAGS, INVALIDATION_FLAG_INFERRED, INVALIDATION_FLAG_NON_BLOCKING, INVALIDATION_ID,
  INVALIDATION_IMPORTS, INVALIDATION_LAYER, INVALIDATION_LEN, INVALIDATION_MM, INVALIDATION_OBEYED, INVALIDATION_OBJECT,
  INVALIDATION_REMAINING, INVALIDATION_TID, Layer, ROWS, ROWS_SHIFT,
} from '../schema';
import { INVALIDATIONS, addRow, blockOf } from './table';
import { ABSENT, NONE, addr, endOfRange, keepsEvents, len, mm, object, other, seq, tid, ts, value } from './now';
import {
  addFlags, addrOf, dropFlags, flagsOf, invalidationOf, lenOf, openSeq, setInvalidation,
} from './lifetimes';
import { carve, enterRange, sortFound } from './parts';
import { grantsSeen, obeysNotifiers } from './imports';
import { imports } from './import-index';
import { copyFound, found, foundAt } from './found';
import { endSpace, isReleased, releaseSpace, setUnderWay, spaceCount, spaceNow, underWay } from './spaces';
import { isWatched } from './watches';

const OLDER: usize = 0;
const ID: usize = 4;
const FROM: usize = 8;
const END: usize = 16;
const MM: usize = 24;
const OBJECT: usize = 32;
const BEGIN_TS: usize = 40;
const BEGIN_SEQ: usize = 48;
const TID: usize = 52;
const IMPORTS: usize = 56;
const OBEYED: usize = 60;
const LAYER: usize = 64;
const CAUSE: usize = 65;
const FLAGS: usize = 66;
const RECORD: usize = 72;

/** MMU_NOTIFIER_RANGE_BLOCKABLE (include/linux/mmu_notifier.h). */
const BLOCKABLE: u64 = 1;
const EVERYTHING: u64 = u64.MAX_VALUE;
const NOT_TOLD: u8 = 0xff;

/** Internal bit of a lifetime's flags: the invalidation that it did not obey was one that not every importer must obey. */
const FLAG_WEAK: i32 = 1 << 13;

let next: u32 = 0;
let freeRecord: u32 = 0;

/** Invalidations so far; also the id that the next one will have. */
export function invalidationCount(): u32 {
  return next;
}

function newRecord(layer: u32, from: u64, end: u64): u32 {
  if (freeRecord == 0) {
    freeRecord = heap.alloc(RECORD) as u32;
    store<u32>(freeRecord, 0);
  }
  const order = freeRecord;
  freeRecord = load<u32>(order);
  store<u32>(order, 0, OLDER);
  store<u32>(order, next++, ID);
  store<u64>(order, from, FROM);
  store<u64>(order, end, END);
  store<u64>(order, mm, MM);
  store<u64>(order, object, OBJECT);
  store<i64>(order, ts, BEGIN_TS);
  store<u32>(order, seq, BEGIN_SEQ);
  store<i32>(order, tid, TID);
  store<u64>(order, 0, IMPORTS); // and OBEYED
  store<u8>(order, <u8>layer, LAYER);
  store<u8>(order, NOT_TOLD, CAUSE);
  store<u8>(order, 0, FLAGS);
  return order;
}

// ------------------------------------------------------------------------------------ begin
/** An invalidation of a range of an mm begins. */
export function beginInvalidation(): void {
  const space = spaceNow(mm);
  if (space == 0 || addr == ABSENT) return;
  if (isReleased(space)) endRelease(space);
  const order = newRecord(<u32>Layer.import_, addr, len == ABSENT ? EVERYTHING : endOfRange(addr, len));
  store<u64>(order, ABSENT, OBJECT);
  if (value < 8) store<u8>(order, value as u8, CAUSE);
  if (other != ABSENT && (other & BLOCKABLE) == 0) store<u8>(order, INVALIDATION_FLAG_NON_BLOCKING, FLAGS);
  start(space, order);
}

function start(space: u32, order: u32): void {
  store<u32>(order, underWay(space), OLDER);
  setUnderWay(space, order);
  store<u32>(order, touched(space, order), IMPORTS);
}

/** How many imports that must obey it touches. */
function touched(space: u32, order: u32): u32 {
  imports.query(space, load<u64>(order, FROM), load<u64>(order, END));
  if (!grantsSeen) return found;
  let count: u32 = 0;
  for (let i: u32 = 0; i < found; i++) count += u32(obeysNotifiers(foundAt(i)));
  return count;
}

/** An mm is released: everything in it is told to go. No event tells when the callbacks have returned. */
export function releaseMm(): void {
  const space = spaceNow(mm);
  if (space == 0 || isReleased(space)) return;
  const order = newRecord(<u32>Layer.import_, 0, EVERYTHING);
  store<u64>(order, ABSENT, OBJECT);
  store<u8>(order, <u8>Cause.release, CAUSE);
  start(space, order);
  releaseSpace(space);
}

// ------------------------------------------------------------------------------------ end
/** An invalidation of a range of an mm ends. */
export function endInvalidation(): void {
  const space = spaceNow(mm);
  if (space == 0) return;
  const end = len == ABSENT ? EVERYTHING : endOfRange(addr, len);
  for (let order = underWay(space); order != 0; order = load<u32>(order, OLDER)) {
    if (load<u64>(order, FROM) != addr || load<u64>(order, END) != end) continue;
    finish(space, order, 0);
    if (end == EVERYTHING && isReleased(space)) endSpace(space);
    return;
  }
}

/** What comes next shows that a release is over. */
export function endRelease(space: u32): void {
  for (let order = underWay(space); order != 0; order = load<u32>(order, OLDER)) {
    if (load<u8>(order, CAUSE) != <u8>Cause.release) continue;
    finish(space, order, INVALIDATION_FLAG_INFERRED);
    return;
  }
}

/** What is still mapped when its address space is gone. */
function flagLeft(space: u32): void {
  imports.query(space, 0, EVERYTHING);
  for (let i: u32 = 0; i < found; i++) addFlags(foundAt(i), FLAG_AFTER_EXIT);
}

function finish(space: u32, order: u32, flags: i32): void {
  if (load<u8>(order, CAUSE) == <u8>Cause.release) flagLeft(space);
  unlink(space, order);
  store<u8>(order, <u8>((load<u8>(order, FLAGS) as i32) | flags), FLAGS);
  writeRow(order, ts, seq, judge(space, order));
  store<u32>(order, freeRecord);
  freeRecord = order;
}

function unlink(space: u32, order: u32): void {
  if (underWay(space) == order) {
    setUnderWay(space, load<u32>(order, OLDER));
    return;
  }
  let at = underWay(space);
  while (load<u32>(at, OLDER) != order) at = load<u32>(at, OLDER);
  store<u32>(at, load<u32>(order, OLDER), OLDER);
}

/** Causes that leave a choice: a mapping that only reads may survive a protection change, an owner's own mapping its migration. */
function isWeak(order: u32): bool {
  const cause = load<u8>(order, CAUSE);
  return cause != NOT_TOLD && cause != <u8>Cause.unmap && cause != <u8>Cause.clear && cause != <u8>Cause.release;
}

/** Marks what should have gone and is still there, part by part; returns how many. */
function judge(space: u32, order: u32): u32 {
  if (load<u32>(order, IMPORTS) == 0) return 0;
  const from = load<u64>(order, FROM);
  const end = load<u64>(order, END);
  imports.query(space, from, end);
  const count = found;
  if (count == 0) return 0;
  if (count == 1) return u32(isJudged(order, foundAt(0)) && judgeOne(space, order, foundAt(0), from, end));
  sortFound();
  const list = copyFound();
  let remaining: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record = load<u32>(list + ((i as usize) << 2));
    if (isJudged(order, record)) remaining += u32(judgeOne(space, order, record, from, end));
  }
  heap.free(list);
  return remaining;
}

/** Whether a mapping was there when the invalidation began, and must obey such. */
function isJudged(order: u32, record: u32): bool {
  return obeysNotifiers(record) && openSeq(record) < load<u32>(order, BEGIN_SEQ);
}

function judgeOne(space: u32, order: u32, record: u32, from: u64, end: u64): bool {
  const cut = max(from, addrOf(record));
  const stop = min(end, endOfRange(addrOf(record), lenOf(record)));
  const watched = isWatched(space, record, cut, stop, load<u32>(order, BEGIN_SEQ));
  const marked = invalidationOf(record) != NONE;
  const replaces = watched && marked && (flagsOf(record) & FLAG_WEAK) != 0 && !isWeak(order);
  if (marked ? !replaces : !watched && (flagsOf(record) & FLAG_UNWATCHED) != 0) return watched;
  const part = carve(imports, space, record, from, end);
  enterRange(imports, space, part);
  if (!watched) {
    addFlags(part, FLAG_UNWATCHED);
    return false;
  }
  setInvalidation(part, load<u32>(order, ID));
  if (isWeak(order)) addFlags(part, FLAG_WEAK);
  else dropFlags(part, FLAG_WEAK);
  return true;
}

// ------------------------------------------------------------------------------------ obedience
/** A part [from, end) of an import is about to be closed by the current event: the id of the invalidation that it obeys, NONE = none is under way. */
export function obeyed(space: u32, from: u64, end: u64): u32 {
  for (let order = underWay(space); order != 0; order = load<u32>(order, OLDER)) {
    if (load<u64>(order, FROM) >= end || load<u64>(order, END) <= from) continue;
    store<u32>(order, load<u32>(order, OBEYED) + 1, OBEYED);
    return load<u32>(order, ID);
  }
  return NONE;
}

// ------------------------------------------------------------------------------------ rows
/** A dma-buf's exporter tells its importers to let go, in their own time: a row at once, without an end. Returns its id. */
export function addRevocation(touchedMaps: u32): u32 {
  const order = newRecord(<u32>Layer.dmabuf, ABSENT, ABSENT);
  store<u64>(order, ABSENT, MM);
  store<u32>(order, touchedMaps, IMPORTS);
  const id = load<u32>(order, ID);
  writeRow(order, -1, NONE, 0);
  store<u32>(order, freeRecord);
  freeRecord = order;
  return id;
}

function writeRow(order: u32, endTs: i64, endSeq: u32, remaining: u32): void {
  if (!keepsEvents() && load<u32>(order, IMPORTS) == 0 && endSeq != NONE) return;
  const row = addRow(INVALIDATIONS);
  const block = blockOf(INVALIDATIONS, row >> ROWS_SHIFT);
  const i = (row & (<u32>ROWS - 1)) as usize;
  const i8 = block + (i << 3);
  const i4 = block + (i << 2);
  const from = load<u64>(order, FROM);
  const end = load<u64>(order, END);
  store<i64>(i8 + INVALIDATION_BEGIN_TS, load<i64>(order, BEGIN_TS));
  store<i64>(i8 + INVALIDATION_END_TS, endTs);
  store<u64>(i8 + INVALIDATION_ADDR, from);
  store<u64>(i8 + INVALIDATION_LEN, end == EVERYTHING ? ABSENT : end - from);
  store<u64>(i8 + INVALIDATION_MM, load<u64>(order, MM));
  store<u64>(i8 + INVALIDATION_OBJECT, load<u64>(order, OBJECT));
  store<u32>(i4 + INVALIDATION_ID, load<u32>(order, ID));
  store<u32>(i4 + INVALIDATION_BEGIN_SEQ, load<u32>(order, BEGIN_SEQ));
  store<u32>(i4 + INVALIDATION_END_SEQ, endSeq);
  store<u32>(i4 + INVALIDATION_TID, load<u32>(order, TID));
  store<u32>(i4 + INVALIDATION_IMPORTS, load<u32>(order, IMPORTS));
  store<u32>(i4 + INVALIDATION_OBEYED, load<u32>(order, OBEYED));
  store<u32>(i4 + INVALIDATION_REMAINING, remaining);
  store<u8>(block + i + INVALIDATION_LAYER, load<u8>(order, LAYER));
  store<u8>(block + i + INVALIDATION_CAUSE, load<u8>(order, CAUSE));
  store<u8>(block + i + INVALIDATION_FLAGS, load<u8>(order, FLAGS));
}

/** At the end of the capture: what is still under way has no end; what is left in a released mm outlived it. */
export function finishInvalidations(): void {
  for (let space: u32 = 1; space <= spaceCount; space++) {
    if (isReleased(space)) flagLeft(space);
    for (let order = underWay(space); order != 0; order = load<u32>(order, OLDER)) writeRow(order, -1, NONE, 0);
  }
}
