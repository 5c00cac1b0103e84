/**
 * A store as a folder of Parquet files, one a table.
 *
 * In: databases of an evidence. Out: the folder, complete when its manifest is there. Rows are sorted by device and time, so that
 * a reader passes over the row groups of other devices and other times by their statistics.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { quoted } from '../catalog.js';
import type { Database } from '../database.js';
import type { Table } from '../tables.js';
import { MANIFEST_FILE } from './kind.js';
import type { StoreWriter } from './write.js';

const ROW_GROUP = 122_880;

/** The columns that a table is sorted by: device, then the first that is a time; as it comes where it has neither. */
export function sortedBy({ columns }: Table): string[] {
  const names = columns.map(({ name }) => name);
  const time = names.find((name) => /(^|_)ts$/.test(name));
  const device = names.includes('device') && time !== undefined ? ['device'] : [];
  return time === undefined ? [] : [...device, time];
}

export function parquetWriter(path: string): StoreWriter {
  const files: Record<string, number> = {};
  mkdirSync(path, { recursive: true });
  const copy = async (database: Database, rows: string, file: string): Promise<void> => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    const form = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP}`;
    await database.connection.run(`COPY (${rows}) TO ${quoted(join(path, file))} (${form})`);
    files[file] = statSync(join(path, file)).size;
  };
  return {
    begin: async () => {},
    join: async () => {},
    write: (database, table, excerpt) => {
      const order = sortedBy(table);
      const rows = `FROM ${table.name}${order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''}`;
      return copy(database, rows, `${excerpt ? 'excerpt/' : ''}${table.name}.parquet`);
    },
    keep: (database, { name }) => copy(database, `FROM ${name}`, `excerpt/${name}.parquet`),
    end: async () => {},
    finish: async (manifest) => {
      const sorted = Object.fromEntries(Object.entries(files).sort());
      const text = JSON.stringify({ ...manifest, files: sorted }, undefined, 2);
      writeFileSync(join(path, MANIFEST_FILE), `${text}\n`);
    },
  };
}
