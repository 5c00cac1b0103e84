/** Work that goes on at the same time, and fails. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sharedOut, together } from '../analyzer/together.js';

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

test('work is shared out in its order, to who is ready', async () => {
  const done: string[] = [];
  const later = new Promise<string>((resolve) => setImmediate(() => resolve('b')));
  await sharedOut([Promise.resolve('a'), later], [1, 2, 3, 4], async (hand, piece) => {
    done.push(`${hand}${piece}`);
    await new Promise((resolve) => setTimeout(resolve, hand === 'a' ? 50 : 1));
  });
  assert.equal(done, ['a1', 'b2', 'b3', 'b4']);
});

test('what fails does not keep the others from their work', async () => {
  const done: number[] = [];
  const work = async (hand: string, piece: number): Promise<void> => {
    if (hand === 'bad') throw new Error('broken');
    done.push(piece);
  };
  const hands = [Promise.resolve('bad'), Promise.resolve('good')];
  const failure = await sharedOut(hands, [1, 2, 3], work).catch((error: Error) => error);
  assert.is((failure as Error).message, 'broken');
  assert.equal(done, [2, 3]);
});

test.run();
