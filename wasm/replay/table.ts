/**
 * Tables as chains of fixed-size blocks: a cell never moves, and the host can wrap a block's columns as they lie.
 *
 * In: rows, one at a time. Out: blocks of ROWS rows each, columns as `schema.ts` lays them out.
 */
import {
  ANOMALY_BYTES, EVENT_BYTES, EXTRAS_BYTES, INVALIDATION_BYTES, LIFETIME_BYTES, LOSS_BYTES, PAGE_BYTES, ROWS, ROWS_SHIFT, SIBLINGS_BYTES, TABLES, TableId,
} from '../schema';

const MASK: u32 = <u32>ROWS - 1;
const MAX_BLOCKS: usize = 1 << 16;

/** Per table: row count, then the addresses of its blocks. */
const counts = memory.data(TABLES * 4);
const directories = memory.data(TABLES * 4);
const blockBytes = memory.data(TABLES * 4);

export const EVENTS: u32 = <u32>TableId.events;
export const EXTRAS: u32 = <u32>TableId.extras;
export const LIFETIMES: u32 = <u32>TableId.lifetimes;
export const ANOMALIES: u32 = <u32>TableId.anomalies;
export const LOSSES: u32 = <u32>TableId.losses;
export const PAGES: u32 = <u32>TableId.page_lifetimes;
export const SIBLINGS: u32 = <u32>TableId.siblings;
export const INVALIDATIONS: u32 = <u32>TableId.invalidations;

function defineTable(table: u32, bytes: i32): void {
  store<u32>(blockBytes + ((table as usize) << 2), bytes);
  store<u32>(directories + ((table as usize) << 2), heap.alloc(MAX_BLOCKS << 2) as u32);
}

export function defineTables(): void {
  defineTable(EVENTS, EVENT_BYTES);
  defineTable(EXTRAS, EXTRAS_BYTES);
  defineTable(LIFETIMES, LIFETIME_BYTES);
  defineTable(ANOMALIES, ANOMALY_BYTES);
  defineTable(LOSSES, LOSS_BYTES);
  defineTable(PAGES, PAGE_BYTES);
  defineTable(SIBLINGS, SIBLINGS_BYTES);
  defineTable(INVALIDATIONS, INVALIDATION_BYTES);
}

// @ts-ignore: decorator
@inline
export function rowsOf(table: u32): u32 {
  return load<u32>(counts + ((table as usize) << 2));
}

// @ts-ignore: decorator
@inline
export function blockOf(table: u32, index: u32): usize {
  return load<u32>((load<u32>(directories + ((table as usize) << 2)) as usize) + ((index as usize) << 2)) as usize;
}

/** Makes room for the next row, and returns its number; the row's cells hold whatever the caller stores. */
// @ts-ignore: decorator
@inline
export function addRow(table: u32): u32 {
  const row = rowsOf(table);
  if ((row & MASK) == 0) addBlock(table, row >> ROWS_SHIFT);
  store<u32>(counts + ((table as usize) << 2), row + 1);
  return row;
}

function addBlock(table: u32, index: u32): void {
  const bytes = load<u32>(blockBytes + ((table as usize) << 2));
  const block = heap.alloc(bytes);
  store<u32>((load<u32>(directories + ((table as usize) << 2)) as usize) + ((index as usize) << 2), block as u32);
}

export function clearTable(table: u32): void {
  const blocks = (rowsOf(table) + MASK) >> ROWS_SHIFT;
  for (let index: u32 = 0; index < blocks; index++) heap.free(blockOf(table, index));
  store<u32>(counts + ((table as usize) << 2), 0);
}

// The address of a cell: table, column offset, row, and the column's width as a shift.
// @ts-ignore: decorator
@inline
export function cell8(table: u32, column: usize, row: u32): usize {
  return blockOf(table, row >> ROWS_SHIFT) + column + (((row & MASK) as usize) << 3);
}
// @ts-ignore: decorator
@inline
export function cell4(table: u32, column: usize, row: u32): usize {
  return blockOf(table, row >> ROWS_SHIFT) + column + (((row & MASK) as usize) << 2);
}
// @ts-ignore: decorator
@inline
export function cell2(table: u32, column: usize, row: u32): usize {
  return blockOf(table, row >> ROWS_SHIFT) + column + (((row & MASK) as usize) << 1);
}
// @ts-ignore: decorator
@inline
export function cell1(table: u32, column: usize, row: u32): usize {
  return blockOf(table, row >> ROWS_SHIFT) + column + ((row & MASK) as usize);
}
