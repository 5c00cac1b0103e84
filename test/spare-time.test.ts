/** Streams that are decoded ahead when there is time: the same batches in the same order, however far ahead. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventStream } from '../traces/format.js';
import { spareTime } from '../traces/spare-time.js';
import { EVENT_BYTES } from '../wasm/schema.js';

const names = { comms: [''], devices: [''], stacks: [[]] };

/** A stream of `count` batches that lends one block, over and over: batch n has n rows, and n in its first byte. */
function lending(count: number): EventStream & { asked: number } {
  const block = new Uint8Array(EVENT_BYTES);
  const stream = {
    asked: 0,
    next: async () => {
      if (stream.asked === count) return undefined;
      block[0] = ++stream.asked;
      return { rows: stream.asked, block, side: Uint8Array.of(stream.asked), names };
    },
  };
  return stream;
}

async function read(stream: EventStream, most = Number.POSITIVE_INFINITY): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < most) {
    const batch = await stream.next();
    if (batch === undefined) break;
    assert.equal([batch.block[0], batch.side[0]], [batch.rows, batch.rows]);
    seen.push(batch.rows);
  }
  return seen;
}

test('what was decoded ahead comes first, then the rest as it is', async () => {
  const spare = spareTime(3);
  const stream = spare.share(lending(6));
  assert.equal(await read(stream, 1), [1]);
  assert.ok((await spare.use()) && (await spare.use()));
  assert.equal(await read(stream), [2, 3, 4, 5, 6]);
  assert.is(await stream.next(), undefined);
});

test('all streams together are as far ahead as they may be, the least ahead first', async () => {
  const spare = spareTime(3);
  const [one, other] = [lending(5), lending(5)];
  const shared = [one, other].map((stream) => spare.share(stream));
  const uses = [];
  for (let i = 0; i < 4; i++) uses.push(await spare.use());
  assert.equal(uses, [true, true, true, false]);
  assert.equal([one.asked, other.asked], [2, 1]);
  assert.equal(await read(shared[0]!), [1, 2, 3, 4, 5]);
  assert.equal(await read(shared[1]!), [1, 2, 3, 4, 5]);
});

test('a batch that was handed out stays what it is while time is used', async () => {
  const spare = spareTime(8);
  const stream = spare.share(lending(3));
  const batch = await stream.next();
  await spare.use();
  assert.equal([batch!.rows, batch!.block[0], batch!.side[0]], [1, 1, 1]);
  assert.equal(await read(stream), [2, 3]);
});

test('an end that was met ahead is the end, behind what was decoded', async () => {
  const spare = spareTime(8);
  const stream = spare.share(lending(1));
  assert.equal([await spare.use(), await spare.use(), await spare.use()], [true, true, false]);
  assert.equal(await read(stream), [1]);
  assert.is(await stream.next(), undefined);
});

test.run();
