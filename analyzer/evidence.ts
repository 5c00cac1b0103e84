/**
 * What commands ask questions of: captures, analyzed just now or kept from before.
 *
 * In: an analysis (`analysisEvidence`), or a store (`store/open-store.ts`). Out: its tables, as a database or, the small ones, row by row.
 */
import type { Analysis } from './analysis.js';
import type { Database, DatabaseOptions, Row } from './database.js';
import type { Column, ListedTable, ListedValue } from './tables/column.js';
import { tableOf } from './tables.js';

/** A table that every input has as a list: `captures`, `counters`, `event_counts`, … */
export type ListedName = 'captures' | 'counters' | 'devices' | 'stacks' | 'event_types' | 'event_counts';

export interface Evidence {
  /** Opens the tables as a database. Close it before the next is opened. */
  open(options?: DatabaseOptions): Promise<Database>;
  /** The rows of a small table, as `query` gives them. */
  list(table: ListedName): Promise<readonly Row[]>;
}

const listedValue = (value: ListedValue, { type }: Column<'listed'>): Row[string] => {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') return [...value];
  return type.endsWith('BIGINT') ? BigInt(value) : value;
};

function rowsOf(analysis: Analysis, { columns, rows }: ListedTable): Row[] {
  return rows(analysis).map((row) =>
    Object.fromEntries(columns.map((column, at) => [column.name, listedValue(row[at], column)])),
  );
}

/** The evidence of an analysis, whose memory must live as long. DuckDB is loaded when a database is opened, and not before. */
export function analysisEvidence(analysis: Analysis): Evidence {
  return {
    open: async (options) => (await import('./database.js')).openDatabase(analysis, options),
    list: async (name) => rowsOf(analysis, tableOf(name) as ListedTable),
  };
}
