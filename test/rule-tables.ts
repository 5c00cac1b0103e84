/**
 * Small tables by hand, for tests of rules: the columns are those of docs/tables.md, what a row leaves out has a plain default.
 *
 * In: rows. Out: a DuckDB with the tables, as rules see them.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import type { Queryable, Row } from '../analyzer/findings.js';
import { TABLES } from '../analyzer/tables.js';

export interface Rows {
  readonly lifetimes?: readonly Row[];
  readonly events?: readonly Row[];
  readonly anomalies?: readonly Row[];
  readonly losses?: readonly Row[];
  readonly stacks?: readonly Row[];
}

export const DEVICE = '0000:00:05.0';
const PLAIN = new Set([
  'BIGINT',
  'UBIGINT',
  'INTEGER',
  'UINTEGER',
  'SMALLINT',
  'USMALLINT',
  'BOOLEAN',
  'VARCHAR',
  'VARCHAR[]',
]);

const LIFETIME: Row = {
  layer: 'dma',
  kind: 'single',
  device: DEVICE,
  addr: 0xfffff000,
  len: 4096,
  dir: 'to_device',
  attrs: 0,
  opened_ts: 1000,
  end_reason: 'capture_end',
  open_tid: 101,
  open_comm: 'init',
  syncs: 0,
  truncated: false,
  unrecordable_unmap: false,
  after_loss: false,
  mismatch: false,
  overlap: false,
  before_removal: false,
  remainder: false,
  capture: 0,
};
const EVENT: Row = { ts: 1000, cpu: 0, tid: 101, comm: 'init', layer: 'dma', device: DEVICE, capture: 0 };
const ANOMALY: Row = { ts: 1000, device: DEVICE, addr: 0xfffff000, len: 4096, after_loss: false, capture: 0 };

/** One event of each sort that the rules need, so that they can tell. */
export const ALL_RECORDED: readonly Row[] = [
  { event: 'dma:dma_map_phys', op: 'open', kind: 'single' },
  { event: 'dma:dma_unmap_phys', op: 'close', kind: 'single' },
  { event: 'dma:dma_map_sg', op: 'open', kind: 'sg' },
  { event: 'dma:dma_unmap_sg', op: 'close', kind: 'sg' },
  { event: 'dma:dma_sync_single_for_cpu', op: 'sync', kind: 'single' },
  { event: 'iommu:unmap', op: 'close', kind: 'translation', layer: 'iommu', device: null },
  { event: 'dev_unbind', op: 'remove', kind: null, layer: null, device: 'other', ts: 1 },
];

/** A database of its own with these rows. An event's seq, a lifetime's id and a stack's id are their places (stacks from 1). */
export async function ruleTables(rows: Rows): Promise<Queryable> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const db: Queryable = {
    query: async (sql, params) => (await connection.runAndReadAll(sql, params)).getRowObjectsJS() as Row[],
  };
  const fill: Record<string, readonly Row[]> = {
    lifetimes: (rows.lifetimes ?? []).map((row, id) => ({ ...LIFETIME, id, ...row })),
    events: (rows.events ?? []).map((row, seq) => ({ ...EVENT, seq, ...row })),
    anomalies: (rows.anomalies ?? []).map((row) => ({ ...ANOMALY, ...row })),
    losses: (rows.losses ?? []).map((row) => ({ capture: 0, ...row })),
    stacks: (rows.stacks ?? []).map((row, at) => ({ id: at + 1, ...row })),
  };
  for (const { name, columns } of TABLES) {
    const types = columns.map(
      (column) => [column.name, PLAIN.has(column.type) ? column.type : 'VARCHAR'] as const,
    );
    await db.query(
      `CREATE TABLE ${name} (${types.map(([column, type]) => `"${column}" ${type}`).join(', ')})`,
    );
    if ((fill[name]?.length ?? 0) === 0) continue;
    const shape = JSON.stringify([Object.fromEntries(types)]);
    await db.query(`INSERT INTO ${name} SELECT unnest(from_json($rows::JSON, '${shape}'), max_depth := 2)`, {
      rows: JSON.stringify(fill[name]),
    });
  }
  return db;
}
