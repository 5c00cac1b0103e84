/** Threads that decode: started before their job is known, given it, and no burden when none comes. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';
import type { DecodeMessage } from '../traces/threads/decode-job.js';
import { partTakers } from '../traces/threads/shared-parts.js';
import { isWorthwhile, readyWorker, startWorker } from '../traces/threads/workers.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-workers-'));
test.after(() => rmSync(folder, { recursive: true }));
const large = join(folder, 'large.txt');
writeFileSync(large, Buffer.alloc(5 << 20, 'not a trace\n'));

const dictionary = await loadDictionary([]);

/** What a worker says first of a path, when it may send one batch a stream. */
async function firstWord(path: string): Promise<DecodeMessage> {
  const credits = new Int32Array(new SharedArrayBuffer(65 << 2)).fill(1);
  const worker = startWorker({ kind: 'decode', path, dictionary, credits, takers: partTakers() });
  try {
    const [message] = (await once(worker, 'message')) as [DecodeMessage];
    return message;
  } finally {
    await worker.terminate();
  }
}

test('a worker that was started before its job was known does it, and so does one that was not', async () => {
  const capture = inPackage('traces', 'samples', 'buggy-driver', 'trace.dat');
  readyWorker();
  readyWorker(); // the same one
  for (let i = 0; i < 2; i++) assert.is((await firstWord(capture)).kind, 'batch');
});

test('a worker tells what it cannot read', async () => {
  const message = await firstWord(large);
  assert.is(message.kind, 'failed');
  assert.match((message as { problem: string }).problem, /expected .*; found/);
});

test('what is no path, no file or small is not worth a worker', () => {
  assert.is(isWorthwhile(large), true);
  for (const path of [folder, join(folder, 'none'), 'x'.repeat(5000), '\0stdin', inPackage('package.json')])
    assert.is(isWorthwhile(path), false, path.slice(0, 40));
});

test('a command that ends before it decodes does not wait for its worker', () => {
  const args = [inPackage('dist', 'command', 'index.js'), 'report', large, '--only', 'no-such-rule'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  assert.is(status, 2);
  assert.match(stderr, /no rule is called "no-such-rule"/);
});

test.run();
