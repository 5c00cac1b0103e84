/**
 * The tables of an analysis.
 *
 * In: an analysis. Out: its tables for a database. Rows stay in the core's memory until a query names their columns; only the small
 * tables are copied.
 */
import type { Analysis } from './analysis.js';
import { captureRows } from './capture-rows.js';
import type { TableSet } from './database.js';
import { appendRows, createTable } from './listed-rows.js';
import { namesOf } from './names.js';
import { scanFunction } from './scan.js';
import { isStored } from './tables/column.js';
import { STORED_TABLES, TABLES, type Table } from './tables.js';

const createStatement = (table: Table): string =>
  isStored(table)
    ? `CREATE VIEW ${table.name} AS SELECT * FROM scan_${table.name}();`
    : createTable(table.name, table.columns);

export function analysisTables(analysis: Analysis): TableSet {
  const names = namesOf(analysis);
  return {
    begin: async () => names.members,
    kindOf: (table) => (isStored(table) ? 'VIEW' : 'TABLE'),
    create: async (connection) => {
      const captures = captureRows(analysis);
      for (const table of STORED_TABLES)
        connection.registerTableFunction(scanFunction(table, captures, names));
      // One call for all: each takes its way through a thread and back.
      await connection.run(TABLES.map(createStatement).join('\n'));
      for (const table of TABLES) {
        if (!isStored(table)) await appendRows(connection, table.name, table.columns, table.rows(analysis));
      }
    },
  };
}
