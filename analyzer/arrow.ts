/**
 * The tables as apache-arrow tables.
 *
 * In: an analysis. Out: a table with the columns of `tables.ts`; one record batch a block. Columns that lie in the
 * core's memory as Arrow wants them (numbers, addresses, times, ids of names) are views of that memory; only bits,
 * row numbers and what an event's type says are made anew. Names are dictionary-encoded.
 *
 * A table is valid until the next call into the core (a SQL query that reads page_lifetimes is one): it may replace the memory.
 */
import {
  Bool,
  type Data,
  type DataType,
  Dictionary,
  type Field,
  type RecordBatch,
  Schema,
  Table,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import { ROWS } from '../wasm/schema.js';
import type { Analysis } from './analysis.js';
import { batchOf, dataOf, fieldOf, INDEX_TYPES, TYPES } from './arrow-types.js';
import { captureRows, openCursor } from './capture-rows.js';
import { type ColumnReader, type Place, readerOf, type Scratch, type Slice } from './column-reader.js';
import { enumBytes, type Names, namesOf } from './names.js';
import {
  type Column,
  isStored,
  type ListedTable,
  type ListedValue,
  type NameList,
  type StoredTable,
} from './tables/column.js';
import { tableOf } from './tables.js';

/** How a column becomes Arrow data. */
interface ArrowColumn {
  readonly field: Field;
  readonly read: ColumnReader;
  data(place: Place, slice: Slice, scratch: Scratch): Data;
}

/** The bits of a scratch as Arrow's null bitmap, or nothing when there are no NULLs. */
function bitmap(
  slice: Slice,
  scratch: Scratch,
  count: number,
): { nullBitmap?: Uint8Array; nullCount?: number } {
  if (!slice.nulls) return { nullCount: 0 };
  return { nullBitmap: new Uint8Array(scratch.bits.buffer, 0, Math.ceil(count / 8)), nullCount: -1 };
}

function numbers(type: DataType, { buffer, offset }: Slice, count: number): unknown {
  return new (type.ArrayType as new (buffer: ArrayBuffer, offset: number, length: number) => unknown)(
    buffer,
    offset,
    count,
  );
}

/** One bit a value, from one byte a value. */
function packed({ buffer, offset }: Slice, count: number): Uint8Array {
  const bytes = new Uint8Array(buffer, offset, count);
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (let k = 0; k < count; k++) if (bytes[k] !== 0) bits[k >> 3]! |= 1 << (k & 7);
  return bits;
}

function plainColumn(column: Column, names: Names): ArrowColumn {
  const type = TYPES[column.type]!();
  return {
    field: fieldOf(column, type),
    read: readerOf(column, names),
    data: ({ count }, slice, scratch) => {
      const data = type instanceof Bool ? packed(slice, count) : numbers(type, slice, count);
      return dataOf({ type, length: count, data, ...bitmap(slice, scratch, count) });
    },
  };
}

/** Ids stay where they lie, where they are ids of the names themselves; an event type's say something else each. */
function nameColumn(column: Column, names: Names): ArrowColumn {
  const list = column.type as NameList;
  const { source } = column;
  if (source.from !== 'name') throw new TypeError(`${column.name} holds no names`);
  const inPlace = source.names === list;
  const bytes = inPlace ? source.bytes : enumBytes(names.members[list]);
  const type = new Dictionary(new Utf8(), INDEX_TYPES[bytes]());
  const dictionary: Vector = vectorFromArray(inPlace ? names.byId[list] : names.members[list], new Utf8());
  return {
    field: fieldOf(column, type),
    read: readerOf(column, names),
    data: (place, slice, scratch) => {
      const offset = place.block + source.at + source.bytes * place.first;
      const ids = inPlace ? { ...slice, buffer: place.memory, offset } : slice;
      const data = numbers(type.indices, ids, place.count);
      return dataOf({ type, length: place.count, data, dictionary, ...bitmap(slice, scratch, place.count) });
    },
  };
}

function storedArrow(analysis: Analysis, table: StoredTable): Table {
  const names = namesOf(analysis);
  const columns = table.columns.map((column) =>
    (TYPES[column.type] === undefined ? nameColumn : plainColumn)(column, names),
  );
  const schema = new Schema(columns.map(({ field }) => field));
  const next = openCursor(captureRows(analysis), table.id, ROWS);
  const batches: RecordBatch[] = [];
  for (let place = next(); place !== undefined; place = next()) {
    const { count } = place;
    const children = columns.map(({ read, data }) => {
      const scratch = { values: new ArrayBuffer(8 * count), bits: new Uint32Array(Math.ceil(count / 32)) };
      return data(place!, read(place!, scratch), scratch);
    });
    batches.push(batchOf(schema, count, children));
  }
  return new Table(schema, batches);
}

const arrowValue = (value: ListedValue, type: string): unknown =>
  value === undefined || value === null
    ? null
    : type.endsWith('BIGINT')
      ? BigInt(value as number | bigint)
      : value;

function listedArrow(analysis: Analysis, table: ListedTable): Table {
  const rows = table.rows(analysis);
  const fields = table.columns.map((column) => fieldOf(column, TYPES[column.type]!()));
  const schema = new Schema(fields);
  if (rows.length === 0) return new Table(schema);
  const children = table.columns.map(({ type }, index) => {
    const values = rows.map((row) => arrowValue(row[index], type));
    return vectorFromArray(values, fields[index]!.type).data[0]!;
  });
  return new Table(schema, [batchOf(schema, rows.length, children)]);
}

/** The table of this name (`docs/tables.md`); views have none. Throws RangeError for another name. */
export function toArrow(analysis: Analysis, name: string): Table {
  const table = tableOf(name);
  return isStored(table) ? storedArrow(analysis, table) : listedArrow(analysis, table);
}
