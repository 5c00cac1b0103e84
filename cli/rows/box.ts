/** Rows in boxes, as DuckDB's own shell draws them: whole, or as wide as the terminal. */
import type { DuckDBResult } from '@duckdb/node-api';
import { type Cells, endsOfCells, firstCells, padded, widthsOf } from './cells.js';
import type { Look } from './formats.js';
import { narrowed } from './narrow.js';

const DEFAULT_ROWS = 40;

/** Fits the terminal, where there is one. */
export function table(result: DuckDBResult, look: Look): AsyncIterable<string> {
  return look.width === undefined ? wholeBox(result) : fittingBox(result, look.width, look.rows);
}

const ruleOf =
  (widths: readonly number[]) =>
  (left: string, middle: string, end: string): string =>
    `${left}${widths.map((width) => '─'.repeat(width + 2)).join(middle)}${end}\n`;

const line = (row: readonly string[], widths: readonly number[], right: readonly boolean[]): string =>
  `│ ${padded(row, widths, right).join(' │ ')} │\n`;

export async function* wholeBox(result: DuckDBResult): AsyncIterable<string> {
  const cells = await firstCells(result);
  const widths = widthsOf(cells);
  const rule = ruleOf(widths);
  yield rule('┌', '┬', '┐') + line(cells.names, widths, []) + rule('├', '┼', '┤');
  for (const row of cells.rows) yield line(row, widths, cells.right);
  yield rule('└', '┴', '┘');
  const more = cells.total === undefined ? ' shown; there are more (--format csv or json has all)' : '';
  yield `${cells.rows.length} ${cells.rows.length === 1 ? 'row' : 'rows'}${more}\n`;
}

const DOTS = '·';

async function* fittingBox(result: DuckDBResult, width: number, most = DEFAULT_ROWS): AsyncIterable<string> {
  const all = await endsOfCells(result, most);
  const { cells, widths, without } = narrowed(all, width);
  const rule = ruleOf(widths);
  const centred = (row: readonly string[]): string[] =>
    row.map((one, at) => ' '.repeat(Math.floor((widths[at]! - one.length) / 2)) + one);
  yield rule('┌', '┬', '┐');
  yield line(centred(cells.names), widths, []) + line(centred(cells.types), widths, []);
  yield rule('├', '┼', '┤');
  for (const [at, row] of cells.rows.entries()) {
    if (at === cells.head) yield line(centred(row.map(() => DOTS)), widths, []).repeat(3);
    yield line(row, widths, cells.right);
  }
  yield rule('└', '┴', '┘');
  yield `${footer(all, without)}\n`;
}

/** "1,234 rows (40 shown), 31 columns (9 shown; .mode line shows all)". */
function footer({ names, rows, total = 0 }: Cells, without: number): string {
  const many = (count: number, one: string): string =>
    `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
  const shown = rows.length < total ? ` (${rows.length} shown)` : '';
  const columns =
    without === 0
      ? ''
      : `, ${many(names.length, 'column')} (${names.length - without} shown; .mode line shows all)`;
  return `${many(total, 'row')}${shown}${columns}`;
}
