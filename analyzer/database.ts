/**
 * Tables as a DuckDB database.
 *
 * In: a set of tables, wherever their rows lie. Out: a database with them, with the views and macros over them, in SQL.
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
import { analysisTables } from './analysis-tables.js';
import { createComments, createTypes, type EnumMembers } from './catalog.js';
import { type Kept, NOTHING_KEPT } from './kept.js';
import { type Ensure, onDemand } from './on-demand.js';
import type { Table } from './tables.js';
import { readViews } from './views.js';

export interface DatabaseOptions {
  /** For who only runs statements of his own: no comments on tables and columns, and a view or macro is made when one names it. */
  readonly terse?: boolean;
  /** Lets SQL read and write files, and load extensions; otherwise the database is shut off from the machine. */
  readonly allowFiles?: boolean;
  /** DuckDB's worker threads; as many as there are cores, when absent. */
  readonly threads?: number;
}

/** The tables of tables.ts, wherever their rows lie. */
export interface TableSet {
  /** Finds out what their ENUM types are, before anything is made. */
  begin(connection: DuckDBConnection): Promise<EnumMembers>;
  /** Makes every table, by its name; the database has the ENUM types then. */
  create(connection: DuckDBConnection): Promise<void>;
  /** What `create` makes of a table. */
  kindOf(table: Table): 'TABLE' | 'VIEW';
  /** What need not be computed any more; asked for after `begin`. */
  kept?(): Kept;
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
  /** Another connection to the same database, for statements at the same time; it ends with this one. */
  beside(): Promise<Database>;
  readonly kept: Kept;
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

/** No way from SQL to the machine's files, and no way back. */
const LOCK = 'SET enable_external_access = false; SET lock_configuration = true';

/** Runs `work` on a statement; DuckDB's errors become SqlError. */
async function withSqlErrors<T>(sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SqlError(error instanceof Error ? error.message : String(error), sql);
  }
}

/** Opens an analysis, whose memory must live as long as the database. Takes some ten milliseconds, whatever the captures' size. */
export const openDatabase = (analysis: Analysis, options: DatabaseOptions = {}): Promise<Database> =>
  openTables(analysisTables(analysis), options);

/** Makes tables and views; what is left to be made is made when a statement names it. */
async function createAll(connection: DuckDBConnection, tables: TableSet, terse: boolean): Promise<Ensure> {
  await connection.run(createTypes(await tables.begin(connection)).join(';\n'));
  await tables.create(connection);
  const views = readViews();
  if (terse)
    return onDemand(
      views.map(({ name, kind, sql }) => ({ name, isMacro: kind !== 'view', sql })),
      (sql) => connection.run(sql),
    );
  await connection.run(views.map(({ sql }) => sql).join('\n'));
  await connection.run(createComments((table) => tables.kindOf(table)).join(';\n'));
  return async () => {};
}

const SETTINGS = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

let warm: Promise<DuckDBInstance> | undefined;

/** Makes an empty database ready, on another thread, while there is other work to do: the next one to be opened takes it. */
export function warmUp(): void {
  warm ??= DuckDBInstance.create(':memory:', SETTINGS);
  warm.catch(() => undefined); // whoever opens it hears of it
}

function newInstance(): Promise<DuckDBInstance> {
  const instance = warm ?? DuckDBInstance.create(':memory:', SETTINGS);
  warm = undefined;
  return instance;
}

/** Opens the database, in memory. */
export async function openTables(tables: TableSet, options: DatabaseOptions = {}): Promise<Database> {
  const instance = await newInstance();
  const connection = await instance.connect();
  if (options.threads !== undefined) await connection.run(`SET threads = ${options.threads}`);
  const ensure = await createAll(connection, tables, options.terse === true);
  if (options.allowFiles !== true) await connection.run(LOCK);
  return overConnection({ instance, ensure, kept: tables.kept?.() ?? NOTHING_KEPT }, connection, () =>
    instance.closeSync(),
  );
}

/** What the connections to one database share. */
interface Shared {
  readonly instance: DuckDBInstance;
  readonly ensure: Ensure;
  readonly kept: Kept;
}

function overConnection(shared: Shared, connection: DuckDBConnection, onClose: () => void): Database {
  const { instance, ensure, kept } = shared;
  const others: Database[] = [];
  const read: Database['read'] = (sql, parameters) =>
    withSqlErrors(sql, async () => {
      await ensure(sql);
      return connection.runAndReadAll(sql, parameters);
    });
  return {
    connection,
    kept,
    beside: async () => {
      const other = overConnection(shared, await instance.connect(), () => {});
      others.push(other);
      return other;
    },
    query: async (sql, parameters) => (await read(sql, parameters)).getRowObjectsJS(),
    read,
    stream: (sql, parameters) =>
      withSqlErrors(sql, async () => {
        await ensure(sql);
        return connection.stream(sql, parameters);
      }),
    close: () => {
      for (const other of others) other.close();
      connection.closeSync();
      onClose();
    },
  };
}
