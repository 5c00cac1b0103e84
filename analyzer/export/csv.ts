/**
 * Tables as CSV.
 *
 * In: evidence. Out: a folder with one file a table: a line of column names, NULL as nothing, lists as DuckDB writes them.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../catalog.js';
import type { Evidence } from '../evidence.js';
import type { OnStep } from '../store/write.js';
import { TABLES } from '../tables.js';

export async function exportCsv(evidence: Evidence, path: string, onStep: OnStep): Promise<void> {
  mkdirSync(path);
  const database = await evidence.open({ allowFiles: true, terse: true });
  try {
    for (const [at, { name }] of TABLES.entries()) {
      onStep(name, at, TABLES.length);
      await database.query(`COPY ${name} TO ${quoted(join(path, `${name}.csv`))} (FORMAT csv, HEADER)`);
    }
  } finally {
    database.close();
  }
}
