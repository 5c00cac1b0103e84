/**
 * Event attributes: what perf was told to record, and so where a sample has what.
 *
 * In: attributes (perf_event_attr: type, config, sample_type, read_format, flags) and the ids of their events, from the
 * host. Out: for a record, its attribute; for an attribute, the offsets of the facts in a sample and in the trailer of
 * other records. include/uapi/linux/perf_event.h draws both:
 *
 *   sample    header | IDENTIFIER | IP | TID | TIME | ADDR | ID | STREAM_ID | CPU | PERIOD | READ … | CALLCHAIN … | RAW …
 *   trailer   … | TID | TIME | ID | STREAM_ID | CPU | IDENTIFIER        of all records but samples, with sample_id_all
 *
 * each 8 bytes, there if its bit is set in sample_type.
 */
import { readU64 } from '../binary/numbers';

const SAMPLE_IP: u32 = 1;
const SAMPLE_TID: u32 = 2;
const SAMPLE_TIME: u32 = 4;
const SAMPLE_ADDR: u32 = 8;
const SAMPLE_READ: u32 = 1 << 4;
const SAMPLE_CALLCHAIN: u32 = 1 << 5;
const SAMPLE_ID: u32 = 1 << 6;
const SAMPLE_CPU: u32 = 1 << 7;
const SAMPLE_PERIOD: u32 = 1 << 8;
const SAMPLE_STREAM_ID: u32 = 1 << 9;
const SAMPLE_RAW: u32 = 1 << 10;
const SAMPLE_IDENTIFIER: u32 = 1 << 16;

/** What a sample of one attribute looks like. Offsets from the end of the record's header; -1: not there. */
// @ts-ignore: decorator
@unmanaged
export class Attribute {
  /** The tracepoint's id, 0 for events of another kind. */
  tracepoint: u32 = 0;
  samples: u32 = 0;
  idAt: i32 = -1;
  tidAt: i32 = -1;
  timeAt: i32 = -1;
  cpuAt: i32 = -1;
  /** Where the parts of variable length begin. */
  partsAt: i32 = 0;
  /** read_format, -1 without READ. */
  readFormat: i32 = -1;
  hasChain: bool = false;
  hasRaw: bool = false;
  /** Bytes of the trailer, and where in it, from the record's end, the facts are; 0: not there. */
  trailer: i32 = 0;
  trailerTime: i32 = 0;
  trailerCpu: i32 = 0;
  trailerId: i32 = 0;
}

export const ATTRIBUTES: u32 = 16384;
const attributes: usize = heap.alloc((ATTRIBUTES as usize) << 2);
export let attributeCount: u32 = 0;

// @ts-ignore: decorator
@inline
export function attributeOf(index: u32): Attribute {
  return changetype<Attribute>(load<u32>(attributes + ((index as usize) << 2)) as usize);
}

let place: i32 = 0;

function next(sampleType: u32, bit: u32): i32 {
  if ((sampleType & bit) == 0) return -1;
  place += 8;
  return place - 8;
}

function placeSample(a: Attribute, sampleType: u32): void {
  place = 0;
  const identifier = next(sampleType, SAMPLE_IDENTIFIER);
  next(sampleType, SAMPLE_IP);
  a.tidAt = next(sampleType, SAMPLE_TID);
  a.timeAt = next(sampleType, SAMPLE_TIME);
  next(sampleType, SAMPLE_ADDR);
  const id = next(sampleType, SAMPLE_ID);
  next(sampleType, SAMPLE_STREAM_ID);
  a.cpuAt = next(sampleType, SAMPLE_CPU);
  next(sampleType, SAMPLE_PERIOD);
  a.partsAt = place;
  a.idAt = identifier >= 0 ? identifier : id;
}

/** From the end backwards. */
function placeTrailer(a: Attribute, sampleType: u32): void {
  place = 0;
  if (next(sampleType, SAMPLE_IDENTIFIER) >= 0) a.trailerId = place;
  a.trailerCpu = next(sampleType, SAMPLE_CPU) < 0 ? 0 : place;
  next(sampleType, SAMPLE_STREAM_ID);
  if (next(sampleType, SAMPLE_ID) >= 0 && a.trailerId == 0) a.trailerId = place;
  a.trailerTime = next(sampleType, SAMPLE_TIME) < 0 ? 0 : place;
  next(sampleType, SAMPLE_TID);
  a.trailer = place;
}

let everyIdentifier: bool = true;
/** Where every attribute's samples have their id, -1 where they differ or have none. */
let commonIdAt: i32 = -1;
/** No attribute has times. */
export let timeless: bool = true;

/** Adds an attribute; its number counts from 0. The host has checked that there is room. */
export function addAttribute(tracepoint: u32, sampleType: u32, readFormat: u32, sampleIdAll: bool): u32 {
  const a = changetype<Attribute>(heap.alloc(offsetof<Attribute>()));
  memory.fill(changetype<usize>(a), 0, offsetof<Attribute>());
  a.tracepoint = tracepoint;
  placeSample(a, sampleType);
  if (sampleIdAll) placeTrailer(a, sampleType);
  a.readFormat = sampleType & SAMPLE_READ ? (readFormat as i32) : -1;
  a.hasChain = (sampleType & SAMPLE_CALLCHAIN) != 0;
  a.hasRaw = (sampleType & SAMPLE_RAW) != 0;
  store<u32>(attributes + ((attributeCount as usize) << 2), changetype<usize>(a) as u32);
  if ((sampleType & SAMPLE_IDENTIFIER) == 0) everyIdentifier = false;
  commonIdAt = attributeCount == 0 || a.idAt == commonIdAt ? a.idAt : -1;
  if (a.timeAt >= 0) timeless = false;
  return attributeCount++;
}

export function attributeSamples(index: u32): u32 {
  return index < attributeCount ? attributeOf(index).samples : 0;
}

// Ids: open addressing, [ id u64 | attribute + 1 u32 | cpu + 1 u32 ] each; an attribute of 0 is a free slot.
let slots: usize = 0;
let mask: u32 = 0;
let used: u32 = 0;
let lastId: u64 = 0;
let lastSlot: usize = 0;

function slotOf(id: u64): usize {
  let hash = (id * 0x9e3779b97f4a7c15) >> 32;
  while (true) {
    const at = slots + (((hash as u32) & mask) as usize << 4);
    if (load<u32>(at, 8) == 0 || load<u64>(at) == id) return at;
    hash++;
  }
}

function growIds(): void {
  const old = slots;
  const oldSlots: u32 = old == 0 ? 0 : mask + 1;
  mask = max<u32>(255, mask * 2 + 1);
  slots = heap.alloc(((mask as usize) + 1) << 4);
  memory.fill(slots, 0, ((mask as usize) + 1) << 4);
  for (let i: u32 = 0; i < oldSlots; i++) {
    const from = old + ((i as usize) << 4);
    if (load<u32>(from, 8) != 0) memory.copy(slotOf(load<u64>(from)), from, 16);
  }
  if (old != 0) heap.free(old);
  lastSlot = 0;
}

/** `count` ids, as the file has them at `at`, are events of this attribute. */
export function addIds(attribute: u32, at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    if (used * 2 >= mask) growIds();
    const id = readU64(at + ((i as usize) << 3));
    const slot = slotOf(id);
    if (load<u32>(slot, 8) == 0) used++;
    store<u64>(slot, id);
    store<u32>(slot, attribute + 1, 8);
    store<u32>(slot, 0, 12);
  }
}

// @ts-ignore: decorator
@inline
function find(id: u64): usize {
  if (lastSlot != 0 && lastId == id) return lastSlot;
  if (slots == 0) return 0;
  const slot = slotOf(id);
  if (load<u32>(slot, 8) == 0) return 0;
  lastId = id;
  lastSlot = slot;
  return slot;
}

/** Entries of an ID_INDEX record: [ id u64 | idx u64 | cpu u64 | tid u64 ] each. */
export function setIdCpus(at: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = at + ((i as usize) << 5);
    const slot = find(readU64(entry));
    const cpu = readU64(entry + 16);
    if (slot != 0 && cpu < 0xffff) store<u32>(slot, (cpu as u32) + 1, 12);
  }
}

/** The CPU of the event with this id, where ID_INDEX told; 0xffff otherwise. */
export function cpuOfId(id: u64): i32 {
  const slot = find(id);
  const cpu = slot == 0 ? 0 : load<u32>(slot, 12);
  return cpu == 0 ? 0xffff : (cpu as i32) - 1;
}

/** The attribute of the sample whose body has `length` bytes at `at`; -1 where none can be told. */
// @ts-ignore: decorator
@inline
export function attributeOfSample(at: usize, length: i32): i32 {
  if (attributeCount == 1 || commonIdAt < 0 || used == 0) return attributeCount == 0 ? -1 : 0;
  if (length < commonIdAt + 8) return -1;
  const slot = find(readU64(at + commonIdAt));
  return slot == 0 ? -1 : (load<u32>(slot, 8) as i32) - 1;
}

/** Whether samples name their attribute by id. */
export function samplesHaveIds(): bool {
  return attributeCount > 1 && commonIdAt >= 0 && used > 0;
}

/** The attribute whose trailer a record has that ends at `end`; records that perf made itself may have id 0. */
export function attributeOfTrailer(end: usize): i32 {
  if (attributeCount == 0) return -1;
  if (!everyIdentifier) return 0;
  const slot = find(readU64(end - 8));
  return slot == 0 ? 0 : (load<u32>(slot, 8) as i32) - 1;
}
