/**
 * The Wasm core behind the interface of the slow replay: for tests that hold the two against each other.
 *
 * In: streams of plain events, laid out as batches (`wasm/schema.ts`) and handed over when the core asks.
 * Out: its tables as plain objects, lifetimes by id.
 */
import {
  type Core,
  type CoreBatch,
  type CoreType,
  createCore,
  KEEP_ALL,
  type Retention,
} from '../analyzer/core.js';
import * as schema from '../wasm/schema.js';
import { Kind, Layer, Op, ROWS } from '../wasm/schema.js';
import {
  anomalyRows,
  eventRows,
  invalidationRows,
  lifetimeRows,
  lossRows,
  pageRows,
  siblingsRows,
} from './core-tables.js';
import type { PageLifetime, ReplayEvent, Replayed, SgList } from './replay-rows.js';

const ONES = 0xffff_ffff_ffff_ffffn;
/** Streams name things by ids of their own: the capture's plus this, so that a missing translation shows. */
const SHIFT = 3;
/** Ids of names in tests are below this. */
const NAMES = 4096;

export interface CoreOptions {
  readonly keep?: Retention;
  /** Rows of a stream's next batch, 1 … ROWS; by default as many as there are. */
  readonly batchRows?: () => number;
  readonly pageSize?: number;
  /** Each stream's buffer; 0 where not told. */
  readonly buffers?: readonly number[];
}

export interface CoreReplayed extends Replayed {
  readonly pages: PageLifetime[];
  /** How many events and lifetimes there were, kept or not. */
  readonly eventCount: number;
  readonly lifetimeCount: number;
}

/** A type for every layer, operation and kind among the events; lost and stack are 0 and 1, as everywhere. */
function typesOf(events: readonly ReplayEvent[]): {
  types: CoreType[];
  idOf: (event: ReplayEvent) => number;
} {
  const none = { layer: Layer.none, kind: Kind.none, flags: 0, probe: 0 };
  const types: NumberedType[] = [
    { ...none, op: Op.lost },
    { ...none, op: Op.stack },
  ];
  const ids = new Map(types.map((type, id) => [Object.values(type).join(' '), id]));
  for (const event of events) {
    const key = Object.values(typeOf(event)).join(' ');
    if (!ids.has(key)) ids.set(key, types.push(typeOf(event)) - 1);
  }
  return { types, idOf: (event) => ids.get(Object.values(typeOf(event)).join(' '))! };
}

interface NumberedType extends CoreType {
  readonly probe: number;
}

function typeOf({
  layer,
  op,
  kind,
  list,
  means = 0,
  call = 0,
  returns,
  probe = 0,
}: ReplayEvent): NumberedType {
  const isMark = op === Op.lost || op === Op.stack;
  const extra = list === undefined && !isMark ? schema.TYPE_FLAG_EXTRA : 0;
  const flags = extra | (returns ? schema.TYPE_FLAG_RETURN : 0);
  return isMark ? { layer, kind, flags, probe, op } : { layer, kind, flags, probe, op, means, call };
}

/** A list's words: see the side heap in wasm/schema.ts. */
function listWords({ phys, dma, lengths, nents, ents, truncated }: SgList): bigint[] {
  const counts = BigInt(phys.length) | (BigInt(dma.length) << 16n) | (BigInt(nents) << 32n);
  return [counts | (BigInt(truncated) << 63n), BigInt(ents), ...phys, ...dma, ...lengths];
}

/** What an event has in the side heap: its list, or the facts beyond the columns. */
function sideWords({ list, mm, object, value, other }: ReplayEvent): bigint[] {
  if (list !== undefined) return listWords(list);
  const extras = [mm, object, value, other];
  return extras.some((fact) => fact !== undefined) ? extras.map((fact) => fact ?? ONES) : [];
}

function batchOf(events: readonly ReplayEvent[], idOf: (event: ReplayEvent) => number): CoreBatch {
  const block = new Uint8Array(schema.EVENT_BYTES);
  const view = new DataView(block.buffer);
  const side: bigint[] = [0n];
  const named = (id = 0) => (id === 0 ? 0 : id + SHIFT);
  events.forEach((e, i) => {
    const u64 = (column: number, value: bigint | undefined) =>
      view.setBigUint64(column + 8 * i, BigInt.asUintN(64, value ?? ONES), true);
    const u32 = (column: number, value: number) => view.setUint32(column + 4 * i, value, true);
    const u16 = (column: number, value: number) => view.setUint16(column + 2 * i, value, true);
    u64(schema.EVENT_TS, e.ts);
    u64(schema.EVENT_ADDR, e.addr);
    u64(schema.EVENT_LEN, e.len);
    u64(schema.EVENT_PHYS, e.phys);
    u32(schema.EVENT_ATTRS, e.attrs ?? 0xffff_ffff);
    u32(schema.EVENT_TID, e.tid ?? 0xffff_ffff);
    u32(schema.EVENT_COMM, named(e.comm));
    u32(schema.EVENT_STACK, named(e.stack));
    u32(schema.EVENT_LIFETIME, 0xffff_ffff);
    u16(schema.EVENT_CPU, e.cpu);
    u16(schema.EVENT_TYPE, idOf(e));
    u16(schema.EVENT_DEVICE, named(e.device));
    u16(schema.EVENT_ERROR, (e.error ?? 0) & 0xffff);
    view.setUint8(schema.EVENT_DIR + i, e.dir ?? 0xff);
    const words = sideWords(e);
    u32(schema.EVENT_SIDE, words.length === 0 ? 0 : side.length);
    side.push(...words);
  });
  return { rows: events.length, block, side: new Uint8Array(BigUint64Array.from(side).buffer) };
}

function openStreams(core: Core, buffers: readonly number[]): void {
  const ids = Array.from({ length: NAMES }, (_, id) => Math.max(0, id - SHIFT));
  for (const buffer of buffers) {
    const stream = core.openStream(buffer);
    for (const kind of [schema.NAME_COMM, schema.NAME_DEVICE, schema.NAME_STACK])
      core.name(stream, kind, 0, ids);
  }
}

/** Replays in the Wasm core. */
export async function coreReplay(
  streams: readonly (readonly ReplayEvent[])[],
  { keep = KEEP_ALL, batchRows = () => ROWS, pageSize = 4096, buffers = [] }: CoreOptions = {},
): Promise<CoreReplayed> {
  const { types, idOf } = typesOf(streams.flat());
  const core = await createCore(types, keep);
  openStreams(
    core,
    streams.map((_, i) => buffers[i] ?? 0),
  );
  const rest = streams.map((events) => [...events]);
  const parts = streams.map(() => ({ batch: batchOf([], idOf), from: 0 }));
  for (let dry = core.advance(); dry >= 0; dry = core.advance()) {
    const part = parts[dry]!;
    if (part.from === part.batch.rows) {
      part.batch = batchOf(rest[dry]!.splice(0, batchRows()), idOf);
      part.from = 0;
    }
    if (part.batch.rows === 0) core.end(dry);
    else part.from = core.load(dry, part.batch, part.from);
  }
  core.finish();
  if (keep.lifetimes) core.computePages(pageSize);
  const siblings = siblingsRows(core);
  return {
    events: eventRows(core),
    lifetimes: lifetimeRows(core)
      .map((row) => ({ ...row, siblings: siblings[row.siblings]! }))
      .sort((a, b) => a.id - b.id),
    anomalies: anomalyRows(core).map((row) => ({ ...row, afterLoss: row.afterLoss === 1 })),
    losses: lossRows(core),
    siblings,
    invalidations: invalidationRows(core).sort((a, b) => a.id - b.id),
    pages: keep.lifetimes ? pageRows(core) : [],
    eventCount: core.events(),
    lifetimeCount: core.lifetimes(),
  };
}
