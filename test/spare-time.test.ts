/** Parts of streams that are decoded ahead when there is time: the same batches in the same order, however far ahead. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOST_PARTS } from '../traces/format.js';
import { READER, type SharedParts, sharedParts } from '../traces/threads/shared-parts.js';
import { type PartsHere, spareTime } from '../traces/threads/spare-time.js';
import { noTakers } from '../traces/threads/takers.js';

const names = { comms: [''], devices: [''], stacks: [[]] };

interface Lending extends SharedParts {
  /** Batches that were decoded. */
  asked: number;
}

/** A stream whose parts have so many batches each: the stream's batch n has n rows, and n in its first byte. */
function lending(...batches: number[]): Lending {
  const left = [...batches];
  const parts = {
    count: batches.length,
    wentBack: () => {},
    next: async (part: number, memory: ArrayBuffer) => {
      if (left[part] === 0) return undefined;
      left[part]!--;
      const block = new Uint8Array(memory);
      block[0] = ++stream.asked;
      return { rows: stream.asked, block, side: Uint8Array.of(stream.asked), names };
    },
  };
  const whole = { parts, next: async () => undefined };
  const stream: Lending = { asked: 0, ...sharedParts(whole, 0, noTakers(MOST_PARTS), READER) };
  return stream;
}

async function read(stream: PartsHere, part: number, most = Number.POSITIVE_INFINITY): Promise<number[]> {
  const seen: number[] = [];
  while (seen.length < most) {
    const batch = await stream.next(part);
    if (batch === undefined) break;
    assert.equal([batch.block[0], batch.side[0]], [batch.rows, batch.rows]);
    seen.push(batch.rows);
  }
  return seen;
}

test('what was decoded ahead comes first, then the rest as it is', async () => {
  const spare = spareTime(3);
  const stream = spare.share(lending(6));
  assert.equal(await read(stream, 0, 1), [1]);
  assert.ok((await spare.use()) && (await spare.use()));
  assert.equal(await read(stream, 0), [2, 3, 4, 5, 6]);
});

test('all streams together are as far ahead as they may be, the least ahead first', async () => {
  const spare = spareTime(3);
  const [one, other] = [lending(5), lending(5)];
  const shared = [one, other].map((stream) => spare.share(stream));
  const uses = [];
  for (let i = 0; i < 4; i++) uses.push(await spare.use());
  assert.equal(uses, [true, true, true, false]);
  assert.equal([one.asked, other.asked], [2, 1]);
  assert.equal(await read(shared[0]!, 0), [1, 2, 3, 4, 5]);
  assert.equal(await read(shared[1]!, 0), [1, 2, 3, 4, 5]);
});

test('a batch that was handed out stays what it is while time is used', async () => {
  const spare = spareTime(8);
  const stream = spare.share(lending(3));
  const batch = await stream.next(0);
  await spare.use();
  assert.equal([batch!.rows, batch!.block[0], batch!.side[0]], [1, 1, 1]);
  assert.equal(await read(stream, 0), [2, 3]);
});

test('an end that was met ahead is the end, behind what was decoded', async () => {
  const spare = spareTime(8);
  const stream = spare.share(lending(1));
  assert.equal([await spare.use(), await spare.use(), await spare.use()], [true, true, false]);
  assert.equal(await read(stream, 0), [1]);
});

test('parts that another has are his, one after another those that nobody has are taken', async () => {
  const spare = spareTime(8);
  const parts = lending(1, 1, 1, 2);
  const stream = spare.share(parts);
  assert.is(parts.take(0), 0, 'as if by another');
  assert.ok(await spare.use());
  assert.is(parts.take(1), 2);
  while (await spare.use());
  assert.equal([await read(stream, 1), await read(stream, 3)], [[1], [2, 3]]);
});

test.run();
