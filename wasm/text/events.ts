/**
 * An event of the trace: its name is counted, and where the plan knows it, it becomes a row.
 *
 * In: the text behind the prefix. Out: a row, or a count.
 *
 *   dma_map_phys: 0000:00:05.0 dir=…                      a tracepoint
 *   p2p_map: (p2p_map+0x4/0x80 [dmabug]) device="…"       a probe at a function's entry
 *   p2p_map_ret: (mir_fill+0x419/0x4e0 <- p2p_map) …      a probe at its return
 *   sys_mmap(addr: 0, …)      sys_mmap -> 0x7fe9eb0a0000  system calls, entry and exit
 *   vfs_write <-ksys_write                                the function tracer
 *   lab:pin_fast: (ffffffff814b6f44) start=0x7fbb666ca000   a probe as perf prints it; trace-cmd leaves "lab:" out
 */
import { PLAN_FIELD_NAMES, PLAN_RETURN, TextCounter } from '../schema';
import { keepRow, startRow } from '../decode/batch';
import {
  VARIANT_FLAGS, VARIANT_FUNCTION, VARIANT_NEXT, VARIANT_NEXT_OF_FUNCTION, VARIANT_SYSTEM, VARIANT_TYPE,
  functionId, systemId, variantsOf, variantsOfFunction,
} from './plan';
import { clearLists, countTooLong, tooLong } from './lists';
import { setPlainNumbers } from './fields';
import { CLOSE, COLON, MINUS, OPEN, PLUS, SPACE, find, readHex, wordEnd } from './values';
import { lineComm, lineCpu, lineTid, lineTs } from './prefix';
import { count } from './counters';
import { events } from './names';
import { readBody } from './body';

const NAME_MAX: usize = 128;
const LESS: u32 = 0x3c;
const OPEN_BRACKET: u32 = 0x5b;
const SYS: u32 = 0x5f737973; // "sys_"
const RETURN_ARROW: u32 = 0x202d3c; // "<- "

/** Events by name id that became no row, and rows by type; grown as names come. */
let nameCounts: usize = heap.alloc(8 << 10);
let nameCapacity: i32 = 1 << 10;
memory.fill(nameCounts, 0, 8 << 10);
const typeCounts: usize = heap.alloc(8 << 16);
memory.fill(typeCounts, 0, 8 << 16);
export let functionLines: f64 = 0;

export function nameCount(name: i32): f64 {
  return name < nameCapacity ? load<f64>(nameCounts + ((name as usize) << 3)) : 0;
}
export function typeCount(type: i32): f64 {
  return load<f64>(typeCounts + ((type as usize) << 3));
}

// @ts-ignore: decorator
@inline
function add(counter: usize): void {
  store<f64>(counter, load<f64>(counter) + 1);
}

/** The system that the line names: an id of the plan's systems. */
let lineSystem: i32 = 0;
const ANY_SYSTEM: i32 = 0;
/** The type of the row kept last. */
let rowType: i32 = 0;

/** What an event's full name stands for, by name id: | first variant of the bare name u32 | system u32 |, found at first sight. */
const LINK_SYSTEM: usize = 4;
const NO_LINK: u64 = u64.MAX_VALUE;
let links: usize = heap.alloc(8 << 10);
let linkCapacity: i32 = 1 << 10;
memory.fill(links, 0xff, 8 << 10);

/** `bare` is where the name itself begins, `at` where its system does. */
function linkOf(name: i32, at: usize, bare: usize, stop: usize): usize {
  while (name >= linkCapacity) growLinks();
  const link = links + ((name as usize) << 3);
  if (load<u64>(link) != NO_LINK) return link;
  const hasSystem = bare > at;
  if (hasSystem) bare++;
  store<usize>(link, variantsOf(events.table.lookup(bare, (stop - bare) as i32)));
  store<i32>(link, hasSystem ? systemId(at, (bare - 1 - at) as i32) : ANY_SYSTEM, LINK_SYSTEM);
  return link;
}

function growLinks(): void {
  const old = links;
  const bytes = (linkCapacity as usize) << 3;
  links = heap.alloc(bytes << 1);
  memory.copy(links, old, bytes);
  memory.fill(links + bytes, 0xff, bytes);
  heap.free(old);
  linkCapacity <<= 1;
}

function countName(name: i32): void {
  while (name >= nameCapacity) growNames();
  add(nameCounts + ((name as usize) << 3));
}

function growNames(): void {
  const old = nameCounts;
  const bytes = (nameCapacity as usize) << 3;
  nameCounts = heap.alloc(bytes << 1);
  memory.copy(nameCounts, old, bytes);
  memory.fill(nameCounts + bytes, 0, bytes);
  heap.free(old);
  nameCapacity <<= 1;
}

/** The end of the event's name: the first of ':', '(' and ' '. */
// @ts-ignore: decorator
@inline
function nameEnd(at: usize, end: usize): usize {
  const limit = min(end, at + NAME_MAX);
  for (; at < limit; at += 16) {
    const v = v128.load(at);
    const stops = v128.or(
      i8x16.eq(v, i8x16.splat(0x3a)),
      v128.or(i8x16.eq(v, i8x16.splat(0x28)), i8x16.eq(v, i8x16.splat(0x20))),
    );
    const hits = i8x16.bitmask(stops);
    if (hits != 0) return min(at + ctz(hits), limit);
  }
  return limit;
}

/** Reads the event whose text is [at, end). */
export function readEvent(at: usize, end: usize): void {
  const stop = nameEnd(at, end);
  const c = load<u8>(stop) as u32;
  if (stop == at || stop >= end) count(TextCounter.line_not_understood, at, end);
  else if (c == COLON) readNamed(at, stop, end);
  else if (c == OPEN) readCall(at, stop, stop + 1, end);
  else if (load<u8>(stop + 1) == MINUS) readCall(at, stop, stop + 2, end);
  else if (load<u8>(stop + 1) == LESS) functionLines += 1;
  else count(TextCounter.line_not_understood, at, end);
}

/** What became of an event. */
enum Outcome { stranger, row, miss }

// @ts-ignore: decorator
@inline
function readNamed(at: usize, stop: usize, end: usize): void {
  const name = events.id(at, (stop - at) as i32);
  lineSystem = ANY_SYSTEM;
  const outcome = readBehindName(variantsOf(name), stop + 1, end);
  if (outcome == Outcome.row) return add(typeCounts + ((rowType as usize) << 3));
  countName(name);
  if (outcome == Outcome.miss) countMiss(at, end);
}

/**
 * A system call as ftrace prints it: "sys_munmap(addr: 0x7f…, len: 0x10000)", "sys_munmap -> 0x0". It is known, and counted, by
 * the name up to `mark`; its events are sys_enter_munmap and sys_exit_munmap.
 */
function readCall(at: usize, stop: usize, mark: usize, end: usize): void {
  const name = events.id(at, (mark - at) as i32);
  const isEntry = mark == stop + 1;
  const variant = load<usize>(callLink(name, at, stop, isEntry));
  lineSystem = ANY_SYSTEM;
  const last = isEntry && load<u8>(end - 1) == CLOSE ? end - 1 : end;
  const outcome = variant == 0 ? Outcome.stranger : readAs(variant, isEntry ? mark : min(mark + 2, end), last, 0);
  if (outcome == Outcome.row) return add(typeCounts + ((rowType as usize) << 3));
  countName(name);
  if (outcome == Outcome.miss) countMiss(at, end);
}

const CALL_PREFIX: usize = 4; // "sys_"
const callName: usize = heap.alloc(NAME_MAX + 64);

/** The link of a call's printed name, found at first sight. */
function callLink(name: i32, at: usize, stop: usize, isEntry: bool): usize {
  while (name >= linkCapacity) growLinks();
  const link = links + ((name as usize) << 3);
  if (load<u64>(link) != NO_LINK) return link;
  const prefix = isEntry ? "sys_enter_" : "sys_exit_";
  const length = String.UTF8.encodeUnsafe(changetype<usize>(prefix), prefix.length, callName);
  memory.copy(callName + length, at + CALL_PREFIX, stop - at);
  const known = stop - at > CALL_PREFIX && load<u32>(at) == SYS;
  const id = known ? events.table.lookup(callName, (length + stop - at - CALL_PREFIX) as i32) : 0;
  store<u64>(link, 0);
  if (id != 0) store<usize>(link, variantsOf(id));
  return link;
}

/** The event "system:name: …", as perf prints it; counted by the two names together. The system may be missing. */
export function readQualified(at: usize, end: usize): void {
  const colon = nameEnd(at, end);
  const inName = load<u8>(colon) == COLON && load<u8>(colon + 1) > SPACE;
  const stop = inName ? nameEnd(colon + 1, end) : colon;
  if (stop == at || stop >= end || load<u8>(stop) != COLON) return count(TextCounter.line_not_understood, at, end);
  const name = events.id(at, (stop - at) as i32);
  countName(name);
  const link = linkOf(name, at, inName ? colon : at, stop);
  lineSystem = load<i32>(link, LINK_SYSTEM);
  if (readBehindName(load<usize>(link), stop + 1, end) == Outcome.miss) countMiss(at, end);
}

// @ts-ignore: decorator
@inline
function readBehindName(variant: usize, body: usize, end: usize): Outcome {
  while (load<u8>(body) == SPACE) body++;
  const c = load<u8>(body) as u32;
  if (c == OPEN) return readPerhapsProbe(variant, body, end);
  if (variant == 0) return Outcome.stranger;
  if (c == OPEN_BRACKET && startsUnparsed(body, end)) return readUnparsed(variant, body + UNPARSED_BYTES, end);
  return readAs(variant, body, end, 0);
}

/** Whether the variant reads the body: then it is a row. */
// @ts-ignore: decorator
@inline
function tryVariant(variant: usize, body: usize, end: usize): bool {
  const system = load<i32>(variant, VARIANT_SYSTEM);
  if (lineSystem != ANY_SYSTEM && system != 0 && system != lineSystem) return false;
  rowType = load<i32>(variant, VARIANT_TYPE);
  startRow(rowType, lineTs, lineCpu, lineTid, lineComm);
  if (!readBody(variant, body, end)) return false;
  keepRow();
  return true;
}

/** The first of the variants that the body fits becomes a row. `onFunction`: the probe's function id, 0 = body of a tracepoint. */
// @ts-ignore: decorator
@inline
function readAs(variant: usize, body: usize, end: usize, onFunction: i32): Outcome {
  for (; variant != 0; variant = load<usize>(variant, VARIANT_NEXT)) {
    if (onFunction != 0 && load<i32>(variant, VARIANT_FUNCTION) != 0 && load<i32>(variant, VARIANT_FUNCTION) != onFunction) continue;
    if (tryVariant(variant, body, end)) return Outcome.row;
    if (tooLong) break;
  }
  return Outcome.miss;
}

/**
 * libtraceevent cannot print every event; then it prints the fields by their names, numbers in decimal unless they have 0x:
 *
 *   [FAILED TO PARSE] device=0000:00:05.0 full_nents=4 … phys_addrs=ARRAY[00, a0, f5, …] … dir=1 attrs=0x0
 */
const UNPARSED: u64 = 0x2044454c4941465b; // "[FAILED "
const UNPARSED_BYTES: usize = 17;

function startsUnparsed(at: usize, end: usize): bool {
  return at + UNPARSED_BYTES < end && load<u64>(at) == UNPARSED;
}

function readUnparsed(variant: usize, body: usize, end: usize): Outcome {
  setPlainNumbers(true);
  const row = tryLabels(variant, body, end, PLAN_FIELD_NAMES) || !tooLong && tryLabels(variant, body, end, 0);
  setPlainNumbers(false);
  return row ? Outcome.row : Outcome.miss;
}

/** Tries the variants whose labels are the fields' names, or the others. */
function tryLabels(variant: usize, body: usize, end: usize, labels: u32): bool {
  for (; variant != 0; variant = load<usize>(variant, VARIANT_NEXT)) {
    if ((load<u32>(variant, VARIANT_FLAGS) & PLAN_FIELD_NAMES) == labels && tryVariant(variant, body, end)) return true;
    if (tooLong) break;
  }
  return false;
}

function countMiss(at: usize, end: usize): void {
  if (tooLong) {
    countTooLong(at, end);
    clearLists();
  } else count(TextCounter.event_not_understood, at, end);
}

/** An event whose body begins with a parenthesis. */
function readPerhapsProbe(variant: usize, body: usize, end: usize): Outcome {
  const close = find(body, end, CLOSE as u8);
  const named = close < end && find(body, close, PLUS as u8) < close;
  if (!named) {
    if (variant == 0) return Outcome.stranger;
    return readAs(variant, close < end && isAddress(body, close) ? close + 1 : body, end, 0);
  }
  const arrow = returnArrow(body, close);
  const id = arrow != 0 ? functionAt(arrow + 3, close) : functionAt(body + 1, close);
  if (variant == 0) return id == 0 ? Outcome.stranger : readByFunction(id, arrow != 0, close + 1, end);
  return readAs(variant, close + 1, end, id == 0 ? -1 : id) == Outcome.row ? Outcome.row : Outcome.stranger;
}

/** "(ffffffff814b6f44)" or "(ffffffff814b6f44 <- ffffffff8170e93f)": the tools do not say which function a probe is on. */
function isAddress(at: usize, close: usize): bool {
  const p = readHex(at + 1);
  return p == close || p != 0 && load<u8>(p) == SPACE && (load<u32>(p + 1) & 0xffffff) == RETURN_ARROW;
}

/** Where "<- " stands in "(caller+0x1/0x2 <- function)", or 0. */
function returnArrow(at: usize, close: usize): usize {
  for (let p = find(at, close, LESS as u8); p < close; p = find(p + 1, close, LESS as u8)) {
    if ((load<u32>(p) & 0xffffff) == RETURN_ARROW) return p;
  }
  return 0;
}

/** The id of the function whose name begins at `at`, or 0 where no variant is on it. */
function functionAt(at: usize, close: usize): i32 {
  const stop = min(find(at, close, PLUS as u8), wordEnd(at, close));
  return stop > at ? functionId(at, (stop - at) as i32) : 0;
}

/** A probe under a name of its author's choice, on a function that the plan knows: a row, but counted by its own name. */
function readByFunction(id: i32, isReturn: bool, body: usize, end: usize): Outcome {
  for (let v = variantsOfFunction(id); v != 0; v = load<usize>(v, VARIANT_NEXT_OF_FUNCTION)) {
    if (((load<u32>(v, VARIANT_FLAGS) & PLAN_RETURN) != 0) == isReturn && tryVariant(v, body, end)) break;
  }
  return Outcome.stranger;
}
