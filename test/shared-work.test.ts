/** Which of a capture's streams the reader decodes itself. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventStream } from '../traces/format.js';
import { decodedByReader } from '../traces/shared-work.js';

const stream = (bytes?: number): EventStream => ({
  ...(bytes === undefined ? {} : { bytes }),
  next: async () => undefined,
});
const own = (...sizes: (number | undefined)[]): number[] => [...decodedByReader(sizes.map(stream))].sort();

test('the smallest streams, as long as they are no more than half', () => {
  assert.equal(own(10, 10), [0]);
  assert.equal(own(60, 30, 10), [1, 2]);
  assert.equal(own(10, 10, 10, 10), [0, 1]);
  assert.equal(own(90, 4, 3, 3), [1, 2, 3]);
});

test('a stream alone, or one that is more than the half, is the worker’s', () => {
  assert.equal(own(10), []);
  assert.equal(own(0, 10), [0]);
  assert.equal(own(49, 51), [0]);
});

test('streams of unknown size are decoded together', () => {
  assert.equal(own(undefined), []);
  assert.equal(own(undefined, 10), []);
  assert.equal(own(), []);
});

test.run();
