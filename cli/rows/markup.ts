/** Rows for pages: Markdown, HTML, LaTeX; and a line a value. */
import type { DuckDBResult } from '@duckdb/node-api';
import { cell, firstCells, padded, widthsOf } from './cells.js';

export async function* markdown(result: DuckDBResult): AsyncIterable<string> {
  const escaped = (one: string): string => one.replaceAll('|', '\\|');
  const all = await firstCells(result);
  const cells = { names: all.names.map(escaped), rows: all.rows.map((row) => row.map(escaped)) };
  const widths = widthsOf(cells);
  const line = (row: string[], right: boolean[]): string => `| ${padded(row, widths, right).join(' | ')} |\n`;
  yield line(cells.names, []);
  yield `|${widths.map((width, at) => (all.right[at] === true ? ` ${'-'.repeat(width - 1)}: ` : ` ${'-'.repeat(width)} `)).join('|')}|\n`;
  for (const row of cells.rows) yield line(row, all.right);
  if (all.total === undefined) yield `\nThe first ${cells.rows.length} rows.\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export async function* html(result: DuckDBResult): AsyncIterable<string> {
  const row = (tag: string, values: readonly string[]): string =>
    `<tr>${values.map((one) => `<${tag}>${one.replace(/[&<>"]/g, (sign) => ENTITIES[sign]!)}</${tag}>`).join('')}</tr>\n`;
  yield `<table>\n<thead>\n${row('th', result.columnNames())}</thead>\n<tbody>\n`;
  for await (const some of result.yieldRows()) yield some.map((one) => row('td', one.map(cell))).join('');
  yield '</tbody>\n</table>\n';
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};

export async function* latex(result: DuckDBResult): AsyncIterable<string> {
  const escaped = (one: string): string =>
    one.replace(/[\\~^&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
  const row = (values: readonly string[]): string => `  ${values.map(escaped).join(' & ')} \\\\\n`;
  const all = await firstCells(result);
  yield `\\begin{tabular}{${all.right.map((right) => (right ? 'r' : 'l')).join('')}}\n  \\hline\n`;
  yield `${row(all.names)}  \\hline\n`;
  for (const one of all.rows) yield row(one);
  yield '  \\hline\n\\end{tabular}\n';
}

export async function* lines(result: DuckDBResult): AsyncIterable<string> {
  const names = result.columnNames();
  const width = Math.max(...names.map((name) => name.length));
  let before = '';
  for await (const some of result.yieldRows()) {
    for (const row of some) {
      yield `${before}${row.map((value, at) => `${names[at]!.padStart(width)} = ${cell(value)}\n`).join('')}`;
      before = '\n';
    }
  }
}
