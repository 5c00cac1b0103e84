/**
 * Every table that users see: the one place where a column's name, type, unit, meaning and place are written.
 *
 * In: the memory layouts of `wasm/schema.ts`. Out: `TABLES`, from which the DuckDB scans, the Arrow tables, the
 * comments in the database and `docs/tables.md` are made.
 */
import { anomalies } from './tables/anomalies.js';
import type { StoredTable, Table } from './tables/column.js';
import { events } from './tables/events.js';
import { invalidations } from './tables/invalidations.js';
import { kernelTables } from './tables/kernel-messages.js';
import { lifetimes } from './tables/lifetimes.js';
import { listedTables } from './tables/listed.js';
import { losses } from './tables/losses.js';
import { pageLifetimes } from './tables/page-lifetimes.js';
import { siblings } from './tables/siblings.js';

export type {
  Column,
  ListedTable,
  NameList,
  Source,
  StoredTable,
  Table,
  ValueType,
} from './tables/column.js';

/** Tables in the core's memory, scanned in place. */
export const STORED_TABLES: readonly StoredTable[] = [
  events,
  lifetimes,
  invalidations,
  siblings,
  pageLifetimes,
  anomalies,
  losses,
];

/** All tables, in the order that a newcomer should meet them. */
export const TABLES: readonly Table[] = [...STORED_TABLES, ...listedTables, ...kernelTables];

/** The table of this name. Throws on any other name. */
export function tableOf(name: string): Table {
  const table = TABLES.find((candidate) => candidate.name === name);
  if (table === undefined) throw new RangeError(`no table is named ${name}`);
  return table;
}
