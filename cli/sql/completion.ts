/**
 * What Tab offers in the shell.
 *
 * In: the text up to the cursor. Out: words that it could go on with, and the part of the text that they replace. SQL is DuckDB's own
 * completion; what that lacks (columns behind an alias, the values of ENUM columns, the shell's own commands) is here.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Database } from '../../analyzer/database.js';
import { FORMATS } from '../rows/formats.js';
import { type ArgumentKind, DOT_COMMANDS } from './dot-commands.js';

export interface Offer {
  readonly words: readonly string[];
  /** The end of the text, which the words replace. */
  readonly replaces: string;
}

/** More are no help. */
const MOST = 200;

const NOTHING: Offer = { words: [], replaces: '' };

const beginningWith = (words: readonly string[], start: string): string[] => {
  const low = start.toLowerCase();
  const plain = (word: string): string => word.replace(/^"/, '').toLowerCase();
  return [...new Set(words)].filter((word) => plain(word).startsWith(low)).slice(0, MOST);
};

const column = async (
  database: Database,
  sql: string,
  values: Record<string, string> = {},
): Promise<string[]> => (await database.query(sql, values)).map((row) => String(Object.values(row)[0]));

const TABLES = `
SELECT table_name AS name FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY name`;

const COLUMNS = `
SELECT DISTINCT column_name FROM duckdb_columns()
WHERE NOT internal AND table_name = $table ORDER BY column_name`;

const ENUM_TYPE = `
SELECT any_value(data_type) FROM duckdb_columns()
WHERE NOT internal AND column_name = $column AND starts_with(data_type, 'ENUM(') GROUP BY data_type`;

const COMPLETE = 'SELECT suggestion, suggestion_start, suggestion_type FROM sql_auto_complete($text)';

/** `buffer`: the lines before, of a statement of several; `line`: this one, up to the cursor. */
export async function offer(database: Database, buffer: string, line: string): Promise<Offer> {
  if (buffer.trim() === '' && /^\s*\./.test(line)) return await offerCommand(database, line.trimStart());
  const text = buffer === '' ? line : `${buffer}\n${line}`;
  return (
    (await offerValue(database, text)) ??
    (await offerColumn(database, text)) ??
    (await offerSql(database, text))
  );
}

/** `device = '0000` or `device IN ('a', 'b`: the values of that column, where its type lists them. */
async function offerValue(database: Database, text: string): Promise<Offer | undefined> {
  const [, name, start] =
    /(\w+)\s*(?:=|<>|!=|(?:NOT\s+)?IN\s*\((?:\s*'[^']*'\s*,)*)\s*'([^']*)$/i.exec(text) ?? [];
  if (name === undefined || start === undefined) return undefined;
  const types = await column(database, ENUM_TYPE, { column: name.toLowerCase() });
  const members = types.flatMap((type) => [...type.matchAll(/'((?:[^']|'')*)'/g)].map((match) => match[1]!));
  return { words: beginningWith(members, start).map((word) => `${word}'`), replaces: start };
}

const NO_ALIAS = /^(?:on|using|where|group|order|join|left|right|inner|full|cross|limit|as)$/i;

/** `l.op` where the text has `lifetimes l` (before the cursor), or `lifetimes.op`. */
async function offerColumn(database: Database, text: string): Promise<Offer | undefined> {
  const [, alias, start] = /\b([A-Za-z_]\w*)\.(\w*)$/.exec(text) ?? [];
  if (alias === undefined || start === undefined) return undefined;
  const named = [...text.matchAll(/\b(?:FROM|JOIN|,)\s*(\w+)\s+(?:AS\s+)?(\w+)/gi)].find(
    ([, , name]) => name!.toLowerCase() === alias.toLowerCase() && !NO_ALIAS.test(name!),
  );
  const table = (named?.[1] ?? alias).toLowerCase();
  const columns = await column(database, COLUMNS, { table });
  // SELECT comes before FROM: an alias that is not there yet may stand for any table.
  const words = columns.length > 0 ? columns : await column(database, ANY_COLUMN);
  return { words: beginningWith(words, start), replaces: start };
}

const ANY_COLUMN =
  'SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY column_name';

async function offerSql(database: Database, text: string): Promise<Offer> {
  const rows = await database.query(COMPLETE, { text });
  const [first] = rows;
  if (first === undefined) return NOTHING;
  const start = Number(first.suggestion_start);
  const replaces = Buffer.from(text).subarray(start).toString();
  const fitting = replaces === '' ? rows.filter((row) => row.suggestion_type !== 'scalar_function') : rows;
  return {
    words: beginningWith(
      fitting.map((row) => String(row.suggestion)),
      replaces,
    ),
    replaces,
  };
}

async function rulesById(): Promise<string[]> {
  return (await import('../../analyzer/rules.js')).loadRules().map(({ id }) => id);
}

const ARGUMENTS: Readonly<Record<ArgumentKind, (database: Database, start: string) => Promise<string[]>>> = {
  table: (database) => column(database, TABLES),
  rule: rulesById,
  mode: async () => [...FORMATS],
  switch: async () => ['on', 'off'],
  file: async (_database, start) => filesBeginningWith(start),
  command: async () => DOT_COMMANDS.map(({ name }) => name),
};

async function offerCommand(database: Database, line: string): Promise<Offer> {
  const [, name = '', start] = /^(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
  if (start === undefined) {
    const words = DOT_COMMANDS.map((one) => (one.argument === undefined ? one.name : `${one.name} `));
    return { words: beginningWith(words, name), replaces: name };
  }
  const kind = DOT_COMMANDS.find((one) => one.name === name)?.offers;
  if (kind === undefined) return NOTHING;
  return { words: beginningWith(await ARGUMENTS[kind](database, start), start), replaces: start };
}

function filesBeginningWith(start: string): string[] {
  const folder = start.endsWith('/') ? start : dirname(start);
  const name = start.endsWith('/') ? '' : basename(start);
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.name.startsWith(name))
      .map((entry) => {
        const path = start.includes('/') ? join(folder, entry.name) : entry.name;
        return entry.isDirectory() ? `${path}/` : path;
      });
  } catch {
    return []; // no such folder
  }
}
