/**
 * The layer dma, scatterlists: one lifetime a DMA segment, unmapped by physical addresses alone.
 *
 * In: the current event and its words of the side heap. Out: lifetimes and anomalies.
 */
import {
  Anomaly, FLAG_MISMATCH, FLAG_REMAINDER, FLAG_TRUNCATED, FLAG_UNRECORDABLE_UNMAP, Kind, Layer, SG_HEAD, SG_UNRECORDABLE,
} from '../schema';
import { ABSENT, NONE, attrs, concerns, device, dir, endOfRange, words } from './now';
import {
  addFlags, addrOf, attrsOf, deviceIdOf, dirOf, groupOf, isOpen, kindOf, lenOf, openLifetime, openSeq, openedTs, physOf, setGroup,
} from './lifetimes';
import { NOTHING, addAnomaly, addAnomalyOf, setAddress, setDevice, setEvent, setLength } from './anomalies';
import {
  CLOSED_UNSEEN, KeyIndex, NEVER_CLOSED, append, firstNode, lastClosed, liveOf, memberOf, nentsOf, newNode, nextOf, remove, segmentsOf,
  setLastClosed, setList, setLive,
} from './key-index';
import { found, foundAt } from './range-index';
import { stillKept } from './retention';
import { olderClosed } from './siblings';
import { attrsDiffer, close, dirDiffers, enter, loseHidden, memory_, syncMapping } from './dma';

/** (device, first physical address) → live lists, named by their first lifetime. */
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
/** Opens the list and returns its first lifetime, NONE when the event shows no segment. */
export function openList(): u32 {
  const segments = segmentCount();
  if (segments == 0) return NONE;
  let flags = 0;
  if (shape() >> 63) flags |= FLAG_TRUNCATED;
  if (nents() >= <u32>SG_UNRECORDABLE) flags |= FLAG_UNRECORDABLE_UNMAP;
  const exact = nents() == ents();
  let group = NONE;
  for (let i: u32 = 0; i < segments; i++) {
    loseHidden(dmaAt(i));
    const known = (exact || i == 0) && i < physCount();
    const id = openLifetime(<u32>Layer.dma, <u32>Kind.sg, dmaAt(i), lengthAt(i), known ? physAt(i) : ABSENT, flags);
    if (group == NONE) group = id;
    setGroup(id, group);
    enter(id, group);
  }
  concerns(group);
  const node = newNode(group);
  setList(node, nents(), segments);
  append(lists.take(physOf(group), device), node);
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
    if (points > most || (points == most && memberOf(node) < memberOf(best))) {
      most = points;
      best = node;
    }
  }
  return best;
}

function closeSegments(entry: usize, node: u32): void {
  const group = memberOf(node);
  const mapped = nentsOf(node);
  const segments = segmentsOf(node);
  const closing = min(nents(), segments);
  remove(entry, node); // before its segments go: from here on they are no list's
  setLastClosed(entry, group + 1);
  compare(group, mapped, bytesLeft(group, closing, segments));
  let first = NONE;
  for (let id = group; id < group + closing; id++) {
    if (!isOpen(id)) continue;
    if (first == NONE) first = id;
    close(id);
  }
  for (let id = group + closing; id < group + segments; id++) if (isOpen(id)) addFlags(id, FLAG_REMAINDER);
  if (first != NONE) concerns(first);
}

function bytesLeft(group: u32, closing: u32, segments: u32): u64 {
  let bytes: u64 = 0;
  for (let id = group + closing; id < group + segments; id++) if (isOpen(id)) bytes += lenOf(id);
  return bytes;
}

function compare(group: u32, mapped: u32, left: u64): void {
  let differs = false;
  if (nents() != mapped) {
    setLength(addAnomalyOf(<u32>Anomaly.sg_count_mismatch, group, mapped, nents()), left);
    differs = true;
  }
  if (dirDiffers(group)) {
    addAnomalyOf(<u32>Anomaly.direction_mismatch, group, dirOf(group), dir);
    differs = true;
  }
  if (attrsDiffer(group)) {
    addAnomalyOf(<u32>Anomaly.attrs_mismatch, group, attrsOf(group), attrs);
    differs = true;
  }
  if (differs) addFlags(group, FLAG_MISMATCH);
}

/** A single mapping of the list's first page, undone as a list: the wrong function. */
function closePageAsList(): bool {
  const first = physAt(0);
  memory_.query(device, first, endOfRange(first, 1));
  let oldest = NONE;
  for (let i: u32 = 0; i < found; i++) {
    const id = foundAt(i);
    if (id < oldest && deviceIdOf(id) == device && groupOf(id) == NONE && physOf(id) == first) oldest = id;
  }
  if (oldest == NONE) return false;
  addAnomalyOf(<u32>Anomaly.kind_mismatch, oldest, kindOf(oldest), <u64>Kind.sg);
  addFlags(oldest, FLAG_MISMATCH);
  close(oldest);
  concerns(oldest);
  return true;
}

function closeNothing(): void {
  const entry = lists.take(physAt(0), device);
  const closed = lastClosed(entry);
  const twice = closed != NEVER_CLOSED;
  if (!twice) {
    setLastClosed(entry, CLOSED_UNSEEN);
    olderClosed(<u32>Layer.dma, <u32>Kind.sg);
  }
  const lifetime = !twice || closed == CLOSED_UNSEEN ? NONE : stillKept(closed - 1);
  const row = addAnomaly(twice ? <u32>Anomaly.double_unmap : <u32>Anomaly.before_capture, lifetime, NOTHING, NOTHING);
  setLength(row, 0);
  setAddress(row, ABSENT);
}

/** A segment was closed or lost by itself; a list without live segments is no candidate any more. */
export function segmentGone(id: u32): void {
  const group = groupOf(id);
  const entry = lists.find(physOf(group), deviceIdOf(group));
  if (entry == 0) return;
  let node = firstNode(entry);
  while (node != 0 && memberOf(node) != group) node = nextOf(node);
  if (node == 0) return;
  setLive(node, liveOf(node) - 1);
  if (liveOf(node) != 0) return;
  remove(entry, node);
  setLastClosed(entry, group + 1);
}

// ------------------------------------------------------------------------------------ sync and end
export function syncList(): void {
  if (segmentCount() != 0) syncMapping(dmaAt(0), 0);
}

/** Lists still open whose unmap could not have been recorded. */
export function finishLists(): void {
  for (let i: u32 = 0; i < lists.size; i++) {
    for (let node = firstNode(lists.entryAt(i)); node != 0; node = nextOf(node)) {
      const group = memberOf(node);
      if (nentsOf(node) < <u32>SG_UNRECORDABLE) continue;
      const row = addAnomalyOf(<u32>Anomaly.unmap_unrecordable, group, NOTHING, NOTHING);
      setEvent(row, openSeq(group), openedTs(group));
      setDevice(row, deviceIdOf(group));
    }
  }
}
