/** A worker thread that decodes ahead gives what this thread would have decoded, row by row and count by count. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDictionary } from '../traces/dictionary.js';
import { CaptureError } from '../traces/format.js';
import { openCapture } from '../traces/open.js';
import { inPackage } from '../traces/package-root.js';
import { rowsByStream } from './capture-rows.js';

const dictionary = await loadDictionary([]);
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-ahead-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

async function read(path: string, ahead: boolean) {
  const positions: number[] = [];
  const capture = await openCapture(path, {
    dictionary,
    ahead,
    onProgress: (bytes) => positions.push(bytes),
  });
  try {
    const rows = await rowsByStream(capture);
    const buffers = capture.streams.map(({ buffer }) => buffer);
    const counts = [...capture.eventCounts()].sort();
    const counters = capture.counters().sort((a, b) => (a.name < b.name ? -1 : 1));
    const symbol = capture.symbol?.(0xffffffff81000000n);
    return { rows, buffers, counts, counters, symbol, info: capture.info, end: positions.at(-1) };
  } finally {
    await capture.close();
  }
}

/** Each way in that a worker is used for: files by offset, a directory, compressed text. */
const CAPTURES = [
  'buggy-driver/trace.dat',
  'forms/trace-buffers.dat',
  'forms/trace-tsc-zlib.dat',
  'rdma/trace.dat',
  'clean-nvme-old-tools/perf-compressed.data',
  'forms/perf-threads.data',
  'buggy-driver/trace.txt.zst',
  'buggy-driver/perf.script.txt.zst',
  'lossy/trace.report.txt.zst',
  'forms/clk-mono.txt.gz',
];

for (const name of CAPTURES) {
  test(`${name}: the same rows, names and counts`, async () => {
    const path = inPackage('traces', 'samples', name);
    const here = await read(path, false);
    assert.ok(here.rows.flat().length > 0);
    assert.equal(await read(path, true), here);
  });
}

test('what is cut short is counted as often as without a worker', async () => {
  const whole = readFileSync(inPackage('traces', 'samples', 'buggy-driver', 'trace.txt.zst'));
  const path = join(folder, 'cut.txt.zst');
  writeFileSync(path, whole.subarray(0, whole.length >> 1));
  const here = await read(path, false);
  assert.is(here.counters.find(({ name }) => name === 'input-cut-short')?.count, 1);
  assert.equal(await read(path, true), here);
});

test('a file that cannot be read fails as without a worker, and leaves none behind', async () => {
  const path = join(folder, 'picture.dat');
  writeFileSync(path, 'GIF89a');
  for (const ahead of [false, true]) {
    const error = await read(path, ahead).catch((failure: unknown) => failure);
    assert.instance(error, CaptureError);
  }
});

test('it may be closed before its end', async () => {
  const path = inPackage('traces', 'samples', 'buggy-driver', 'trace.dat');
  const capture = await openCapture(path, { dictionary, ahead: true });
  const batch = await capture.streams[0]!.next();
  assert.ok(batch!.rows > 0);
  await capture.close();
});

test.run();
