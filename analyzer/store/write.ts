/**
 * Writes a store: every table of tables.ts, the excerpts that reports read, and last the manifest, without which it is none.
 *
 * In: evidence, a path that is not there yet. Out: a .duckdb file or a folder of Parquet files (docs/store.md).
 */

import { TableId } from '../../wasm/schema.js';
import type { EnumMembers } from '../catalog.js';
import { KEEP_LEAST } from '../core.js';
import type { Database } from '../database.js';
import type { Evidence, OpenOptions } from '../evidence.js';
import type { Row } from '../findings.js';
import { rowsToKeep } from '../judge.js';
import { groundFingerprint, rowsToText, ruleFingerprint } from '../kept.js';
import { NAME_LISTS } from '../names.js';
import { onDemand } from '../on-demand.js';
import { type DerivedTable, derivedTables, preludeDefinitions } from '../prelude.js';
import type { Rule } from '../rules.js';
import { STORED_TABLES, TABLES, type Table } from '../tables.js';
import { sharedOut } from '../together.js';
import { columnsFingerprint, type Manifest, ownVersion, STORE_VERSION } from './manifest.js';

/** Hears what is written next, and how much of all that is. */
export type OnStep = (what: string, done: number, of: number) => void;

/** One way to keep tables. Each method gets a database of the evidence whose tables lie in `memory.main`. */
export interface StoreWriter {
  /** Before the tables of a database are written. */
  begin(database: Database, types: EnumMembers): Promise<void>;
  /** Before another connection to the same database writes, at the same time. */
  join(other: Database): Promise<void>;
  write(database: Database, table: Table, excerpt: boolean): Promise<void>;
  /** Keeps a derived table, which lies in `memory.main` too, beside the excerpts. */
  keep(database: Database, table: DerivedTable): Promise<void>;
  /** After them: nothing of the store may stay open. */
  end(database: Database): Promise<void>;
  /** Last of all. */
  finish(manifest: Manifest): Promise<void>;
}

type Rows = Record<string, number>;

export async function writeStore(
  evidence: Evidence,
  writer: StoreWriter,
  onStep: OnStep = () => {},
): Promise<void> {
  const types: Record<string, string[]> = {};
  const tables: Rows = Object.fromEntries(TABLES.map(({ name }) => [name, 0])); // in their order, whichever is done first
  const excerpts: Rows = {};
  await withTables(evidence, writer, types, {}, async (database) => {
    // One thread fills a table: two tables at a time use a second.
    const hands = [Promise.resolve(database), besideOf(database, writer)];
    await sharedOut(hands, [...TABLES.entries()], async (connection, [at, table]) => {
      onStep(table.name, at, TABLES.length + 1);
      tables[table.name] = await rowsOf(connection, table);
      await writer.write(connection, table, false);
    });
  });
  onStep('what reports read', TABLES.length, TABLES.length + 1);
  let rules: Manifest['rules'] = {};
  const derive = async (database: Database): Promise<void> => {
    const ensure = onDemand(preludeDefinitions(), (sql) => database.query(sql));
    for (const { name } of derivedTables()) await ensure(`FROM ${name}`);
    // Beside a kernel log, rules read whole tables.
    if (tables.kernel_logs === 0) rules = rulesToKeep(await rowsToKeep(database, ensure));
  };
  await withTables(evidence, writer, types, { reads: KEEP_LEAST, derive }, async (database) => {
    for (const table of EXCERPTED) {
      const rows = await rowsOf(database, table);
      // One that is nearly the whole is not worth its room.
      if (rows * 2 >= tables[table.name]!) continue;
      excerpts[table.name] = rows;
      await writer.write(database, table, true);
    }
    for (const table of derivedTables()) await writer.keep(database, table);
  });
  const head = { store: 'dmaspan', version: STORE_VERSION, dmaspan: ownVersion() } as const;
  const rows = { types: types, tables, excerpts, ground: groundFingerprint(), rules, files: {} };
  await writer.finish({ ...head, columns: columnsFingerprint(), ...rows });
}

async function besideOf(database: Database, writer: StoreWriter): Promise<Database> {
  const other = await database.beside();
  await writer.join(other);
  return other;
}

/** Pages are computed from the lifetimes that there are: an excerpt of them would be another table. */
const EXCERPTED = STORED_TABLES.filter(({ id }) => id !== TableId.page_lifetimes);

async function withTables(
  evidence: Evidence,
  writer: StoreWriter,
  types: Record<string, string[]>,
  { derive, ...options }: OpenOptions & { derive?: (database: Database) => Promise<void> },
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await evidence.open({ allowFiles: true, terse: true, ...options });
  try {
    await derive?.(database);
    const ranges = NAME_LISTS.map((list) => `enum_range(NULL::"${list}") AS "${list}"`);
    Object.assign(types, (await database.query(`SELECT ${ranges.join(', ')}`))[0]);
    await writer.begin(database, types);
    await work(database);
    await writer.end(database);
  } finally {
    database.close();
  }
}

/** More rows than these are found again, rather than kept in a manifest. */
const ROWS_TO_KEEP = 1000;

const rulesToKeep = (found: ReadonlyMap<Rule, readonly Row[]>): Record<string, string> =>
  Object.fromEntries(
    [...found]
      .filter(([, rows]) => rows.length <= ROWS_TO_KEEP)
      .map(([rule, rows]) => [ruleFingerprint(rule), rowsToText(rows)]),
  );

async function rowsOf(database: Database, { name }: Table): Promise<number> {
  const [row] = await database.query(`SELECT count(*) AS n FROM memory.main.${name}`);
  return Number(row!.n);
}
