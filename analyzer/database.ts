/**
 * An analysis as a DuckDB database.
 *
 * In: an analysis, whose memory must live as long as the database. Out: its tables, views and macros, in SQL. Rows stay
 * in the core's memory until a query names their columns; only the small tables are copied.
 */
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBResult,
  type DuckDBResultReader,
  type DuckDBValue,
  type JS,
} from '@duckdb/node-api';
import type { Analysis } from './analysis.js';
import { captureRows } from './capture-rows.js';
import { createListed } from './listed-rows.js';
import { type Names, namesOf } from './names.js';
import { scanFunction } from './scan.js';
import { isStored } from './tables/column.js';
import { STORED_TABLES, TABLES } from './tables.js';
import { readViews } from './views.js';

export interface DatabaseOptions {
  /** Leaves out the comments on tables and columns, for who only runs statements of his own. */
  readonly terse?: boolean;
  /** Lets SQL read and write files, and load extensions; otherwise the database is shut off from the machine. */
  readonly allowFiles?: boolean;
  /** DuckDB's worker threads; as many as there are cores, when absent. */
  readonly threads?: number;
}

export type Row = Record<string, JS>;

/** Values for `?` and `$1` (by position), or for `$name` (by name). */
export type Parameters = DuckDBValue[] | Record<string, DuckDBValue>;

export interface Database {
  /** Runs a statement and returns its rows, a property a column: 64-bit integers as bigint, lists as arrays. Throws SqlError. */
  query(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** Runs a statement and reads its whole result, with column names and types. Throws SqlError. */
  read(sql: string, parameters?: Parameters): Promise<DuckDBResultReader>;
  /** Runs one statement; its rows come chunk by chunk (`fetchChunk`, which may throw SqlError too). */
  stream(sql: string, parameters?: Parameters): Promise<DuckDBResult>;
  /** DuckDB's own connection, for what this interface lacks. */
  readonly connection: DuckDBConnection;
  /** Ends the database; no query may be under way. */
  close(): void;
}

/** DuckDB refused a statement: its message, with the place in the SQL where it names one ("LINE 1: …" and a caret). */
export class SqlError extends Error {
  /** DuckDB's class of error: "Parser Error", "Binder Error", "Conversion Error", … */
  readonly kind: string;
  constructor(
    message: string,
    readonly sql: string,
  ) {
    super(message);
    this.name = 'SqlError';
    this.kind = /^([A-Z][\w -]*?Error)\b/.exec(message)?.[1] ?? 'Error';
  }
}

/** Runs `work` on a statement; DuckDB's errors become SqlError. */
async function withSqlErrors<T>(sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SqlError(error instanceof Error ? error.message : String(error), sql);
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** ENUM types by name, so that `DESCRIBE` is readable and `'to_device'::dir` works. */
function createTypes({ members }: Names): string[] {
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

/** The docs as comments: `SELECT column_name, comment FROM duckdb_columns()`. */
function createComments(): string[] {
  const statements: string[] = [];
  for (const table of TABLES) {
    statements.push(`COMMENT ON ${isStored(table) ? 'VIEW' : 'TABLE'} ${table.name} IS ${quoted(table.doc)}`);
    for (const { name, doc, unit, null: whenNull } of table.columns) {
      statements.push(`COMMENT ON COLUMN ${table.name}."${name}" IS ${quoted(comment(doc, unit, whenNull))}`);
    }
  }
  for (const { kind, name, doc, columns } of readViews()) {
    statements.push(`COMMENT ON ${kind.toUpperCase()} ${name} IS ${quoted(doc)}`);
    for (const column of columns) {
      statements.push(
        `COMMENT ON COLUMN ${name}."${column.name}" IS ${quoted(comment(column.doc, column.unit))}`,
      );
    }
  }
  return statements;
}

async function createTables(connection: DuckDBConnection, analysis: Analysis, terse: boolean): Promise<void> {
  const names = namesOf(analysis);
  const captures = captureRows(analysis);
  await connection.run(createTypes(names).join(';\n'));
  for (const table of STORED_TABLES) {
    connection.registerTableFunction(scanFunction(table, captures, names));
    await connection.run(`CREATE VIEW ${table.name} AS SELECT * FROM scan_${table.name}()`);
  }
  for (const table of TABLES) {
    if (!isStored(table)) await createListed(connection, table.name, table.columns, table.rows(analysis));
  }
  await connection.run(
    readViews()
      .map(({ sql }) => sql)
      .join('\n'),
  );
  if (!terse) await connection.run(createComments().join(';\n'));
}

/** Opens the database, in memory. Takes some ten milliseconds, whatever the captures' size. */
export async function openDatabase(analysis: Analysis, options: DatabaseOptions = {}): Promise<Database> {
  const files = options.allowFiles === true;
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    enable_external_access: String(files),
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
  });
  const connection = await instance.connect();
  await createTables(connection, analysis, options.terse === true);
  if (!files) await connection.run('SET lock_configuration = true');
  const read: Database['read'] = (sql, parameters) =>
    withSqlErrors(sql, () => connection.runAndReadAll(sql, parameters));
  return {
    connection,
    query: async (sql, parameters) => (await read(sql, parameters)).getRowObjectsJS(),
    read,
    stream: (sql, parameters) => withSqlErrors(sql, () => connection.stream(sql, parameters)),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
