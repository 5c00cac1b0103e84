/** Work that goes on at the same time, and fails. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { together } from '../analyzer/together.js';

test('each result is in its place', async () => {
  const slow = new Promise<string>((resolve) => setImmediate(() => resolve('late')));
  assert.equal(await together([slow, Promise.resolve(7)]), ['late', 7]);
});

test('it fails when all have come to their end, with the first failure in their order', async () => {
  let ended = false;
  const slow = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    ended = true;
    throw new Error('late');
  });
  const failure = await together([slow, Promise.reject(new Error('at once'))]).catch((error: Error) => error);
  assert.ok(ended);
  assert.is((failure as Error).message, 'late');
});

test.run();
