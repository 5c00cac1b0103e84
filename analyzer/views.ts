/**
 * The views and macros over the tables, one a file in `views/` and `views/macros/`.
 *
 * In: SQL files with a header:
 *
 *   -- What it is, one paragraph.
 *   --
 *   -- like: lifetimes                       (it has every column of that table, and)
 *   -- age (ns): What the column means. NULL: when it is NULL.
 *   CREATE VIEW open_lifetimes AS …
 *
 * Out: their statements and docs. A view stands on tables and macros only, never on a view, so order does not matter.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPackage } from '../traces/package-root.js';
import { tableOf } from './tables.js';

export interface ViewColumn {
  readonly name: string;
  readonly unit?: string;
  readonly doc: string;
}

export interface View {
  readonly kind: 'view' | 'macro' | 'table macro';
  readonly name: string;
  /** A macro's parameters: "anomaly, value". */
  readonly parameters?: string;
  readonly doc: string;
  /** The table all of whose columns it has. */
  readonly like?: string;
  /** Its columns, those of `like` first. */
  readonly columns: readonly ViewColumn[];
  /** Its columns beyond those of `like`. */
  readonly ownColumns: readonly ViewColumn[];
  readonly sql: string;
}

const CREATE = /^CREATE (VIEW|MACRO) (\w+)(?:\(([^)]*)\))? AS\b( TABLE\b)?/m;
const COLUMN = /^(\w+)(?: \(([^)]+)\))?: (.+)$/;

function columnsLike(like: string | undefined): ViewColumn[] {
  if (like === undefined) return [];
  return tableOf(like).columns.map((column) => ({
    name: column.name,
    doc: column.null === undefined ? column.doc : `${column.doc} NULL: ${column.null}`,
    ...(column.unit === undefined ? {} : { unit: column.unit }),
  }));
}

function columnOf(line: string, file: string): ViewColumn {
  const [, name, unit, doc] = COLUMN.exec(line) ?? [];
  if (name === undefined || doc === undefined) throw new Error(`${file}: not a column's line: ${line}`);
  return unit === undefined ? { name, doc } : { name, unit, doc };
}

/** Reads one file. Throws on a header that is not as above: it is part of the package. */
function readView(file: string): View {
  const sql = readFileSync(file, 'utf8');
  const [, kind, name, parameters, tabular] = CREATE.exec(sql) ?? [];
  if (kind === undefined || name === undefined) throw new Error(`${file}: no CREATE VIEW or CREATE MACRO`);
  const header = /^(?:--.*\n)*/.exec(sql)![0].replace(/^-- ?/gm, '').trim();
  const [doc = '', facts = ''] = header.split('\n\n');
  const lines = facts.split('\n').filter((line) => line !== '');
  const like = lines[0]?.startsWith('like: ') ? lines.shift()!.slice('like: '.length) : undefined;
  const ownColumns = lines.map((line) => columnOf(line, file));
  return {
    kind: kind === 'VIEW' ? 'view' : tabular === undefined ? 'macro' : 'table macro',
    name,
    doc: doc.replaceAll('\n', ' '),
    columns: [...columnsLike(like), ...ownColumns],
    ownColumns,
    sql,
    ...(parameters === undefined ? {} : { parameters }),
    ...(like === undefined ? {} : { like }),
  };
}

function readFolder(...path: string[]): View[] {
  const folder = inPackage('analyzer', ...path);
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.sort().map((file) => readView(join(folder, file)));
}

let views: readonly View[] | undefined;

/** Macros first, then views. */
export function readViews(): readonly View[] {
  views ??= [...readFolder('views', 'macros'), ...readFolder('views')];
  return views;
}
