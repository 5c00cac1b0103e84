/**
 * Analyses made of pseudo-random rows, for tests of whatever reads the core's tables.
 *
 * In: row counts and a seed. Out: an analysis whose memory is laid out as `wasm/schema.ts` says, and the same rows
 * as plain objects: what a user must see, computed here without the code under test.
 */
import type { Analysis, AnalyzedCapture, CoreTables, EventType } from '../analyzer/analysis.js';
import * as schema from '../wasm/schema.js';
import { Dir, EndReason, Kind, Layer, Op, ROWS, TableId } from '../wasm/schema.js';

export type Row = Record<string, bigint | number | string | boolean | null>;

const ONES = 0xffff_ffff_ffff_ffffn;

/** xorshift32: the same rows every time. */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export const TYPES: EventType[] = [
  { name: 'lost', layer: Layer.none, op: Op.lost, kind: Kind.none, doc: '' },
  { name: 'stack', layer: Layer.none, op: Op.stack, kind: Kind.none, doc: '' },
  { name: 'dma:dma_map_phys', layer: Layer.dma, op: Op.open, kind: Kind.single, doc: '' },
  { name: 'dma:dma_map_phys', layer: Layer.dma, op: Op.open, kind: Kind.resource, doc: '' },
  { name: 'iommu:unmap', layer: Layer.iommu, op: Op.close, kind: Kind.translation, doc: '' },
  { name: 'umem_get', layer: Layer.import_, op: Op.note, kind: Kind.none, doc: '' },
];
const DEVICES = ['', 'nvme 0000:01:00.0', 'eth0', 'a-device', "it's odd"];
const COMMS = ['', 'kworker/0:1', 'a b [c]', '<idle>'];
const LAYERS = [null, 'dma', 'iommu', 'pool', 'import', 'dmabuf', 'watch', 'page'];
const nameOf = (values: Record<number, string>, value: number): string => values[value]!;

/** Events, and lifetimes, that have no row; their numbers are missing from the tables. */
const UNKEPT = 5;
/** How many numbers there are when so many have rows. */
const numbered = (rows: number): number => (rows === 0 ? 0 : rows + UNKEPT);

export interface Sizes {
  events: number;
  lifetimes: number;
  anomalies?: number;
  losses?: number;
  pages?: number;
  extras?: number;
  siblings?: number;
  invalidations?: number;
}

export interface SyntheticOptions {
  seed?: number;
  /** Every value that may be absent is. */
  allAbsent?: boolean;
  pageSize?: number;
}

/** Where a capture's rows start, as users see them. */
interface Base {
  capture: number;
  events: number;
  lifetimes: number;
  siblings: number;
  invalidations: number;
}

/** Memory, and a way to put rows in it. */
class Memory {
  readonly buffer: ArrayBuffer;
  private readonly view: DataView;
  private readonly starts = new Map<TableId, number[]>();
  constructor(tables: [TableId, number, number][]) {
    let end = 64;
    for (const [table, rows, bytes] of tables) {
      const blocks = Array.from({ length: Math.ceil(rows / ROWS) }, (_, index) => end + index * bytes);
      end += blocks.length * bytes;
      this.starts.set(table, blocks);
    }
    this.buffer = new ArrayBuffer(end + 64);
    this.view = new DataView(this.buffer);
  }
  block(table: TableId, index: number): number {
    return this.starts.get(table)![index]!;
  }
  /** Puts a value of 1, 2, 4 or 8 bytes; negative ones in two's complement. */
  put(table: TableId, row: number, column: number, bytes: number, value: number | bigint): void {
    const at = this.block(table, Math.floor(row / ROWS)) + column + bytes * (row % ROWS);
    if (bytes === 1) this.view.setUint8(at, Number(value));
    else if (bytes === 2) this.view.setUint16(at, Number(value), true);
    else if (bytes === 4) this.view.setUint32(at, Number(value), true);
    else this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  }
}

class Writer {
  constructor(
    private readonly memory: Memory,
    private readonly random: (below: number) => number,
    private readonly allAbsent: boolean,
  ) {}
  chance(oneIn: number): boolean {
    return this.allAbsent || this.random(oneIn) === 0;
  }
  /** A u64 that is often above 2^63, sometimes absent. */
  wide(table: TableId, row: number, column: number, optional = true): bigint | null {
    const absent = optional && this.chance(5);
    const value = absent ? ONES : (BigInt(this.random(2 ** 32)) << 32n) | BigInt(this.random(2 ** 32));
    this.memory.put(table, row, column, 8, value);
    return absent ? null : value;
  }
  /** A number below `below`, sometimes absent, which is written as `none` (all ones unless given). */
  small(
    table: TableId,
    row: number,
    column: number,
    bytes: number,
    below: number,
    none: number | false = -1,
  ): number | null {
    const absent = none !== false && this.chance(4);
    const value = absent ? none : this.random(below);
    this.memory.put(table, row, column, bytes, value & (bytes === 4 ? -1 : 2 ** (8 * bytes) - 1));
    return absent || (none === 0 && value === 0) ? null : value;
  }
  ref(table: TableId, row: number, column: number, rows: number, base: number): bigint | null {
    const value =
      rows === 0 ? this.small(table, row, column, 4, 1) && null : this.small(table, row, column, 4, rows);
    return value === null ? null : BigInt(value + base);
  }
  number(below: number): number {
    return this.random(below);
  }
  set(table: TableId, row: number, column: number, bytes: number, value: number | bigint): void {
    this.memory.put(table, row, column, bytes, value);
  }
}

const event = TableId.events;

function eventRow(w: Writer, row: number, sizes: Sizes, base: Base, extras: Row[]): Row {
  const ts = BigInt(row) * 1_000_003n;
  w.set(event, row, schema.EVENT_TS, 8, ts);
  w.set(event, row, schema.EVENT_SEQ, 4, row + UNKEPT - 2);
  const type = w.small(event, row, schema.EVENT_TYPE, 2, TYPES.length, false)!;
  const { name, layer, op, kind } = TYPES[type]!;
  const error = w.chance(3) ? -12 : 0;
  w.set(event, row, schema.EVENT_ERROR, 2, error & 0xffff);
  const side = w.small(event, row, schema.EVENT_SIDE, 4, extras.length + 1);
  const dir = w.small(event, row, schema.EVENT_DIR, 1, 4);
  const device = w.small(event, row, schema.EVENT_DEVICE, 2, DEVICES.length, 0);
  const comm = w.small(event, row, schema.EVENT_COMM, 4, COMMS.length, 0);
  const extra = side === null ? undefined : extras[side];
  return {
    seq: BigInt(row + UNKEPT - 2 + base.events),
    ts,
    cpu: w.small(event, row, schema.EVENT_CPU, 2, 300),
    tid: w.small(event, row, schema.EVENT_TID, 4, 4_000_000),
    comm: comm === null ? null : COMMS[comm]!,
    event: name,
    layer: LAYERS[layer]!,
    op: nameOf(Op, op),
    kind: kind === Kind.none ? null : nameOf(Kind, kind),
    device: device === null ? null : DEVICES[device]!,
    addr: w.wide(event, row, schema.EVENT_ADDR),
    len: w.wide(event, row, schema.EVENT_LEN),
    phys: w.wide(event, row, schema.EVENT_PHYS),
    dir: dir === null ? null : nameOf(Dir, dir),
    attrs: w.small(event, row, schema.EVENT_ATTRS, 4, 2 ** 32 - 1),
    error: error === 0 ? null : error,
    stack: w.small(event, row, schema.EVENT_STACK, 4, 4, 0),
    lifetime: w.ref(event, row, schema.EVENT_LIFETIME, sizes.lifetimes, base.lifetimes),
    mm: extra?.mm ?? null,
    object: extra?.object ?? null,
    value: extra?.value ?? null,
    other: extra?.other ?? null,
    capture: base.capture,
  };
}

function extraRow(w: Writer, row: number): Row {
  const word = (index: number) => w.wide(TableId.extras, row, index * schema.COLUMN8);
  return { mm: word(0), object: word(1), value: word(2), other: word(3) };
}

const life = TableId.lifetimes;

function lifetimeRow(w: Writer, row: number, sizes: Sizes, base: Base, extras: Row[]): Row {
  const id = sizes.lifetimes + UNKEPT - 1 - row;
  w.set(life, row, schema.LIFETIME_ID, 4, id);
  const opened = BigInt(row) * 77_777n;
  const closed = w.chance(3) ? -1n : opened + BigInt(w.number(2 ** 32)) * 5n;
  w.set(life, row, schema.LIFETIME_OPENED_TS, 8, opened);
  w.set(life, row, schema.LIFETIME_CLOSED_TS, 8, closed);
  const layer = w.small(life, row, schema.LIFETIME_LAYER, 1, 3, false)!;
  const kind = w.small(life, row, schema.LIFETIME_KIND, 1, 20, 0);
  const device = w.small(life, row, schema.LIFETIME_DEVICE, 2, DEVICES.length, 0);
  const dir = w.small(life, row, schema.LIFETIME_DIR, 1, 4);
  const end = w.small(life, row, schema.LIFETIME_END, 1, 7, false)!;
  const comm = w.small(life, row, schema.LIFETIME_OPEN_COMM, 4, COMMS.length, 0);
  const flags = w.small(life, row, schema.LIFETIME_FLAGS, 2, 512, false)!;
  const further = w.small(life, row, schema.LIFETIME_EXTRA, 4, extras.length + 1);
  const extra = further === null ? undefined : extras[further];
  const { invalidations = 0 } = sizes;
  return {
    id: BigInt(id + base.lifetimes),
    layer: LAYERS[layer]!,
    kind: kind === null ? null : nameOf(Kind, kind),
    device: device === null ? null : DEVICES[device]!,
    addr: w.wide(life, row, schema.LIFETIME_ADDR),
    len: w.wide(life, row, schema.LIFETIME_LEN),
    phys: w.wide(life, row, schema.LIFETIME_PHYS),
    dir: dir === null ? null : nameOf(Dir, dir),
    attrs: w.small(life, row, schema.LIFETIME_ATTRS, 4, 8192),
    opened_ts: opened,
    closed_ts: closed === -1n ? null : closed,
    duration: closed === -1n ? null : closed - opened,
    end_reason: nameOf(EndReason, end),
    open_seq: w.ref(life, row, schema.LIFETIME_OPEN_SEQ, sizes.events, base.events),
    close_seq: w.ref(life, row, schema.LIFETIME_CLOSE_SEQ, sizes.events, base.events),
    open_tid: w.small(life, row, schema.LIFETIME_OPEN_TID, 4, 9999),
    close_tid: w.small(life, row, schema.LIFETIME_CLOSE_TID, 4, 9999),
    open_comm: comm === null ? null : COMMS[comm]!,
    open_stack: w.small(life, row, schema.LIFETIME_OPEN_STACK, 4, 4, 0),
    close_stack: w.small(life, row, schema.LIFETIME_CLOSE_STACK, 4, 4, 0),
    sg_group: w.ref(life, row, schema.LIFETIME_GROUP, sizes.lifetimes, base.lifetimes),
    parent: w.ref(life, row, schema.LIFETIME_PARENT, sizes.lifetimes, base.lifetimes),
    invalidation: w.ref(life, row, schema.LIFETIME_INVALIDATION, invalidations, base.invalidations),
    mm: extra?.mm ?? null,
    object: extra?.object ?? null,
    value: extra?.value ?? null,
    other: extra?.other ?? null,
    passed: w.small(life, row, schema.LIFETIME_PASSED, 4, 2 ** 32 - 1, false),
    siblings: w.ref(life, row, schema.LIFETIME_SIBLINGS, sizes.siblings ?? 0, base.siblings),
    syncs: w.small(life, row, schema.LIFETIME_SYNCS, 4, 2 ** 32 - 1, false),
    truncated: (flags & 1) !== 0,
    unrecordable_unmap: (flags & 2) !== 0,
    after_loss: (flags & 4) !== 0,
    mismatch: (flags & 8) !== 0,
    overlap: (flags & 16) !== 0,
    before_removal: (flags & 32) !== 0,
    after_exit: (flags & 128) !== 0,
    unwatched: (flags & 256) !== 0,
    remainder: (flags & 64) !== 0,
    capture: base.capture,
  };
}

const KINDS = [null, 'double_unmap', 'unmap_unknown', 'size_mismatch', 'direction_mismatch', 'kind_mismatch'];
const odd = TableId.anomalies;

function anomalyRow(w: Writer, row: number, sizes: Sizes, base: Base): Row {
  const kind = 1 + w.number(5);
  w.set(odd, row, schema.ANOMALY_KIND, 1, kind);
  w.set(odd, row, schema.ANOMALY_TS, 8, 5n * BigInt(row));
  const device = w.small(odd, row, schema.ANOMALY_DEVICE, 2, DEVICES.length, 0);
  return {
    kind: KINDS[kind]!,
    ts: 5n * BigInt(row),
    seq: w.ref(odd, row, schema.ANOMALY_SEQ, sizes.events, base.events),
    device: device === null ? null : DEVICES[device]!,
    addr: w.wide(odd, row, schema.ANOMALY_ADDR),
    len: w.wide(odd, row, schema.ANOMALY_LEN),
    lifetime: w.ref(odd, row, schema.ANOMALY_LIFETIME, sizes.lifetimes, base.lifetimes),
    other: w.ref(odd, row, schema.ANOMALY_OTHER, sizes.lifetimes, base.lifetimes),
    expected: w.wide(odd, row, schema.ANOMALY_EXPECTED),
    actual: w.wide(odd, row, schema.ANOMALY_ACTUAL),
    after_loss: w.small(odd, row, schema.ANOMALY_AFTER_LOSS, 1, 2, false) === 1,
    capture: base.capture,
  };
}

const loss = TableId.losses;

/** The event after a loss; some losses have none, and then the number is the one after the last. */
function nextEvent(w: Writer, row: number, sizes: Sizes, base: Base): bigint | null {
  const seq = row % 3 === 0 ? numbered(sizes.events) : w.number(numbered(sizes.events));
  w.set(loss, row, schema.LOSS_SEQ, 4, seq);
  return row % 3 === 0 ? null : BigInt(seq + base.events);
}

function lossRow(w: Writer, row: number, sizes: Sizes, base: Base): Row {
  const from = w.chance(2) ? null : BigInt(row);
  w.set(loss, row, schema.LOSS_FROM, 8, from ?? -1n);
  w.set(loss, row, schema.LOSS_TO, 8, 9n + BigInt(row));
  const count = w.chance(3) ? null : BigInt(w.number(1000));
  w.set(loss, row, schema.LOSS_COUNT, 8, count ?? ONES);
  return {
    cpu: w.small(loss, row, schema.LOSS_CPU, 2, 8),
    from_ts: from,
    to_ts: 9n + BigInt(row),
    count,
    seq: nextEvent(w, row, sizes, base),
    capture: base.capture,
  };
}

const page = TableId.page_lifetimes;

function pageRow(w: Writer, row: number, sizes: Sizes, base: Base, pageSize: number): Row {
  const first = (BigInt(w.number(2 ** 20)) << 28n) | BigInt(row);
  const pages = BigInt(1 + w.number(9));
  w.set(page, row, schema.PAGE_FIRST, 8, first);
  w.set(page, row, schema.PAGE_COUNT, 8, pages);
  w.set(page, row, schema.PAGE_OPENED_TS, 8, BigInt(row));
  const closed = w.chance(3) ? -1n : BigInt(row) + 10n;
  w.set(page, row, schema.PAGE_CLOSED_TS, 8, closed);
  w.set(page, row, schema.PAGE_LAYER, 1, 1 + (row & 1));
  const device = w.small(page, row, schema.PAGE_SPACE, 2, DEVICES.length, 0);
  return {
    layer: LAYERS[1 + (row & 1)]!,
    device: device === null ? null : DEVICES[device]!,
    first_page: first,
    pages,
    addr: first * BigInt(pageSize),
    len: pages * BigInt(pageSize),
    opened_ts: BigInt(row),
    closed_ts: closed === -1n ? null : closed,
    lifetime: w.ref(page, row, schema.PAGE_LIFETIME, sizes.lifetimes, base.lifetimes),
    peak: w.small(page, row, schema.PAGE_PEAK, 4, 50, false),
    capture: base.capture,
  };
}

const order = TableId.invalidations;

function invalidationRow(w: Writer, row: number, sizes: Sizes, base: Base): Row {
  const begun = BigInt(row) * 5_000n;
  const ended = w.chance(3) ? -1n : begun + BigInt(w.number(2 ** 32));
  w.set(order, row, schema.INVALIDATION_ID, 4, row + UNKEPT - 1);
  w.set(order, row, schema.INVALIDATION_BEGIN_TS, 8, begun);
  w.set(order, row, schema.INVALIDATION_END_TS, 8, ended);
  const layer = w.chance(2) ? Layer.import_ : Layer.dmabuf;
  w.set(order, row, schema.INVALIDATION_LAYER, 1, layer);
  const cause = w.small(order, row, schema.INVALIDATION_CAUSE, 1, 8);
  const flags = w.small(order, row, schema.INVALIDATION_FLAGS, 1, 4, false)!;
  return {
    id: BigInt(row + UNKEPT - 1 + base.invalidations),
    layer: layer === Layer.dmabuf ? 'dmabuf' : 'import',
    cause: cause === null ? null : nameOf(schema.Cause, cause),
    begin_ts: begun,
    end_ts: ended === -1n ? null : ended,
    duration: ended === -1n ? null : ended - begun,
    addr: w.wide(order, row, schema.INVALIDATION_ADDR),
    len: w.wide(order, row, schema.INVALIDATION_LEN),
    mm: w.wide(order, row, schema.INVALIDATION_MM),
    object: w.wide(order, row, schema.INVALIDATION_OBJECT),
    tid: w.small(order, row, schema.INVALIDATION_TID, 4, 9999),
    begin_seq: w.ref(order, row, schema.INVALIDATION_BEGIN_SEQ, sizes.events, base.events),
    end_seq: w.ref(order, row, schema.INVALIDATION_END_SEQ, sizes.events, base.events),
    imports: w.small(order, row, schema.INVALIDATION_IMPORTS, 4, 2 ** 32 - 1, false),
    obeyed: w.small(order, row, schema.INVALIDATION_OBEYED, 4, 99, false),
    remaining: w.small(order, row, schema.INVALIDATION_REMAINING, 4, 99, false),
    non_blocking: (flags & schema.INVALIDATION_FLAG_NON_BLOCKING) !== 0,
    inferred_end: (flags & schema.INVALIDATION_FLAG_INFERRED) !== 0,
    capture: base.capture,
  };
}

const kin = TableId.siblings;

function siblingsRow(w: Writer, row: number, base: Base): Row {
  const device = w.small(kin, row, schema.SIBLINGS_DEVICE, 2, DEVICES.length, 0);
  const kind = w.small(kin, row, schema.SIBLINGS_KIND, 1, 16, 0);
  const dir = w.small(kin, row, schema.SIBLINGS_DIR, 1, 4);
  const layer = 1 + w.number(2);
  w.set(kin, row, schema.SIBLINGS_LAYER, 1, layer);
  const times = [schema.SIBLINGS_FIRST_TS, schema.SIBLINGS_LAST_TS, schema.SIBLINGS_LONGEST].map(
    (column, index) => {
      const ts = w.chance(3) ? null : BigInt(row * 10 + index);
      w.set(kin, row, column, 8, ts ?? -1n);
      return ts;
    },
  );
  return {
    id: BigInt(row + base.siblings),
    layer: LAYERS[layer]!,
    device: device === null ? null : DEVICES[device]!,
    kind: kind === null ? null : nameOf(Kind, kind),
    dir: dir === null ? null : nameOf(Dir, dir),
    opened: w.wide(kin, row, schema.SIBLINGS_OPENED, false),
    closed: w.wide(kin, row, schema.SIBLINGS_CLOSED, false),
    older: w.wide(kin, row, schema.SIBLINGS_OLDER, false),
    opened_bytes: w.wide(kin, row, schema.SIBLINGS_OPENED_BYTES, false),
    closed_bytes: w.wide(kin, row, schema.SIBLINGS_CLOSED_BYTES, false),
    first_ts: times[0]!,
    last_ts: times[1]!,
    longest: times[2]!,
    most_passed: w.small(kin, row, schema.SIBLINGS_MOST_PASSED, 4, 1000, false),
    capture: base.capture,
  };
}

/** Rows by table name, in order, all captures. */
export type Expected = Record<
  'events' | 'lifetimes' | 'anomalies' | 'losses' | 'page_lifetimes' | 'siblings' | 'invalidations',
  Row[]
>;

const rows = (count: number, make: (row: number) => Row): Row[] =>
  Array.from({ length: count }, (_, row) => make(row));

interface Synthetic {
  core: CoreTables;
  expected: Expected;
  /** How often page_lifetimes was asked for. */
  preparations(): number;
}

function synthesise(sizes: Sizes, options: Required<SyntheticOptions>, base: Base): Synthetic {
  const { anomalies = 0, losses = 0, pages = 0, extras = 0 } = sizes;
  const { siblings = 0, invalidations = 0 } = sizes;
  const memory = new Memory([
    [TableId.events, sizes.events, schema.EVENT_BYTES],
    [TableId.extras, extras, schema.EXTRAS_BYTES],
    [TableId.lifetimes, sizes.lifetimes, schema.LIFETIME_BYTES],
    [TableId.anomalies, anomalies, schema.ANOMALY_BYTES],
    [TableId.losses, losses, schema.LOSS_BYTES],
    [TableId.page_lifetimes, pages, schema.PAGE_BYTES],
    [TableId.siblings, siblings, schema.SIBLINGS_BYTES],
    [TableId.invalidations, numbered(invalidations), schema.INVALIDATION_BYTES],
  ]);
  const w = new Writer(memory, randomOf(options.seed), options.allAbsent);
  const extraRows = rows(extras, (row) => extraRow(w, row));
  const expected: Expected = {
    events: rows(sizes.events, (row) => eventRow(w, row, sizes, base, extraRows)),
    lifetimes: rows(sizes.lifetimes, (row) => lifetimeRow(w, row, sizes, base, extraRows)),
    anomalies: rows(anomalies, (row) => anomalyRow(w, row, sizes, base)),
    losses: rows(losses, (row) => lossRow(w, row, sizes, base)),
    page_lifetimes: rows(pages, (row) => pageRow(w, row, sizes, base, options.pageSize)),
    siblings: rows(siblings, (row) => siblingsRow(w, row, base)),
    invalidations: rows(invalidations, (row) => invalidationRow(w, row, sizes, base)),
  };
  const counts: Record<TableId, number> = {
    [TableId.events]: sizes.events,
    [TableId.extras]: extras,
    [TableId.lifetimes]: sizes.lifetimes,
    [TableId.anomalies]: anomalies,
    [TableId.losses]: losses,
    [TableId.page_lifetimes]: 0,
    [TableId.siblings]: siblings,
    [TableId.invalidations]: invalidations,
  };
  let prepared = 0;
  const core: CoreTables = {
    memory: () => memory.buffer,
    rows: (table) => counts[table],
    events: () => numbered(sizes.events),
    opened: () => numbered(sizes.lifetimes),
    lifetimes: () => numbered(sizes.lifetimes),
    invalidations: () => numbered(invalidations),
    block: (table, index) => memory.block(table, index),
    prepare: (table) => {
      prepared++;
      if (table === TableId.page_lifetimes) counts[table] = pages;
    },
  };
  return { core, expected, preparations: () => prepared };
}

export interface SyntheticAnalysis {
  analysis: Analysis;
  expected: Expected;
  captures: Synthetic[];
}

/** One capture for each entry of `sizes`. */
export function syntheticAnalysis(sizes: Sizes[], given: SyntheticOptions = {}): SyntheticAnalysis {
  const options = { seed: 1, allAbsent: false, pageSize: 4096, ...given };
  const base: Base = { capture: 0, events: 0, lifetimes: 0, siblings: 0, invalidations: 0 };
  const captures: Synthetic[] = [];
  for (const [capture, size] of sizes.entries()) {
    captures.push(synthesise(size, { ...options, seed: options.seed + capture }, { ...base, capture }));
    base.events += numbered(size.events);
    base.lifetimes += numbered(size.lifetimes);
    base.siblings += size.siblings ?? 0;
    base.invalidations += numbered(size.invalidations ?? 0);
  }
  const all = (table: keyof Expected) => captures.flatMap(({ expected }) => expected[table]);
  return {
    captures,
    analysis: {
      captures: captures.map(({ core, expected }, index) =>
        analyzed(core, expected, index, options.pageSize),
      ),
      comms: COMMS,
      devices: DEVICES,
      stacks: [
        {
          id: 1,
          frames: ['dma_map_phys', "odd's_frame+0x1/0x2 [mod]"],
          site: 'odd [mod]',
          via: 'dma_map_phys',
        },
        { id: 2, frames: [] },
        { id: 3, frames: ['f'], site: 'f' },
      ],
      types: TYPES,
    },
    expected: {
      events: all('events'),
      lifetimes: all('lifetimes'),
      anomalies: all('anomalies'),
      losses: all('losses'),
      page_lifetimes: all('page_lifetimes'),
      siblings: all('siblings'),
      invalidations: all('invalidations'),
    },
  };
}

function analyzed(core: CoreTables, { events }: Expected, index: number, pageSize: number): AnalyzedCapture {
  return {
    file: `capture-${index}.dat`,
    info: { format: 'synthetic', clockUnit: 'ns', pageSize, notes: ["it's a note"] },
    core,
    firstTs: events[0]?.ts as bigint | undefined,
    lastTs: events.at(-1)?.ts as bigint | undefined,
    counters: [{ name: 'line-not-understood', severity: 'warning', count: 3, help: 'Say more.' }],
    eventCounts: new Map([
      ['dma:dma_map_phys', 7],
      ['unmap', 2],
      ['sched:sched_switch', 1],
    ]),
  };
}
