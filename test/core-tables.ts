/**
 * The core's tables as plain objects: every cell read by itself, with a DataView, where `wasm/schema.ts` says it is.
 *
 * In: a core that has finished. Out: rows of `replay-rows.ts`.
 */
import type { Core } from '../analyzer/core.js';
import * as schema from '../wasm/schema.js';
import { type Layer, ROWS, TableId } from '../wasm/schema.js';
import type {
  AnomalyRow,
  EventRow,
  InvalidationRow,
  Lifetime,
  LossRow,
  PageLifetime,
  SiblingsRow,
} from './replay-rows.js';

/**
 * How a cell reads. `?`: all ones are undefined. u64 and i64 are bigints, i64 is signed, the others numbers.
 */
type CellType = 'u64' | 'u64?' | 'i64' | 'i64?' | 'u32' | 'u32?' | 'i32?' | 'u16' | 'i16' | 'u8' | 'u8?';
type Columns<Row> = Record<keyof Row, readonly [offset: number, type: CellType]>;
type Reader = (view: DataView, column: number, row: number) => bigint | number | undefined;

const read: Record<CellType, Reader> = {
  u64: (view, column, row) => view.getBigUint64(column + 8 * row, true),
  i64: (view, column, row) => view.getBigInt64(column + 8 * row, true),
  u32: (view, column, row) => view.getUint32(column + 4 * row, true),
  u16: (view, column, row) => view.getUint16(column + 2 * row, true),
  i16: (view, column, row) => view.getInt16(column + 2 * row, true),
  u8: (view, column, row) => view.getUint8(column + row),
  'u64?': (view, column, row) => known(read.u64(view, column, row), 0xffff_ffff_ffff_ffffn),
  'i64?': (view, column, row) => known(read.i64(view, column, row), -1n),
  'u32?': (view, column, row) => known(read.u32(view, column, row), 0xffff_ffff),
  'i32?': (view, column, row) => known(view.getInt32(column + 4 * row, true), -1),
  'u8?': (view, column, row) => known(read.u8(view, column, row), 0xff),
};

function known<T>(value: T, absent: T): T | undefined {
  return value === absent ? undefined : value;
}

function rowsOf<Row>(core: Core, table: TableId, columns: Columns<Row>): Row[] {
  const view = new DataView(core.memory());
  const cells = Object.entries(columns) as [string, Columns<Row>[keyof Row]][];
  return Array.from({ length: core.rows(table) }, (_, row) => {
    const block = core.block(table, Math.floor(row / ROWS));
    const cell = ([name, [offset, type]]: (typeof cells)[number]) => [
      name,
      read[type](view, block + offset, row % ROWS),
    ];
    return Object.fromEntries(cells.map(cell)) as Row;
  });
}

/** Rows whose further facts stand in the table `extras`, at a row of their own. */
type Extended = 'mm' | 'object' | 'value' | 'other';
const EXTRAS: Columns<Record<Extended, bigint | undefined>> = {
  mm: [schema.EXTRA_MM * schema.COLUMN8, 'u64?'],
  object: [schema.EXTRA_OBJECT * schema.COLUMN8, 'u64?'],
  value: [schema.EXTRA_VALUE * schema.COLUMN8, 'u64?'],
  other: [schema.EXTRA_OTHER * schema.COLUMN8, 'u64?'],
};
const NOTHING = { mm: undefined, object: undefined, value: undefined, other: undefined };

function extend<Row extends { extra: number | undefined }>(
  core: Core,
  rows: Row[],
): (Omit<Row, 'extra'> & Record<Extended, bigint | undefined>)[] {
  const extras = rowsOf(core, TableId.extras, EXTRAS);
  return rows.map(({ extra, ...row }) => ({ ...row, ...(extra === undefined ? NOTHING : extras[extra]!) }));
}

const EVENTS: Columns<Omit<EventRow, Extended> & { extra: number | undefined }> = {
  ts: [schema.EVENT_TS, 'i64'],
  cpu: [schema.EVENT_CPU, 'u16'],
  seq: [schema.EVENT_SEQ, 'u32'],
  lifetime: [schema.EVENT_LIFETIME, 'u32?'],
  stack: [schema.EVENT_STACK, 'u32'],
  addr: [schema.EVENT_ADDR, 'u64?'],
  len: [schema.EVENT_LEN, 'u64?'],
  phys: [schema.EVENT_PHYS, 'u64?'],
  attrs: [schema.EVENT_ATTRS, 'u32?'],
  dir: [schema.EVENT_DIR, 'u8?'],
  device: [schema.EVENT_DEVICE, 'u16'],
  error: [schema.EVENT_ERROR, 'i16'],
  extra: [schema.EVENT_SIDE, 'u32?'],
};

const LIFETIMES: Columns<
  Omit<Lifetime, 'siblings' | Extended> & { siblings: number; extra: number | undefined }
> = {
  id: [schema.LIFETIME_ID, 'u32'],
  openedTs: [schema.LIFETIME_OPENED_TS, 'i64'],
  closedTs: [schema.LIFETIME_CLOSED_TS, 'i64?'],
  addr: [schema.LIFETIME_ADDR, 'u64?'],
  len: [schema.LIFETIME_LEN, 'u64?'],
  phys: [schema.LIFETIME_PHYS, 'u64?'],
  openSeq: [schema.LIFETIME_OPEN_SEQ, 'u32'],
  closeSeq: [schema.LIFETIME_CLOSE_SEQ, 'u32?'],
  openTid: [schema.LIFETIME_OPEN_TID, 'i32?'],
  closeTid: [schema.LIFETIME_CLOSE_TID, 'i32?'],
  openComm: [schema.LIFETIME_OPEN_COMM, 'u32'],
  openStack: [schema.LIFETIME_OPEN_STACK, 'u32'],
  closeStack: [schema.LIFETIME_CLOSE_STACK, 'u32'],
  attrs: [schema.LIFETIME_ATTRS, 'u32?'],
  group: [schema.LIFETIME_GROUP, 'u32?'],
  parent: [schema.LIFETIME_PARENT, 'u32?'],
  syncs: [schema.LIFETIME_SYNCS, 'u32'],
  passed: [schema.LIFETIME_PASSED, 'u32'],
  siblings: [schema.LIFETIME_SIBLINGS, 'u32'],
  device: [schema.LIFETIME_DEVICE, 'u16'],
  flags: [schema.LIFETIME_FLAGS, 'u16'],
  layer: [schema.LIFETIME_LAYER, 'u8'],
  kind: [schema.LIFETIME_KIND, 'u8'],
  dir: [schema.LIFETIME_DIR, 'u8?'],
  end: [schema.LIFETIME_END, 'u8'],
  invalidation: [schema.LIFETIME_INVALIDATION, 'u32?'],
  extra: [schema.LIFETIME_EXTRA, 'u32?'],
};

const ANOMALIES: Columns<Omit<AnomalyRow, 'afterLoss'> & { afterLoss: number }> = {
  ts: [schema.ANOMALY_TS, 'i64'],
  addr: [schema.ANOMALY_ADDR, 'u64?'],
  len: [schema.ANOMALY_LEN, 'u64?'],
  expected: [schema.ANOMALY_EXPECTED, 'u64?'],
  actual: [schema.ANOMALY_ACTUAL, 'u64?'],
  seq: [schema.ANOMALY_SEQ, 'u32'],
  lifetime: [schema.ANOMALY_LIFETIME, 'u32?'],
  other: [schema.ANOMALY_OTHER, 'u32?'],
  device: [schema.ANOMALY_DEVICE, 'u16'],
  kind: [schema.ANOMALY_KIND, 'u8'],
  afterLoss: [schema.ANOMALY_AFTER_LOSS, 'u8'],
};

const LOSSES: Columns<LossRow> = {
  from: [schema.LOSS_FROM, 'i64?'],
  to: [schema.LOSS_TO, 'i64'],
  count: [schema.LOSS_COUNT, 'u64?'],
  seq: [schema.LOSS_SEQ, 'u32'],
  cpu: [schema.LOSS_CPU, 'u16'],
};

const SIBLINGS: Columns<SiblingsRow> = {
  opened: [schema.SIBLINGS_OPENED, 'u64'],
  closed: [schema.SIBLINGS_CLOSED, 'u64'],
  older: [schema.SIBLINGS_OLDER, 'u64'],
  openedBytes: [schema.SIBLINGS_OPENED_BYTES, 'u64'],
  closedBytes: [schema.SIBLINGS_CLOSED_BYTES, 'u64'],
  firstTs: [schema.SIBLINGS_FIRST_TS, 'i64?'],
  lastTs: [schema.SIBLINGS_LAST_TS, 'i64?'],
  longest: [schema.SIBLINGS_LONGEST, 'i64?'],
  mostPassed: [schema.SIBLINGS_MOST_PASSED, 'u32'],
  device: [schema.SIBLINGS_DEVICE, 'u16'],
  layer: [schema.SIBLINGS_LAYER, 'u8'],
  kind: [schema.SIBLINGS_KIND, 'u8'],
  dir: [schema.SIBLINGS_DIR, 'u8?'],
};

const INVALIDATIONS: Columns<InvalidationRow> = {
  id: [schema.INVALIDATION_ID, 'u32'],
  layer: [schema.INVALIDATION_LAYER, 'u8'],
  mm: [schema.INVALIDATION_MM, 'u64?'],
  object: [schema.INVALIDATION_OBJECT, 'u64?'],
  addr: [schema.INVALIDATION_ADDR, 'u64?'],
  len: [schema.INVALIDATION_LEN, 'u64?'],
  cause: [schema.INVALIDATION_CAUSE, 'u8?'],
  tid: [schema.INVALIDATION_TID, 'i32?'],
  beginTs: [schema.INVALIDATION_BEGIN_TS, 'i64'],
  beginSeq: [schema.INVALIDATION_BEGIN_SEQ, 'u32'],
  endTs: [schema.INVALIDATION_END_TS, 'i64?'],
  endSeq: [schema.INVALIDATION_END_SEQ, 'u32?'],
  imports: [schema.INVALIDATION_IMPORTS, 'u32'],
  obeyed: [schema.INVALIDATION_OBEYED, 'u32'],
  remaining: [schema.INVALIDATION_REMAINING, 'u32'],
  flags: [schema.INVALIDATION_FLAGS, 'u8'],
};

interface PageRun {
  first: bigint;
  count: bigint;
  openedTs: bigint;
  closedTs: bigint | undefined;
  lifetime: number;
  peak: number;
  space: number;
  layer: Layer;
}

const PAGES: Columns<PageRun> = {
  first: [schema.PAGE_FIRST, 'u64'],
  count: [schema.PAGE_COUNT, 'u64'],
  openedTs: [schema.PAGE_OPENED_TS, 'i64'],
  closedTs: [schema.PAGE_CLOSED_TS, 'i64?'],
  lifetime: [schema.PAGE_LIFETIME, 'u32'],
  peak: [schema.PAGE_PEAK, 'u32'],
  space: [schema.PAGE_SPACE, 'u16'],
  layer: [schema.PAGE_LAYER, 'u8'],
};

export const eventRows = (core: Core) => extend(core, rowsOf(core, TableId.events, EVENTS));
export const lifetimeRows = (core: Core) => extend(core, rowsOf(core, TableId.lifetimes, LIFETIMES));
export const invalidationRows = (core: Core) => rowsOf(core, TableId.invalidations, INVALIDATIONS);
export const anomalyRows = (core: Core) => rowsOf(core, TableId.anomalies, ANOMALIES);
export const lossRows = (core: Core) => rowsOf(core, TableId.losses, LOSSES);
export const siblingsRows = (core: Core) => rowsOf(core, TableId.siblings, SIBLINGS);

/** The table `page_lifetimes`, one object a page. */
export function pageRows(core: Core): PageLifetime[] {
  return rowsOf(core, TableId.page_lifetimes, PAGES).flatMap(({ first, count, ...history }) =>
    Array.from({ length: Number(count) }, (_, i) => ({ ...history, page: first + BigInt(i) })),
  );
}
