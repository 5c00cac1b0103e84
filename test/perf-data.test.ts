/** perf.data: real recordings against perf's own counts and words, and made-up files for what is rare. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dictionary, loadDictionary } from '../traces/dictionary.js';
import { type Capture, CaptureError, TYPE_LOST, TYPE_STACK } from '../traces/format.js';
import { perfData } from '../traces/formats/perf-data.js';
import { openCapture } from '../traces/open.js';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';
import type { ByteSource } from '../traces/source.js';
import { Layer } from '../wasm/schema.js';
import { memorySource, type Row, rowsByStream } from './capture-rows.js';
import {
  type Attribute,
  CALLCHAIN,
  CPU,
  type Fact,
  ID,
  IDENTIFIER,
  IP,
  PERIOD,
  type PerfContent,
  perfWriter,
  RAW,
  READ,
  STREAM_ID,
  TID,
  TIME,
  zstdPieces,
} from './perf-data-writer.js';
import { BIG, format, join, LITTLE, number, type Order, text } from './trace-dat-writer.js';

const dictionary: Dictionary = await loadDictionary();
const nameOf = (row: Row): string => dictionary.entries[row.type]!.name;
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const openSample = (...path: string[]): Promise<Capture> => openCapture(sample(...path), { dictionary });
const open = (bytes: Uint8Array): Promise<Capture> => perfData.open(memorySource(bytes), { dictionary });
const countersOf = (capture: Capture): Record<string, number> =>
  Object.fromEntries(capture.counters().map(({ name, count }) => [name, count]));

async function rowsOf(capture: Capture): Promise<Row[]> {
  const [rows, ...others] = await rowsByStream(capture);
  assert.is(others.length, 0);
  assert.ok(
    rows!.every((row, i) => i === 0 || rows![i - 1]!.ts <= row.ts),
    'in time order',
  );
  return rows!;
}

// Real captures --------------------------------------------------------------------------------------

const SAMPLES: readonly (readonly [folder: string, file: string, clock: string])[] = [
  ['buggy-driver', 'perf.data.zst', 'mono'],
  ['buggy-driver', 'perf-stacks.data.zst', 'mono'],
  ['clean-nvme-old-tools', 'perf.data.zst', 'mono'],
  ['clean-nvme-old-tools', 'perf-compressed.data', 'mono'],
  ['clean-nvme-old-tools', 'perf-pipe.data.zst', 'mono'],
  ['rdma', 'perf.data.zst', 'mono'],
  ['dma-buf-revoked', 'perf-stacks.data.zst', 'mono'],
  ['buggy-driver-frees', 'perf.data.zst', 'mono'],
  ['p2p-rebound', 'perf.data.zst', 'mono'],
  ['forms', 'perf-group.data.zst', 'perf'],
  ['forms', 'perf-task.data.zst', 'perf'],
  ['forms', 'perf-raw-clock.data.zst', 'mono_raw'],
  ['forms', 'perf-threads.data', 'perf'],
];

for (const [folder, file, clock] of SAMPLES) {
  test(`${folder}/${file}: events by name as perf script counts them, nothing skipped`, async () => {
    const capture = await openSample(folder, file);
    await rowsOf(capture);
    const all = JSON.parse(readFileSync(sample(folder, 'counts.json'), 'utf8'));
    const { '(total)': total, ...expected } = all[file.replace('.zst', '')] as Record<string, number>;
    assert.ok(total! > 0);
    assert.equal(Object.fromEntries([...capture.eventCounts()].sort()), expected);
    assert.equal(capture.counters(), []);
    assert.is(capture.info.clock, clock);
    assert.is(capture.info.cpus, 2);
    assert.match(capture.info.kernel!, /^7\.2\.13/);
    await capture.close();
  });
}

const isEvent = (row: Row): boolean => row.type !== TYPE_STACK && row.type !== TYPE_LOST;

const said = (row: Row): string =>
  [
    nameOf(row),
    row.cpu,
    row.tid,
    row.device,
    row.addr,
    row.len,
    row.phys,
    row.dir,
    row.attrs,
    row.error,
  ].join(' ');

test('every field is the one that trace-cmd recorded of the same run', async () => {
  const dat = await openSample('buggy-driver', 'trace.dat');
  const byCpu = (await rowsByStream(dat)).map((rows) => rows.filter(isEvent));
  for (const file of ['perf.data.zst', 'perf-stacks.data.zst']) {
    const rows = await rowsOf(await openSample('buggy-driver', file));
    for (const expected of byCpu) {
      const cpu = expected[0]!.cpu;
      const found = rows.filter((row) => row.cpu === cpu);
      assert.equal(found.map(said), expected.map(said), `${file}, cpu ${cpu}`);
      assert.equal(
        found.map(({ side }) => side.slice(0, 2)),
        expected.map(({ side }) => side.slice(0, 2)),
      );
    }
  }
  assert.ok(byCpu.flat().length > 1000);
});

test('tasks are called what they are called at the time', async () => {
  const rows = await rowsOf(await openSample('buggy-driver', 'perf.data.zst'));
  // perf script: "mir     230 [001]    21.497709: iommu:unmap: IOMMU: iova=0x00000000fffec000 …"; interrupts hit the idle task.
  const at = rows.find((row) => row.tid === 230 && row.addr === 0xfffec000n && nameOf(row) === 'unmap')!;
  assert.equal([at.comm, at.cpu, at.ts / 1000n], ['mir', 1, 21497709n]);
  for (const row of rows.filter(({ tid }) => tid === 0)) assert.is(row.comm, 'swapper');
  assert.ok(rows.every((row) => row.comm !== ''));
});

const FRAME = / => (\S+?)(?:\+\S+)?(?: \[\w+\])?$/;
const bare = (name: string | undefined): string => (name ?? '?').replace(/[+ ].*$/, '');

test('call chains are the kernel stacks that ftrace prints of the same events', async () => {
  const { symbol } = await openSample('buggy-driver', 'trace.dat');
  const capture = await openSample('buggy-driver', 'perf-stacks.data.zst');
  assert.is(capture.symbol, undefined, 'perf writes no kallsyms');
  const rows = await rowsOf(capture);
  const chains = rows
    .filter((row) => nameOf(row) === 'dma_map_phys')
    .map(({ stack }) => stack.map((frame) => bare(symbol!(frame as bigint))));
  assert.ok(chains.length > 200);
  const lines = (await textOf('buggy-driver', 'trace.txt.zst')).split('\n');
  const printed = lines.flatMap((line, i) => {
    if (!/: dma_map_phys: /.test(line) || !/<stack trace>/.test(lines[i + 1]!)) return [];
    const end = lines.findIndex((next, k) => k > i + 1 && !FRAME.test(next));
    return [lines.slice(i + 2, end).map((frame) => FRAME.exec(frame)![1]!)];
  });
  assert.is(printed.length, chains.length);
  // ftrace leaves out its own innermost frames, and cuts what lies beyond the system call.
  const drivers = (names: readonly string[]) => names.filter((name) => /^(dmabug|edu|mir|p2p)_/.test(name));
  const withDriver = printed.filter((names) => drivers(names).length > 0);
  assert.ok(withDriver.length > 50);
  assert.equal(chains.map(drivers), printed.map(drivers));
});

async function textOf(folder: string, file: string): Promise<string> {
  const { source } = await openSource(sample(folder, file));
  const bytes = new Uint8Array(16 << 20);
  return new TextDecoder().decode(bytes.subarray(0, await source.readAt(bytes, 0)));
}

test('user frames are no part of a stack', async () => {
  const rows = await rowsOf(await openSample('forms', 'perf-raw-clock.data.zst'));
  assert.ok(rows.length > 0 && rows.every(({ stack }) => stack.length === 0));
});

test('losses: as many as perf itself said, each in its place', async () => {
  // perf record: "Processed 35430 samples and lost 37.00%!"; perf report --stats: 22320 SAMPLE, 122 LOST events.
  const capture = await openSample('lossy', 'perf.data.zst');
  const rows = await rowsOf(capture);
  const lost = rows.filter((row) => row.type === TYPE_LOST);
  assert.is(rows.length - lost.length, 22320);
  assert.is(lost.length, 122);
  assert.is(
    lost.reduce((sum, row) => sum + row.len!, 0n),
    35430n - 22320n,
  );
  assert.equal([...new Set(lost.map(({ cpu }) => cpu))].sort(), [0, 1]);
  assert.equal(countersOf(capture), { 'events-lost': 13110 });
});

test('a pipe is read in order, and a file of unknown length too', async () => {
  const bytes = readFileSync(sample('clean-nvme-old-tools', 'perf-compressed.data'));
  const plain = await rowsOf(await open(bytes));
  const { source } = await openSource(sample('clean-nvme-old-tools', 'perf-pipe.data.zst'));
  const noSeeking: ByteSource = {
    ...source,
    name: 'pipe',
    head: () => source.head(),
    read: (target) => source.read(target.subarray(0, 4099)),
    readAt() {
      throw new Error('a pipe cannot seek');
    },
    counters: () => [],
    close: () => source.close(),
  };
  const piped = await rowsOf(await perfData.open(noSeeking, { dictionary }));
  assert.is(piped.length, plain.length);
  // Two recordings of one run: where probes fire among them differs.
  const mapped = (rows: typeof plain) =>
    rows.filter(({ type }) => dictionary.entries[type]!.layer === Layer.dma).map(({ addr }) => addr);
  assert.equal(mapped(piped), mapped(plain));
});

test('what a capture says of itself', async () => {
  const { info } = await openSample('clean-nvme-old-tools', 'perf-compressed.data');
  assert.equal(
    [info.format, info.host, info.kernel, info.clockUnit, info.pageSize],
    ['perf-data', 'lab', '7.2.13-tracelab', 'ns', 4096],
  );
  assert.ok(info.recordedEvents!.includes('dma:dma_map_sg_err'), 'recorded, though it never happened');
  assert.ok(!info.recordedEvents!.some((name) => name.includes('dummy')));
  assert.match(info.notes.join('\n'), /perf 6\.1.*\n(.*\n)*compressed records/);
});

// Made-up files --------------------------------------------------------------------------------------

const MAP = 340;
const UNMAP = 341;
const MAP_FORMAT = format('dma_map_phys', MAP, [
  { declared: '__data_loc char[] device', offset: 8, size: 4 },
  { declared: 'u64 phys_addr', offset: 16, size: 8 },
  { declared: 'u64 dma_addr', offset: 24, size: 8 },
  { declared: 'size_t size', offset: 32, size: 8 },
  { declared: 'enum dma_data_direction dir', offset: 40, size: 4 },
  { declared: 'unsigned long attrs', offset: 48, size: 8 },
]);
const UNMAP_FORMAT = format('dma_unmap_phys', UNMAP, [
  { declared: '__data_loc char[] device', offset: 8, size: 4 },
  { declared: 'u64 addr', offset: 16, size: 8 },
  { declared: 'size_t size', offset: 24, size: 8 },
  { declared: 'enum dma_data_direction dir', offset: 32, size: 4 },
  { declared: 'unsigned long attrs', offset: 40, size: 8 },
]);
const FORMATS = { dma: [MAP_FORMAT, UNMAP_FORMAT] };

const DEVICE = '0000:00:05.0';

/** A dma_map_phys of `addr`, as the tracepoint writes it. */
function map(order: Order, addr: bigint, id = MAP): Uint8Array {
  const reference = (DEVICE.length + 1) * 65536 + 56;
  return join(
    number(order, 2, id),
    new Uint8Array(2),
    number(order, 4, 77),
    number(order, 4, reference),
    new Uint8Array(4),
    ...[0x1000n, addr, 4096n].map((value) => number(order, 8, value)),
    number(order, 4, 2),
    new Uint8Array(4),
    number(order, 8, 0),
    text(`${DEVICE}\0`),
  );
}

const ALL = IDENTIFIER | IP | TID | TIME | CPU | PERIOD | RAW;
const usual: Attribute = { config: MAP, sampleType: ALL, ids: [11, 12] };
const little = perfWriter(LITTLE);
/** A sample of the usual attribute on CPU 0 or 1; its address tells which it is. */
const event = (cpu: number, time: number | bigint, addr: number, fact: Fact = {}): Uint8Array =>
  little.sample(usual, { id: 11 + cpu, cpu, time, tid: 70 + cpu, raw: map(LITTLE, BigInt(addr)), ...fact });
const content = (...records: Uint8Array[]): PerfContent => ({
  attributes: [usual],
  formats: FORMATS,
  records,
});
const addresses = (rows: readonly Row[]): (number | string)[] =>
  rows.map((row) => (row.type === TYPE_LOST ? `lost ${row.len ?? '?'} on ${row.cpu}` : Number(row.addr)));

async function readAll(
  bytes: Uint8Array,
): Promise<{ capture: Capture; rows: Row[]; found: (number | string)[] }> {
  const capture = await open(bytes);
  const rows = await rowsOf(capture);
  return { capture, rows, found: addresses(rows) };
}

const LAYOUTS: Readonly<Record<string, readonly [sampleType: number, readFormat: number, fact: Fact]>> = {
  'all that perf record asks for': [ALL, 0, {}],
  'the id behind the time': [IP | TID | TIME | ID | STREAM_ID | CPU | RAW, 0, {}],
  'a read value with id, times and losses': [ALL | READ, 1 | 2 | 4 | 16, { read: [5, 100, 100, 11, 0] }],
  'a group of three': [ALL | READ, 4 | 8 | 16, { read: [3, 1, 11, 0, 2, 13, 0, 3, 15, 0] }],
  'a group with times and without ids': [ALL | READ, 1 | 8, { read: [2, 100, 1, 2] }],
  'a call chain': [
    ALL | CALLCHAIN,
    0,
    { chain: [-128n, 0xffffffff81000010n, 0xffffffffc0000020n, -512n, 0x401000n] },
  ],
  'a chain behind a group': [
    ALL | READ | CALLCHAIN,
    8,
    { read: [1, 9], chain: [-128n, 0xffffffff81000010n, 0xffffffffc0000020n] },
  ],
};

for (const order of [LITTLE, BIG]) {
  const writer = perfWriter(order);
  const endian = order.bigEndian ? 'big' : 'little';
  for (const [name, [sampleType, readFormat, fact]] of Object.entries(LAYOUTS)) {
    for (const form of ['file', 'pipe'] as const) {
      test(`${endian}-endian ${form}, ${name}`, async () => {
        const attribute: Attribute = { config: MAP, sampleType, readFormat, ids: [11, 12], clockid: 4 };
        const other: Attribute = { type: 1, config: 9, sampleType: sampleType & ~RAW, ids: [21, 22] };
        const time = 5_000_000_000_123n;
        const record = writer.sample(attribute, {
          id: 12,
          cpu: 1,
          time,
          tid: 70,
          raw: map(order, 0xfff0n),
          ...fact,
        });
        const records = [writer.comm(attribute, 70, 'nvme0', { time: 1 }), record, writer.round];
        const bytes = writer[form]({
          attributes: [attribute, other],
          formats: FORMATS,
          records,
          attributeBytes: 144,
        });
        const { capture, rows } = await readAll(bytes);
        assert.equal(capture.counters(), []);
        assert.is(capture.info.clock, 'mono_raw');
        assert.equal([...capture.eventCounts()], [['dma:dma_map_phys', 1]]);
        assert.is(rows.length, 1);
        const [row] = rows;
        assert.equal(
          [row!.ts, row!.cpu, row!.tid, row!.comm, row!.device, row!.addr, row!.len, row!.phys, row!.dir],
          [time, 1, 70, 'nvme0', DEVICE, 0xfff0n, 4096n, 0x1000n, 2],
        );
        const chain = sampleType & CALLCHAIN ? [0xffffffff81000010n, 0xffffffffc0000020n] : [];
        assert.equal(row!.stack, chain);
      });
    }
  }
}

test('ids tell which attribute a sample is of, so layouts may differ', async () => {
  const chained: Attribute = { config: UNMAP, sampleType: ALL | CALLCHAIN, ids: [31] };
  const cycles: Attribute = { type: 0, config: 0, sampleType: ALL & ~RAW, ids: [41] };
  const names = join(
    number(LITTLE, 4, 1),
    number(LITTLE, 4, 0),
    number(LITTLE, 4, 1),
    number(LITTLE, 4, 8),
    text('cycles:P'),
    number(LITTLE, 8, 41),
  );
  const bytes = little.file({
    attributes: [usual, chained, cycles],
    formats: FORMATS,
    features: [[12, names]],
    records: [
      event(0, 10, 1),
      little.sample(cycles, { id: 41, time: 15 }),
      little.sample(chained, { id: 31, time: 20, chain: [-128n, 7n], raw: map(LITTLE, 2n, UNMAP) }),
    ],
  });
  const { capture, rows } = await readAll(bytes);
  assert.equal(rows.map(nameOf), ['dma_map_phys', 'dma_unmap_phys']);
  assert.equal(rows[1]!.stack, [7n]);
  assert.equal(Object.fromEntries(capture.eventCounts()), {
    'dma:dma_map_phys': 1,
    'dma:dma_unmap_phys': 1,
    'cycles:P': 1,
  });
});

test('one CPU behind the other becomes one after the other in time', async () => {
  const rounds = [
    [event(0, 10, 1), event(0, 30, 3), event(1, 20, 2), event(1, 40, 4)],
    // What a buffer got after it had been read comes in the next round, older than what others gave in this one.
    [event(0, 35, 35), event(0, 60, 6), event(1, 50, 5)],
    [event(0, 70, 7), event(1, 55, 55), event(1, 80, 8)],
  ];
  const records = rounds.flatMap((round) => [...round, little.round]);
  const { capture, found } = await readAll(little.file(content(...records)));
  assert.equal(found, [1, 2, 3, 35, 4, 5, 55, 6, 7, 8]);
  assert.equal(capture.counters(), []);
  const without = await readAll(little.file(content(...rounds.flat())));
  assert.equal(without.found, found, 'without the marks of rounds');
});

test('events at the same time keep the order of the file', async () => {
  const { found } = await readAll(
    little.file(content(event(1, 10, 1), event(1, 10, 2), event(0, 10, 3), event(1, 9, 0))),
  );
  assert.equal(found, [0, 1, 2, 3]);
});

test('an event that comes too late is counted, and time does not go back', async () => {
  const late = [
    event(0, 100, 1),
    little.round,
    event(0, 200, 2),
    little.round,
    event(0, 300, 3),
    little.round,
    event(0, 50, 4),
  ];
  const { capture, rows, found } = await readAll(little.file(content(...late)));
  assert.equal(found, [1, 2, 4, 3]);
  assert.equal(countersOf(capture), { 'time-went-back': 1 });
  assert.is(rows.find((row) => row.addr === 4n)!.ts >= 200n, true);
});

test('a damaged time does not carry the others away', async () => {
  const records = [event(0, 10, 1), event(0, 1n << 60n, 9), event(0, 12, 2), little.round];
  for (let time = 20; time < 60; time += 10) records.push(event(0, time, time), little.round);
  const { rows } = await readAll(little.file(content(...records)));
  const times = rows.filter((row) => row.addr !== 9n).map(({ ts }) => Number(ts));
  assert.equal(times, [10, 12, 20, 30, 40, 50]);
});

test('without times events are numbered in the order of the file', async () => {
  const timeless: Attribute = { config: MAP, sampleType: ALL & ~TIME, ids: [11, 12] };
  const records = [3, 1, 2].map((addr) =>
    little.sample(timeless, { id: 11, cpu: addr & 1, raw: map(LITTLE, BigInt(addr)) }),
  );
  const { capture, found } = await readAll(
    little.file({ attributes: [timeless], formats: FORMATS, records }),
  );
  assert.equal(found, [3, 1, 2]);
  assert.equal([capture.info.clockUnit, capture.info.clock], ['tick', undefined]);
  assert.match(capture.info.notes.join('\n'), /no times/);
});

test('names of tasks: made up at the start, changed by exec, inherited by fork', async () => {
  const at = (time: number) => ({ time, id: 11 });
  const tid = (task: number, time: number) => event(0, time, time, { tid: task });
  const records = [
    little.comm(usual, 5, 'sh', {}),
    tid(5, 10),
    little.fork(usual, 6, 5, at(20)),
    tid(6, 30),
    little.comm(usual, 6, 'fio', at(40)),
    tid(6, 50),
    tid(5, 60),
    tid(0, 70),
    tid(9, 80),
    little.record(4, join(new Uint8Array(24), little.trailer(usual, at(90)))),
    tid(6, 95),
  ];
  const { rows } = await readAll(little.file(content(...records)));
  assert.equal(
    rows.map(({ comm }) => comm),
    ['sh', 'sh', 'fio', 'sh', 'swapper', '', 'fio'],
  );
});

test('LOST is a row in its place; totals at the end add what it did not tell', async () => {
  const records = [
    little.idIndex([
      [11, 0],
      [12, 1],
    ]),
    event(0, 10, 1),
    event(0, 30, 3),
    little.lost(usual, 21, { time: 20, cpu: 0, id: 11 }),
    little.lostSamples(usual, 5, { time: 25, cpu: 1, id: 12 }),
    little.round,
    little.lostSamples(usual, 21, { id: 11 }),
    little.lostSamples(usual, 9, { id: 12 }),
    little.lostSamples(usual, 1000, { id: 12 }, 1 << 15),
  ];
  const { capture, rows, found } = await readAll(little.file(content(...records)));
  assert.equal(found, [1, 'lost 21 on 0', 'lost 5 on 1', 3, 'lost 4 on 1']);
  assert.equal(
    rows.map(({ ts }) => Number(ts)),
    [10, 20, 25, 30, 30],
  );
  assert.equal(countersOf(capture), { 'events-lost': 30, 'events-filtered': 1000 });
});

test('hardware traces, and what stands behind their records, are skipped and counted', async () => {
  const aux = little.record(11, join(new Uint8Array(24), little.trailer(usual, { time: 15 })));
  const auxtrace = little.record(71, join(number(LITTLE, 8, 40), new Uint8Array(32)));
  const junk = new Uint8Array(40).fill(9);
  const { capture, found } = await readAll(
    little.file(content(event(0, 10, 1), aux, auxtrace, junk, event(0, 20, 2))),
  );
  assert.equal(found, [1, 2]);
  assert.equal(countersOf(capture), { 'aux-skipped': 2 });
});

test('compressed records hold records that go on from one to the next', async () => {
  const inside = join(...[30, 10, 20, 50, 40].map((time) => event(time & 16 ? 1 : 0, time, time)));
  const cuts = [0, 77, 300, inside.length];
  const pieces = zstdPieces(cuts.slice(1).map((end, i) => inside.subarray(cuts[i]!, end)));
  const older = pieces.map((piece) => little.record(81, piece));
  const newer = pieces.map((piece) =>
    little.record(83, join(number(LITTLE, 8, piece.length), piece, new Uint8Array(-piece.length & 7))),
  );
  for (const records of [older, newer]) {
    const rounds = records.flatMap((record) => [record, little.round]);
    const { capture, found } = await readAll(little.file(content(...rounds)));
    assert.equal(found, [10, 20, 30, 40, 50]);
    assert.equal(capture.counters(), []);
  }
});

test('damaged compressed data: what came before is read', async () => {
  const [first, second] = zstdPieces([event(0, 10, 1), event(0, 20, 2)]);
  const bad = join(second!.subarray(0, 2), Uint8Array.of(0xff), second!.subarray(3));
  const { capture, found } = await readAll(
    little.file(content(...[first!, bad, bad].map((piece) => little.record(81, piece)))),
  );
  assert.is(found[0], 1);
  assert.is(countersOf(capture)['compressed-data-damaged'], 1);
});

test('a directory: each file in order, all of them together in order', async () => {
  const main = little.file({
    ...content(little.comm(usual, 70, 'io', {})),
    features: [[24, number(LITTLE, 8, 1)]],
  });
  const folder = mkdtempSync(joinPath(tmpdir(), 'dmaspan-'));
  try {
    writeFileSync(joinPath(folder, 'data'), main);
    writeFileSync(joinPath(folder, 'data.0'), join(event(0, 10, 1), event(0, 40, 4)));
    writeFileSync(joinPath(folder, 'data.1'), join(event(1, 20, 2), event(1, 30, 3), event(1, 50, 5)));
    writeFileSync(joinPath(folder, 'data.2'), new Uint8Array(0));
    const capture = await openCapture(folder, { dictionary });
    assert.equal(addresses(await rowsOf(capture)), [1, 2, 3, 4, 5]);
    assert.equal(capture.counters(), []);
    await capture.close();
    writeFileSync(joinPath(folder, 'data.10'), new Uint8Array(0));
    const withGap = await openCapture(folder, { dictionary });
    await rowsOf(withGap);
    assert.match(
      withGap.counters().find(({ name }) => name === 'data-file-missing')?.first ?? '',
      /data\.3$/,
    );
    await withGap.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.equal(countersOf(await open(main)), { 'data-file-missing': 1 });
});

// Damage ---------------------------------------------------------------------------------------------

test('after damage reading goes on at the next record that is certain', async () => {
  const good = [event(0, 10, 1), event(0, 20, 2), event(0, 30, 3), event(0, 40, 4), event(0, 50, 5)];
  const noSize = good[1]!.slice();
  noSize.set([0, 0], 6);
  const { capture, found } = await readAll(little.file(content(good[0]!, noSize, ...good.slice(2))));
  assert.equal(found, [1, 'lost ? on 65535', 3, 4, 5]);
  assert.equal(countersOf(capture), { 'data-damaged': 1 });
});

test('records that promise more than they hold are lost events, one each', async () => {
  const chained: Attribute = { config: MAP, sampleType: ALL | READ | CALLCHAIN, readFormat: 8, ids: [51] };
  const bad = (fact: Fact) =>
    little.sample(chained, { id: 51, time: 20, cpu: 3, raw: map(LITTLE, 1n), ...fact });
  const records = [
    bad({ read: [1000], chain: [] }),
    bad({ read: [2n ** 63n], chain: [] }),
    bad({ read: [0], chain: [] }).map((byte, i) => (i === 8 + 8 * 6 + 8 ? 0xff : byte)),
    little.sample(chained, { id: 51, time: 20, cpu: 3, read: [0], raw: map(LITTLE, 1n, UNMAP) }),
    event(0, 30, 3, { id: 999 }),
    event(0, 2n ** 63n, 4),
    event(0, 40, 5),
  ];
  const { capture, found } = await readAll(
    little.file({ ...content(...records), attributes: [usual, chained] }),
  );
  assert.equal(found.filter((what) => what === 'lost 1 on 3').length, 4);
  assert.equal(found.filter((what) => what === 'lost 1 on 65535').length, 2);
  assert.is(found.at(-1), 5);
  assert.equal(countersOf(capture), { 'record-damaged': 5, 'event-without-attribute': 1 });
});

test('a record that tells of more lost events than there can be tells of a loss', async () => {
  const absurd = 2n ** 63n + 5n;
  const lost = little.record(
    2,
    join(
      number(LITTLE, 8, 11),
      number(LITTLE, 8, absurd),
      little.trailer(usual, { id: 11, cpu: 1, time: 20 }),
    ),
  );
  const total = little.record(13, join(number(LITTLE, 8, absurd), little.trailer(usual, { id: 12, cpu: 1 })));
  const { capture, found } = await readAll(
    little.file(content(event(0, 10, 1), lost, event(0, 30, 3), total)),
  );
  assert.equal(found.slice(0, 3), [1, 'lost ? on 1', 3]);
  assert.equal(countersOf(capture), { 'record-damaged': 2, 'events-lost': 1 });
});

async function refused(bytes: Uint8Array): Promise<CaptureError> {
  try {
    await open(bytes);
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
  return assert.unreachable('it was read') as never;
}

test('what cannot be read is refused in words', async () => {
  const whole = little.file(content(event(0, 10, 1)));
  const patched = (at: number, ...bytes: number[]) => {
    const copy = whole.slice();
    copy.set(bytes, at);
    return copy;
  };
  const dataAt = 104 + 16 + 144;
  assert.match((await refused(whole.subarray(0, 60))).problem, /header|data|attributes/);
  assert.match((await refused(whole.subarray(0, dataAt + 20))).problem, /byte \d+/);
  assert.match((await refused(patched(16, 7, 0, 0, 0))).problem, /size of an attribute.* 7/);
  assert.match((await refused(patched(32, ...Array(8).fill(0xff)))).problem, /impossible number/);
  assert.match((await refused(patched(48, ...Array(8).fill(0)))).problem, /killed before it could finish/);
  assert.match((await refused(little.file({ attributes: [usual], records: [] }))).problem, /no data|formats/);
  const bare = little.file({ attributes: [usual], records: [event(0, 10, 1)] });
  assert.match((await refused(bare)).problem, /formats of its tracepoints/);
  assert.match((await refused(join(text('PERFFILE'), new Uint8Array(200)))).advice, /newer perf/);
});

test.run();
