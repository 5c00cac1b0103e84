/**
 * One event after another, to the layer that it belongs to.
 *
 * In: rows of the table `events`. Out: everything else.
 */
import {
  EVENT_CPU, EVENT_TS, EVENT_TYPE, Layer, Op, TYPE_BYTES, TYPE_FLAG_ASIDE,
} from '../schema';
import { CPU_LAST_TS, cpuSlot } from './cpus';
import { ABSENT, addr, errorNow, len, readRow, words } from './now';
import { finishQueue, numberParts } from './lifetimes';
import { closeMapping, finishLive, finishOverlaps, openMapping, removeDevice, syncMapping } from './dma';
import { closeList, finishLists, openList, syncList } from './lists';
import { adoptWaiting, closeRange, finishRanges, nobodyWaits, openRange, passRange, somebodyWaits } from './iommu';
import { endWitness } from './witness';
import { endLoss } from './losses';
import { finishUndecided } from './undecided';
import { finishStacks } from './stacks';
import { finishSiblings } from './siblings';
import { finishLayers, replayLayer } from './layers';

/** Event types: TYPE_BYTES bytes each, as the host filled them in. */
export const types: usize = heap.alloc(65536 * TYPE_BYTES);

/** Replays row `i` of a batch's block as event `row`; its type as the table has it, the capture's id of its device, its extras (0 = none). */
// @ts-ignore: decorator
@inline
export function replayRow(block: usize, i: usize, row: u32, whole: u64, device: u32, extras: usize): void {
  const type = whole as u32;
  const slot = cpuSlot(load<u16>(block + EVENT_CPU + (i << 1)));
  const ts = load<i64>(block + EVENT_TS + (i << 3));
  firstTs = min(firstTs, ts);
  lastTs = max(lastTs, ts);
  endLoss(slot, ts);
  store<i64>(slot, ts, CPU_LAST_TS);
  const layer = type & 0xff;
  const op = (type >> 8) & 0xff;
  if (layer == <u32>Layer.iommu && passRange(block, i, op, slot)) return;
  readRow(block, i, row, (type >> 16) & 0xff, device, slot, ts);
  if (layer == <u32>Layer.dma) replayDma(op);
  else if (layer == <u32>Layer.iommu) replayIommu(op);
  else if (op == <u32>Op.remove || op == <u32>Op.removed) removeDevice();
  else replayLayer(layer, op, ((type >> 24) & TYPE_FLAG_ASIDE) != 0, load<u16>(block + EVENT_TYPE + (i << 1)), (whole >> 48) as u32, extras);
}

// @ts-ignore: decorator
@inline
function replayDma(op: u32): void {
  const isList = words != 0;
  if (op == <u32>Op.open) {
    if (failed()) nobodyWaits();
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
function failed(): bool {
  return addr == ABSENT || errorNow() != 0;
}

// @ts-ignore: decorator
@inline
function replayIommu(op: u32): void {
  if (addr == ABSENT) return;
  if (op == <u32>Op.open && errorNow() == 0) openRange();
  else if (op == <u32>Op.close) closeRange();
}

/** Times of the first event and of the last. */
export let firstTs: i64 = i64.MAX_VALUE;
export let lastTs: i64 = i64.MIN_VALUE;

/** What can only be said when no event is left. */
export function finishReplay(): void {
  finishOverlaps();
  finishUndecided();
  finishLists();
  finishLive();
  finishRanges();
  finishLayers();
  finishQueue();
  numberParts();
  finishStacks();
  finishSiblings();
}
