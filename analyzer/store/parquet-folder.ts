/**
 * A store as a folder of Parquet files, one a table.
 *
 * In: databases of an evidence. Out: the folder, complete when its manifest is there. Rows are sorted by device and time, so that
 * a reader passes over the row groups of other devices and other times by their statistics.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../catalog.js';
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
  return {
    begin: async () => {},
    write: async (database, table, excerpt) => {
      if (excerpt) mkdirSync(join(path, 'excerpt'), { recursive: true });
      const file = excerpt ? `excerpt/${table.name}.parquet` : `${table.name}.parquet`;
      const order = sortedBy(table);
      const rows = `FROM ${table.name}${order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''}`;
      const form = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP}`;
      await database.connection.run(`COPY (${rows}) TO ${quoted(join(path, file))} (${form})`);
      files[file] = statSync(join(path, file)).size;
    },
    end: async () => {},
    finish: async (manifest) => {
      writeFileSync(join(path, MANIFEST_FILE), `${JSON.stringify({ ...manifest, files }, undefined, 2)}\n`);
    },
  };
}
