/**
 * What a table and a column are, and short ways to write the columns that most tables have.
 *
 * In: places in a block. Out: columns.
 */
import type { TableId } from '../../wasm/schema.js';
import type { Analysis } from '../analysis.js';

/** Lists of names that columns hold one of; each is an ENUM type of that name in the database. */
export type NameList =
  | 'layer'
  | 'op'
  | 'kind'
  | 'dir'
  | 'end_reason'
  | 'anomaly'
  | 'cause'
  | 'device'
  | 'comm'
  | 'event';

export type ValueType =
  | 'BIGINT'
  | 'UBIGINT'
  | 'INTEGER'
  | 'UINTEGER'
  | 'SMALLINT'
  | 'USMALLINT'
  | 'BOOLEAN'
  | 'VARCHAR'
  | 'VARCHAR[]';

/** An unused value that stands for NULL: all bits set, or zero. */
export type Absent = 'ones' | 'zero';

/** How ids become names: a list by its own ids, or what the event type with this id says. */
export type NameKey = NameList | 'layer of type' | 'op of type' | 'kind of type';

/** Where a column's values are. `at` is a byte offset in the table's block; `bytes` is the cell's width. */
export type Source =
  /** As it lies there. */
  | { readonly from: 'cell'; readonly at: number; readonly bytes: 2 | 4 | 8; readonly absent?: Absent }
  /** An id of a name; ids without a name are NULL. */
  | { readonly from: 'name'; readonly at: number; readonly bytes: 1 | 2 | 4; readonly names: NameKey }
  /** The row's own number among the rows of all captures. */
  | { readonly from: 'row' }
  /** A u32 row number of `table`, made unique among all captures; all ones = NULL. */
  | { readonly from: 'row of'; readonly at: number; readonly table: TableId }
  /** The capture's index. */
  | { readonly from: 'capture' }
  /** Whether any bit of `mask` is set. */
  | { readonly from: 'bit'; readonly at: number; readonly bytes: 1 | 2; readonly mask: number }
  /** i64 `at` - i64 `minus`; NULL when `at` is all ones. */
  | { readonly from: 'difference'; readonly at: number; readonly minus: number }
  /** A u64 word of the row in the table extras that the u32 at `at` names. */
  | { readonly from: 'extra'; readonly at: number; readonly word: number }
  /** A u64 number of pages, as bytes. */
  | { readonly from: 'pages'; readonly at: number };

export interface Column<S = Source> {
  readonly name: string;
  readonly type: ValueType | NameList;
  /** "ns", "bytes", …; absent for names and plain numbers. */
  readonly unit?: string;
  readonly doc: string;
  /** When it is NULL; absent when it never is. */
  readonly null?: string;
  readonly source: S;
}

/** A table in the core's memory. */
export interface StoredTable {
  readonly name: string;
  readonly doc: string;
  readonly id: TableId;
  readonly columns: readonly Column[];
}

/** A small table, listed from the analysis when a database is opened. */
export interface ListedTable {
  readonly name: string;
  readonly doc: string;
  readonly columns: readonly Column<'listed'>[];
  /** The rows, a value a column in order; undefined and null are NULL. */
  rows(analysis: Analysis): readonly (readonly ListedValue[])[];
}

export type ListedValue = string | number | bigint | boolean | readonly string[] | null | undefined;

export type Table = StoredTable | ListedTable;

export const isStored = (table: Table): table is StoredTable => 'id' in table;

/** Properties without those that are undefined, for optional ones. */
const given = (unit?: string, whenNull?: string) => ({
  ...(unit === undefined ? {} : { unit }),
  ...(whenNull === undefined ? {} : { null: whenNull }),
});

/** A column that lies in the block as users see it; NULL where all bits are set, when `whenNull` says when that is. */
export function cell(
  name: string,
  type: ValueType,
  at: number,
  doc: string,
  unit?: string,
  whenNull?: string,
): Column {
  const bytes = type.endsWith('BIGINT') ? 8 : type.endsWith('SMALLINT') ? 2 : 4;
  const absent: { absent?: Absent } = whenNull === undefined ? {} : { absent: 'ones' };
  return { name, type, doc, ...given(unit, whenNull), source: { from: 'cell', at, bytes, ...absent } };
}

/** As `cell`, where zero stands for NULL. */
export function cellOrZero(name: string, type: ValueType, at: number, doc: string, whenNull: string): Column {
  const column = cell(name, type, at, doc, undefined, whenNull);
  return { ...column, source: { ...(column.source as Source & { from: 'cell' }), absent: 'zero' } };
}

export function named(
  name: string,
  type: NameList,
  at: number,
  bytes: 1 | 2 | 4,
  doc: string,
  whenNull?: string,
  names: NameKey = type,
): Column {
  return { name, type, doc, ...given(undefined, whenNull), source: { from: 'name', at, bytes, names } };
}

export function rowOf(name: string, table: TableId, at: number, doc: string, whenNull: string): Column {
  return { name, type: 'BIGINT', doc, null: whenNull, source: { from: 'row of', at, table } };
}

/** The row's own number, where rows are not in the order of their numbers. */
export function idOf(name: string, table: TableId, at: number, doc: string): Column {
  return { name, type: 'BIGINT', doc, source: { from: 'row of', at, table } };
}

export function flag(name: string, at: number, bytes: 1 | 2, mask: number, doc: string): Column {
  return { name, type: 'BOOLEAN', doc, source: { from: 'bit', at, bytes, mask } };
}

/** A fact beyond the columns that only some layers have; `at` names its row in the core's table extras. */
export function extra(name: string, at: number, word: number, doc: string, whenNull: string): Column {
  return { name, type: 'UBIGINT', doc, null: whenNull, source: { from: 'extra', at, word } };
}

export const rowNumber = (name: string, doc: string): Column => ({
  name,
  type: 'BIGINT',
  doc,
  source: { from: 'row' },
});

export const captureColumn: Column = {
  name: 'capture',
  type: 'USMALLINT',
  doc: 'Which input: `captures.capture`.',
  source: { from: 'capture' },
};
