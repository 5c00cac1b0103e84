/**
 * The tables of an analysis.
 *
 * In: an analysis. Out: its tables for a database. Rows stay in the core's memory until a query names their columns; only the small
 * tables are copied.
 */
import type { Analysis } from './analysis.js';
import { captureRows } from './capture-rows.js';
import type { TableSet } from './database.js';
import { createListed } from './listed-rows.js';
import { namesOf } from './names.js';
import { scanFunction } from './scan.js';
import { isStored } from './tables/column.js';
import { STORED_TABLES, TABLES } from './tables.js';

export function analysisTables(analysis: Analysis): TableSet {
  const names = namesOf(analysis);
  return {
    begin: async () => names.members,
    kindOf: (table) => (isStored(table) ? 'VIEW' : 'TABLE'),
    create: async (connection) => {
      const captures = captureRows(analysis);
      for (const table of STORED_TABLES) {
        connection.registerTableFunction(scanFunction(table, captures, names));
        await connection.run(`CREATE VIEW ${table.name} AS SELECT * FROM scan_${table.name}()`);
      }
      for (const table of TABLES) {
        if (!isStored(table)) await createListed(connection, table.name, table.columns, table.rows(analysis));
      }
    },
  };
}
