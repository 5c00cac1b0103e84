/**
 * A store as evidence.
 *
 * In: a .duckdb file or a Parquet folder that `write.ts` made. Out: its tables under the names that captures' have, read in place: a
 * database of its own in memory, with views on the store's tables, so that SQL may create what it likes and the store stays as it is.
 */
import { join, resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoted } from '../catalog.js';
import { KEEP_ALL, type Retention } from '../core.js';
import type { Evidence, OpenOptions } from '../evidence.js';
import { groundFingerprint, type Kept, NOTHING_KEPT, rowsFromText } from '../kept.js';
import { NAME_LISTS } from '../names.js';
import { type DerivedTable, derivedTables } from '../prelude.js';
import type { Table } from '../tables.js';
import { TABLES } from '../tables.js';
import { storeKind } from './kind.js';
import { MANIFEST_TABLE, type Manifest, parseManifest, readFolder, StoreError } from './manifest.js';

type Excerpted = (table: Table) => boolean;

/** One way to keep tables. */
interface Reader {
  /** Makes the store readable in this connection. Throws StoreError. */
  attach(connection: DuckDBConnection): Promise<Manifest>;
  /** A SELECT of a table's rows, or of its excerpt's. */
  select(table: Table, excerpt: boolean): string;
  /** A SELECT of a derived table's rows. */
  selectDerived(table: DerivedTable): string;
}

function fileReader(path: string): Reader {
  return {
    attach: async (connection) => {
      try {
        await connection.run(`ATTACH ${quoted(resolve(path))} AS store (READ_ONLY)`);
      } catch (error) {
        throw unreadable(path, error);
      }
      return parseManifest(path, await manifestText(connection, path));
    },
    select: ({ name }, excerpt) => `FROM store.${excerpt ? 'excerpt' : 'main'}.${name}`,
    selectDerived: ({ name }) => `FROM store.excerpt.${name}`,
  };
}

async function manifestText(connection: DuckDBConnection, path: string): Promise<string> {
  try {
    const rows = (
      await connection.runAndReadAll(`SELECT manifest FROM store.main.${MANIFEST_TABLE}`)
    ).getRows();
    return String(rows[0]?.[0]);
  } catch {
    throw new StoreError(
      path,
      `expected a store that dmaspan ingested, found a DuckDB database without a table ${MANIFEST_TABLE}`,
      'Is it the wrong file, or one of an ingest that was interrupted? dmaspan ingest CAPTURE -o FILE.duckdb makes one.',
    );
  }
}

function unreadable(path: string, error: unknown): StoreError {
  const [first = ''] = String(error instanceof Error ? error.message : error).split('\n');
  return new StoreError(
    path,
    `expected a DuckDB database, found one that cannot be opened: ${first}`,
    'Copy the file again, or ingest the capture again.',
  );
}

function folderReader(path: string): Reader {
  const words: ReadonlySet<string> = new Set(NAME_LISTS);
  const column = (name: string, type: string): string =>
    words.has(type) ? `"${name}"::"${type}" AS "${name}"` : `"${name}"`;
  return {
    attach: async (connection) => {
      const manifest = readFolder(path);
      await connection.run(`SET allowed_directories = [${quoted(resolve(path))}]`);
      return manifest;
    },
    select: ({ name, columns }, excerpt) => {
      const file = join(resolve(path), ...(excerpt ? ['excerpt'] : []), `${name}.parquet`);
      return `SELECT ${columns.map((one) => column(one.name, one.type)).join(', ')} FROM read_parquet(${quoted(file)})`;
    },
    selectDerived: ({ name }) =>
      `FROM read_parquet(${quoted(join(resolve(path), 'excerpt', `${name}.parquet`))})`,
  };
}

/**
 * Which tables are opened as excerpts: those of which nobody reads the whole. What a fault of the kernel log hit may have been unmapped
 * long before, so beside a log lifetimes are whole, as they are when a capture is read with one.
 */
function excerptedBy(manifest: Manifest, asked: Retention): Excerpted {
  const reads = { ...asked, lifetimes: asked.lifetimes || manifest.tables.kernel_logs !== 0 };
  const none = !reads.events && !reads.lifetimes;
  return ({ name }) => name in manifest.excerpts && !(reads[name as keyof Retention] ?? !none);
}

/** What of a report's work is kept, if it is what this dmaspan would do. */
function keptBy({ ground, rules }: Manifest, reader: Reader): Kept {
  if (ground !== groundFingerprint()) return NOTHING_KEPT;
  return {
    tables: Object.fromEntries(derivedTables().map((table) => [table.name, reader.selectDerived(table)])),
    rules: new Map(Object.entries(rules).map(([rule, text]) => [rule, rowsFromText(text)])),
  };
}

/** Opens what `storeKind` knows as a store. Throws StoreError. */
export function storeEvidence(path: string): Evidence {
  const reader = storeKind(path) === 'folder' ? folderReader(path) : fileReader(path);
  const open = async ({ reads = KEEP_ALL, ...options }: OpenOptions = {}) => {
    const { openTables } = await import('../database.js');
    let excerpted: Excerpted = () => false;
    let kept = NOTHING_KEPT;
    return openTables(
      {
        kindOf: () => 'VIEW',
        kept: () => kept,
        begin: async (connection) => {
          const manifest = await reader.attach(connection);
          excerpted = excerptedBy(manifest, reads);
          kept = keptBy(manifest, reader);
          return manifest.types;
        },
        create: async (connection) => {
          const views = TABLES.map(
            (table) => `CREATE VIEW ${table.name} AS ${reader.select(table, excerpted(table))}`,
          );
          await connection.run(views.join(';\n'));
        },
      },
      options,
    );
  };
  return {
    open,
    list: async (...names) => {
      const database = await open({ terse: true });
      try {
        return await Promise.all(names.map((name) => database.query(`FROM ${name}`)));
      } finally {
        database.close();
      }
    },
  };
}
