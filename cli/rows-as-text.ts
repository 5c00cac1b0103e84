/**
 * A query's rows as text.
 *
 * In: a result of DuckDB. Out: pieces of text. NULL is "NULL" in tables, empty in CSV, null in JSON; in JSON, 64-bit integers are
 * decimal strings, as DuckDB's Node client writes them.
 */
import { type DuckDBResult, type DuckDBValue, JsonDuckDBValueConverter } from '@duckdb/node-api';
import { printable } from '../traces/printable.js';
import type { SqlFormat } from './sql.js';

/** A table needs all rows to know its widths; more are no use to a reader. */
export const TABLE_ROWS = 10_000;

const NUMBERS =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL.*)$/;

export function rowsAsText(result: DuckDBResult, format: SqlFormat): AsyncIterable<string> {
  return WRITERS[format](result);
}

const WRITERS: Readonly<Record<SqlFormat, (result: DuckDBResult) => AsyncIterable<string>>> = {
  csv: csvRows,
  json: jsonRows,
  markdown: markdownTable,
  table: boxTable,
};

function text(value: DuckDBValue): string {
  return value === null ? 'NULL' : String(value);
}

async function* csvRows(result: DuckDBResult): AsyncIterable<string> {
  const cell = (value: string): string =>
    /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  yield `${result.columnNames().map(cell).join(',')}\n`;
  for await (const rows of result.yieldRows()) {
    yield rows
      .map((row) => `${row.map((value) => (value === null ? '' : cell(text(value)))).join(',')}\n`)
      .join('');
  }
}

async function* jsonRows(result: DuckDBResult): AsyncIterable<string> {
  const names = result.deduplicatedColumnNames();
  let before = '[';
  for await (const chunk of result) {
    for (const row of chunk.convertRows(JsonDuckDBValueConverter)) {
      yield `${before}\n  ${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])))}`;
      before = ',';
    }
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

interface Cells {
  readonly names: string[];
  readonly right: boolean[];
  readonly rows: string[][];
  /** More rows than are shown. */
  readonly cut: boolean;
}

async function cellsOf(result: DuckDBResult): Promise<Cells> {
  const rows: string[][] = [];
  const facts = {
    names: result.columnNames(),
    right: result.columnTypes().map((type) => NUMBERS.test(String(type))),
  };
  for await (const some of result.yieldRows()) {
    for (const row of some) rows.push(row.map((value) => printable(text(value).replaceAll('\n', '\\n'))));
    if (rows.length > TABLE_ROWS) return { ...facts, rows: rows.slice(0, TABLE_ROWS), cut: true };
  }
  return { ...facts, rows, cut: false };
}

function widthsOf({ names, rows }: Cells): number[] {
  return names.map((name, at) =>
    rows.reduce((width, row) => Math.max(width, row[at]!.length), Math.max(name.length, 3)),
  );
}

function padded(cells: readonly string[], widths: readonly number[], right: readonly boolean[]): string[] {
  return cells.map((cell, at) =>
    right[at] === true ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!),
  );
}

/** As DuckDB's own shell draws it. */
async function* boxTable(result: DuckDBResult): AsyncIterable<string> {
  const cells = await cellsOf(result);
  const widths = widthsOf(cells);
  const rule = (left: string, middle: string, end: string): string =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${end}\n`;
  const line = (row: string[], right: boolean[]): string => `│ ${padded(row, widths, right).join(' │ ')} │\n`;
  yield rule('┌', '┬', '┐') + line(cells.names, []) + rule('├', '┼', '┤');
  for (const row of cells.rows) yield line(row, cells.right);
  yield rule('└', '┴', '┘');
  yield `${cells.rows.length} ${cells.rows.length === 1 ? 'row' : 'rows'}${cells.cut ? ' shown; there are more (--format csv or json has all)' : ''}\n`;
}

async function* markdownTable(result: DuckDBResult): AsyncIterable<string> {
  const all = await cellsOf(result);
  const cells = { ...all, names: all.names.map(escaped), rows: all.rows.map((row) => row.map(escaped)) };
  const widths = widthsOf(cells);
  const line = (row: string[], right: boolean[]): string => `| ${padded(row, widths, right).join(' | ')} |\n`;
  yield line(cells.names, []);
  yield `|${widths.map((width, at) => (cells.right[at] === true ? ` ${'-'.repeat(width - 1)}: ` : ` ${'-'.repeat(width)} `)).join('|')}|\n`;
  for (const row of cells.rows) yield line(row, cells.right);
  if (cells.cut) yield `\nThe first ${cells.rows.length} rows.\n`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|');
}
