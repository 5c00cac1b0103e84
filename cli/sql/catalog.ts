/** What a database holds, for a person: its tables, views and macros with what they mean. */
import type { Database } from '../../analyzer/database.js';
import { printable } from '../../traces/printable.js';
import { UsageError } from '../exit-codes.js';

const RELATIONS = `
SELECT table_name AS name, comment FROM duckdb_tables() WHERE NOT internal
UNION ALL
SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
ORDER BY name`;

const MACROS = `
SELECT function_name || '(' || array_to_string(parameters, ', ') || ')' AS name, comment
FROM duckdb_functions() WHERE NOT internal AND function_type IN ('macro', 'table_macro') ORDER BY name`;

/** A column of an ENUM shows the type's name, not all its members. */
const COLUMNS = `
WITH named AS (
  SELECT DISTINCT ON (members) type_name,
    'ENUM(' || array_to_string([printf('''%s''', replace(label, '''', '''''')) FOR label IN labels], ', ') || ')' AS members
  FROM duckdb_types() WHERE logical_type = 'ENUM' AND NOT internal
  ORDER BY members, type_name
)
SELECT c.column_name AS name, coalesce(n.type_name, c.data_type) AS type, c.comment
FROM duckdb_columns() c LEFT JOIN named n ON n.members = c.data_type
WHERE c.table_name = $table AND NOT c.internal ORDER BY c.column_index`;

type Line = Readonly<Record<string, unknown>>;

const word = (value: unknown): string => printable(String(value ?? ''));

/** "name   type   what it means", the last cut to the width. */
function aligned(rows: readonly Line[], columns: readonly string[], width: number): string {
  const widths = columns.map((column) => Math.max(...rows.map((row) => word(row[column]).length)));
  const line = (row: Line): string =>
    columns
      .map((column, at) => word(row[column]).padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  const cut = (text: string): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
  return rows.map((row) => `${cut(line(row))}\n`).join('');
}

const firstSentence = (row: Line): Line => ({ ...row, comment: word(row.comment).replace(/\. .*$/s, '.') });

export async function tablesText(database: Database, width: number): Promise<string> {
  const relations = (await database.query(RELATIONS)).map(firstSentence);
  const macros = (await database.query(MACROS)).map(firstSentence);
  const all = aligned([...relations, ...macros], ['name', 'comment'], width).split('\n');
  const part = (from: number, to: number): string => `${all.slice(from, to).join('\n')}\n`;
  return `${part(0, relations.length)}\nMacros:\n${part(relations.length, relations.length + macros.length)}`;
}

/** One table or view, or all. Throws UsageError when there is none of that name. */
export async function schemaText(
  database: Database,
  table: string | undefined,
  width: number,
): Promise<string> {
  const all = await database.query(RELATIONS);
  const chosen = table === undefined ? all : all.filter(({ name }) => name === table.toLowerCase());
  if (chosen.length === 0) throw new UsageError(`no table is called "${table}"`, '.tables lists them.');
  const parts: string[] = [];
  for (const { name, comment } of chosen) {
    const columns = await database.query(COLUMNS, { table: String(name) });
    const lines = aligned(columns, ['name', 'type', 'comment'], width - 2).trimEnd();
    const heading = `${word(name)}${comment === null ? '' : `: ${word(comment)}`}`;
    parts.push(`${heading}\n${lines.replace(/^/gm, '  ')}\n`);
  }
  return parts.join('\n');
}
