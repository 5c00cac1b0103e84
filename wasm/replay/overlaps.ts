/**
 * The same memory mapped twice for one device: pairs that wait until it is known whether the older mapping was really
 * still there, or only its unmap traced late.
 *
 *   pair: | older u32 | newer u32 |     in the order in which they came; older 0 = decided
 */
import { Anomaly, FLAG_OVERLAP } from '../schema';
import { tid, ts, wantEvent } from './now';
import {
  addFlags, addrOf, countPair, deviceIdOf, dirOf, dropFlags, flagsOf, hold, idOf, lenOf, openSeq, openTid, openedTs, physOf, release, speakOf,
} from './lifetimes';
import { NOTHING, addAnomaly, setAddress, setDevice, setEvent, setLength, setOther } from './anomalies';

/** An unmap's trace later than this cannot be a late one. Units of the clock (nanoseconds). */
const LATE_TRACE: i64 = 10_000_000;
/** Internal bit of `flags` while a lifetime is the older one of a pair. */
export const FLAG_OLDER: i32 = 1 << 15;

let pairs: usize = heap.alloc(1024 << 3);
let capacity: u32 = 1024;
let count: u32 = 0;

export function watchOverlap(older: u32, newer: u32): void {
  if (!countPair(older)) return;
  wantEvent();
  if (count == capacity) makeRoom();
  const pair = pairs + ((count as usize) << 3);
  store<u32>(pair, older);
  store<u32>(pair, newer, 4);
  count++;
  hold(older);
  hold(newer);
  addFlags(older, FLAG_OLDER);
  addFlags(newer, FLAG_OVERLAP);
}

/** Closes up the gaps that decided pairs left; doubles the space when that is not enough. */
function makeRoom(): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const pair = load<u64>(pairs + ((i as usize) << 3));
    if ((pair as u32) != 0) store<u64>(pairs + ((kept++ as usize) << 3), pair);
  }
  count = kept;
  if (count * 2 < capacity) return;
  const bigger = heap.alloc((capacity as usize) << 4);
  memory.copy(bigger, pairs, (count as usize) << 3);
  heap.free(pairs);
  pairs = bigger;
  capacity *= 2;
}

/** The current event closes `older`: decides its pairs. */
// @ts-ignore: decorator
@inline
export function olderCloses(older: u32): void {
  if (flagsOf(older) & FLAG_OLDER) decide(older, true);
}

/** `older` ended unseen: nothing can be said. */
// @ts-ignore: decorator
@inline
export function forgetOlder(older: u32): void {
  if (flagsOf(older) & FLAG_OLDER) decide(older, false);
}

/** Looks from the newest pair back: those that came before `older` was opened are not its own. */
function decide(older: u32, seen: bool): void {
  dropFlags(older, FLAG_OLDER);
  for (let i = count; i != 0; i--) {
    const pair = pairs + (((i - 1) as usize) << 3);
    const newer = load<u32>(pair, 4);
    if (load<u32>(pair) == 0) continue;
    if (idOf(newer) < idOf(older)) break;
    if (load<u32>(pair) != older) continue;
    store<u32>(pair, 0);
    if (seen && (sameThread(newer) || ts - openedTs(newer) > LATE_TRACE)) confirm(older, newer);
    else dropFlags(newer, FLAG_OVERLAP);
    release(older);
    release(newer);
  }
  while (count != 0 && load<u32>(pairs + (((count - 1) as usize) << 3)) == 0) count--;
}

/** Whether the current event's thread opened it; every CPU has its own thread 0, the idle one. */
export function sameThread(at: u32): bool {
  return tid > 0 && tid == openTid(at);
}

/** A direction as an anomaly's fact. */
function dirFact(at: u32): u64 {
  return dirOf(at) == 0xff ? NOTHING : dirOf(at);
}

function confirm(older: u32, newer: u32): void {
  const row = addAnomaly(<u32>Anomaly.overlapping_map, newer, dirFact(older), dirFact(newer));
  const start = max(physOf(older), physOf(newer));
  const end = min(physOf(older) + lenOf(older), physOf(newer) + lenOf(newer));
  setEvent(row, openSeq(newer), openedTs(newer));
  setOther(row, speakOf(older));
  setAddress(row, addrOf(newer));
  setDevice(row, deviceIdOf(newer));
  setLength(row, end - start);
}

/** At the end: an older mapping that is still there was forgotten, and is no fault of who maps its memory now. */
export function finishOverlaps(): void {
  for (let i: u32 = 0; i < count; i++) {
    const pair = pairs + ((i as usize) << 3);
    if (load<u32>(pair) == 0) continue;
    dropFlags(load<u32>(pair, 4), FLAG_OVERLAP);
    release(load<u32>(pair));
    release(load<u32>(pair, 4));
  }
  count = 0;
}
