/**
 * Streams of event batches, merged by time into the table `events` and replayed as they arrive.
 *
 * In: batches (`schema.ts`), each stream in its own time order, and the tables that turn a stream's ids into the
 * capture's. Out: rows, each replayed before the next batch may overwrite its list.
 *
 *   stream: | block u32 | side heap u32 | words of room u32 | rows u32 | position u32 | ended u32 | ids of names, their counts | buffer u32 | room u32 |
 */
import {
  COLUMN8, EVENT_ADDR, EVENT_ATTRS, EVENT_BYTES, EVENT_COMM, EVENT_CPU, EVENT_DEVICE, EVENT_DIR, EVENT_ERROR, EVENT_LEN, EVENT_LIFETIME,
  EVENT_PHYS, EVENT_SEQ, EVENT_SIDE, EVENT_STACK, EVENT_TID, EVENT_TS, EVENT_TYPE, EXTRA_WORDS, NAME_KINDS, Op, ROWS, ROWS_SHIFT,
  TYPE_FLAG_EXTRA,
} from '../schema';
import { EVENTS, EXTRAS, addRow, blockOf, cell8 } from './table';
import { cpuSlot } from './cpus';
import { replayRow, types } from './replay';
import { finishRow, prepareRow, preparedExtras } from './prepare';
import { repeatOf } from './repeats';
import { giveStack, pushRow, setStack } from './stacks';

import { addLoss } from './losses';
import { NONE, commNow, concernedLifetime, eventCount, isWanted, nextEvent, setComms, setWords } from './now';

const STREAM_BYTES: usize = 64;
const MAX_STREAMS: u32 = 16384;
const S_BLOCK: usize = 0;
const S_SIDE: usize = 4; // where word 0 of the side heap would be
const S_ROWS: usize = 12;
const S_POSITION: usize = 16;
const S_ENDED: usize = 20;
const S_MAPS: usize = 24; // pointer per name kind
const S_MAP_SIZES: usize = 40; // entries per name kind
const S_BUFFER: usize = 56;
const S_ROOM: usize = 60;
const S_ROOM_WORDS: usize = 8;
/** Where among maps and their sizes those of devices stand. */
const DEVICES: usize = 4;

const streams: usize = heap.alloc((MAX_STREAMS as usize) * STREAM_BYTES);
let streamCount: u32 = 0;
/** Buffers that streams come from; the same event may be in several. */
let bufferCount: u32 = 0;

// @ts-ignore: decorator
@inline
function streamAt(stream: u32): usize {
  return streams + (stream as usize) * STREAM_BYTES;
}

/** Adds a stream from a recorder's buffer (0, 1, …); -1 when there are too many. */
export function openStream(buffer: u32): i32 {
  if (streamCount == MAX_STREAMS) return -1;
  const at = streamAt(streamCount);
  memory.fill(at, 0, STREAM_BYTES);
  store<u32>(at, heap.alloc(EVENT_BYTES) as u32, S_BLOCK);
  store<u32>(at, buffer, S_BUFFER);
  bufferCount = max(bufferCount, buffer + 1);
  return streamCount++;
}

/** Where the host puts the stream's next block. */
export function streamBlock(stream: u32): usize {
  return load<u32>(streamAt(stream), S_BLOCK);
}

/** Where the host puts the words that the next rows name: `words` of the batch's side heap, from word `first` on. */
export function streamSide(stream: u32, first: u32, words: u32): usize {
  const at = streamAt(stream);
  if (words > load<u32>(at, S_ROOM_WORDS)) {
    if (load<u32>(at, S_ROOM) != 0) heap.free(load<u32>(at, S_ROOM));
    store<u32>(at, heap.alloc((words as usize) << 3) as u32, S_ROOM);
    store<u32>(at, words, S_ROOM_WORDS);
  }
  store<u32>(at, load<u32>(at, S_ROOM) - (first << 3), S_SIDE);
  return load<u32>(at, S_ROOM);
}

/** Where the host puts the stream's ids of one kind of name (NAME_*): `count` u32, what was there before is kept. */
export function streamNames(stream: u32, kind: u32, count: u32): usize {
  const pointer = streamAt(stream) + S_MAPS + ((kind as usize) << 2);
  const size = streamAt(stream) + S_MAP_SIZES + ((kind as usize) << 2);
  const old = load<u32>(size);
  if (count > old) {
    const room = max(count, old * 2 + 64);
    const at = heap.alloc((room as usize) << 2);
    memory.fill(at, 0, (room as usize) << 2);
    if (old != 0) {
      memory.copy(at, load<u32>(pointer), (old as usize) << 2);
      heap.free(load<u32>(pointer));
    }
    store<u32>(pointer, at as u32);
    store<u32>(size, room);
  }
  return load<u32>(pointer);
}

/** The batch is in place: this many rows. */
export function streamLoad(stream: u32, rows: u32): void {
  store<u32>(streamAt(stream), rows, S_ROWS);
  store<u32>(streamAt(stream), 0, S_POSITION);
}

export function streamEnd(stream: u32): void {
  store<u32>(streamAt(stream), 1, S_ENDED);
}

// @ts-ignore: decorator
@inline
function headTs(at: usize): i64 {
  return load<i64>((load<u32>(at, S_BLOCK) as usize) + EVENT_TS + ((load<u32>(at, S_POSITION) as usize) << 3));
}

/** Replays on until a stream has run dry, and returns it; -1 when all have ended. */
export function advance(): i32 {
  while (true) {
    let first: i32 = -1;
    let firstTs: i64 = 0;
    let second: i32 = -1;
    let secondTs: i64 = 0;
    for (let i: u32 = 0; i < streamCount; i++) {
      const at = streamAt(i);
      if (load<u32>(at, S_POSITION) == load<u32>(at, S_ROWS)) {
        if (load<u32>(at, S_ENDED) == 0) return i;
        continue;
      }
      const ts = headTs(at);
      if (first < 0 || ts < firstTs) {
        second = first;
        secondTs = firstTs;
        first = i;
        firstTs = ts;
      } else if (second < 0 || ts < secondTs) {
        second = i;
        secondTs = ts;
      }
    }
    if (first < 0) return -1;
    run(streamAt(first), second < 0 ? i64.MAX_VALUE : secondTs, second < 0 || first < second);
  }
}

/** Takes the stream's rows before `until` (and those at it, when the stream comes first among equals). */
function run(at: usize, until: i64, inclusive: bool): void {
  const rows = load<u32>(at, S_ROWS);
  const from = load<u32>(at, S_POSITION);
  const stamps = (load<u32>(at, S_BLOCK) as usize) + EVENT_TS;
  let to = from;
  if (until == i64.MAX_VALUE) to = rows;
  else {
    while (to < rows) {
      const ts = load<i64>(stamps + ((to as usize) << 3));
      if (ts > until || (ts == until && !inclusive)) break;
      to++;
    }
  }
  store<u32>(at, to, S_POSITION);
  take(at, from, to);
}

/** Replays rows [from, to) of the stream's batch, and keeps those that are wanted; losses and stacks are acted on where they stand. */
function take(at: usize, from: u32, to: u32): void {
  setComms(load<u32>(at + S_MAPS) as usize, load<u32>(at + S_MAP_SIZES));
  const block = load<u32>(at, S_BLOCK) as usize;
  const side = load<u32>(at, S_SIDE) as usize;
  const buffer = load<u32>(at, S_BUFFER);
  const devices = load<u32>(at + S_MAPS + DEVICES) as usize;
  const deviceCount = load<u32>(at + S_MAP_SIZES + DEVICES);
  for (let row = from; row < to; row++) {
    const i = row as usize;
    const type = load<u64>(types + ((load<u16>(block + EVENT_TYPE + (i << 1)) as usize) << 3));
    const op = ((type as u32) >> 8) & 0xff;
    if (op == <u32>Op.stack || op == <u32>Op.lost) {
      takeMark(at, block, i, op);
      continue;
    }
    const deviceHere = load<u16>(block + EVENT_DEVICE + (i << 1)) as u32;
    const device = deviceHere < deviceCount ? load<u32>(devices + ((deviceHere as usize) << 2)) : 0;
    if (bufferCount > 1 && isRepeat(at, block, i, device)) continue;
    const seq = nextEvent();
    pushRow(buffer, load<u16>(block + EVENT_CPU + (i << 1)), seq);
    const stack = load<u32>(block + EVENT_STACK + (i << 2));
    if (stack != 0) setStack(seq, named(at, 2, stack));
    const offset = load<u32>(block + EVENT_SIDE + (i << 2)) as usize;
    takeEvent(block, i, seq, type, device, offset == 0 ? 0 : side + (offset << 3));
  }
}

// @ts-ignore: decorator
@inline
function takeEvent(block: usize, i: usize, seq: u32, type: u64, ofDevice: u32, words: usize): void {
  let device = ofDevice;
  let extras: usize = ((type >> 24) & TYPE_FLAG_EXTRA) != 0 ? words : 0;
  setWords(extras != 0 ? 0 : words);
  if (type >> 32 != 0) {
    device = prepareRow(block, i, extras, type, device);
    extras = preparedExtras;
  }
  replayRow(block, i, seq, type, device, extras);
  if (type >> 32 != 0) finishRow();
  if (isWanted()) keepRow(block, i, seq, device, extras);
}

function takeMark(at: usize, block: usize, i: usize, op: u32): void {
  const cpu = load<u16>(block + EVENT_CPU + (i << 1));
  if (op == <u32>Op.lost) {
    addLoss(cpuSlot(cpu), cpu, load<i64>(block + EVENT_TS + (i << 3)), load<u64>(block + EVENT_LEN + (i << 3)));
    return;
  }
  giveStack(load<u32>(at, S_BUFFER), cpu, named(at, 2, load<u32>(block + EVENT_STACK + (i << 2))));
}

/** The capture's id for a stream's. */
// @ts-ignore: decorator
@inline
function named(at: usize, kind: usize, id: u32): u32 {
  if (id >= load<u32>(at + S_MAP_SIZES + (kind << 2))) return 0;
  return load<u32>((load<u32>(at + S_MAPS + (kind << 2)) as usize) + ((id as usize) << 2));
}

/** Whether another buffer has shown this event; a stack that follows is for the event as it was first seen. */
function isRepeat(at: usize, block: usize, i: usize, device: u32): bool {
  const buffer = load<u32>(at, S_BUFFER);
  const cpu = load<u16>(block + EVENT_CPU + ((i as usize) << 1));
  const original = repeatOf(block, i, load<i64>(block + EVENT_TS + ((i as usize) << 3)), cpu, device, buffer, eventCount);
  if (original == NONE) return false;
  pushRow(buffer, cpu, original);
  return true;
}

/** Copies a row of a batch to the table, renaming what is named; facts beyond the columns go to the table `extras`. */
function keepRow(from: usize, i: usize, seq: u32, device: u32, words: usize): void {
  const row = addRow(EVENTS);
  const to = blockOf(EVENTS, row >> ROWS_SHIFT);
  const k = (row & (<u32>ROWS - 1)) as usize;
  for (let column = <usize>EVENT_TS; column < <usize>EVENT_ATTRS; column += COLUMN8) {
    store<u64>(to + column + (k << 3), load<u64>(from + column + (i << 3)));
  }
  store<u32>(to + EVENT_ATTRS + (k << 2), load<u32>(from + EVENT_ATTRS + (i << 2)));
  store<u32>(to + EVENT_TID + (k << 2), load<u32>(from + EVENT_TID + (i << 2)));
  store<u32>(to + EVENT_COMM + (k << 2), commNow());
  store<u32>(to + EVENT_STACK + (k << 2), 0); // stacks.ts fills it in at the end
  store<u32>(to + EVENT_SIDE + (k << 2), words == 0 ? u32.MAX_VALUE : addExtra(words));
  store<u32>(to + EVENT_LIFETIME + (k << 2), concernedLifetime());
  store<u32>(to + EVENT_SEQ + (k << 2), seq);
  store<u16>(to + EVENT_CPU + (k << 1), load<u16>(from + EVENT_CPU + (i << 1)));
  store<u16>(to + EVENT_TYPE + (k << 1), load<u16>(from + EVENT_TYPE + (i << 1)));
  store<u16>(to + EVENT_DEVICE + (k << 1), <u16>device);
  store<u16>(to + EVENT_ERROR + (k << 1), load<u16>(from + EVENT_ERROR + (i << 1)));
  store<u8>(to + EVENT_DIR + k, load<u8>(from + EVENT_DIR + i));
}

function addExtra(words: usize): u32 {
  const row = addRow(EXTRAS);
  for (let word: u32 = 0; word < <u32>EXTRA_WORDS; word++) {
    store<u64>(cell8(EXTRAS, (word as usize) * COLUMN8, row), load<u64>(words + ((word as usize) << 3)));
  }
  return row;
}
