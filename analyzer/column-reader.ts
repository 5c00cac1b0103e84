/**
 * Reads part of one column out of the core's memory, as bytes that DuckDB and Arrow take as they are.
 *
 * In: a place (capture, block, first row, count). Out: a slice: values, little-endian and dense, and whether some are
 * NULL; then one bit a row in the scratch's `bits`, 1 = not NULL, lowest bit first.
 * Columns that lie in memory as users see them are not copied: their slice is in the memory itself.
 */
import { COLUMN8, ROWS, ROWS_SHIFT, TableId } from '../wasm/schema.js';
import type { CoreTables } from './analysis.js';
import { enumBytes, type Names } from './names.js';
import { type Cells, markBelow, markCells, markPairs, nameCells } from './null-bits.js';
import type { Column, Source } from './tables/column.js';

/** A capture, and what makes its row numbers unique among all captures. */
export interface CaptureRows {
  readonly index: number;
  readonly core: CoreTables;
  /** Rows of the captures before it, by table: its own first number. */
  readonly base: Readonly<Partial<Record<TableId, number>>>;
  /** The number after its last. */
  readonly end: Readonly<Partial<Record<TableId, number>>>;
  /** log2 of the page size. */
  readonly pageShift: number;
}

export interface Place {
  readonly capture: CaptureRows;
  /** `capture.core.memory()`, taken for this read. */
  readonly memory: ArrayBuffer;
  /** Byte offset of the block. */
  readonly block: number;
  /** First row, within the block. */
  readonly first: number;
  readonly count: number;
  /** First row, within the capture. */
  readonly row: number;
  readonly table: TableId;
}

/** Where values and NULL bits go that do not lie in memory as they should; overwritten by the next read. */
export interface Scratch {
  readonly values: ArrayBuffer;
  readonly bits: Uint32Array<ArrayBuffer>;
}

export interface Slice {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
  /** Whether `bits` were written: some value is NULL. */
  readonly nulls: boolean;
}

export type ColumnReader = (place: Place, scratch: Scratch) => Slice;

/** Room for `rows` rows (at most ROWS) of any column. */
export function createScratch(rows: number): Scratch {
  return { values: new ArrayBuffer(8 * rows), bits: new Uint32Array(2 * Math.ceil(rows / 64)) };
}

type Of<F extends Source['from']> = Extract<Source, { from: F }>;

/** Cells of 1, 2 or 4 bytes as unsigned numbers. */
function cells(place: Place, at: number, bytes: 1 | 2 | 4): Cells {
  const offset = place.block + at + bytes * place.first;
  if (bytes === 1) return new Uint8Array(place.memory, offset, place.count);
  if (bytes === 2) return new Uint16Array(place.memory, offset, place.count);
  return new Uint32Array(place.memory, offset, place.count);
}

/** Cells of 8 bytes as pairs of u32, low half first. */
function pairs(place: Place, at: number): Uint32Array {
  return new Uint32Array(place.memory, place.block + at + 8 * place.first, 2 * place.count);
}

const outPairs = ({ values }: Scratch, place: Place) => new Uint32Array(values, 0, 2 * place.count);
const copied = (scratch: Scratch, nulls: boolean): Slice => ({ buffer: scratch.values, offset: 0, nulls });

function cellReader({ at, bytes, absent }: Of<'cell'>): ColumnReader {
  const none = absent === 'zero' ? 0 : 2 ** (8 * bytes) - 1;
  return (place, { bits }) => {
    const offset = place.block + at + bytes * place.first;
    let nulls = false;
    if (absent !== undefined)
      nulls =
        bytes === 8 ? markPairs(pairs(place, at), bits) : markCells(cells(place, at, bytes), none, bits);
    return { buffer: place.memory, offset, nulls };
  };
}

function nameReader({ at, bytes, names: key }: Of<'name'>, column: Column, names: Names): ColumnReader {
  const codes = names.codes[key];
  const width = enumBytes(names.members[column.type as keyof Names['members']]);
  return (place, scratch) => {
    const { count } = place;
    const Out = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
    return copied(
      scratch,
      nameCells(cells(place, at, bytes), codes, new Out(scratch.values, 0, count), scratch.bits),
    );
  };
}

/** Writes number + base as 64 bits; both are far below 2^53. */
function putSum(out: Uint32Array, k: number, number: number, base: number): void {
  const sum = number + base;
  out[2 * k] = sum;
  out[2 * k + 1] = sum / 0x1_0000_0000;
}

function rowReader(): ColumnReader {
  return (place, scratch) => {
    const out = outPairs(scratch, place);
    const base = place.row + (place.capture.base[place.table] ?? 0);
    for (let k = 0; k < place.count; k++) putSum(out, k, k, base);
    return copied(scratch, false);
  };
}

/** A number past the capture's last (the event after the end) is NULL too, not a row of the next capture. */
function rowOfReader({ at, table }: Of<'row of'>): ColumnReader {
  return (place, scratch) => {
    const ids = cells(place, at, 4) as Uint32Array;
    const out = outPairs(scratch, place);
    const base = place.capture.base[table] ?? 0;
    const count = (place.capture.end[table] ?? 0) - base;
    let beyond = false;
    for (let k = 0; k < ids.length; k++) {
      putSum(out, k, ids[k]!, base);
      beyond ||= ids[k]! >= count;
    }
    return copied(scratch, beyond && markBelow(ids, count, scratch.bits));
  };
}

function captureReader(): ColumnReader {
  return (place, scratch) => {
    new Uint16Array(scratch.values, 0, place.count).fill(place.capture.index);
    return copied(scratch, false);
  };
}

function bitReader({ at, bytes, mask }: Of<'bit'>): ColumnReader {
  return (place, scratch) => {
    const flags = cells(place, at, bytes);
    const out = new Uint8Array(scratch.values, 0, place.count);
    for (let k = 0; k < flags.length; k++) out[k] = (flags[k]! & mask) === 0 ? 0 : 1;
    return copied(scratch, false);
  };
}

function differenceReader({ at, minus }: Of<'difference'>): ColumnReader {
  return (place, scratch) => {
    const from = pairs(place, at);
    const less = pairs(place, minus);
    const out = outPairs(scratch, place);
    for (let w = 0; w < from.length; w += 2) {
      out[w] = from[w]! - less[w]!;
      out[w + 1] = from[w + 1]! - less[w + 1]! - (from[w]! < less[w]! ? 1 : 0);
    }
    return copied(scratch, markPairs(from, scratch.bits));
  };
}

/** Extras are few and anywhere, so they are read one by one. */
function extraReader({ at, word }: Of<'extra'>): ColumnReader {
  return (place, scratch) => {
    const { core } = place.capture;
    const ids = cells(place, at, 4);
    const out = outPairs(scratch, place).fill(0xffff_ffff);
    const rows = core.rows(TableId.extras);
    for (let k = 0; k < ids.length; k++) {
      const row = ids[k]!;
      if (row >= rows) continue;
      const block = core.block(TableId.extras, row >>> ROWS_SHIFT);
      if (block === 0) continue;
      const pair = new Uint32Array(place.memory, block + word * COLUMN8 + 8 * (row & (ROWS - 1)), 2);
      out.set(pair, 2 * k);
    }
    return copied(scratch, markPairs(out, scratch.bits));
  };
}

function pagesReader({ at }: Of<'pages'>): ColumnReader {
  return (place, scratch) => {
    const pages = pairs(place, at);
    const out = outPairs(scratch, place);
    const shift = place.capture.pageShift; // 1 … 31
    for (let w = 0; w < pages.length; w += 2) {
      out[w] = pages[w]! << shift;
      out[w + 1] = (pages[w + 1]! << shift) | (pages[w]! >>> (32 - shift));
    }
    return copied(scratch, false);
  };
}

type Makers = { [F in Source['from']]: (source: Of<F>, column: Column, names: Names) => ColumnReader };

const READERS: Makers = {
  cell: cellReader,
  name: nameReader,
  row: rowReader,
  'row of': rowOfReader,
  capture: captureReader,
  bit: bitReader,
  difference: differenceReader,
  extra: extraReader,
  pages: pagesReader,
};

/** A reader of the column; keep it for many reads. */
export function readerOf(column: Column, names: Names): ColumnReader {
  const make = READERS[column.source.from] as Makers['cell'];
  return make(column.source as Of<'cell'>, column, names);
}

const BYTES: Readonly<Record<string, number>> = {
  BIGINT: 8,
  UBIGINT: 8,
  INTEGER: 4,
  UINTEGER: 4,
  SMALLINT: 2,
  USMALLINT: 2,
  BOOLEAN: 1,
};

/** Bytes of one value in a slice. */
export function valueBytes(column: Column, names: Names): number {
  return BYTES[column.type] ?? enumBytes(names.members[column.type as keyof Names['members']]);
}
