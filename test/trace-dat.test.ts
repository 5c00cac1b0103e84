/** trace.dat: real captures against the tools' own text, written ones for what is rare, damage of every kind. */
import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dictionary, loadDictionary } from '../traces/dictionary.js';
import { type Capture, CaptureError, TYPE_LOST, TYPE_STACK } from '../traces/format.js';
import { traceDat } from '../traces/formats/trace-dat.js';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';
import { memorySource, type Row, rowsByStream } from './capture-rows.js';
import {
  BIG,
  discarded,
  type FileContent,
  format,
  join,
  LITTLE,
  longRecord,
  number,
  OLD,
  type Order,
  page,
  record,
  restOfPage,
  text,
  timeExtend,
  timeStamp,
  writeVersion6,
  writeVersion7,
} from './trace-dat-writer.js';

const dictionary: Dictionary = await loadDictionary();
const idOf = (system: string | undefined, name: string) =>
  dictionary.entries.find((entry) => entry.system === system && entry.name === name)!.id;
const nameOf = (row: Row) => dictionary.entries[row.type]!.name;
const open = (bytes: Uint8Array): Promise<Capture> => traceDat.open(memorySource(bytes), { dictionary });
const countersOf = (capture: Capture) =>
  Object.fromEntries(capture.counters().map(({ name, count }) => [name, count]));

// Real captures --------------------------------------------------------------------------------------

async function openSample(...path: string[]): Promise<Capture> {
  const { source } = await openSource(inPackage('traces', 'samples', ...path));
  return traceDat.open(source, { dictionary });
}

/** Events by bare name, as the reference tools count them. */
function bareCounts(capture: Capture): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, count] of capture.eventCounts()) {
    const bare = name.split(':')[1]!;
    counts[bare] = (counts[bare] ?? 0) + count;
  }
  return counts;
}

const SAMPLES = [
  ['buggy-driver', 'trace.dat'],
  ['buggy-driver', 'trace-v6.dat.zst'],
  ['rdma', 'trace.dat'],
  ['dma-buf-revoked', 'trace.dat'],
  ['forms', 'trace-buffers.dat'],
  ['forms', 'trace-boot-v6.dat.zst'],
  ['forms', 'trace-tsc-zlib.dat'],
] as const;

for (const [folder, file] of SAMPLES) {
  test(`${folder}/${file}: events by name as trace-cmd report counts them, nothing skipped`, async () => {
    const capture = await openSample(folder, file);
    for (const rows of await rowsByStream(capture))
      assert.ok(
        rows.every((row, i) => i === 0 || rows[i - 1]!.ts <= row.ts),
        'in time order',
      );
    const all = JSON.parse(await readFile(inPackage('traces', 'samples', folder, 'counts.json'), 'utf8'));
    const expected = all[file.replace('.zst', '')];
    const names = Object.keys(expected).filter((name) => !name.startsWith('('));
    assert.ok(names.length > 5);
    const counts = bareCounts(capture);
    assert.equal(Object.keys(counts).sort(), names.sort());
    for (const name of names) assert.is(counts[name], expected[name], name);
    assert.equal(capture.counters(), []);
    await capture.close();
  });
}

const EVENT_LINE =
  / (dma_(?:un)?map_phys): (\S+) dir=(\w+) dma_addr=(\w+) size=(\d+)(?: phys_addr=(\w+))? attrs=/;
const DIRS = ['BIDIRECTIONAL', 'TO_DEVICE', 'FROM_DEVICE', 'NONE'];

test('the same recording as text has the same mappings, CPU by CPU and one after the other', async () => {
  const { source } = await openSource(inPackage('traces', 'samples', 'buggy-driver', 'trace.txt.zst'));
  const bytes = new Uint8Array(8 << 20);
  const lines = new TextDecoder().decode(bytes.subarray(0, await source.readAt(bytes, 0))).split('\n');
  const expected = ['[000]', '[001]'].map((cpu) =>
    lines
      .filter((line) => line.includes(cpu))
      .flatMap((line) => {
        const [, name, device, dir, addr, len, phys] = EVENT_LINE.exec(line) ?? [];
        return name === undefined
          ? []
          : [`${name} ${device} ${DIRS.indexOf(dir!)} ${addr} ${len} ${phys ?? ''}`];
      }),
  );
  assert.ok(expected[0]!.length + expected[1]!.length > 500);
  for (const file of ['trace.dat', 'trace-v6.dat.zst']) {
    const capture = await openSample('buggy-driver', file);
    const found = (await rowsByStream(capture)).map((rows) =>
      rows
        .filter((row) => /^dma_(un)?map_phys$/.test(nameOf(row)))
        .map(
          (row) =>
            `${nameOf(row)} ${row.device} ${row.dir} ${row.addr!.toString(16)} ${row.len} ${row.phys?.toString(16) ?? ''}`,
        ),
    );
    assert.equal(found, expected, file);
    await capture.close();
  }
});

test('times, tasks and fields are those that trace-cmd report prints', async () => {
  //  v6 boot:  init-101  [001] 30374691037: map: IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x000000010e225000 size=4096
  const boot = await openSample('forms', 'trace-boot-v6.dat.zst');
  const map = (await rowsByStream(boot))[1]![0]!;
  assert.is(boot.info.clock, 'boot');
  assert.is(boot.info.clockUnit, 'ns');
  assert.equal(
    [nameOf(map), map.ts, map.cpu, map.tid, map.comm, map.addr, map.phys, map.len],
    ['map', 30374691037n, 1, 101, 'init', 0xfffff000n, 0x10e225000n, 4096n],
  );
  //  x86:  init-101  [001] 1795205022659704554: dma_map_phys: 0000:00:05.0 dir=TO_DEVICE dma_addr=fffff000 size=4096 phys_addr=10e225000 attrs=
  const tsc = await openSample('forms', 'trace-tsc-zlib.dat');
  const first = (await rowsByStream(tsc))[1]![0]!;
  assert.is(tsc.info.clock, 'x86-tsc');
  assert.is(tsc.info.clockUnit, 'tick');
  assert.equal(
    [nameOf(first), first.ts, first.device, first.dir, first.addr, first.attrs],
    ['dma_map_phys', 1795205022659704554n, '0000:00:05.0', 1, 0xfffff000n, 0],
  );
});

test('what a capture says of itself', async () => {
  const { info, streams } = await openSample('forms', 'trace-buffers.dat');
  assert.is(info.format, 'trace-dat');
  assert.is(info.clock, 'mono');
  assert.is(info.cpus, 2);
  assert.is(info.pageSize, 4096);
  assert.is(info.host, 'lab');
  assert.is(info.kernel, '7.2.13-tracelab');
  assert.ok(info.recordedEvents!.includes('dma:dma_map_sg'));
  assert.ok(!info.recordedEvents!.some((name) => name.startsWith('ftrace:')));
  assert.ok(info.notes.includes('recorded by trace-cmd 3.4.0'));
  assert.ok(info.notes.includes('instance b_iommu'));
  assert.is(streams.length, 6, 'three buffers, two CPUs');
});

test('stacks follow their events, and have names', async () => {
  const capture = await openSample('buggy-driver', 'trace.dat');
  const rows = (await rowsByStream(capture))[1]!;
  assert.is(nameOf(rows[0]!), 'map');
  assert.is(rows[1]!.type, TYPE_STACK);
  const names = rows[1]!.stack.map((frame) => capture.symbol!(frame as bigint)!.replace(/\+0x.*/, ''));
  assert.equal(names.slice(0, 8), [
    '__traceiter_map',
    'iommu_map_nosync',
    'iommu_map',
    '__iommu_dma_map',
    'iommu_dma_map_phys',
    'dma_map_phys',
    'dma_map_page_attrs',
    'cmd_write',
  ]);
  assert.match(capture.symbol!(rows[1]!.stack[7] as bigint)!, /^cmd_write\+0x[0-9a-f]+ \[dmabug\]$/);
});

// Written for the purpose ----------------------------------------------------------------------------

const MAP = 300;
const UNMAP_SG = 301;
const PROBE = 302;
const STACK = 4;

const MAP_FORMAT = format('dma_map_phys', MAP, [
  { declared: '__data_loc char[] device', offset: 8, size: 4 },
  { declared: 'u64 phys_addr', offset: 16, size: 8 },
  { declared: 'u64 dma_addr', offset: 24, size: 8 },
  { declared: 'size_t size', offset: 32, size: 8 },
  { declared: 'enum dma_data_direction dir', offset: 40, size: 4 },
  { declared: 'unsigned long attrs', offset: 48, size: 8 },
]);
const UNMAP_SG_FORMAT = format('dma_unmap_sg', UNMAP_SG, [
  { declared: '__rel_loc char[] device', offset: 8, size: 4 },
  { declared: '__data_loc u64[] addrs', offset: 12, size: 4 },
  { declared: 'enum dma_data_direction dir', offset: 16, size: 4 },
]);
const PROBE_FORMAT = format('going', PROBE, [
  { declared: 'unsigned long __probe_ip', offset: 8, size: 8 },
  { declared: '__data_loc char[] device', offset: 16, size: 4 },
]);
const stackFormat = (order: Order) =>
  format('kernel_stack', STACK, [
    { declared: 'int size', offset: 8, size: 4, signed: true },
    { declared: 'unsigned long caller[8]', offset: order.longSize === 8 ? 16 : 12, size: 64 },
  ]);

const common = (order: Order, id: number, pid: number) =>
  join(number(order, 2, id), number(order, 2, 0), number(order, 4, pid));

function map(order: Order, addr: bigint, device = 'dev0', reference?: number): Uint8Array {
  const name = text(`${device}\0`);
  return join(
    common(order, MAP, 42),
    number(order, 4, reference ?? name.length * 65536 + 56),
    number(order, 4, 0),
    number(order, 8, 0x10000n),
    number(order, 8, addr),
    number(order, 8, 4096),
    number(order, 4, 2),
    number(order, 4, 0),
    number(order, 8, 0x400),
    name,
  );
}

function unmapSg(order: Order, addresses: readonly bigint[]): Uint8Array {
  const name = text('dev0\0\0\0\0');
  const at = 20 + name.length;
  return join(
    common(order, UNMAP_SG, 42),
    number(order, 4, 5 * 65536 + (20 - 12)),
    number(order, 4, addresses.length * 8 * 65536 + at),
    number(order, 4, 1),
    name,
    ...addresses.map((address) => number(order, 8, address)),
  );
}

function stack(order: Order, frames: readonly number[]): Uint8Array {
  const head = join(common(order, STACK, 42), number(order, 4, frames.length));
  const gap = new Uint8Array(order.longSize === 8 ? 4 : 0);
  return join(head, gap, ...frames.map((frame) => number(order, order.longSize, frame)));
}

const probe = (order: Order, address: bigint) =>
  join(common(order, PROBE, 42), number(order, 8, address), number(order, 4, 5 * 65536 + 20), text('dev0\0'));

const KALLSYMS = [
  '1000 T first',
  '2000 T device_release_driver_internal',
  '3000 t other\t[mod]',
  '4000 T last',
  '',
].join('\n');

function content(order: Order, pages: readonly Uint8Array[], more: Partial<FileContent> = {}): FileContent {
  return {
    order,
    pageSize: 4096,
    formats: { ftrace: [stackFormat(order)], dma: [MAP_FORMAT, UNMAP_SG_FORMAT], mine: [PROBE_FORMAT] },
    kallsyms: KALLSYMS,
    cmdlines: '42 a task: of-mine\n43 <...>\n',
    buffers: [{ name: '', cpus: [{ cpu: 0, pages }] }],
    ...more,
  };
}

/** The file in every version and packing. */
const everyFile = (what: FileContent) =>
  [
    ['version 6', writeVersion6(what)],
    ['version 7', writeVersion7(what, false)],
    ['version 7, zlib', writeVersion7(what, true)],
  ] as const;

async function rowsOf(bytes: Uint8Array): Promise<{ capture: Capture; rows: Row[] }> {
  const capture = await open(bytes);
  const streams = await rowsByStream(capture);
  return { capture, rows: streams.flat() };
}

for (const [what, order] of [
  ['little-endian', LITTLE],
  ['big-endian', BIG],
  ['a 32-bit kernel', OLD],
] as const) {
  test(`every kind of ring-buffer entry, ${what}`, async () => {
    const top = 0x5800000000000000n;
    const long = unmapSg(
      order,
      Array.from({ length: 40 }, (_, i) => BigInt(i + 1) * 4096n),
    );
    const pages = [
      page(order, 4096, 1000n, [
        record(order, 0, map(order, 1n)),
        discarded(order, 5, 12),
        record(order, 10, map(order, 2n)),
        timeExtend(order, 2 ** 30 + 7),
        record(order, 0, long),
        record(order, 1, stack(order, [0x2004, 0x3008])),
        longRecord(order, 1, map(order, 3n, 'another')),
        restOfPage(order),
      ]),
      page(order, 4096, top, [
        record(order, 0, map(order, 4n)),
        timeStamp(order, top + 500n),
        record(order, 1, map(order, 5n)),
      ]),
    ];
    for (const [name, bytes] of everyFile(content(order, pages))) {
      const { capture, rows } = await rowsOf(bytes);
      const at = 1015n + 2n ** 30n + 7n;
      assert.equal(
        rows.map((row) => row.ts),
        [1000n, 1015n, at, at + 1n, at + 2n, top, top + 501n],
        name,
      );
      const [first, , list, frames, another] = rows;
      assert.equal(
        first && [
          first.addr,
          first.phys,
          first.len,
          first.dir,
          first.attrs,
          first.tid,
          first.comm,
          first.device,
        ],
        [1n, 0x10000n, 4096n, 2, 0x400, 42, 'a task: of-mine', 'dev0'],
      );
      assert.equal(list?.side.slice(0, 4), [40n | (40n << 32n), 0n, 4096n, 8192n]);
      assert.equal([list?.device, list?.phys, list?.addr], ['dev0', 4096n, undefined]);
      assert.is(frames?.type, TYPE_STACK);
      assert.equal(frames?.stack, [0x2004n, 0x3008n]);
      assert.equal(
        frames?.stack.map((frame) => capture.symbol!(frame as bigint)),
        ['device_release_driver_internal+0x4', 'other+0x8 [mod]'],
      );
      assert.is(another?.device, 'another');
      assert.equal(
        capture.eventCounts(),
        new Map([
          ['ftrace:kernel_stack', 1],
          ['dma:dma_map_phys', 5],
          ['dma:dma_unmap_sg', 1],
        ]),
      );
      assert.equal(capture.counters(), []);
    }
  });
}

test('lost events are rows in their place, counted where the ring buffer counted them', async () => {
  const pages = [
    page(LITTLE, 4096, 100n, [record(LITTLE, 0, map(LITTLE, 1n))]),
    page(LITTLE, 4096, 200n, [record(LITTLE, 0, map(LITTLE, 2n))], { count: 601 }),
    page(LITTLE, 4096, 300n, [record(LITTLE, 0, map(LITTLE, 3n))], {}),
  ];
  for (const [name, bytes] of everyFile(content(LITTLE, pages))) {
    const { rows } = await rowsOf(bytes);
    assert.equal(
      rows.map((row) => row.type === TYPE_LOST),
      [false, true, false, true, false],
      name,
    );
    assert.equal([rows[1]!.len, rows[1]!.ts, rows[3]!.len], [601n, 200n, undefined], name);
  }
});

test('events that the ring buffer dropped without a mark are a loss from the start', async () => {
  const pages = [page(LITTLE, 4096, 100n, [record(LITTLE, 0, map(LITTLE, 1n))])];
  const stats = text(
    'CPU: 0\nentries: 1\noverrun: 0\ncommit overrun: 0\ndropped events: 9\nread events: 0\n\0',
  );
  const { capture, rows } = await rowsOf(
    writeVersion7(content(LITTLE, pages, { options: [[2, stats]] }), false),
  );
  assert.equal(
    rows.map((row) => [row.type === TYPE_LOST, row.ts]),
    [
      [true, 100n],
      [false, 100n],
    ],
  );
  assert.is(countersOf(capture)['events-dropped'], 9);
});

test('a failed mapping has no address', async () => {
  const pages = [page(LITTLE, 4096, 1n, [record(LITTLE, 0, map(LITTLE, 0xffffffffffffffffn))])];
  const { rows } = await rowsOf(writeVersion6(content(LITTLE, pages)));
  assert.is(rows[0]!.addr, undefined);
  assert.is(rows[0]!.type, idOf('dma', 'dma_map_phys'));
});

test('a probe is told by the function that it is on, whatever its name', async () => {
  const entry = dictionary.entries.find(
    (candidate) => candidate.function === 'device_release_driver_internal',
  )!;
  for (const [address, type] of [
    [0x2004n, entry.id],
    [0x4000n, undefined],
  ] as const) {
    const pages = [
      page(LITTLE, 4096, 1n, [
        record(LITTLE, 0, probe(LITTLE, address)),
        record(LITTLE, 0, probe(LITTLE, address)),
      ]),
    ];
    const { capture, rows } = await rowsOf(writeVersion6(content(LITTLE, pages)));
    assert.equal(
      rows.map((row) => [row.type, row.device]),
      type === undefined
        ? []
        : [
            [type, 'dev0'],
            [type, 'dev0'],
          ],
    );
    assert.is(capture.eventCounts().get('mine:going'), 2);
  }
});

test("a probe of an entry's name fits where symbols do not say that it is on another function", async () => {
  const named = format('dev_unbind', PROBE, [
    { declared: 'unsigned long __probe_ip', offset: 8, size: 8 },
    { declared: '__data_loc char[] device', offset: 16, size: 4 },
  ]);
  const formats = { mine: [named] };
  const pages = [page(LITTLE, 4096, 1n, [record(LITTLE, 0, probe(LITTLE, 0x4000n))])];
  for (const [kallsyms, rows] of [
    ['', 1],
    [KALLSYMS, 0],
  ] as const) {
    const file = await rowsOf(writeVersion7(content(LITTLE, pages, { formats, kallsyms }), false));
    assert.is(file.rows.length, rows);
    assert.is(file.capture.eventCounts().get('mine:dev_unbind'), 1);
  }
});

test('instances are streams of their own', async () => {
  const cpus = (addr: bigint) =>
    [0, 1].map((cpu) => ({
      cpu,
      pages: [page(LITTLE, 4096, 7n, [record(LITTLE, 0, map(LITTLE, addr + BigInt(cpu)))])],
    }));
  const buffers = [
    {
      name: '',
      cpus: [
        { cpu: 0, pages: [] },
        { cpu: 1, pages: [] },
      ],
    },
    { name: 'one', cpus: cpus(10n) },
    { name: 'two', cpus: cpus(20n) },
  ];
  for (const [name, bytes] of everyFile(content(LITTLE, [], { buffers }))) {
    const streams = await rowsByStream(await open(bytes));
    const found = streams
      .filter((rows) => rows.length > 0)
      .map((rows) => rows.map((row) => [row.cpu, row.addr]));
    assert.equal(found, [[[0, 10n]], [[1, 11n]], [[0, 20n]], [[1, 21n]]], name);
  }
});

test('unknown options are skipped by their length', async () => {
  const pages = [page(LITTLE, 4096, 1n, [record(LITTLE, 0, map(LITTLE, 1n))])];
  const options = [
    [999, new Uint8Array(33)],
    [5, text('Linux box 6.12.1 x86_64\0')],
  ] as const;
  for (const [name, bytes] of everyFile(content(LITTLE, pages, { options }))) {
    const { capture, rows } = await rowsOf(bytes);
    assert.is(rows.length, 1, name);
    assert.is(capture.info.kernel, '6.12.1', name);
    assert.equal(countersOf(capture), { 'option-skipped': 1 }, name);
  }
});

test('times: TSC2NSEC converts, DATE and OFFSET are added', async () => {
  const pages = [page(LITTLE, 4096, 0x100000000000n, [record(LITTLE, 0, map(LITTLE, 1n))])];
  const tsc = join(number(LITTLE, 4, 3 << 20), number(LITTLE, 4, 22), number(LITTLE, 8, 0));
  const options = [
    [4, text('local [x86-tsc]\0')],
    [14, tsc],
    [1, text('0x10\0')],
    [7, text('-5\0')],
  ] as const;
  for (const [name, bytes] of everyFile(content(LITTLE, pages, { options }))) {
    const { capture, rows } = await rowsOf(bytes);
    assert.is(rows[0]!.ts, (0x100000000000n * 3n) / 4n + 16000n - 5n, name);
    assert.is(capture.info.clockUnit, 'ns', name);
  }
});

// Damage ---------------------------------------------------------------------------------------------

test('references outside the record make it one lost event', async () => {
  const bad = [0xffffffff, 5 * 65536 + 60, 5 * 65536 + 65000, 65000 * 65536 + 56];
  for (const reference of bad) {
    const events = [map(LITTLE, 1n), map(LITTLE, 2n, 'dev0', reference), map(LITTLE, 3n)];
    const pages = [
      page(
        LITTLE,
        4096,
        1n,
        events.map((event) => record(LITTLE, 1, event)),
      ),
    ];
    const { capture, rows } = await rowsOf(writeVersion6(content(LITTLE, pages)));
    assert.equal(
      rows.map((row) => [row.type === TYPE_LOST, row.type === TYPE_LOST ? row.len : row.addr]),
      [
        [false, 1n],
        [true, 1n],
        [false, 3n],
      ],
    );
    assert.is(countersOf(capture)['record-damaged'], 1);
  }
});

test('a record shorter than its format, and one of no known event', async () => {
  const short = map(LITTLE, 2n).subarray(0, 40);
  const pages = [
    page(LITTLE, 4096, 1n, [
      record(LITTLE, 1, short),
      record(LITTLE, 1, common(LITTLE, 999, 1)),
      record(LITTLE, 1, text('abc')),
    ]),
  ];
  const { capture, rows } = await rowsOf(writeVersion6(content(LITTLE, pages)));
  assert.equal(
    rows.map((row) => row.type),
    [TYPE_LOST, TYPE_LOST],
  );
  assert.equal(countersOf(capture), { 'record-damaged': 2, 'event-without-format': 1 });
});

test('a page that contradicts itself is a loss; the pages after it are read', async () => {
  const good = (time: bigint) => page(LITTLE, 4096, time, [record(LITTLE, 0, map(LITTLE, time))]);
  const tooFull = good(20n);
  tooFull.set(number(LITTLE, 8, 5000), 8);
  const tooLong = good(20n);
  tooLong.set(number(LITTLE, 4, 28), 16);
  tooLong.set(number(LITTLE, 8, 60), 8);
  const noLength = page(LITTLE, 4096, 20n, [join(number(LITTLE, 4, 32), number(LITTLE, 4, 0))]);
  for (const damaged of [tooFull, tooLong, noLength]) {
    const { capture, rows } = await rowsOf(writeVersion6(content(LITTLE, [good(10n), damaged, good(30n)])));
    assert.equal(
      rows.map((row) => [row.type === TYPE_LOST, row.ts]),
      [
        [false, 10n],
        [true, 10n],
        [false, 30n],
      ],
    );
    const [counter] = capture.counters();
    assert.is(counter?.name, 'page-damaged');
    assert.is(counter?.first, 'byte 0x1000 of cpu 0');
  }
});

test('a chunk that cannot be inflated is a loss; the chunks after it are read', async () => {
  const pages = [10n, 20n, 30n].map((time) =>
    page(LITTLE, 4096, time, [record(LITTLE, 0, map(LITTLE, time))]),
  );
  const bytes = writeVersion7(content(LITTLE, pages), true);
  const marks = pages.map((_, i) => i);
  const starts = chunkStarts(bytes);
  assert.is(starts.length, marks.length);
  bytes.fill(0x55, starts[1]! + 2, starts[1]! + 12);
  const { capture, rows } = await rowsOf(bytes);
  assert.equal(
    rows.map((row) => [row.type === TYPE_LOST, row.ts]),
    [
      [false, 10n],
      [true, 10n],
      [false, 30n],
    ],
  );
  assert.equal(countersOf(capture), { 'chunk-damaged': 1 });
});

/** Where zlib data of one page begins: behind its size, 4096. */
function chunkStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let i = 4; i < bytes.length; i++) {
    const isSize = bytes[i - 4] === 0 && bytes[i - 3] === 0x10 && bytes[i - 2] === 0 && bytes[i - 1] === 0;
    if (isSize && bytes[i] === 0x78) starts.push(i);
  }
  return starts;
}

const plenty = (): FileContent => {
  const events = (time: bigint) =>
    Array.from({ length: 20 }, (_, i) => record(LITTLE, i, map(LITTLE, time + BigInt(i))));
  const pages = Array.from({ length: 8 }, (_, i) =>
    page(LITTLE, 4096, BigInt(i + 1) * 1000n, events(BigInt(i) << 20n)),
  );
  return content(LITTLE, pages, {
    buffers: [
      {
        name: '',
        cpus: [
          { cpu: 0, pages },
          { cpu: 1, pages },
        ],
      },
    ],
  });
};

/** Reads to the end; what cannot be read must be a CaptureError, what is missing must be told. */
async function tryToRead(bytes: Uint8Array): Promise<{ rows: number; told: boolean }> {
  try {
    const { capture, rows } = await rowsOf(bytes);
    capture.symbol?.(0x2004n);
    return { rows: rows.filter((row) => row.type !== TYPE_LOST).length, told: capture.counters().length > 0 };
  } catch (error) {
    assert.instance(error, CaptureError);
    const { problem, advice } = error as CaptureError;
    assert.match(problem, /expected .* found /);
    assert.ok(advice.length > 20);
    return { rows: 0, told: true };
  }
}

test('a file cut anywhere is refused in words, or read with its losses told', async () => {
  for (const [name, bytes] of everyFile(plenty())) {
    const whole = await tryToRead(bytes);
    assert.equal(whole, { rows: 320, told: false }, name);
    for (let i = 0; i < 200; i++) {
      const cut = Math.floor((bytes.length * i) / 200);
      const { rows, told } = await tryToRead(bytes.slice(0, cut));
      assert.ok(told, `${name} cut at ${cut} of ${bytes.length}: ${rows} rows and not a word`);
    }
  }
});

test('version 6 cut in its data keeps what stands before the cut, and a loss behind it', async () => {
  const bytes = writeVersion6(plenty());
  const { capture, rows } = await rowsOf(bytes.slice(0, bytes.length - 2 * 4096 - 100));
  assert.is(rows.filter((row) => row.type !== TYPE_LOST).length, 280);
  assert.is(rows.at(-1)!.type, TYPE_LOST);
  assert.is(countersOf(capture)['data-cut-short'], 2 * 4096 + 100);
});

test('a real file cut at 200 places', async () => {
  const bytes = new Uint8Array(await readFile(inPackage('traces', 'samples', 'buggy-driver', 'trace.dat')));
  for (let i = 0; i < 200; i++)
    assert.ok((await tryToRead(bytes.slice(0, Math.floor((bytes.length * i) / 200)))).told);
});

test('flipped bits never end in anything but words', async () => {
  let seed = 20261120;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (const [, bytes] of everyFile(plenty())) {
    for (let round = 0; round < 120; round++) {
      const damaged = bytes.slice();
      for (let flips = 1 + random(6); flips > 0; flips--) damaged[random(damaged.length)]! ^= 1 << random(8);
      if (round % 3 === 0) damaged.fill(0xff, random(damaged.length), undefined);
      const { rows } = await tryToRead(damaged);
      assert.ok(rows <= 4000);
    }
  }
});

test('other files are not taken for a trace.dat, other versions and packings are refused', async () => {
  assert.not(traceDat.sniff(text('# tracer: nop')));
  assert.not(traceDat.sniff(new Uint8Array(0)));
  const bytes = writeVersion7(plenty(), false);
  assert.ok(traceDat.sniff(bytes));
  const version = bytes.slice();
  version[10] = 0x38;
  const packing = bytes.slice();
  packing.set(text('lzma'), 18);
  for (const [damaged, problem] of [
    [version, /version 6 or 7 .* found "8"/],
    [packing, /zstd, zlib or none, found "lzma"/],
  ] as const) {
    try {
      await open(damaged);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, CaptureError);
      assert.match((error as CaptureError).problem, problem);
    }
  }
});

test.run();
