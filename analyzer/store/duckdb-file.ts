/**
 * A store as one DuckDB file: tables, types, views, macros and comments as `dmaspan sql` has them, for dmaspan and for DuckDB's own shell.
 *
 * In: databases of an evidence. Out: the file, complete when its table `dmaspan_store` has a row.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { createComments, createTypes, quoted } from '../catalog.js';
import type { Database } from '../database.js';
import type { Table } from '../tables.js';
import { readViews } from '../views.js';
import { MANIFEST_TABLE } from './manifest.js';
import type { StoreWriter } from './write.js';

const columnsOf = ({ columns }: Table): string =>
  columns.map(({ name, type }) => `"${name}" ${typeOf(type)}`).join(', ');

/** The types' own names are quoted: some are words of SQL. */
const typeOf = (type: string): string => (/^[a-z_]+$/.test(type) ? `"${type}"` : type);

export function duckdbWriter(path: string): StoreWriter {
  let begun = false;
  const run = async ({ connection }: Database, sql: string): Promise<void> =>
    void (await connection.run(sql));
  return {
    begin: async (database, types) => {
      await run(database, `ATTACH ${quoted(path)} AS store; USE store`);
      if (!begun) await run(database, ['CREATE SCHEMA excerpt', ...createTypes(types)].join(';\n'));
      begun = true;
    },
    join: (other) => run(other, 'USE store'),
    write: async (database, table, excerpt) => {
      const name = `${excerpt ? 'excerpt' : 'main'}.${table.name}`;
      await run(database, `CREATE TABLE ${name} (${columnsOf(table)})`);
      await run(database, `INSERT INTO ${name} FROM memory.main.${table.name}`);
      if (excerpt) await run(database, `COMMENT ON TABLE ${name} IS ${quoted(EXCERPT)}`);
    },
    keep: async (database, { name }) => {
      await run(database, `CREATE TABLE excerpt.${name} AS FROM memory.main.${name}`);
      await run(database, `COMMENT ON TABLE excerpt.${name} IS ${quoted(DERIVED)}`);
    },
    end: (database) => run(database, 'USE memory; DETACH store'),
    finish: async (manifest) => {
      const instance = await DuckDBInstance.create(path);
      const connection = await instance.connect();
      await connection.run(
        readViews()
          .map(({ sql }) => sql)
          .join('\n'),
      );
      await connection.run(createComments(() => 'TABLE').join(';\n'));
      await connection.run(`CREATE TABLE ${MANIFEST_TABLE} AS SELECT $1::VARCHAR AS manifest`, [
        JSON.stringify(manifest),
      ]);
      await connection.run('CHECKPOINT');
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const EXCERPT =
  'The rows that dmaspan report reads of the table of this name: what is open at the end, and what anomalies speak of.';

const DERIVED = 'What dmaspan report computes of the other tables before its first rule runs.';
