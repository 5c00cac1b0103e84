/** Rows as lines for programs: values with separators, JSON, INSERT. All of them, as they come. */
import { type DuckDBResult, type DuckDBValue, JsonDuckDBValueConverter } from '@duckdb/node-api';
import { text } from './cells.js';

type Write = (result: DuckDBResult) => AsyncIterable<string>;

/** A heading line, then a line a row. */
const separated = (separator: string, cell: (value: string) => string, none: string): Write =>
  async function* rows(result) {
    yield `${result.columnNames().map(cell).join(separator)}\n`;
    for await (const some of result.yieldRows()) {
      yield some
        .map((row) => `${row.map((one) => (one === null ? none : cell(text(one)))).join(separator)}\n`)
        .join('');
    }
  };

export const csv = separated(
  ',',
  (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value),
  '',
);

const BLANKS: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

export const tabs = separated('\t', (value) => value.replace(/[\t\n\r\\]/g, (one) => BLANKS[one]!), '');

export const list = separated('|', (value) => value, 'NULL');

async function* objects(result: DuckDBResult): AsyncIterable<string> {
  const names = result.deduplicatedColumnNames();
  for await (const chunk of result) {
    for (const row of chunk.convertRows(JsonDuckDBValueConverter)) {
      yield JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
    }
  }
}

export async function* json(result: DuckDBResult): AsyncIterable<string> {
  let before = '[';
  for await (const object of objects(result)) {
    yield `${before}\n  ${object}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

export async function* jsonLines(result: DuckDBResult): AsyncIterable<string> {
  for await (const object of objects(result)) yield `${object}\n`;
}

/** Literals that DuckDB reads back; what is no number, truth or NULL goes as text, which it casts. */
function literal(value: DuckDBValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return `'${String(value).replaceAll("'", "''")}'`;
}

export async function* insert(result: DuckDBResult): AsyncIterable<string> {
  const names = result.deduplicatedColumnNames().map((name) => `"${name.replaceAll('"', '""')}"`);
  for await (const some of result.yieldRows()) {
    for (const row of some) {
      yield `INSERT INTO "rows" (${names.join(', ')}) VALUES (${row.map(literal).join(', ')});\n`;
    }
  }
}
