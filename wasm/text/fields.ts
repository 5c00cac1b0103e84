/**
 * One field of an event: its text is read and its value put into the row under construction.
 *
 * In: a field of the plan and where its value begins. Out: the pointer behind the value, or 0 when it is none.
 */
import {
  EVENT_ATTRS, EVENT_DEVICE, EVENT_DIR, EVENT_ERROR, EVENT_SIDE, EXTRA_WORDS,
  PLAN_FIELD_NAMES, PlanColumn, PlanRead, TextCounter,
} from '../schema';
import { setU16, setU32, setU64, setU8, sideWord, takeSide } from '../decode/batch';
import { FIELD_COLUMN, FIELD_OFFSET, FIELD_READ, FIELD_TWIN, attributeOf } from './plan';
import { LIST_DMA, LIST_LEN, LIST_PHYS, readList, setEnts, setNents, setTruncated } from './lists';
import { BAR, CLOSE, COMMA, OPEN, OPEN_BRACKET, PLUS, QUOTE, SLASH, endsWord, find, isDigit, number, quoteEnd, readDecimal, readHex, readNumber, wordEnd } from './values';
import { count } from './counters';
import { devices, strangers } from './names';

const ENOMEM: i64 = -12;
/** Errors are the last page of the numbers (MAX_ERRNO, include/linux/err.h). */
const MAX_ERRNO: i64 = 4095;

/** Whether hexadecimal numbers have 0x, as in what libtraceevent prints of events that it cannot parse. */
let plainNumbers: bool = false;
export function setPlainNumbers(on: bool): void {
  plainNumbers = on;
}

const extras: usize = heap.alloc(EXTRA_WORDS << 3);
let extrasUsed: bool = false;

export function clearExtras(): void {
  extrasUsed = false;
}

/** Puts the facts beyond the columns into the side heap. */
export function keepExtras(): void {
  if (!extrasUsed) return;
  const at = takeSide(EXTRA_WORDS);
  memory.copy(sideWord(at), extras, EXTRA_WORDS << 3);
  setU32(EVENT_SIDE, at);
}

function setExtra(index: i32, value: u64): void {
  if (!extrasUsed) memory.fill(extras, 0xff, EXTRA_WORDS << 3);
  extrasUsed = true;
  store<u64>(extras + ((index as usize) << 3), value);
}

/** Reads the value at `at` of a field. */
// @ts-ignore: decorator
@inline
export function readField(field: usize, at: usize, end: usize, flags: u32): usize {
  const read = load<i32>(field, FIELD_READ);
  if (read == PlanRead.hex) {
    const p = plainNumbers ? readNumber(at) : readHex(at);
    if (p != 0 && endsWord(p, end)) return setNumber(field, p);
  }
  if (read == PlanRead.dec) {
    const p = readDecimal(at);
    if (p != 0 && endsWord(p, end)) return setNumber(field, p);
  }
  if (read == PlanRead.dir) return readDirection(at, end);
  if (read == PlanRead.attrs) return readAttributes(at, end, flags);
  return readOther(field, read, at, end);
}

function readOther(field: usize, read: i32, at: usize, end: usize): usize {
  const column = load<i32>(field, FIELD_COLUMN);
  if (read == PlanRead.string) return readDevice(at, end);
  if (read == PlanRead.list) return readList(listOf(column), at, end);
  if (read == PlanRead.flag) return readFlag(at, end);
  if (load<u8>(at) == OPEN) return readNothing(read, at, end);
  const p = read == PlanRead.count ? readCount(at) : read == PlanRead.null_is_error || read == PlanRead.hex ? readHex(at) : readNumber(at);
  if (p == 0 || !endsWord(p, end)) return readSymbol(field, at, end);
  if (read == PlanRead.errno) setError(number as i64);
  else if (read == PlanRead.null_is_error) setError(number == 0 ? ENOMEM : 0);
  else setNumber(field, p);
  return p;
}

/** "ops=mir_ops+0x0/0x30 [dmabug] (-1608497360)": with the option `fields` an address that has a name comes in decimal behind it. */
function readSymbol(field: usize, at: usize, end: usize): usize {
  const stop = wordEnd(at, end);
  const open = find(stop, end, OPEN as u8);
  if (find(at, stop, PLUS as u8) >= stop || open >= end) return 0;
  if (open != stop + 1 && load<u8>(stop + 1) != OPEN_BRACKET) return 0;
  const p = readNumber(open + 1);
  if (p == 0 || load<u8>(p) != CLOSE) return 0;
  setNumber(field, p);
  return p + 1;
}

function listOf(column: i32): i32 {
  return column == PlanColumn.sg_phys ? LIST_PHYS : column == PlanColumn.sg_dma ? LIST_DMA : LIST_LEN;
}

/** "(fault)" and "(null)": a value that is not there; a null pointer that stands for an error is one. */
function readNothing(read: i32, at: usize, end: usize): usize {
  const p = find(at, end, CLOSE as u8);
  if (p >= end) return 0;
  if (read == PlanRead.null_is_error) setError(ENOMEM);
  return p + 1;
}

// @ts-ignore: decorator
@inline
function setNumber(field: usize, p: usize): usize {
  const offset = load<usize>(field, FIELD_OFFSET);
  if (offset != 0) setU64(offset, number);
  else setOther(field, load<i32>(field, FIELD_COLUMN));
  return p;
}

function setOther(field: usize, column: i32): void {
  if (column >= PlanColumn.mm && column <= PlanColumn.other) setExtra(column - PlanColumn.mm, number);
  else setRare(column);
  const twin = load<usize>(field, FIELD_TWIN);
  if (twin != 0) setU64(twin, number);
}

function setRare(column: i32): void {
  if (column == PlanColumn.attrs) setU32(EVENT_ATTRS, number as u32);
  else if (column == PlanColumn.error) setError(number as i64);
  else if (column == PlanColumn.dir) setU8(EVENT_DIR, number < 4 ? number as u8 : 0xff);
  else if (column == PlanColumn.sg_nents) setNents(number);
  else if (column == PlanColumn.sg_ents) setEnts(number);
}

/** Keeps an error as the kernel returns it; 32-bit results are printed unsigned by probes. */
function setError(value: i64): void {
  if (value > 0xfffff000 && value <= 0xffffffff) value -= 0x100000000;
  if (value < 0 && value >= -MAX_ERRNO) setU16(EVENT_ERROR, value as u16);
}

/** "BIDIRECTIONAL", "TO_DEVICE", "FROM_DEVICE", "NONE" (decode_dma_data_direction, include/trace/events/dma.h), or its number. */
function readDirection(at: usize, end: usize): usize {
  const head = load<u32>(at);
  let p: usize = 0;
  let dir: u8 = 0xff;
  if (head == 0x445f4f54) { p = at + 9; dir = 1; } // TO_D
  else if (head == 0x4d4f5246) { p = at + 11; dir = 2; } // FROM
  else if (head == 0x49444942) { p = at + 13; dir = 0; } // BIDI
  else if (head == 0x454e4f4e) { p = at + 4; dir = 3; } // NONE
  else {
    p = readNumber(at);
    if (p != 0 && number < 4) dir = number as u8;
  }
  if (p == 0 || p > end || !endsWord(p, end)) return 0;
  setU8(EVENT_DIR, dir);
  return p;
}

/** "MMIO|SKIP_CPU_SYNC", bits without a name in hexadecimal, or nothing at all (__print_flags). */
// @ts-ignore: decorator
@inline
function readAttributes(at: usize, end: usize, flags: u32): usize {
  if (!endsWord(at, end)) return readAttributeNames(at, end);
  if ((flags & PLAN_FIELD_NAMES) == 0) setU32(EVENT_ATTRS, 0);
  return at;
}

function readAttributeNames(at: usize, end: usize): usize {
  const last = wordEnd(at, end);
  let bits: u32 = 0;
  while (at < last) {
    const stop = find(at, last, BAR as u8);
    const p = isDigit(load<u8>(at)) ? readNumber(at) : 0;
    if (p == stop) bits |= number as u32;
    else bits |= nameBits(at, stop);
    at = stop + 1;
  }
  setU32(EVENT_ATTRS, bits);
  return last;
}

function nameBits(at: usize, end: usize): u32 {
  const bits = end > at ? attributeOf(at, (end - at) as i32) : 0;
  if (bits == 0 && end > at) {
    strangers.intern(at, (end - at) as i32);
    count(TextCounter.attribute_unknown, at, end);
  }
  return bits;
}

/** "3", or "3/5": shown of how many; the full number counts. */
function readCount(at: usize): usize {
  const p = readNumber(at);
  return p != 0 && load<u8>(p) == SLASH ? readNumber(p + 1) : p;
}

/** With the option `fields` a flag has a value, "truncated=(1)" or "=0x1". */
function readFlag(at: usize, end: usize): usize {
  if (load<u8>(at) == OPEN) at++;
  const p = readNumber(at);
  if (p == 0) return 0;
  if (number != 0) setTruncated();
  return wordEnd(p, end);
}

/** A device's name: quoted by probes, else a word. "(fault)" and "(null)" name none. */
// @ts-ignore: decorator
@inline
function readDevice(at: usize, end: usize): usize {
  if (load<u8>(at) == QUOTE) {
    const quote = quoteEnd(at + 1, end);
    setDevice(at + 1, quote);
    return quote < end ? quote + 1 : 0;
  }
  const p = wordEnd(at, end);
  if (load<u8>(at) != OPEN) setDevice(at, p > at && load<u8>(p - 1) == COMMA ? p - 1 : p);
  return p;
}

/** Ids of devices have 16 bits. */
export function setDevice(at: usize, end: usize): void {
  if (end <= at) return;
  const id = devices.id(at, (end - at) as i32);
  if (id > 0xffff) count(TextCounter.device_unnumbered, at, end);
  else setU16(EVENT_DEVICE, id as u16);
}
