/**
 * What commands ask questions of: captures, analyzed just now or kept from before.
 *
 * In: an analysis (`analysisEvidence`), or a store (`store/open.ts`). Out: its tables, as a database or, the small ones, row by row.
 */
import type { Analysis } from './analysis.js';
import { KEEP_ALL, type Retention } from './core.js';
import type { Database, DatabaseOptions, Row } from './database.js';
import type { Column, ListedTable, ListedValue } from './tables/column.js';
import { tableOf } from './tables.js';

/** A table that every input has as a list: `captures`, `counters`, `event_counts`, … */
export type ListedName = 'captures' | 'counters' | 'devices' | 'stacks' | 'event_types' | 'event_counts';

export interface OpenOptions extends DatabaseOptions {
  /** Tables that statements read as a whole, all unless said. Of the others the rows that a report keeps may be all there is. */
  readonly reads?: Retention;
}

export interface Evidence {
  /** Opens the tables as a database. Close it before the next is opened. */
  open(options?: OpenOptions): Promise<Database>;
  /** The rows of small tables, as `query` gives them. */
  list(...tables: ListedName[]): Promise<readonly Row[][]>;
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

/** The analysis with the excerpts of its tables in their place. */
function excerptOf(analysis: Analysis): Analysis {
  return {
    ...analysis,
    captures: analysis.captures.map((capture) => ({ ...capture, core: capture.excerpt ?? capture.core })),
  };
}

/** Whether no table is read as a whole. */
const readsLeast = (reads: Retention = KEEP_ALL): boolean => !reads.events && !reads.lifetimes;

/** The evidence of an analysis, whose memory must live as long. DuckDB is loaded when a database is opened, and not before. */
export function analysisEvidence(analysis: Analysis): Evidence {
  return {
    open: async (options = {}) => {
      const { openDatabase } = await import('./database.js');
      return openDatabase(readsLeast(options.reads) ? excerptOf(analysis) : analysis, options);
    },
    list: async (...names) => names.map((name) => rowsOf(analysis, tableOf(name) as ListedTable)),
  };
}
