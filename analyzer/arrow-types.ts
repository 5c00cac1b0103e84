/**
 * What the columns of `tables.ts` are in Arrow.
 *
 * In: a column. Out: its Arrow type, and its field with the column's meaning as metadata (`doc`, `unit`, `null`).
 */
import {
  Bool,
  type Data,
  type DataType,
  Field,
  Int16,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import type { Column } from './tables/column.js';

/** By the type's name in SQL; every other type is a list of names. */
export const TYPES: Readonly<Record<string, () => DataType>> = {
  BIGINT: () => new Int64(),
  UBIGINT: () => new Uint64(),
  INTEGER: () => new Int32(),
  UINTEGER: () => new Uint32(),
  SMALLINT: () => new Int16(),
  USMALLINT: () => new Uint16(),
  BOOLEAN: () => new Bool(),
  VARCHAR: () => new Utf8(),
  'VARCHAR[]': () => new List(new Field('item', new Utf8(), false)),
};

/** The ids of names, by their bytes. */
export const INDEX_TYPES = { 1: () => new Uint8(), 2: () => new Uint16(), 4: () => new Uint32() };

/** `makeData` for a type that is only known at run time. */
export const dataOf = (props: object): Data => makeData(props as Parameters<typeof makeData>[0]);

/** One batch from its columns. */
export function batchOf(schema: Schema, length: number, children: Data[]): RecordBatch {
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }),
  );
}

/** What may be absent, and ids without a name, are NULL. */
export function fieldOf({ name, type, unit, doc, null: whenNull }: Column<unknown>, arrow: DataType): Field {
  const metadata = new Map([['doc', doc]]);
  if (unit !== undefined) metadata.set('unit', unit);
  if (whenNull !== undefined) metadata.set('null', whenNull);
  return new Field(name, arrow, whenNull !== undefined || TYPES[type] === undefined, metadata);
}
