/**
 * Small tables by hand, for tests of rules: the columns are those of docs/tables.md, what a row leaves out has a plain default.
 *
 * In: rows. Out: a DuckDB with the tables, as rules see them.
 */
import { DuckDBInstance } from '@duckdb/node-api';
import type { Queryable, Row } from '../analyzer/findings.js';
import { TABLES } from '../analyzer/tables.js';
import type { Recorded } from '../analyzer/verdicts.js';
import { readViews } from '../analyzer/views.js';
import { Kind, Layer, Op } from '../wasm/schema.js';

export interface Rows {
  readonly lifetimes?: readonly Row[];
  readonly events?: readonly Row[];
  readonly anomalies?: readonly Row[];
  readonly losses?: readonly Row[];
  readonly stacks?: readonly Row[];
  readonly siblings?: readonly Row[];
  readonly invalidations?: readonly Row[];
  readonly devices?: readonly Row[];
  readonly kernel_logs?: readonly Row[];
  readonly kernel_messages?: readonly Row[];
  readonly event_types?: readonly Row[];
  readonly event_counts?: readonly Row[];
}

export const DEVICE = '0000:00:05.0';
/** Tables' types that are no lists of names; those are text here. */
const PLAIN = new Set([
  ...['BIGINT', 'UBIGINT', 'INTEGER', 'UINTEGER', 'SMALLINT', 'USMALLINT'],
  ...['BOOLEAN', 'VARCHAR', 'VARCHAR[]'],
]);

const LIFETIME: Row = {
  ...{
    layer: 'dma',
    kind: 'single',
    device: DEVICE,
    dir: 'to_device',
    addr: 0xfffff000,
    len: 4096,
    attrs: 0,
  },
  ...{ opened_ts: 1000, end_reason: 'capture_end', open_tid: 101, open_comm: 'init', syncs: 0, passed: 0 },
  ...{ truncated: false, unrecordable_unmap: false, after_loss: false, mismatch: false, overlap: false },
  ...{ before_removal: false, after_exit: false, unwatched: false, remainder: false, capture: 0 },
};
const EVENT: Row = { ts: 1000, cpu: 0, tid: 101, comm: 'init', layer: 'dma', device: DEVICE, capture: 0 };
const ANOMALY: Row = { ts: 1000, device: DEVICE, addr: 0xfffff000, len: 4096, after_loss: false, capture: 0 };
const SIBLINGS: Row = {
  ...{ layer: 'dma', device: DEVICE, kind: 'single', dir: 'to_device', opened: 0, closed: 0, older: 0 },
  ...{
    opened_bytes: 0,
    closed_bytes: 0,
    first_ts: 0,
    last_ts: 8_000_000,
    longest: 1000,
    most_passed: 2,
    capture: 0,
  },
};
const CAPTURE: Row = {
  ...{ capture: 0, file: 'trace.txt', format: 'ftrace-text', clock: 'mono', clock_unit: 'ns', cpus: 2 },
  ...{
    page_size: 4096,
    first_ts: 0,
    last_ts: 8_000_000,
    events: 100,
    lifetimes: 50,
    lost: 0,
    losses: 0,
    notes: [],
  },
};

const INVALIDATION: Row = {
  ...{ layer: 'import', cause: 'clear', begin_ts: 2000, end_ts: 3000, addr: 0x7f0000000000, len: 0x10000 },
  ...{ mm: 77, tid: 101, begin_seq: 20, end_seq: 30, imports: 1, obeyed: 0, remaining: 1 },
  ...{ non_blocking: false, inferred_end: false, capture: 0 },
};

const of = (layer: Layer, op: Op, kind: Kind = Kind.none): Recorded => ({
  ...{ capture: 0, layer, op, kind },
  occurred: true,
});

/** What the built-in rules need. */
export const ALL_RECORDED: readonly Recorded[] = [
  of(Layer.dma, Op.open, Kind.single),
  of(Layer.dma, Op.close, Kind.single),
  of(Layer.dma, Op.open, Kind.sg),
  of(Layer.dma, Op.close, Kind.sg),
  of(Layer.dma, Op.sync, Kind.single),
  of(Layer.iommu, Op.close, Kind.translation),
  of(Layer.none, Op.removed),
  of(Layer.none, Op.remove),
  ...[Kind.p2p, Kind.mr, Kind.odp, Kind.mirror, Kind.pinned].flatMap((kind) => [
    of(Layer.import_, Op.open, kind),
    of(Layer.import_, Op.close, kind),
  ]),
  ...[Op.invalidate_begin, Op.invalidate_end, Op.free, Op.move, Op.exit].map((op) => of(Layer.import_, op)),
  of(Layer.watch, Op.open, Kind.notifier),
  ...[Layer.pool, Layer.page].map((layer) => of(layer, Op.free)),
  ...[Op.open, Op.close, Op.exit].map((op) => of(Layer.pool, op, Kind.pool)),
  ...[Kind.attachment, Kind.attachment_map].flatMap((kind) => [
    of(Layer.dmabuf, Op.open, kind),
    of(Layer.dmabuf, Op.close, kind),
  ]),
  of(Layer.dmabuf, Op.invalidate_begin),
];

/** A database of its own with these rows. An event's seq and a lifetime's id are their places; a stack's is its place from 1. */
export async function ruleTables(rows: Rows): Promise<Queryable> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const query: Queryable['query'] = async (sql, params) =>
    (await connection.runAndReadAll(sql, params)).getRowObjectsJS() as Row[];
  const fill: Record<string, readonly Row[]> = {
    captures: [CAPTURE],
    lifetimes: (rows.lifetimes ?? []).map((row, id) => ({ ...LIFETIME, id, ...row })),
    events: (rows.events ?? []).map((row, seq) => ({ ...EVENT, seq, ...row })),
    anomalies: (rows.anomalies ?? []).map((row) => ({ ...ANOMALY, ...row })),
    losses: (rows.losses ?? []).map((row) => ({ capture: 0, ...row })),
    stacks: (rows.stacks ?? []).map((row, at) => ({ id: at + 1, ...row })),
    devices: rows.devices ?? [],
    kernel_logs: rows.kernel_logs ?? [],
    kernel_messages: rows.kernel_messages ?? [],
    event_types: rows.event_types ?? [],
    event_counts: (rows.event_counts ?? []).map((row) => ({ capture: 0, count: 1, known: true, ...row })),
    siblings: (rows.siblings ?? []).map((row) => ({ ...SIBLINGS, ...row })),
    invalidations: (rows.invalidations ?? []).map((row, id) => ({ ...INVALIDATION, id, ...row })),
  };
  for (const { name, columns } of TABLES) {
    const types = columns.map(
      (column) => [column.name, PLAIN.has(column.type) ? column.type : 'VARCHAR'] as const,
    );
    await query(`CREATE TABLE ${name} (${types.map(([column, type]) => `"${column}" ${type}`).join(', ')})`);
    if ((fill[name]?.length ?? 0) === 0) continue;
    const shape = JSON.stringify([Object.fromEntries(types)]);
    const values = `SELECT unnest(from_json($rows::JSON, '${shape}'), max_depth := 2)`;
    await query(`INSERT INTO ${name} ${values}`, { rows: JSON.stringify(fill[name]) });
  }
  for (const { sql } of readViews()) await query(sql);
  return { query };
}
