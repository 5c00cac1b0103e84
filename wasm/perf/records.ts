/**
 * The records of a perf.data, as they stand in the file: sorted into those that wait for their turn, those that take
 * effect at once, and those that only the host understands.
 *
 * In: bytes by channel (the file, what its compressed records hold, each file of a directory). Out: entries in the queue;
 * a reason to stop.
 *
 *   record   type u32 | misc u16 | size u16 | …        size bytes in all (include/uapi/linux/perf_event.h)
 */
import { readU16, readU32, readU64 } from '../binary/numbers';
import { tallyRecord } from '../binary/tally';
import { Attribute, attributeCount, attributeOf, attributeOfSample, attributeOfTrailer, cpuOfId, timeless } from './attributes';
import { LOST_MOST, filterOut, loseInTotal } from './losses';
import { addEntry } from './queue';
import {
  ONE_LOST, RECORD_COMM, RECORD_FORK, RECORD_LOST, RECORD_LOST_SAMPLES, RECORD_SAMPLE, SOME_LOST, takeComm, takeFork,
} from './sample';
import { leaveSegment, SEGMENT_BYTES, segmentAt, takeSegment, useSegment } from './segments';
import { noteTime } from './rounds';

/** From here on perf's own record types (tools/lib/perf/include/perf/event.h); before, the kernel's. */
const USER_TYPES: u32 = 64;
const FINISHED_ROUND: u32 = 68;
const LARGEST_TYPE: u32 = 127;
const LARGEST_RECORD: u32 = 65536;
const LARGEST_KERNEL_TYPE: u32 = 40;
/** LOST_SAMPLES of a BPF filter (PERF_RECORD_MISC_LOST_SAMPLES_BPF). */
const MISC_FILTERED: u32 = 1 << 15;
/** Times have 63 bits. */
const NO_TIME: u64 = 1 << 63;

const NO_CPU: i32 = 0xffff;

/** Why `walk` stopped. */
const NEEDS_INPUT: i32 = 0;
const ROUND: i32 = 1;
const HOST: i32 = 2;

/** The record for the host. */
export let hostRecord: usize = 0;
export let hostBytes: u32 = 0;

export let cutRecords: u32 = 0;
export let damagedPlaces: u32 = 0;
export let strangers: u32 = 0;

/** Records seen, by type. */
const seen: usize = heap.alloc(((LARGEST_TYPE as usize) + 1) << 2);
memory.fill(seen, 0, ((LARGEST_TYPE as usize) + 1) << 2);

export function recordsOfType(type: u32): u32 {
  return type > LARGEST_TYPE ? 0 : load<u32>(seen + ((type as usize) << 2));
}

/** One sequence of bytes that records follow each other in. */
// @ts-ignore: decorator
@unmanaged
export class Channel {
  segment: u32 = 0;
  /** Of the segment, how many bytes are filled, and how many of these are done. */
  length: u32 = 0;
  at: u32 = 0;
  /** Looking for where records begin again after damage. */
  searching: bool = false;
  /** Bytes that follow a record without being one. */
  skip: u64 = 0;
  /** The newest record's time, and what it was when input was added last. */
  time: u64 = 0;
  before: u64 = 0;
}

export function openChannel(): Channel {
  const channel = changetype<Channel>(heap.alloc(offsetof<Channel>()));
  memory.fill(changetype<usize>(channel), 0, offsetof<Channel>());
  channel.segment = takeSegment();
  return channel;
}

/** Where the next bytes go; there is room for `channelRoom` of them. */
export function channelInput(channel: Channel): usize {
  if (SEGMENT_BYTES - channel.length < LARGEST_RECORD) nextSegment(channel);
  return segmentAt(channel.segment) + channel.length;
}

export function channelRoom(channel: Channel): u32 {
  return SEGMENT_BYTES - channel.length;
}

export function channelFed(channel: Channel, bytes: u32): void {
  channel.before = channel.time;
  channel.length = min(channel.length + bytes, SEGMENT_BYTES);
}

/** The bytes that are not done move to a fresh segment: they are less than three records. */
function nextSegment(channel: Channel): void {
  const old = channel.segment;
  const left = channel.length - channel.at;
  channel.segment = takeSegment();
  memory.copy(segmentAt(channel.segment), segmentAt(old) + channel.at, left);
  channel.length = left;
  channel.at = 0;
  leaveSegment(old);
}

/** The next `bytes` bytes are no records. */
export function skipBytes(channel: Channel, bytes: f64): void {
  channel.skip = bytes as u64;
}

/** The input has ended. True: there are records left to walk. */
export function endChannel(channel: Channel): bool {
  if (channel.searching) return search(channel, true);
  if (channel.skip == 0 && channel.length > channel.at) {
    cutRecords++;
    lose(channel, SOME_LOST);
  }
  channel.at = channel.length;
  return false;
}

function lose(channel: Channel, what: u32): void {
  useSegment(channel.segment);
  addEntry(channel.time, 0, what, channel.segment);
}

// @ts-ignore: decorator
@inline
function isPlausible(type: u32, size: u32): bool {
  if (size < 8) return false;
  if (type >= USER_TYPES) return type <= LARGEST_TYPE;
  return type > 0 && type <= LARGEST_KERNEL_TYPE && (size & 7) == 0;
}

/** More is asked of a record where it is not known that one begins. */
function isCertain(at: usize, left: u32): bool {
  const type = readU32(at);
  const size = readU16(at + 6);
  if (type == FINISHED_ROUND) return size == 8 && readU16(at + 4) == 0;
  if (type >= USER_TYPES || !isPlausible(type, size)) return false;
  return type != RECORD_SAMPLE || (size > 16 && left >= size && attributeOfSample(at + 8, size - 8) >= 0);
}

/** Records in a row make a beginning: three, or all up to the end of the input. 1: here; 0: not here; -1: more input will tell. */
function beginsAt(base: usize, at: u32, length: u32, isEnd: bool): i32 {
  for (let chain = 0; chain < 3; chain++) {
    const left = length - at;
    if (isEnd && left == 0 && chain > 0) return 1;
    if (left < 8) return isEnd ? 0 : -1;
    const size = readU16(base + at + 6);
    if (size > left) return !isEnd && isPlausible(readU32(base + at), size) ? -1 : 0;
    if (!isCertain(base + at, left)) return 0;
    at += size;
  }
  return 1;
}

/** Goes on where records begin again; false: not in what there is. */
function search(channel: Channel, isEnd: bool): bool {
  const base = segmentAt(channel.segment);
  let undecided: u32 = u32.MAX_VALUE;
  for (let at = channel.at; at + 8 <= channel.length; at++) {
    const begins = beginsAt(base, at, channel.length, isEnd);
    if (begins < 0) undecided = min(undecided, at);
    if (begins <= 0) continue;
    channel.at = at;
    channel.searching = false;
    return true;
  }
  const rest = channel.length - min<u32>(channel.length - channel.at, 7);
  channel.at = min(undecided, rest);
  return false;
}

function startSearch(channel: Channel): void {
  damagedPlaces++;
  lose(channel, SOME_LOST);
  channel.searching = true;
  channel.at++;
}

/** Sorts the channel's records until something else has to be done first. */
export function walk(channel: Channel): i32 {
  while (true) {
    if (channel.skip > 0) {
      const bytes = min(channel.skip, (channel.length - channel.at) as u64);
      channel.at += bytes as u32;
      channel.skip -= bytes;
      if (channel.skip > 0) return NEEDS_INPUT;
    }
    if (channel.searching && !search(channel, false)) return NEEDS_INPUT;
    const left = channel.length - channel.at;
    if (left < 8) return NEEDS_INPUT;
    const at = segmentAt(channel.segment) + channel.at;
    const type = readU32(at);
    const size = readU16(at + 6);
    if (!isPlausible(type, size)) {
      startSearch(channel);
      continue;
    }
    if (size > left) return NEEDS_INPUT;
    channel.at += size;
    store<u32>(seen + ((type as usize) << 2), recordsOfType(type) + 1);
    if (type == RECORD_SAMPLE) queueSample(channel, at, size);
    else if (type == FINISHED_ROUND) return ROUND;
    else if (type >= USER_TYPES) {
      hostRecord = at;
      hostBytes = size;
      return HOST;
    } else takeKernelRecord(channel, at, type, size);
  }
}

function damagedRecord(channel: Channel): void {
  tallyRecord();
  lose(channel, ONE_LOST);
}

let serial: u64 = 0;

function queueSample(channel: Channel, at: usize, size: u32): void {
  const index = attributeOfSample(at + 8, size - 8);
  if (index < 0) {
    strangers++;
    return lose(channel, ONE_LOST);
  }
  const a = attributeOf(index);
  if (((size - 8) as i32) < a.partsAt) return damagedRecord(channel);
  let time = channel.time;
  if (a.timeAt >= 0) time = readU64(at + 8 + a.timeAt);
  else if (timeless) time = ++serial;
  if (time >= NO_TIME) return damagedRecord(channel);
  channel.time = time;
  noteTime(a.cpuAt < 0 ? 0 : readU32(at + 8 + a.cpuAt), time);
  useSegment(channel.segment);
  addEntry(time, at, index, channel.segment);
}

/** Bytes that the records we read have before their trailer. */
function leastBytes(type: u32): u32 {
  if (type == RECORD_FORK) return 32;
  return type == RECORD_LOST_SAMPLES ? 16 : type == RECORD_LOST || type == RECORD_COMM ? 24 : 0;
}

function takeKernelRecord(channel: Channel, at: usize, type: u32, size: u32): void {
  const least = leastBytes(type);
  if (least == 0) return;
  const end = at + (size as usize);
  if (attributeCount == 0) return;
  // A record with no room for a trailer's id can only be of a capture without trailers.
  const index = size >= least + 8 ? attributeOfTrailer(end) : 0;
  const a = attributeOf(index);
  if (size < least + (a.trailer as u32)) return damagedRecord(channel);
  let time = a.trailerTime > 0 ? readU64(end - a.trailerTime) : 0;
  if (time >= NO_TIME) return damagedRecord(channel);
  if (time == 0) {
    // What perf made up itself has no time: names of tasks from before the first event, and totals.
    if (type == RECORD_COMM) return takeComm(at, end - a.trailer);
    if (type == RECORD_FORK) return takeFork(at);
    if (type == RECORD_LOST_SAMPLES) return takeTotal(a, at, end);
    time = channel.time;
  }
  channel.time = time;
  useSegment(channel.segment);
  addEntry(time, at, index, channel.segment);
}

/** A total of one event on one CPU; its trailer has the id, and not always the CPU. */
function takeTotal(a: Attribute, at: usize, end: usize): void {
  const count = readU64(at + 8);
  const cpu = a.trailerId > 0 ? cpuOfId(readU64(end - a.trailerId)) : NO_CPU;
  if (count > LOST_MOST) {
    tallyRecord();
    loseInTotal(cpu, 1);
  } else if (readU16(at + 4) & MISC_FILTERED) filterOut(count);
  else loseInTotal(cpu, count);
}
