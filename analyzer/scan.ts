/**
 * DuckDB table functions over the core's memory: `scan_events()`, `scan_lifetimes()`, …
 *
 * In: an analysis. Out: functions that copy column slices into DuckDB's vectors, only of the columns that a query
 * names, when it asks for them. Nothing is loaded before.
 *
 * DuckDB calls them on JavaScript's thread, one vector (2048 rows) a call. `copy_data_to_vector` checks no bounds and a
 * detached buffer ends the process, so memory is taken afresh in every call and every slice is checked here.
 * One thread scans, so that rows come in their order even without ORDER BY.
 */
import {
  BIGINT,
  BOOLEAN,
  DuckDBTableFunction,
  type DuckDBType,
  ENUM,
  INTEGER,
  SMALLINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { type Cursor, openCursor, rowsNow } from './capture-rows.js';
import {
  type CaptureRows,
  type ColumnReader,
  createScratch,
  type Place,
  readerOf,
  type Scratch,
  valueBytes,
} from './column-reader.js';
import type { Names } from './names.js';
import type { Column, NameList, StoredTable } from './tables/column.js';

const TYPES: Readonly<Record<string, DuckDBType>> = {
  BIGINT,
  UBIGINT,
  INTEGER,
  UINTEGER,
  SMALLINT,
  USMALLINT,
  BOOLEAN,
};

const VECTOR_ROWS = duckdb.vector_size();

/** One scan under way. */
interface Scan {
  readonly next: Cursor;
  /** Bound columns by number, in the order of the output's vectors. */
  readonly projected: readonly number[];
}

interface ScanColumn {
  readonly read: ColumnReader;
  readonly bytes: number;
}

/** The type as DuckDB's own library has it, made once: an ENUM of many names takes a while, and every query binds its columns anew. */
function madeOnce(type: DuckDBType): DuckDBType {
  const made = type.toLogicalType();
  return Object.create(type, { toLogicalType: { value: () => made } }) as DuckDBType;
}

/** Copies a slice of `place` into a vector of the output. */
function copyColumn(vector: duckdb.Vector, column: ScanColumn, place: Place, scratch: Scratch): void {
  const slice = column.read(place, scratch);
  const bytes = column.bytes * place.count;
  if (slice.offset + bytes > slice.buffer.byteLength)
    throw new RangeError('a column ends outside its memory');
  duckdb.copy_data_to_vector(vector, 0, slice.buffer, slice.offset, bytes);
  if (!slice.nulls) return;
  duckdb.vector_ensure_validity_writable(vector);
  const { buffer, byteOffset } = scratch.bits;
  duckdb.copy_data_to_vector_validity(vector, 0, buffer, byteOffset, 8 * Math.ceil(place.count / 64));
}

/** The table function `scan_<table>()`. */
export function scanFunction(
  table: StoredTable,
  captures: readonly CaptureRows[],
  names: Names,
): DuckDBTableFunction {
  const typeOf = ({ type }: Column): DuckDBType => TYPES[type] ?? ENUM(names.members[type as NameList]);
  const columns = table.columns.map((column) => ({
    read: readerOf(column, names),
    bytes: valueBytes(column, names),
  }));
  const types = table.columns.map((column) => madeOnce(typeOf(column)));
  const scratch = createScratch(VECTOR_ROWS);
  return DuckDBTableFunction.create({
    name: `scan_${table.name}`,
    supportsProjectionPushdown: true,
    bindFunction: (bind) => {
      table.columns.forEach(({ name }, index) => {
        bind.addResultColumn(name, types[index]!);
      });
      bind.setCardinality(rowsNow(captures, table.id), false);
    },
    initFunction: (init) => {
      init.setMaxThreads(1);
      const scan: Scan = {
        next: openCursor(captures, table.id, VECTOR_ROWS),
        projected: init.getColumnIndexes(),
      };
      init.setInitData(scan);
    },
    mainFunction: (info, output) => {
      const { next, projected } = info.initData as Scan;
      const place = next();
      output.rowCount = place?.count ?? 0;
      if (place === undefined) return;
      projected.forEach((number, index) => {
        const column = columns[number];
        if (column === undefined) return; // no column of ours: DuckDB only counts rows
        copyColumn(duckdb.data_chunk_get_vector(output.chunk, index), column, place, scratch);
      });
    },
  });
}
