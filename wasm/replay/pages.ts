/**
 * Page lifetimes: from when to when at least one mapping covered a page, as runs of neighbouring pages with one history.
 *
 * In: the finished table `lifetimes`. Out: rows of `page_lifetimes`; only on request, most reports never need them.
 *
 * The mapped pages of each space are disjoint runs in a treap; a mapping splits the runs at its edges, so a gigabyte
 * costs what a page costs.
 *
 *   run: | first u64 | last u64 | opened ts i64 | count u32 | peak u32 | lifetime u32 | priority u32 | left u32 | right u32 |
 */
import {
  LIFETIME_ADDR, LIFETIME_CLOSED_TS, LIFETIME_CLOSE_SEQ, LIFETIME_DEVICE, LIFETIME_ID, LIFETIME_LAYER, LIFETIME_LEN, LIFETIME_OPENED_TS,
  LIFETIME_OPEN_SEQ, Layer, PAGE_CLOSED_TS, PAGE_COUNT, PAGE_FIRST,
  PAGE_LAYER, PAGE_LIFETIME, PAGE_OPENED_TS, PAGE_PEAK, PAGE_SPACE,
} from '../schema';
import { LIFETIMES, PAGES, addRow, cell1, cell2, cell4, cell8, rowsOf } from './table';
import { ABSENT, NONE, endOfRange, eventCount } from './now';
import { numberCount } from './lifetimes';

const RUN: usize = 56;
const R_LAST: usize = 8;
const R_OPENED: usize = 16;
const R_COUNT: usize = 24;
const R_PEAK: usize = 28;
const R_LIFETIME: usize = 32;
const R_PRIORITY: usize = 36;
const R_LEFT: usize = 40;
const R_RIGHT: usize = 44;

const roots: usize = heap.alloc(65536 << 2);
let freeRun: u32 = 0;
let seed: u32 = 0x9e3779b9;
let shift: u32 = 12;

// ------------------------------------------------------------------------------------ runs in order
// @ts-ignore: decorator
@inline
function firstOf(run: u32): u64 {
  return load<u64>(run);
}
// @ts-ignore: decorator
@inline
function lastOf(run: u32): u64 {
  return load<u64>(run, R_LAST);
}

function newRun(first: u64, last: u64, opened: i64, lifetime: u32): u32 {
  if (freeRun == 0) {
    const batch = heap.alloc(1024 * RUN) as u32;
    for (let i: u32 = 0; i < 1024; i++) {
      store<u32>(batch + i * (RUN as u32), freeRun);
      freeRun = batch + i * (RUN as u32);
    }
  }
  const run = freeRun;
  freeRun = load<u32>(run);
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  store<u64>(run, first);
  store<u64>(run, last, R_LAST);
  store<i64>(run, opened, R_OPENED);
  store<u32>(run, 1, R_COUNT);
  store<u32>(run, 1, R_PEAK);
  store<u32>(run, lifetime, R_LIFETIME);
  store<u32>(run, seed, R_PRIORITY);
  store<u64>(run, 0, R_LEFT);
  return run;
}

function insertRun(root: u32, run: u32): u32 {
  if (root == 0) return run;
  const side: u32 = firstOf(run) < firstOf(root) ? <u32>R_LEFT : <u32>R_RIGHT;
  const other: u32 = side == <u32>R_LEFT ? <u32>R_RIGHT : <u32>R_LEFT;
  const child = insertRun(load<u32>(root + side), run);
  store<u32>(root + side, child);
  if (load<u32>(child, R_PRIORITY) <= load<u32>(root, R_PRIORITY)) return root;
  store<u32>(root + side, load<u32>(child + other));
  store<u32>(child + other, root);
  return child;
}

function joinRuns(left: u32, right: u32): u32 {
  if (left == 0) return right;
  if (right == 0) return left;
  if (load<u32>(left, R_PRIORITY) > load<u32>(right, R_PRIORITY)) {
    store<u32>(left, joinRuns(load<u32>(left, R_RIGHT), right), R_RIGHT);
    return left;
  }
  store<u32>(right, joinRuns(left, load<u32>(right, R_LEFT)), R_LEFT);
  return right;
}

function removeRun(root: u32, first: u64): u32 {
  if (root == 0) return 0;
  if (firstOf(root) == first) {
    const rest = joinRuns(load<u32>(root, R_LEFT), load<u32>(root, R_RIGHT));
    store<u32>(root, freeRun);
    freeRun = root;
    return rest;
  }
  const side: u32 = first < firstOf(root) ? <u32>R_LEFT : <u32>R_RIGHT;
  store<u32>(root + side, removeRun(load<u32>(root + side), first));
  return root;
}

/** The first run that ends at `page` or later, 0 = none. */
function runFrom(root: u32, page: u64): u32 {
  let best: u32 = 0;
  while (root != 0) {
    if (lastOf(root) >= page) {
      best = root;
      root = load<u32>(root, R_LEFT);
    } else root = load<u32>(root, R_RIGHT);
  }
  return best;
}

/** Cuts a run before `page`, which is inside it, and returns the part from `page` on. */
function splitRun(root: usize, run: u32, page: u64): u32 {
  const rest = newRun(page, lastOf(run), load<i64>(run, R_OPENED), load<u32>(run, R_LIFETIME));
  store<u32>(rest, load<u32>(run, R_COUNT), R_COUNT);
  store<u32>(rest, load<u32>(run, R_PEAK), R_PEAK);
  store<u64>(run, page - 1, R_LAST);
  store<u32>(root, insertRun(load<u32>(root), rest));
  return rest;
}

// ------------------------------------------------------------------------------------ mapping and unmapping
function map(root: usize, first: u64, last: u64, ts: i64, lifetime: u32): void {
  for (let page = first; page <= last; ) {
    let run = runFrom(load<u32>(root), page);
    if (run == 0 || firstOf(run) > page) {
      const end = run == 0 || firstOf(run) > last ? last : firstOf(run) - 1;
      store<u32>(root, insertRun(load<u32>(root), newRun(page, end, ts, lifetime)));
      page = end + 1;
      continue;
    }
    run = exactRun(root, run, page, last);
    store<u32>(run, load<u32>(run, R_COUNT) + 1, R_COUNT);
    store<u32>(run, max(load<u32>(run, R_PEAK), load<u32>(run, R_COUNT)), R_PEAK);
    page = lastOf(run) + 1;
  }
}

function unmap(root: usize, first: u64, last: u64, ts: i64, layer: u32, space: u32): void {
  for (let page = first; page <= last; ) {
    let run = runFrom(load<u32>(root), page);
    if (run == 0 || firstOf(run) > last) return;
    run = exactRun(root, run, max(page, firstOf(run)), last);
    page = lastOf(run) + 1;
    const count = load<u32>(run, R_COUNT) - 1;
    store<u32>(run, count, R_COUNT);
    if (count != 0) continue;
    emit(run, ts, layer, space);
    store<u32>(root, removeRun(load<u32>(root), firstOf(run)));
  }
}

/** The part of a run that lies in [page, last]; page is inside it. */
function exactRun(root: usize, run: u32, page: u64, last: u64): u32 {
  if (firstOf(run) < page) run = splitRun(root, run, page);
  if (lastOf(run) > last) splitRun(root, run, last + 1);
  return run;
}

/** Adds a row, or lengthens the row before when the pages follow on with the same history. */
function emit(run: u32, closed: i64, layer: u32, space: u32): void {
  const pages = lastOf(run) - firstOf(run) + 1;
  if (continues(run, closed, layer, space)) {
    const at = cell8(PAGES, PAGE_COUNT, rowsOf(PAGES) - 1);
    store<u64>(at, load<u64>(at) + pages);
    return;
  }
  const row = addRow(PAGES);
  store<u64>(cell8(PAGES, PAGE_FIRST, row), firstOf(run));
  store<u64>(cell8(PAGES, PAGE_COUNT, row), pages);
  store<i64>(cell8(PAGES, PAGE_OPENED_TS, row), load<i64>(run, R_OPENED));
  store<i64>(cell8(PAGES, PAGE_CLOSED_TS, row), closed);
  store<u32>(cell4(PAGES, PAGE_LIFETIME, row), load<u32>(run, R_LIFETIME));
  store<u32>(cell4(PAGES, PAGE_PEAK, row), load<u32>(run, R_PEAK));
  store<u16>(cell2(PAGES, PAGE_SPACE, row), <u16>space);
  store<u8>(cell1(PAGES, PAGE_LAYER, row), <u8>layer);
}

function continues(run: u32, closed: i64, layer: u32, space: u32): bool {
  if (rowsOf(PAGES) == 0) return false;
  const row = rowsOf(PAGES) - 1;
  return load<u64>(cell8(PAGES, PAGE_FIRST, row)) + load<u64>(cell8(PAGES, PAGE_COUNT, row)) == firstOf(run)
    && load<i64>(cell8(PAGES, PAGE_OPENED_TS, row)) == load<i64>(run, R_OPENED)
    && load<i64>(cell8(PAGES, PAGE_CLOSED_TS, row)) == closed
    && load<u32>(cell4(PAGES, PAGE_LIFETIME, row)) == load<u32>(run, R_LIFETIME)
    && load<u32>(cell4(PAGES, PAGE_PEAK, row)) == load<u32>(run, R_PEAK)
    && load<u16>(cell2(PAGES, PAGE_SPACE, row)) == <u16>space
    && load<u8>(cell1(PAGES, PAGE_LAYER, row)) == <u8>layer;
}

function emitAll(run: u32, layer: u32, space: u32): void {
  if (run == 0) return;
  emitAll(load<u32>(run, R_LEFT), layer, space);
  emit(run, -1, layer, space);
  emitAll(load<u32>(run, R_RIGHT), layer, space);
  store<u32>(run, freeRun);
  freeRun = run;
}

// ------------------------------------------------------------------------------------ all lifetimes, in order
/** Computes the page lifetimes of both layers, for pages of 1 << pageShift bytes. */
export function buildPages(pageShift: u32): void {
  shift = pageShift;
  const events = eventCount;
  const order = rowsById();
  const opens = chains(events, LIFETIME_OPEN_SEQ, order);
  const closes = chains(events, LIFETIME_CLOSE_SEQ, order);
  heap.free(order);
  buildLayer(<u32>Layer.dma, events, opens, closes);
  buildLayer(<u32>Layer.iommu, events, opens, closes);
  heap.free(opens);
  heap.free(closes);
}

/** The row of each lifetime by its id, NONE where it has none: rows come in the order of ends. */
function rowsById(): usize {
  const bytes = (numberCount() as usize) << 2;
  const at = heap.alloc(bytes);
  memory.fill(at, 0xff, bytes);
  for (let row: u32 = 0; row < rowsOf(LIFETIMES); row++) {
    store<u32>(at + ((load<u32>(cell4(LIFETIMES, LIFETIME_ID, row)) as usize) << 2), row);
  }
  return at;
}

/** For each event the rows of lifetimes whose `column` names it, by id: first[event], then next[row]; NONE ends a chain. */
function chains(events: u32, column: usize, order: usize): usize {
  const rows = rowsOf(LIFETIMES);
  const bytes = ((events + rows) as usize) << 2;
  const at = heap.alloc(bytes);
  memory.fill(at, 0xff, bytes);
  const next = at + ((events as usize) << 2);
  for (let id = numberCount(); id-- != 0; ) {
    const row = load<u32>(order + ((id as usize) << 2));
    if (row == NONE) continue;
    const seq = load<u32>(cell4(LIFETIMES, column, row));
    if (seq >= events) continue;
    const head = at + ((seq as usize) << 2);
    store<u32>(next + ((row as usize) << 2), load<u32>(head));
    store<u32>(head, row);
  }
  return at;
}

function buildLayer(layer: u32, events: u32, opens: usize, closes: usize): void {
  memory.fill(roots, 0, 65536 << 2);
  const nextOpen = opens + ((events as usize) << 2);
  const nextClose = closes + ((events as usize) << 2);
  for (let seq: u32 = 0; seq < events; seq++) {
    for (let id = load<u32>(closes + ((seq as usize) << 2)); id != NONE; id = load<u32>(nextClose + ((id as usize) << 2))) edge(id, layer, false);
    for (let id = load<u32>(opens + ((seq as usize) << 2)); id != NONE; id = load<u32>(nextOpen + ((id as usize) << 2))) edge(id, layer, true);
  }
  for (let space: u32 = 0; space < 65536; space++) emitAll(load<u32>(roots + ((space as usize) << 2)), layer, space);
}

function edge(row: u32, layer: u32, opening: bool): void {
  const len = load<u64>(cell8(LIFETIMES, LIFETIME_LEN, row));
  if (load<u8>(cell1(LIFETIMES, LIFETIME_LAYER, row)) != <u8>layer || len == ABSENT || len == 0) return;
  const addr = load<u64>(cell8(LIFETIMES, LIFETIME_ADDR, row));
  const space: u32 = layer == <u32>Layer.dma ? load<u16>(cell2(LIFETIMES, LIFETIME_DEVICE, row)) : 0;
  const first = addr >> shift;
  const last = (endOfRange(addr, len) - 1) >> shift;
  const root = roots + ((space as usize) << 2);
  if (opening) map(root, first, last, load<i64>(cell8(LIFETIMES, LIFETIME_OPENED_TS, row)), load<u32>(cell4(LIFETIMES, LIFETIME_ID, row)));
  else unmap(root, first, last, load<i64>(cell8(LIFETIMES, LIFETIME_CLOSED_TS, row)), layer, space);
}
