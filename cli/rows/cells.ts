/** From a result of DuckDB to cells of text, for tables that need all rows to know their widths. */
import type { DuckDBDataChunk, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { printable } from '../../traces/printable.js';

/** A table needs all rows to know its widths; more are no use to a reader. */
export const TABLE_ROWS = 10_000;

const NUMBERS =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL.*)$/;

export interface Cells {
  readonly names: string[];
  /** "bigint", "varchar[]", "enum". */
  readonly types: string[];
  /** Columns of numbers stand at the right. */
  readonly right: boolean[];
  /** The rows that are kept, the first ones before the last. */
  readonly rows: string[][];
  /** How many of `rows` are the first ones; the others are the last, and something between them is left out. */
  readonly head: number;
  /** Rows of the whole result; undefined when it was not read to its end. */
  readonly total: number | undefined;
}

export const text = (value: DuckDBValue): string => (value === null ? 'NULL' : String(value));

export const cell = (value: DuckDBValue): string => printable(text(value).replaceAll('\n', '\\n'));

function headings(result: DuckDBResult): Pick<Cells, 'names' | 'types' | 'right'> {
  const types = result.columnTypes().map(String);
  return {
    names: result.columnNames().map((name) => printable(name)),
    types: types.map((type) => type.replace(/ENUM\(.*\)/s, 'enum').toLowerCase()),
    right: types.map((type) => NUMBERS.test(type)),
  };
}

const rowsOf = (chunks: readonly DuckDBDataChunk[]): string[][] =>
  chunks.flatMap((chunk) => chunk.getRows().map((row) => row.map(cell)));

/** The first rows, up to TABLE_ROWS; the rest is not read. */
export async function firstCells(result: DuckDBResult): Promise<Cells> {
  const rows: string[][] = [];
  for await (const chunk of result) {
    rows.push(...rowsOf([chunk]));
    if (rows.length > TABLE_ROWS) {
      return { ...headings(result), rows: rows.slice(0, TABLE_ROWS), head: TABLE_ROWS, total: undefined };
    }
  }
  return { ...headings(result), rows, head: rows.length, total: rows.length };
}

/** The first and the last rows, `most` in all; those between are counted, and never become text. */
export async function endsOfCells(result: DuckDBResult, most: number): Promise<Cells> {
  const first: DuckDBDataChunk[] = [];
  let last: DuckDBDataChunk[] = [];
  let total = 0;
  for await (const chunk of result) {
    if (total <= most) first.push(chunk);
    last.push(chunk);
    total += chunk.rowCount;
    while (last.length > 1 && rowCount(last) - last[0]!.rowCount >= most) last = last.slice(1);
  }
  const heads = headings(result);
  if (total <= most) return { ...heads, rows: rowsOf(first), head: total, total };
  const head = Math.ceil(most / 2);
  const tail = most - head;
  const rows = [...rowsOf(first).slice(0, head), ...(tail === 0 ? [] : rowsOf(last).slice(-tail))];
  return { ...heads, rows, head, total };
}

const rowCount = (chunks: readonly DuckDBDataChunk[]): number =>
  chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);

export function widthsOf({ names, rows }: Pick<Cells, 'names' | 'rows'>): number[] {
  return names.map((name, at) =>
    rows.reduce((width, row) => Math.max(width, row[at]!.length), Math.max(name.length, 3)),
  );
}

export function padded(
  cells: readonly string[],
  widths: readonly number[],
  right: readonly boolean[],
): string[] {
  return cells.map((one, at) => (right[at] === true ? one.padStart(widths[at]!) : one.padEnd(widths[at]!)));
}
