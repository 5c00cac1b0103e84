/** A worker thread that decodes ahead gives what this thread would have decoded, row by row and count by count. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDictionary } from '../traces/dictionary.js';
import { CaptureError, TYPE_LOST } from '../traces/format.js';
import { openCapture } from '../traces/open.js';
import { inPackage } from '../traces/package-root.js';
import { ROWS } from '../wasm/schema.js';
import { type Row, rowsByStream } from './capture-rows.js';
import { madeEvents, madeFormats } from './made-events.js';
import { randomFrom } from './random.js';
import {
  type FileContent,
  LITTLE,
  number,
  page,
  record,
  writeVersion6,
  writeVersion7,
} from './trace-dat-writer.js';

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

const PAGE = 4096;
/** Pages of a part where they are plain. */
const PART = 512;
const PAGES = 2 * PART + 100;

/** Pages of one event each, a microsecond apart; the rest of each page does not pack, so that there are several parts of packed ones too. */
function manyPages(cpu: number): Uint8Array[] {
  const random = randomFrom(cpu + 1);
  return Array.from({ length: PAGES }, (_, i) => {
    const [event] = madeEvents(LITTLE, i);
    const one = page(LITTLE, PAGE, BigInt(1000 * i), [record(LITTLE, 0, event!.payload)]);
    for (let at = PAGE / 4; at < PAGE; at++) one[at] = random(256);
    return one;
  });
}

/** Where parts meet a page contradicts itself, and another one's time is before that of the page before. */
function inParts(): FileContent {
  const cpus = [0, 1].map((cpu) => ({ cpu, pages: manyPages(cpu) }));
  const { pages } = cpus[0]!;
  pages[PART]!.set(number(LITTLE, 8, 5000), 8);
  pages[2 * PART]!.set(number(LITTLE, 8, 1000 * (2 * PART - 3)), 0);
  return {
    order: LITTLE,
    pageSize: PAGE,
    formats: madeFormats(LITTLE),
    buffers: [{ name: '', cpus }],
  };
}

async function readAll(name: string, bytes: Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const here = await read(path, false);
  // Who takes which part is chance.
  for (let i = 0; i < 3; i++) assert.equal(await read(path, true), here);
  return here;
}

/** Times of a CPU's rows in microseconds; what is lost is "lost". */
const timesOf = (rows: readonly Row[]): (number | string)[] =>
  rows.map(({ ts, type }) => (type === TYPE_LOST ? `lost ${ts / 1000n}` : Number(ts / 1000n)));
const until = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

test('parts of a stream: losses and times are right where they meet', async () => {
  const file = inParts();
  for (const [name, bytes] of [
    ['plain.dat', writeVersion6(file)],
    ['packed.dat', writeVersion7(file, true)],
  ] as const) {
    const { rows, counters } = await readAll(name, bytes);
    const expected: (number | string)[] = until(PAGES);
    expected[PART] = `lost ${PART - 1}`;
    expected[2 * PART] = 2 * PART - 1;
    assert.equal(rows.map(timesOf), [expected, until(PAGES)]);
    assert.equal(
      counters.map(({ name, count, first }) => [name, count, first]),
      [
        ['page-damaged', 1, 'byte 0x200000 of cpu 0'],
        ['time-went-back', 1, undefined],
      ],
    );
  }
});

test('a file that ends in a part, between parts, or before them, is one loss', async () => {
  const bytes = writeVersion6(inParts());
  for (const pages of [PART + 7, PART, 2 * PART, 3]) {
    const cut = (PAGES - pages) * PAGE;
    const { rows, counters } = await readAll('cut.dat', bytes.subarray(0, bytes.length - cut));
    assert.equal(timesOf(rows[1]!), [...until(pages), `lost ${pages - 1}`]);
    assert.is(counters.find(({ name }) => name === 'data-cut-short')?.count, cut);
  }
});

test('packed parts: a damaged chunk, and a place where there is none', async () => {
  const bytes = writeVersion7(inParts(), true);
  // A chunk's head ends with the size of what it holds; zlib data begins with 0x78.
  const behind = Buffer.from([...number(LITTLE, 4, PAGE), 0x78]);
  const chunk = Buffer.from(bytes).indexOf(behind, bytes.length * 0.3);
  const damaged = bytes.slice();
  damaged.fill(0x55, chunk + 10, chunk + 50);
  const { rows, counters } = await readAll('damaged.dat', damaged);
  assert.equal(
    counters.map(({ name, count }) => [name, count]),
    [
      ['chunk-damaged', 1],
      ['page-damaged', 1],
      ['time-went-back', 1],
    ],
  );
  assert.is(timesOf(rows[0]!).filter((time) => `${time}`.startsWith('lost')).length, 2);

  const headless = bytes.slice();
  headless.fill(0, chunk, chunk + 4);
  const after = await readAll('headless.dat', headless);
  const last = timesOf(after.rows[0]!);
  assert.is(last.at(-1), `lost ${last.at(-2)}`);
  assert.ok(last.length < PAGES);
  assert.equal(timesOf(after.rows[1]!), until(PAGES));
  assert.ok(after.counters.some(({ name }) => name === 'data-cut-short'));
});

test('what is no parts stays as it is, times that go back too', async () => {
  // More than two batches, each of which begins before the last one ends.
  const line = (i: number): string =>
    `  task-1  [000] d..1. ${(200 - i / 1000).toFixed(6)}: unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 unmapped_size=4096\n`;
  const text = `CPU:0 [LOST 7 EVENTS]\n${Array.from({ length: 3 * ROWS }, (_, i) => line(i)).join('')}`;
  const path = join(folder, 'back.txt.gz');
  writeFileSync(path, gzipSync(text));
  // As text: what differs in fifty thousand rows takes minutes to show.
  const times = ({ rows: [rows] }: Awaited<ReturnType<typeof read>>) => rows!.map(({ ts }) => ts).join();
  const here = await read(path, false);
  assert.ok(here.rows[0]!.length > 2 * ROWS);
  assert.ok(times(await read(path, true)) === times(here), 'times differ');
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
