/**
 * The layers beyond dma and iommu: which operation of which layer goes where.
 *
 * In: the current event. Out: everything else.
 */
import { FLAG_BEFORE_REMOVAL, Kind, Layer, Op } from '../schema';
import { ABSENT, NONE, addr, concernedLifetime, concerns, errorNow, kind, len, mm, phys, readExtras, slot, tid, wantEvent } from './now';
import { idOf } from './lifetimes';
import { adoptWaiting, nobodyWaits, somebodyWaits } from './iommu';
import { beginInvalidation, endInvalidation, finishInvalidations, releaseMm } from './invalidations';
import { closeImport, finishImports, flagImports, openImport } from './imports';
import { closeObject, finishObjects, flagObjects, openObject, openRegistered } from './objects';
import { revokeBuffer } from './buffers';
import { echoedLifetime, isEcho, noteLifetime, noteOperation } from './echoes';
import { finishLinked, flagLinked, linkRange, unlinkRange } from './iova';
import { freePhysical } from './frees';
import { physicalOf } from './pools';
import { beginCall, firstReturned, openedHere, takeReturned, takeTask } from './tasks';

const PAGE: u64 = 4096;

/** Replays the current event; `words` are its extras, 0 = none; `call` is the number of its function; no rule reads what stands aside. */
export function replayLayer(layer: u32, op: u32, aside: bool, type: u32, call: u32, words: usize): void {
  readExtras(words);
  if (errorNow() != 0 || (!aside && isRemarkable(layer, op))) wantEvent();
  if (op == <u32>Op.call) beginCall(takeTask(tid, slot as u32), call);
  else if (op == <u32>Op.open || op == <u32>Op.close) operate(layer, op, type);
  else if (op == <u32>Op.free) free(layer);
  else if (op == <u32>Op.exit) {
    if (layer != <u32>Layer.pool && mm != ABSENT) releaseMm();
  } else if (op == <u32>Op.invalidate_begin) {
    if (layer == <u32>Layer.dmabuf) revokeBuffer();
    else beginInvalidation();
  } else if (op == <u32>Op.invalidate_end) endInvalidation();
}

/** Events that rules read, whatever else is kept: not those of which lifetimes and invalidations tell the whole story. */
function isRemarkable(layer: u32, op: u32): bool {
  if (op == <u32>Op.call || op == <u32>Op.invalidate_end || layer == <u32>Layer.page || layer == <u32>Layer.iova) return false;
  if (layer != <u32>Layer.import_) return true;
  if (op == <u32>Op.invalidate_begin) return false;
  return (op != <u32>Op.open && op != <u32>Op.close) || isObject(layer) || kind == <u32>Kind.pinned;
}

/** Whether the current event is about a thing that is one kernel object, not about a range. */
function isObject(layer: u32): bool {
  if (layer == <u32>Layer.iova) return false;
  return layer != <u32>Layer.import_ || kind == <u32>Kind.mr || kind == <u32>Kind.odp;
}

// ------------------------------------------------------------------------------------ open and close
function operate(layer: u32, op: u32, type: u32): void {
  // Pins are given back page by page, by pages that no pin names: they are counted, not matched.
  if (errorNow() != 0 || kind == <u32>Kind.pinned) return;
  const task = takeTask(tid, slot as u32);
  const what = (layer << 16) | (kind << 8) | (op + 1);
  // A return knows the object that an event inside its call told of: it is more than an echo.
  const completes = op == <u32>Op.open && isObject(layer) && firstReturned() != 0;
  if (!completes && isEcho(task, type, what)) {
    if (echoedLifetime(task) != NONE) concerns(echoedLifetime(task));
    return;
  }
  noteOperation(task, type, what);
  if (op == <u32>Op.open) open(layer, task);
  else close(layer);
  if (concernedLifetime() != NONE) noteLifetime(task, concernedLifetime());
}

function open(layer: u32, task: usize): void {
  if (isObject(layer)) openObject(layer, task);
  else if (layer == <u32>Layer.iova) openLinked(task);
  else if (kind == <u32>Kind.mirror) openRegistered(task);
  else if (addr != ABSENT && len != ABSENT && len != 0) {
    const record = openImport();
    takeReturned(record);
    openedHere(task, record);
  }
}

/** Maps of the IOMMU inside the call are this range's. */
function openLinked(task: usize): void {
  if (addr == ABSENT || len == ABSENT || len == 0) return;
  const record = linkRange();
  openedHere(task, record);
  if (!somebodyWaits()) return;
  adoptWaiting(idOf(record));
  nobodyWaits();
}

function close(layer: u32): void {
  if (isObject(layer)) closeObject(layer);
  else if (layer == <u32>Layer.iova) unlinkRange();
  else if (addr != ABSENT) closeImport();
  if (layer == <u32>Layer.pool && addr != ABSENT) freePhysical(physicalOf(addr), len);
}

// ------------------------------------------------------------------------------------ the rest
function free(layer: u32): void {
  if (layer == <u32>Layer.page || layer == <u32>Layer.pool) freePhysical(phys, len == ABSENT ? PAGE : len);
}

/** The device of the current event is going, or gone. */
export function removeFromLayers(): void {
  flagImports(FLAG_BEFORE_REMOVAL);
  flagObjects(FLAG_BEFORE_REMOVAL);
  flagLinked(FLAG_BEFORE_REMOVAL);
}

/** What can only be said when no event is left. */
export function finishLayers(): void {
  finishInvalidations();
  finishImports();
  finishObjects();
  finishLinked();
}
