/**
 * Every row of a capture as plain objects, for tests.
 *
 * In: a capture, or the bytes of one. Out: its rows stream by stream; absent facts are undefined.
 */
import type { Capture, EventBatch, Frame } from '../traces/format.js';
import type { ByteSource } from '../traces/source.js';
import {
  EVENT_ADDR,
  EVENT_ATTRS,
  EVENT_COMM,
  EVENT_CPU,
  EVENT_DEVICE,
  EVENT_DIR,
  EVENT_ERROR,
  EVENT_LEN,
  EVENT_PHYS,
  EVENT_SIDE,
  EVENT_STACK,
  EVENT_TID,
  EVENT_TS,
  EVENT_TYPE,
} from '../wasm/schema.js';

export interface Row {
  readonly ts: bigint;
  readonly type: number;
  readonly cpu: number;
  readonly tid: number | undefined;
  readonly comm: string;
  readonly device: string;
  readonly addr: bigint | undefined;
  readonly len: bigint | undefined;
  readonly phys: bigint | undefined;
  readonly attrs: number | undefined;
  readonly dir: number | undefined;
  readonly error: number;
  readonly stack: readonly Frame[];
  /** The words of the side heap from the row's offset on; empty where it has none. */
  readonly side: readonly bigint[];
}

const ABSENT = 0xffffffffffffffffn;
const LONGEST_SIDE = 512;

function rowOf(batch: EventBatch, view: DataView, i: number): Row {
  const word = (column: number) => {
    const value = view.getBigUint64(column + 8 * i, true);
    return value === ABSENT ? undefined : value;
  };
  const u32 = (column: number) => view.getUint32(column + 4 * i, true);
  const u16 = (column: number) => view.getUint16(column + 2 * i, true);
  const { names } = batch;
  const attrs = u32(EVENT_ATTRS);
  const tid = u32(EVENT_TID) | 0;
  const dir = view.getUint8(EVENT_DIR + i);
  return {
    ts: view.getBigInt64(EVENT_TS + 8 * i, true),
    type: u16(EVENT_TYPE),
    cpu: u16(EVENT_CPU),
    tid: tid === -1 ? undefined : tid,
    comm: names.comms[u32(EVENT_COMM)]!,
    device: names.devices[u16(EVENT_DEVICE)]!,
    addr: word(EVENT_ADDR),
    len: word(EVENT_LEN),
    phys: word(EVENT_PHYS),
    attrs: attrs === 0xffffffff ? undefined : attrs,
    dir: dir === 0xff ? undefined : dir,
    error: (u16(EVENT_ERROR) << 16) >> 16,
    stack: names.stacks[u32(EVENT_STACK)]!,
    side: sideOf(batch, u32(EVENT_SIDE)),
  };
}

function sideOf(batch: EventBatch, at: number): bigint[] {
  if (at === 0) return [];
  const view = new DataView(batch.side.buffer, batch.side.byteOffset, batch.side.byteLength);
  const words = Math.min(LONGEST_SIDE, batch.side.byteLength / 8 - at);
  return Array.from({ length: words }, (_, i) => view.getBigUint64((at + i) * 8, true));
}

/** Reads every stream to its end. */
export async function rowsByStream(capture: Capture): Promise<Row[][]> {
  const all: Row[][] = [];
  for (const stream of capture.streams) {
    const rows: Row[] = [];
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
      const view = new DataView(batch.block.buffer, batch.block.byteOffset, batch.block.byteLength);
      for (let i = 0; i < batch.rows; i++) rows.push(rowOf(batch, view, i));
    }
    all.push(rows);
  }
  return all;
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array, name = 'capture'): ByteSource {
  let position = 0;
  const readAt = (target: Uint8Array, offset: number) => {
    const part = bytes.subarray(
      Math.min(offset, bytes.length),
      Math.min(offset + target.length, bytes.length),
    );
    target.set(part);
    return part.length;
  };
  return {
    name,
    size: bytes.length,
    head: async () => bytes.subarray(0, 64 << 10),
    async read(target) {
      const got = readAt(target, position);
      position += got;
      return got;
    },
    readAt: async (target, offset) => readAt(target, offset),
    counters: () => [],
    async close() {},
  };
}
