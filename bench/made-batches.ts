/**
 * Batches of made events, without a capture to decode: for what no recorded capture has enough of.
 *
 * In: events, one at a time. Out: batches as decoders hand them over, one block used again and again.
 */
import type { CoreBatch, CoreType } from '../analyzer/core.js';
import * as schema from '../wasm/schema.js';
import { ROWS } from '../wasm/schema.js';

/** What an event tells; the rest is absent. Numbers are exact up to 2 ** 53, which user addresses are below. */
export interface MadeEvent {
  readonly type: number;
  readonly tid: number;
  readonly addr?: number;
  readonly len?: number;
  readonly device?: number;
  readonly mm?: number;
  readonly object?: number;
  readonly value?: number;
  readonly other?: number;
}

export interface BatchWriter {
  /** Adds an event, a microsecond after the last; returns whether the batch is full. */
  add(event: MadeEvent): boolean;
  /** The batch so far; the next event begins another in the same memory. */
  take(): CoreBatch;
}

export function createBatchWriter(): BatchWriter {
  const block = new Uint8Array(schema.EVENT_BYTES);
  const side = new Uint8Array(8 * (1 + ROWS * schema.EXTRA_WORDS));
  const words = new Uint32Array(side.buffer);
  const column = <T>(
    make: new (buffer: ArrayBuffer, offset: number, length: number) => T,
    offset: number,
    length = ROWS,
  ): T => new make(block.buffer, offset, length);
  const [ts, addr, len] = [schema.EVENT_TS, schema.EVENT_ADDR, schema.EVENT_LEN].map((offset) =>
    column(Uint32Array, offset, 2 * ROWS),
  ) as [Uint32Array, Uint32Array, Uint32Array];
  const [tids, sides] = [column(Uint32Array, schema.EVENT_TID), column(Uint32Array, schema.EVENT_SIDE)];
  const [types, devices] = [column(Uint16Array, schema.EVENT_TYPE), column(Uint16Array, schema.EVENT_DEVICE)];
  for (const [offset, bytes] of NEVER_TOLD) block.fill(0xff, offset, offset + bytes * ROWS);
  let rows = 0;
  let now = 1000;

  function add(event: MadeEvent): boolean {
    const at = 1 + rows * schema.EXTRA_WORDS;
    now += 1000;
    put(ts, rows, now);
    put(addr, rows, event.addr);
    put(len, rows, event.len);
    tids[rows] = event.tid;
    sides[rows] = at;
    types[rows] = event.type;
    devices[rows] = event.device ?? 0;
    put(words, at + schema.EXTRA_MM, event.mm);
    put(words, at + schema.EXTRA_OBJECT, event.object);
    put(words, at + schema.EXTRA_VALUE, event.value);
    put(words, at + schema.EXTRA_OTHER, event.other);
    rows++;
    return rows === ROWS;
  }

  function take(): CoreBatch {
    const batch = { rows, block, side: side.subarray(0, 8 * (1 + rows * schema.EXTRA_WORDS)) };
    rows = 0;
    return batch;
  }

  return { add, take };
}

/** Columns, and the bytes of their cells, that are absent in all made events. */
const NEVER_TOLD = [
  [schema.EVENT_PHYS, 8],
  [schema.EVENT_ATTRS, 4],
  [schema.EVENT_DIR, 1],
] as const;

/** Writes a word as two halves: a BigInt a cell would be more work, and garbage, than what is measured. */
function put(halves: Uint32Array, cell: number, fact: number | undefined): void {
  halves[2 * cell] = fact === undefined ? 0xffff_ffff : fact;
  halves[2 * cell + 1] = fact === undefined ? 0xffff_ffff : fact / 2 ** 32;
}

interface NamedType extends Omit<CoreType, 'flags'> {
  readonly returns?: boolean;
}

/** Types of events by name, as numbers and as the core takes them. */
export function typeTable<Name extends string>(
  types: Record<Name, NamedType>,
): { readonly types: CoreType[]; readonly numbers: Record<Name, number> } {
  const named = Object.entries<NamedType>(types);
  return {
    types: named.map(([, { returns, ...type }]) => {
      return { ...type, flags: schema.TYPE_FLAG_EXTRA | (returns ? schema.TYPE_FLAG_RETURN : 0) };
    }),
    numbers: Object.fromEntries(named.map(([name], i) => [name, i])) as Record<Name, number>,
  };
}
