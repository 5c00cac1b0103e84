/**
 * The replay module's boundary: the only place here that builds views on its memory.
 *
 * In: event types once, then batches for the streams that run dry. Out: tables, as blocks in the module's memory.
 */
import { readFileSync } from 'node:fs';
import * as schema from '../wasm/schema.js';
import { type Kind, type Layer, type Op, type TableId, TYPE_BYTES } from '../wasm/schema.js';

/** The exports of `wasm/replay/index.ts`; addresses are byte offsets in its memory, unsigned. */
interface ReplayExports {
  readonly memory: WebAssembly.Memory;
  typeTable(): number;
  openStream(buffer: number): number;
  streamBlock(stream: number): number;
  streamSide(stream: number, first: number, words: number): number;
  streamNames(stream: number, kind: number, count: number): number;
  streamLoad(stream: number, rows: number): void;
  streamEnd(stream: number): void;
  advance(): number;
  keep(events: number, lifetimes: number): void;
  finish(): void;
  firstTs(): bigint;
  lastTs(): bigint;
  events(): number;
  repeatedEvents(): number;
  opened(): number;
  lifetimes(): number;
  invalidations(): number;
  tableRows(table: number): number;
  tableBlock(table: number, index: number): number;
  computePages(shift: number): void;
}

/** What the replay needs to know of one event type. */
export interface CoreType {
  readonly layer: Layer;
  readonly op: Op;
  readonly kind: Kind;
  /** TYPE_FLAG_*. */
  readonly flags: number;
  /** MEANS_*; none unless said. */
  readonly means?: number;
  /** Number of the probed function, the same for entry and return; 0, of no call, unless said. */
  readonly call?: number;
}

/** One batch in the layout of `wasm/schema.ts`, as decoders hand it over. */
export interface CoreBatch {
  readonly rows: number;
  readonly block: Uint8Array;
  readonly side: Uint8Array;
}

export interface Core {
  /** Adds a stream of a recorder's buffer (0, 1, …; at most 32 are told apart); returns its number. Throws when there are more than 16,384. */
  openStream(buffer?: number): number;
  /** Says which of the capture's ids the stream's ids `from`, `from + 1`, … of one kind (NAME_*) are. */
  name(stream: number, kind: number, from: number, ids: ArrayLike<number>): void;
  /**
   * Gives a stream the rows of its batch from `from` on, or the first LOAD_ROWS of them; only when `advance` asked for it.
   * Returns the row after the last one given: those from there on are for the next time.
   */
  load(stream: number, batch: CoreBatch, from: number): number;
  /** Says that a stream has no more batches. */
  end(stream: number): void;
  /** Replays on; returns the stream that needs a batch or an end, or -1 when all have ended. */
  advance(): number;
  /** Settles what only the end can settle. */
  finish(): void;
  /** Times of the first and the last event, undefined when there was none. */
  span(): { firstTs?: bigint; lastTs?: bigint };
  /** Computes `page_lifetimes` for this page size (a power of two). */
  computePages(pageSize: number): void;
  /** The module's memory as it is now; any call into the core may replace it. */
  memory(): ArrayBuffer;
  rows(table: TableId): number;
  /** Events so far; numbers (`seq`) are below it. */
  events(): number;
  /** Events that another buffer had shown already, and that were counted once. */
  repeats(): number;
  /** Lifetimes opened so far. */
  opened(): number;
  /** Ids of lifetimes so far are below it; parts of IOMMU ranges have some too. */
  lifetimes(): number;
  /** Invalidations begun so far; ids are below it. */
  invalidations(): number;
  /** Byte offset of a table's block, ROWS rows each; 0 when the block was not kept. */
  block(table: TableId, index: number): number;
}

/** Columns of a batch that the replay reads, and the bytes of their cells. */
const READ_COLUMNS: readonly (readonly [offset: number, bytes: number])[] = [
  ...[schema.EVENT_TS, schema.EVENT_ADDR, schema.EVENT_LEN, schema.EVENT_PHYS].map((at) => [at, 8] as const),
  ...[schema.EVENT_ATTRS, schema.EVENT_TID, schema.EVENT_COMM, schema.EVENT_STACK, schema.EVENT_SIDE].map(
    (at) => [at, 4] as const,
  ),
  ...[schema.EVENT_CPU, schema.EVENT_TYPE, schema.EVENT_DEVICE, schema.EVENT_ERROR].map(
    (at) => [at, 2] as const,
  ),
  [schema.EVENT_DIR, 1],
];

/**
 * So many rows are given at a time: beside what the replay works on they fit a processor's second cache, and are
 * still there when it reads them. Whole batches cost a fifth of its speed.
 */
const LOAD_ROWS = 4096;

let compiled: WebAssembly.Module | undefined;

/**
 * Compiled in place: waiting for the asynchronous compiler can deadlock Node 20, when its threads wait for the main
 * thread to collect garbage while that waits for them. The module is small.
 */
function replayModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('../wasm/replay.wasm', import.meta.url)));
  return compiled;
}

/** Which tables will be read as a whole. What is open or remarkable at the end is always kept. */
export interface Retention {
  readonly events: boolean;
  readonly lifetimes: boolean;
}

export const KEEP_ALL: Retention = { events: true, lifetimes: true };
export const KEEP_LEAST: Retention = { events: false, lifetimes: false };

/** Starts an empty replay. Several may exist side by side. */
export function createCore(types: readonly CoreType[], keep: Retention = KEEP_ALL): Core {
  const instance = new WebAssembly.Instance(replayModule(), { env: { abort } });
  const replay = instance.exports as unknown as ReplayExports;
  const bytes = () => new Uint8Array(replay.memory.buffer);
  const table = bytes().subarray(replay.typeTable());
  types.forEach((type, id) => {
    const { layer, op, kind, flags, means = 0, call = 0 } = type;
    table.set([layer, op, kind, flags, means & 0xff, means >> 8, call & 0xff, call >> 8], id * TYPE_BYTES);
  });
  replay.keep(Number(keep.events), Number(keep.lifetimes));
  return {
    openStream: (buffer = 0) => openStream(replay, buffer),
    name: (stream, kind, from, ids) => {
      const at = replay.streamNames(stream, kind, from + ids.length) >>> 0;
      new Uint32Array(replay.memory.buffer, at + 4 * from, ids.length).set(ids);
    },
    load: (stream, batch, from) => {
      const to = Math.min(batch.rows, from + LOAD_ROWS);
      const [first, end] = sideWords(batch, from, to);
      const side = replay.streamSide(stream, first, end - first) >>> 0;
      bytes().set(batch.side.subarray(8 * first, 8 * end), side);
      const block = replay.streamBlock(stream) >>> 0;
      const memory = bytes();
      for (const [column, width] of READ_COLUMNS) {
        memory.set(batch.block.subarray(column + width * from, column + width * to), block + column);
      }
      replay.streamLoad(stream, to - from);
      return to;
    },
    end: (stream) => replay.streamEnd(stream),
    advance: () => orFull(replay, () => replay.advance()),
    finish: () => replay.finish(),
    span: () => (replay.events() === 0 ? {} : { firstTs: replay.firstTs(), lastTs: replay.lastTs() }),
    computePages: (pageSize) => replay.computePages(31 - Math.clz32(pageSize)),
    memory: () => replay.memory.buffer as ArrayBuffer,
    events: () => replay.events() >>> 0,
    repeats: () => replay.repeatedEvents() >>> 0,
    opened: () => replay.opened() >>> 0,
    lifetimes: () => replay.lifetimes() >>> 0,
    invalidations: () => replay.invalidations() >>> 0,
    rows: (id) => replay.tableRows(id) >>> 0,
    block: (id, index) => replay.tableBlock(id, index) >>> 0,
  };
}

/** The words of a batch's side heap that its rows [from, to) name: rows name them in their order. */
function sideWords({ rows, block, side }: CoreBatch, from: number, to: number): [first: number, end: number] {
  if (side.byteLength <= 8) return [0, 0];
  const offsets = new Uint32Array(block.buffer, block.byteOffset + schema.EVENT_SIDE, rows);
  const next = (row: number) => {
    while (row < rows && offsets[row] === 0) row++;
    return row < rows ? offsets[row]! : side.byteLength / 8;
  };
  return [next(from), next(to)];
}

/** The tables that are to be kept do not fit the 4 GiB of a Wasm memory. */
export class CoreFull extends Error {
  constructor(readonly events: number) {
    super(`the tables are full after ${events} events`);
    this.name = 'CoreFull';
  }
}

const NEARLY_FULL = 0xf000_0000;

/** Runs `work`; a trap of a memory that cannot grow any more becomes CoreFull. */
function orFull<T>(replay: ReplayExports, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (replay.memory.buffer.byteLength < NEARLY_FULL) throw error;
    throw new CoreFull(replay.events() >>> 0);
  }
}

function openStream(replay: ReplayExports, buffer: number): number {
  const stream = replay.openStream(buffer);
  if (stream < 0)
    throw new RangeError('a capture has more per-CPU streams than the replay can merge (16,384)');
  return stream;
}

function abort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(
    `the replay core stopped at ${line}:${column}; this is a bug in dmaspan, please report it with the capture`,
  );
}
