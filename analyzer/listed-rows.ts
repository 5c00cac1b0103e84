/**
 * Small tables in the database, made row by row.
 *
 * In: a list of columns and rows. Out: an ordinary DuckDB table.
 */
import {
  BIGINT,
  BOOLEAN,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  LIST,
  listValue,
  SMALLINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { Column, ListedValue, ValueType } from './tables/column.js';

const CHUNK_ROWS = 2048;

const TYPES: Readonly<Record<ValueType, DuckDBType>> = {
  ...{ BIGINT, UBIGINT, INTEGER, UINTEGER, SMALLINT, USMALLINT, BOOLEAN, VARCHAR },
  'VARCHAR[]': LIST(VARCHAR),
};

function duckdbValue(value: ListedValue, type: string): DuckDBValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') return listValue([...value]);
  return type.endsWith('BIGINT') ? BigInt(value) : value;
}

type Columns = readonly Pick<Column, 'name' | 'type'>[];

/** The statement that creates the table, without rows. */
export const createTable = (name: string, columns: Columns): string =>
  `CREATE TABLE "${name}" (${columns.map((c) => `"${c.name}" ${c.type}`).join(', ')});`;

/** Fills a table that is there. Numbers may stand for 64-bit integers when they are whole. */
export async function appendRows(
  connection: DuckDBConnection,
  name: string,
  columns: Columns,
  rows: readonly (readonly ListedValue[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const appender = await connection.createAppender(name);
  const types = columns.map(({ type }) => TYPES[type as ValueType]);
  for (let first = 0; first < rows.length; first += CHUNK_ROWS) {
    const chunk = DuckDBDataChunk.create(types);
    const part = rows.slice(first, first + CHUNK_ROWS);
    chunk.setRows(part.map((row) => columns.map(({ type }, index) => duckdbValue(row[index], type))));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
