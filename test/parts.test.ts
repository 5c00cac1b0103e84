/** A stream out of its parts: all of their batches, in order, and times that never go back. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventBatch, TYPE_LOST, TYPE_STACK } from '../traces/format.js';
import { inOrder } from '../traces/parts.js';
import { EVENT_BYTES, EVENT_TS, EVENT_TYPE } from '../wasm/schema.js';

const names = { comms: [''], devices: [''], stacks: [[]] };

/** A row: the time of an event, or of a loss. */
type Row = number | { lost: number };

function batchOf(rows: readonly Row[]): EventBatch {
  const block = new Uint8Array(EVENT_BYTES);
  const times = new BigInt64Array(block.buffer, EVENT_TS, rows.length);
  const types = new Uint16Array(block.buffer, EVENT_TYPE, rows.length);
  for (const [at, row] of rows.entries()) {
    times[at] = BigInt(typeof row === 'number' ? row : row.lost);
    types[at] = typeof row === 'number' ? TYPE_STACK : TYPE_LOST;
  }
  return { rows: rows.length, block, side: new Uint8Array(0), names };
}

function rowsOf({ block, rows }: EventBatch): Row[] {
  const types = new Uint16Array(block.buffer, EVENT_TYPE, rows);
  return Array.from(new BigInt64Array(block.buffer, EVENT_TS, rows), (time, at) =>
    types[at] === TYPE_LOST ? { lost: Number(time) } : Number(time),
  );
}

/** What comes out of parts with these batches, and how many events went back. */
async function joined(...parts: Row[][][]): Promise<{ batches: Row[][]; back: number }> {
  const left = parts.map((batches) => batches.map(batchOf));
  let back = 0;
  const wentBack = (events: number) => {
    back += events;
  };
  const next = inOrder({ count: parts.length, wentBack }, async (part) => left[part]!.shift());
  const batches: Row[][] = [];
  for (let batch = await next(); batch !== undefined; batch = await next()) batches.push(rowsOf(batch));
  assert.is(await next(), undefined, 'the end is the end');
  return { batches, back };
}

test('one part after another, those without a batch too', async () => {
  const { batches, back } = await joined([], [[1, 2], [3]], [], [[3, 4]], []);
  assert.equal(batches, [[1, 2], [3], [3, 4]]);
  assert.is(back, 0);
});

test('events before the last of the part before get its time, and are counted', async () => {
  const { batches, back } = await joined([[5, 9]], [[6, 7], [8]], [[8, 10]]);
  assert.equal(batches, [[5, 9], [9, 9], [9], [9, 10]]);
  assert.is(back, 4);
});

test('a loss at the beginning of a part was after the part before', async () => {
  const { batches, back } = await joined([[5]], [[{ lost: 0 }]], [[{ lost: 0 }, 7]]);
  assert.equal(batches, [[5], [{ lost: 5 }], [{ lost: 5 }, 7]]);
  assert.is(back, 0);
});

test('a loss before anything was read is there when that begins', async () => {
  const lost = { lost: 0 };
  assert.equal((await joined([[lost]], [[lost]], [[lost, 7, 8], [9]])).batches, [
    [{ lost: 7 }],
    [{ lost: 7 }, 7, 8],
    [9],
  ]);
  assert.equal((await joined([[lost]], [[7]], [[6]])).batches, [[{ lost: 7 }], [7], [7]]);
  assert.equal((await joined([], [[lost]])).batches, [[lost]], 'nobody knows when');
});

test('a clock that begins at zero is a clock', async () => {
  assert.equal((await joined([[0, 0]], [[0, 3]])).batches, [
    [0, 0],
    [0, 3],
  ]);
});

test.run();
