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
  const words = new BigUint64Array(side.buffer);
  const column = <T>(
    make: new (buffer: ArrayBuffer, offset: number, length: number) => T,
    offset: number,
  ): T => new make(block.buffer, offset, ROWS);
  const [ts, addr, len, phys] = [
    column(BigUint64Array, schema.EVENT_TS),
    column(BigUint64Array, schema.EVENT_ADDR),
    column(BigUint64Array, schema.EVENT_LEN),
    column(BigUint64Array, schema.EVENT_PHYS),
  ];
  const [tids, attrs, sides] = [
    column(Uint32Array, schema.EVENT_TID),
    column(Uint32Array, schema.EVENT_ATTRS),
    column(Uint32Array, schema.EVENT_SIDE),
  ];
  const [types, devices] = [column(Uint16Array, schema.EVENT_TYPE), column(Uint16Array, schema.EVENT_DEVICE)];
  phys.fill(ABSENT);
  attrs.fill(0xffff_ffff);
  block.fill(0xff, schema.EVENT_DIR, schema.EVENT_DIR + ROWS);
  let rows = 0;
  let now = 1000n;

  function add(event: MadeEvent): boolean {
    const at = 1 + rows * schema.EXTRA_WORDS;
    now += 1000n;
    ts[rows] = now;
    addr[rows] = word(event.addr);
    len[rows] = word(event.len);
    tids[rows] = event.tid;
    sides[rows] = at;
    types[rows] = event.type;
    devices[rows] = event.device ?? 0;
    words[at + schema.EXTRA_MM] = word(event.mm);
    words[at + schema.EXTRA_OBJECT] = word(event.object);
    words[at + schema.EXTRA_VALUE] = word(event.value);
    words[at + schema.EXTRA_OTHER] = word(event.other);
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

const ABSENT = 0xffff_ffff_ffff_ffffn;
const word = (fact: number | undefined): bigint => (fact === undefined ? ABSENT : BigInt(fact));

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
