/**
 * The part of the module `binary` that reads the records of a perf.data.
 *
 * In: attributes and ids, then bytes by channel, ends of rounds. Out: rows in the batch, in order of time; records
 * that the host has to read itself (`hostRecord`, `hostBytes`); tallies.
 */
import { hasRoom } from '../decode/batch';
import { closeGap, dropEntry, ENTRY_SEGMENT, makeHalfReady, makeReady, nextEntry, waiting } from './queue';
import { Channel, cutRecords, damagedPlaces, hostBytes, hostRecord, strangers } from './records';
import { endRound } from './rounds';
import { takeEntry, timeNow } from './sample';
import { leaveSegment, segmentsHeld } from './segments';
import { filtered, lostEvents, loseRest } from './losses';
import { timeless } from './attributes';

export { addAttribute, addIds, attributeSamples, samplesHaveIds, setIdCpus } from './attributes';
export { channelFed, channelInput, channelRoom, endChannel, openChannel, recordsOfType, skipBytes, walk } from './records';

export function hostRecordAt(): usize { return hostRecord; }
export function hostRecordBytes(): u32 { return hostBytes; }
export function heldSegments(): u32 { return segmentsHeld(); }
export function waitingRecords(): u32 { return waiting(); }
export function isTimeless(): bool { return timeless; }

/** All CPUs' buffers have been read once more: what is old enough becomes ready. */
export function finishRound(late: u32): void {
  makeReady(endRound(late));
}

/** Everything becomes ready: the input has ended. */
export function finishAll(): void {
  makeReady(u64.MAX_VALUE);
}

/** The older half becomes ready, because too much waits. */
export function finishHalf(): void {
  makeHalfReady();
}

/**
 * Of several files without rounds, what all have been read up to, when `channel` is the one that has got least far. A file may
 * hold several CPUs, one after another: so it counts what had been read before the newest piece of input.
 */
export function finishUpTo(channel: Channel): void {
  makeReady(channel.before);
}

/** Which of two channels has got less far. */
export function isBehind(channel: Channel, other: Channel): bool {
  return channel.time < other.time;
}

/** Decodes what is ready; true: the batch is full before the end. */
export function drain(): bool {
  for (let entry = nextEntry(); entry != 0; entry = nextEntry()) {
    if (!hasRoom()) return true;
    takeEntry(entry);
    leaveSegment(load<u16>(entry, ENTRY_SEGMENT));
    dropEntry();
  }
  closeGap();
  return false;
}

/** Rows for what the totals at the end say beyond; true: the batch is full before the end. */
export function drainLosses(): bool {
  return !loseRest(timeNow);
}

export function cutRecordCount(): u32 { return cutRecords; }
export function damagedPlaceCount(): u32 { return damagedPlaces; }
export function strangerCount(): u32 { return strangers; }
export function filteredCount(): f64 { return filtered as f64; }
export function lostEventCount(): f64 { return lostEvents as f64; }
