/**
 * The same memory mapped twice for one device: pairs that wait until it is known whether the older mapping was really
 * still there, or only its unmap traced late.
 *
 * The pairs of one older mapping are a list, newest first; a mapping of which no pair waits has none.
 *
 *   pair: | newer u32 | next older pair u32 |
 */
import { Anomaly, FLAG_OVERLAP } from '../schema';
import { tid, ts, wantEvent } from './now';
import {
  addFlags, addrOf, countPair, deviceIdOf, dirOf, dropFlags, hold, lenOf, newestPair, openSeq, openTid, openedTs, physOf, release,
  setNewestPair, speakOf,
} from './lifetimes';
import { NOTHING, addAnomaly, setAddress, setDevice, setEvent, setLength, setOther } from './anomalies';

/** An unmap's trace later than this cannot be a late one. Units of the clock (nanoseconds). */
const LATE_TRACE: i64 = 10_000_000;

const PAIR_BYTES: usize = 8;
const BATCH: i32 = 1024;
let freePair: u32 = 0;

function addPairs(): void {
  let pair = heap.alloc((BATCH as usize) * PAIR_BYTES) as u32;
  for (let i = 0; i < BATCH; i++) {
    store<u32>(pair, freePair, 4);
    freePair = pair;
    pair += PAIR_BYTES as u32;
  }
}

export function watchOverlap(older: u32, newer: u32): void {
  if (!countPair(older)) return;
  wantEvent();
  if (freePair == 0) addPairs();
  const pair = freePair;
  freePair = load<u32>(pair, 4);
  store<u32>(pair, newer);
  store<u32>(pair, newestPair(older), 4);
  setNewestPair(older, pair);
  hold(older);
  hold(newer);
  addFlags(newer, FLAG_OVERLAP);
}

/** The current event closes `older`: decides its pairs. */
// @ts-ignore: decorator
@inline
export function olderCloses(older: u32): void {
  if (newestPair(older) != 0) decide(older, true);
}

/** `older` ended unseen, or never (it was forgotten, and is no fault of who maps its memory now): nothing can be said. */
// @ts-ignore: decorator
@inline
export function forgetOlder(older: u32): void {
  if (newestPair(older) != 0) decide(older, false);
}

function decide(older: u32, seen: bool): void {
  let pair = newestPair(older);
  setNewestPair(older, 0);
  while (pair != 0) {
    const newer = load<u32>(pair);
    const next = load<u32>(pair, 4);
    if (seen && (sameThread(newer) || ts - openedTs(newer) > LATE_TRACE)) confirm(older, newer);
    else dropFlags(newer, FLAG_OVERLAP);
    release(older);
    release(newer);
    store<u32>(pair, freePair, 4);
    freePair = pair;
    pair = next;
  }
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
