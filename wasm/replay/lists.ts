/**
 * The layer dma, scatterlists: one lifetime a DMA segment, unmapped by physical addresses alone.
 *
 * In: the current event and its words of the side heap. Out: lifetimes and anomalies.
 *
 *   list: | segments as records: u32 each, 0 = gone |     its node in the index holds nents, segments, live, the list
 */
import {
  Anomaly, FLAG_MISMATCH, FLAG_REMAINDER, FLAG_TRUNCATED, FLAG_UNRECORDABLE_UNMAP, Kind, Layer, SG_HEAD, SG_UNRECORDABLE,
} from '../schema';
import { ABSENT, NONE, attrs, concerns, device, dir, endOfRange, wantEvent, words } from './now';
import {
  NO_LIFETIME, addFlags, addrOf, attrsOf, deviceIdOf, dirOf, groupOf, hold, idOf, joinList, kindOf, leaveList, lenOf, listOf,
  openLifetime, openSeq, openedTs, physOf, placeOf, release, speakOf, stillThere,
} from './lifetimes';
import { NOTHING, addAnomaly, addAnomalyOf, setAddress, setDevice, setEvent, setLength } from './anomalies';
import {
  CLOSED_UNSEEN, KeyIndex, NEVER_CLOSED, append, closedRecord, firstNode, lastClosed, liveOf, memberOf, nentsOf, newNode, nextOf, remove,
  segmentsOf, segmentArray, setLastClosed, setList, setLive,
} from './key-index';
import { found, foundAt } from './range-index';
import { attrsDiffer, close, dirDiffers, enter, isLikelier, loseHidden, memory_, syncMapping } from './dma';
import { olderClosed } from './siblings';

/** (device, first physical address) → live lists, each by its first segment's record. */
const lists: KeyIndex = new KeyIndex();

// The current event's list; see the side heap in schema.ts.
// @ts-ignore: decorator
@inline
function shape(): u64 {
  return load<u64>(words);
}
// @ts-ignore: decorator
@inline
function physCount(): u32 {
  return (shape() as u32) & 0xffff;
}
// @ts-ignore: decorator
@inline
function dmaCount(): u32 {
  return ((shape() >> 16) as u32) & 0xffff;
}
// @ts-ignore: decorator
@inline
function nents(): u32 {
  return ((shape() >> 32) as u32) & 0x7fffffff;
}
// @ts-ignore: decorator
@inline
function ents(): u32 {
  return load<u64>(words, 8) as u32;
}
// @ts-ignore: decorator
@inline
function physAt(i: u32): u64 {
  return load<u64>(words + (((SG_HEAD as u32) + i) as usize << 3));
}
// @ts-ignore: decorator
@inline
export function dmaAt(i: u32): u64 {
  return load<u64>(words + (((SG_HEAD as u32) + physCount() + i) as usize << 3));
}
// @ts-ignore: decorator
@inline
export function lengthAt(i: u32): u64 {
  return load<u64>(words + (((SG_HEAD as u32) + physCount() + dmaCount() + i) as usize << 3));
}

/** DMA segments of the current event, 0 when it has no list. */
export function segmentCount(): u32 {
  return words == 0 ? 0 : dmaCount();
}

// ------------------------------------------------------------------------------------ open
/** Opens the list and returns the id of its first lifetime, NONE when the event shows no segment. */
export function openList(): u32 {
  const segments = segmentCount();
  if (segments == 0) return NONE;
  let flags = 0;
  if (shape() >> 63) flags |= FLAG_TRUNCATED;
  if (nents() >= <u32>SG_UNRECORDABLE) {
    flags |= FLAG_UNRECORDABLE_UNMAP;
    wantEvent();
  }
  const exact = nents() == ents();
  const array = heap.alloc((segments as usize) << 2);
  let node: u32 = 0;
  let group = NONE;
  for (let i: u32 = 0; i < segments; i++) {
    const hidden = loseHidden(dmaAt(i));
    const known = (exact || i == 0) && i < physCount();
    const segment = openLifetime(<u32>Layer.dma, <u32>Kind.sg, dmaAt(i), lengthAt(i), known ? physAt(i) : ABSENT, flags);
    if (hidden) speakOf(segment);
    if (i == 0) {
      group = idOf(segment);
      node = newNode(segment);
      setList(node, nents(), segments, array);
      hold(segment); // the list is found by its first segment, even when that is gone
    }
    store<u32>(array + ((i as usize) << 2), segment);
    joinList(segment, node, i, group);
    enter(segment, group);
  }
  concerns(group);
  append(lists.take(physOf(memberOf(node)), device), node);
  return group;
}

// ------------------------------------------------------------------------------------ close
export function closeList(): void {
  if (words == 0 || physCount() == 0) return;
  const entry = lists.find(physAt(0), device);
  const node = entry == 0 ? 0 : bestFit(entry);
  if (node != 0) closeSegments(entry, node);
  else if (!closePageAsList()) closeNothing();
}

function bestFit(entry: usize): u32 {
  let best: u32 = 0;
  let most = -1;
  for (let node = firstNode(entry); node != 0; node = nextOf(node)) {
    const points = i32(nentsOf(node) == nents()) + i32(dirOf(memberOf(node)) == dir);
    if (points > most || (points == most && isLikelier(memberOf(node), memberOf(best)))) {
      most = points;
      best = node;
    }
  }
  return best;
}

function closeSegments(entry: usize, node: u32): void {
  const segments = segmentsOf(node);
  const closing = min(nents(), segments);
  compare(node, bytesLeft(node, closing, segments));
  let concerned = NONE;
  for (let i: u32 = 0; i < closing; i++) {
    const segment = segmentAt(node, i);
    if (segment == NO_LIFETIME) continue;
    concerned = min(concerned, idOf(segment));
    leaveList(segment);
    close(segment);
  }
  for (let i = closing; i < segments; i++) {
    const segment = segmentAt(node, i);
    if (segment == NO_LIFETIME) continue;
    addFlags(segment, FLAG_REMAINDER);
    leaveList(segment);
  }
  if (concerned != NONE) concerns(concerned);
  dropList(entry, node);
}

// @ts-ignore: decorator
@inline
function segmentAt(node: u32, i: u32): u32 {
  return load<u32>(segmentArray(node) + ((i as usize) << 2));
}

/** The list is not mapped any more. */
function dropList(entry: usize, node: u32): void {
  const first = memberOf(node);
  heap.free(segmentArray(node));
  setLastClosed(entry, idOf(first) + 1, first);
  remove(entry, node);
  release(first);
}

function bytesLeft(node: u32, closing: u32, segments: u32): u64 {
  let bytes: u64 = 0;
  for (let i = closing; i < segments; i++) if (segmentAt(node, i) != NO_LIFETIME) bytes += lenOf(segmentAt(node, i));
  return bytes;
}

function compare(node: u32, left: u64): void {
  const first = memberOf(node);
  const mapped = nentsOf(node);
  let differs = false;
  if (nents() != mapped) {
    setLength(addAnomalyOf(<u32>Anomaly.sg_count_mismatch, first, mapped, nents()), left);
    differs = true;
  }
  if (dirDiffers(first)) {
    addAnomalyOf(<u32>Anomaly.direction_mismatch, first, dirOf(first), dir);
    differs = true;
  }
  if (attrsDiffer(first)) {
    addAnomalyOf(<u32>Anomaly.attrs_mismatch, first, attrsOf(first), attrs);
    differs = true;
  }
  if (differs) {
    addFlags(first, FLAG_MISMATCH);
    speakOfAll(node);
  }
}

/** An anomaly speaks of the whole list. */
function speakOfAll(node: u32): void {
  for (let i: u32 = 0; i < segmentsOf(node); i++) if (segmentAt(node, i) != NO_LIFETIME) speakOf(segmentAt(node, i));
}

/** A single mapping of the list's first page, undone as a list: the wrong function. The youngest: memory that is mapped again was most likely forgotten before. */
function closePageAsList(): bool {
  const first = physAt(0);
  memory_.query(device, first, endOfRange(first, 1));
  let youngest = NO_LIFETIME;
  for (let i: u32 = 0; i < found; i++) {
    const at = foundAt(i);
    if (deviceIdOf(at) != device || groupOf(at) != NONE || physOf(at) != first) continue;
    if (youngest == NO_LIFETIME || idOf(at) > idOf(youngest)) youngest = at;
  }
  if (youngest == NO_LIFETIME) return false;
  addAnomalyOf(<u32>Anomaly.kind_mismatch, youngest, kindOf(youngest), <u64>Kind.sg);
  addFlags(youngest, FLAG_MISMATCH);
  concerns(idOf(youngest));
  close(youngest);
  return true;
}

function closeNothing(): void {
  const entry = lists.take(physAt(0), device);
  const closed = lastClosed(entry);
  const twice = closed != NEVER_CLOSED;
  const before = stillThere(closedRecord(entry), closed - 1);
  if (!twice) {
    setLastClosed(entry, CLOSED_UNSEEN, NO_LIFETIME);
    olderClosed(<u32>Layer.dma, <u32>Kind.sg);
  }
  const row = addAnomaly(twice ? <u32>Anomaly.double_unmap : <u32>Anomaly.before_capture, before, NOTHING, NOTHING);
  setLength(row, 0);
  setAddress(row, ABSENT);
}

/** A segment was closed or lost by itself; a list without live segments is no candidate any more. */
export function segmentGone(segment: u32): void {
  const node = listOf(segment);
  if (node == 0) return;
  store<u32>(segmentArray(node) + ((placeOf(segment) as usize) << 2), NO_LIFETIME);
  setLive(node, liveOf(node) - 1);
  if (liveOf(node) != 0) return;
  const first = memberOf(node);
  dropList(lists.find(physOf(first), deviceIdOf(first)), node);
}

// ------------------------------------------------------------------------------------ sync and end
export function syncList(): void {
  if (segmentCount() != 0) syncMapping(dmaAt(0), 0);
}

/** At the end: lists still mapped, and those whose unmap could not have been recorded. */
export function finishLists(): void {
  for (let i: u32 = 0; i < lists.size; i++) {
    for (let node = firstNode(lists.entryAt(i)); node != 0; node = nextOf(node)) {
      const first = memberOf(node);
      if (nentsOf(node) >= <u32>SG_UNRECORDABLE) sayUnrecordable(first);
      release(first);
    }
  }
}

function sayUnrecordable(first: u32): void {
  const row = addAnomalyOf(<u32>Anomaly.unmap_unrecordable, first, NOTHING, NOTHING);
  setEvent(row, openSeq(first), openedTs(first));
  setDevice(row, deviceIdOf(first));
}
