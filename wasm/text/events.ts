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
 */
import { PLAN_RETURN, TextCounter } from '../schema';
import { keepRow, startRow } from '../decode/batch';
import {
  VARIANT_FLAGS, VARIANT_FUNCTION, VARIANT_NEXT, VARIANT_NEXT_OF_FUNCTION, VARIANT_TYPE,
  functionId, variantsOf, variantsOfFunction,
} from './plan';
import { clearLists, countTooLong, tooLong } from './lists';
import { CLOSE, COLON, MINUS, OPEN, PLUS, SPACE, find, wordEnd } from './values';
import { lineComm, lineCpu, lineTid, lineTs } from './prefix';
import { count } from './counters';
import { events } from './names';
import { readBody } from './body';

const NAME_MAX: usize = 128;
const LESS: u32 = 0x3c;
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
  else if (c == OPEN) countName(events.id(at, (stop - at) as i32 + 1));
  else if (load<u8>(stop + 1) == MINUS) countName(events.id(at, (stop - at) as i32 + 2));
  else if (load<u8>(stop + 1) == LESS) functionLines += 1;
  else count(TextCounter.line_not_understood, at, end);
}

// @ts-ignore: decorator
@inline
function readNamed(at: usize, stop: usize, end: usize): void {
  const name = events.id(at, (stop - at) as i32);
  const variant = variantsOf(name);
  let body = stop + 1;
  while (load<u8>(body) == SPACE) body++;
  if (load<u8>(body) == OPEN || variant == 0) return readPerhapsProbe(name, variant, body, end);
  if (readAs(variant, body, end, 0)) return;
  countName(name);
  countMiss(at, end);
}

/** The first of the variants that the body fits becomes a row. `onFunction`: the probe's function id, 0 = body of a tracepoint. */
// @ts-ignore: decorator
@inline
function readAs(variant: usize, body: usize, end: usize, onFunction: i32): bool {
  for (; variant != 0; variant = load<usize>(variant, VARIANT_NEXT)) {
    if (onFunction != 0 && load<i32>(variant, VARIANT_FUNCTION) != 0 && load<i32>(variant, VARIANT_FUNCTION) != onFunction) continue;
    const type = load<i32>(variant, VARIANT_TYPE);
    startRow(type, lineTs, lineCpu, lineTid, lineComm);
    if (!readBody(variant, body, end)) {
      if (tooLong) break;
      continue;
    }
    keepRow();
    add(typeCounts + ((type as usize) << 3));
    return true;
  }
  return false;
}

function countMiss(at: usize, end: usize): void {
  if (tooLong) {
    countTooLong(at, end);
    clearLists();
  } else count(TextCounter.event_not_understood, at, end);
}

/** An event that the plan does not know by name, or whose body begins with a parenthesis. */
function readPerhapsProbe(name: i32, variant: usize, body: usize, end: usize): void {
  const close = load<u8>(body) == OPEN ? find(body, end, CLOSE as u8) : end;
  const isProbe = close < end && find(body, close, PLUS as u8) < close;
  if (!isProbe) {
    if (variant != 0 && readAs(variant, body, end, 0)) return;
    countName(name);
    if (variant != 0) countMiss(body, end);
    return;
  }
  const arrow = returnArrow(body, close);
  const id = arrow != 0 ? functionAt(arrow + 3, close) : functionAt(body + 1, close);
  if (variant != 0 && readAs(variant, close + 1, end, id == 0 ? -1 : id)) return;
  countName(name);
  if (variant == 0 && id != 0) readByFunction(id, arrow != 0, close + 1, end);
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

/** A probe under a name of its author's choice, on a function that the plan knows. The name was counted already. */
function readByFunction(id: i32, isReturn: bool, body: usize, end: usize): void {
  for (let v = variantsOfFunction(id); v != 0; v = load<usize>(v, VARIANT_NEXT_OF_FUNCTION)) {
    if (((load<u32>(v, VARIANT_FLAGS) & PLAN_RETURN) != 0) != isReturn) continue;
    startRow(load<i32>(v, VARIANT_TYPE), lineTs, lineCpu, lineTid, lineComm);
    if (!readBody(v, body, end)) continue;
    return keepRow();
  }
}
