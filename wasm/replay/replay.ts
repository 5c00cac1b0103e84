/**
 * One event after another, to the layer that it belongs to.
 *
 * In: rows of the table `events`. Out: everything else.
 */
import {
  EVENT_CPU, EVENT_ERROR, EVENT_TS, EVENT_TYPE, FLAG_AFTER_LOSS, LIFETIME_LAYER, Layer, Op, TYPE_BYTES,
} from '../schema';
import { EVENTS, LIFETIMES, cell1, cell2, cell8, rowsOf } from './table';
import { CPU_LAST_TS, cpuSlot, pushRow } from './cpus';
import { ABSENT, addr, len, lossSeen, lossSeq, readRow, words } from './now';
import { addFlags, isOpen, openSeq } from './lifetimes';
import { closeMapping, openMapping, removeDevice, syncMapping } from './dma';
import { closeList, finishLists, openList, syncList } from './lists';
import { adoptWaiting, closeRange, forgetPlane, nobodyWaits, openRange, somebodyWaits } from './iommu';
import { endWitness } from './witness';
import { endLoss } from './losses';
import { finishOverlaps } from './overlaps';
import { finishUndecided } from './undecided';
import { finishStacks } from './stacks';

/** Event types: TYPE_BYTES bytes each, as the host filled them in. */
export const types: usize = heap.alloc(65536 * TYPE_BYTES);

/** Replays one row; `side` is where its stream's side heap stands. */
// @ts-ignore: decorator
@inline
export function replayRow(row: u32, sideOffset: u32, side: usize): void {
  const type = load<u32>(types + ((load<u16>(cell2(EVENTS, EVENT_TYPE, row)) as usize) << 2));
  const slot = cpuSlot(load<u16>(cell2(EVENTS, EVENT_CPU, row)));
  const ts = load<i64>(cell8(EVENTS, EVENT_TS, row));
  endLoss(slot, ts);
  store<i64>(slot, ts, CPU_LAST_TS);
  pushRow(slot, row);
  const layer = type & 0xff;
  const op = (type >> 8) & 0xff;
  readRow(row, (type >> 16) & 0xff, slot, sideOffset == 0 ? 0 : side + ((sideOffset as usize) << 3));
  if (layer == <u32>Layer.dma) replayDma(op, row);
  else if (layer == <u32>Layer.iommu) replayIommu(op);
  else if (op == <u32>Op.remove || op == <u32>Op.removed) removeDevice();
}

// @ts-ignore: decorator
@inline
function replayDma(op: u32, row: u32): void {
  const isList = words != 0;
  if (op == <u32>Op.open) {
    if (failed(row)) nobodyWaits();
    else if (isList) opened(openList());
    else opened(openMapping());
  } else if (op == <u32>Op.close) {
    nobodyWaits();
    if (isList) closeList();
    else if (addr != ABSENT) closeMapping();
  } else {
    nobodyWaits();
    if (op == <u32>Op.sync) {
      if (isList) syncList();
      else if (addr != ABSENT) syncMapping(addr, len);
    } else if (op == <u32>Op.remove || op == <u32>Op.removed) removeDevice();
  }
  endWitness();
}

// @ts-ignore: decorator
@inline
function opened(first: u32): void {
  if (!somebodyWaits()) return;
  if (first != u32.MAX_VALUE) adoptWaiting(first);
  nobodyWaits();
}

// @ts-ignore: decorator
@inline
function failed(row: u32): bool {
  return addr == ABSENT || load<i16>(cell2(EVENTS, EVENT_ERROR, row)) != 0;
}

// @ts-ignore: decorator
@inline
function replayIommu(op: u32): void {
  if (addr == ABSENT) return;
  if (op == <u32>Op.open) openRange();
  else if (op == <u32>Op.close) closeRange();
}

/** What can only be said when no event is left. */
export function finishReplay(stacksSeen: bool): void {
  finishOverlaps();
  finishUndecided();
  finishLists();
  if (stacksSeen) finishStacks();
  const rows = rowsOf(LIFETIMES);
  for (let id: u32 = 0; id < rows; id++) {
    if (load<u8>(cell1(LIFETIMES, LIFETIME_LAYER, id)) == <u8>Layer.iommu) forgetPlane(id);
    if (lossSeen && isOpen(id) && openSeq(id) < lossSeq) addFlags(id, FLAG_AFTER_LOSS);
  }
}
