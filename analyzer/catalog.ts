/**
 * What a database has beside rows: ENUM types, and comments on everything.
 *
 * In: the members of the types, the docs of tables and views. Out: SQL statements.
 */
import type { Table } from './tables.js';
import { TABLES } from './tables.js';
import { readViews } from './views.js';

/** Members of each ENUM type; an ENUM value is an index in this list. */
export type EnumMembers = Readonly<Record<string, readonly string[]>>;

/** A text as SQL writes it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** ENUM types by name, so that `DESCRIBE` is readable and `'to_device'::dir` works. */
export function createTypes(members: EnumMembers): string[] {
  return Object.entries(members).map(
    ([name, values]) => `CREATE TYPE "${name}" AS ENUM (${values.map(quoted).join(', ')})`,
  );
}

/** A column's meaning in one line. */
function comment(doc: string, unit?: string, whenNull?: string): string {
  const parts = [unit === undefined ? doc : `${doc} [${unit}]`];
  if (whenNull !== undefined) parts.push(`NULL: ${whenNull}`);
  return parts.join(' ');
}

const OBJECTS = { view: 'VIEW', macro: 'MACRO', 'table macro': 'MACRO TABLE' } as const;

/** The docs as comments: `SELECT column_name, comment FROM duckdb_columns()`. */
export function createComments(kindOf: (table: Table) => 'TABLE' | 'VIEW'): string[] {
  const statements: string[] = [];
  for (const table of TABLES) {
    statements.push(`COMMENT ON ${kindOf(table)} ${table.name} IS ${quoted(table.doc)}`);
    for (const { name, doc, unit, null: whenNull } of table.columns) {
      statements.push(`COMMENT ON COLUMN ${table.name}."${name}" IS ${quoted(comment(doc, unit, whenNull))}`);
    }
  }
  for (const { kind, name, doc, columns } of readViews()) {
    statements.push(`COMMENT ON ${OBJECTS[kind]} ${name} IS ${quoted(doc)}`);
    for (const column of columns) {
      statements.push(
        `COMMENT ON COLUMN ${name}."${column.name}" IS ${quoted(comment(column.doc, column.unit))}`,
      );
    }
  }
  return statements;
}
