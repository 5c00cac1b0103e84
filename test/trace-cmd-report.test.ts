/** trace-cmd report's text becomes events: the same as ftrace's of the same run, in every layout. */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileSource } from '../traces/file-source.js';
import { ftraceText } from '../traces/formats/ftrace-text.js';
import { traceCmdReport } from '../traces/formats/trace-cmd-report.js';
import { cutFrom } from '../traces/threads/text-segments.js';
import { TextTool } from '../wasm/schema.js';
import { countedSamples, factsOf, lineOf, readWith, sampleSource, storyOf, textSource } from './text-rows.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-test-'));
test.after(() => rmSync(folder, { recursive: true }));

const MAP = 'IOMMU: iova=0x00000000ffefa000 - 0x00000000ffefb000 paddr=0x0000000100284000 size=4096';
const MAPPED = 'map - ffefa000 1000 100284000 - 0 -';

/** A line as trace-cmd 3.4 prints it. */
const line = (event: string, body: string, { at = '12.345678', buffer = '', comm = 'nc' } = {}): string =>
  `${buffer}${comm.padStart(16)}-181   [001] b..6. ${at.padStart(12)}: ${`${event}:`.padEnd(21)} ${body}\n`;

const read = (text: string, step?: number) => readWith(traceCmdReport, textSource(text, step));
async function linesOf(text: string): Promise<string[]> {
  return (await read(text)).rows.map(lineOf);
}

// --- whole captures --------------------------------------------------------------------------------------

for (const [sample, file] of [
  ['buggy-driver', 'trace.report.txt.zst'],
  ['buggy-driver', 'trace-v6.report.txt.zst'],
  ['clean-nvme-old-tools', 'trace.report.txt.zst'],
]) {
  test(`events and stacks say what ftrace's say: ${sample}/${file}`, async () => {
    const { rows, counters } = await readWith(traceCmdReport, await sampleSource(sample!, file!));
    const ftrace = await readWith(ftraceText, await sampleSource(sample!, 'trace.txt.zst'));
    const [ours, theirs] = [storyOf(rows), storyOf(ftrace.rows)];
    assert.ok(ours.facts.length > 1000);
    // Recorders stamp events of two CPUs that are a microsecond apart in either order.
    const order =
      sample === 'clean-nvme-old-tools' ? (facts: string[]) => facts.toSorted() : (facts: string[]) => facts;
    assert.equal(order(ours.facts), order(theirs.facts));
    assert.equal(counters, []);
    // trace-cmd prints eight frames at most, and has a name for ftrace's trampoline.
    const innermost = (stack: string): string[] => stack.split(' < ').slice(0, 8);
    const [shown, full] = [ours.stacks.map(innermost), theirs.stacks.map(innermost)];
    const names = full.map((frames, i) =>
      frames.map((frame, k) => (/^\d+$/.test(frame) ? shown[i]![k] : frame)),
    );
    assert.equal(shown, names);
  });
}

const counted = countedSamples(/report\.txt$/);
test('there are samples', () => assert.is(counted.length, 12));
for (const { sample, file, expected } of counted) {
  test(`events by name are as counted: ${sample}/${file}`, async () => {
    const { capture } = await readWith(traceCmdReport, await sampleSource(sample, file));
    const counts = [...capture.eventCounts()].map(([name, count]) => [name.replace(/^.*:/, ''), count]);
    assert.equal(Object.fromEntries(counts), expected);
  });
}

test('all layouts of one run have the same events', async () => {
  const ftrace = await readWith(ftraceText, await sampleSource('forms', 'clk-mono.txt.gz'));
  const wanted = storyOf(ftrace.rows).facts;
  for (const [file, only, unit] of [
    ['trace-boot-v6.report', /./, 'tick'],
    ['trace-boot-v6.latency-report', /./, 'tick'],
    ['trace-boot-v6.tsdiff-report', /./, 'tick'],
    ['trace-buffers.report', /./, 'ns'],
    ['trace-buffers.raw-report', /./, 'ns'],
    ['trace-tsc-zlib.report', /^dma_/, 'tick'],
  ] as const) {
    const { rows, capture, counters } = await readWith(
      traceCmdReport,
      await sampleSource('forms', `${file}.txt.zst`),
    );
    assert.equal(
      storyOf(rows).facts,
      wanted.filter((fact) => only.test(fact)),
      file,
    );
    assert.ok(
      rows.every(
        ({ tid, comm }) =>
          (tid === 101 && comm === 'init') || ((tid === 203 || tid === 205) && comm === 'mir'),
      ),
      file,
    );
    assert.is(capture.info.clockUnit, unit, file);
    assert.is(capture.info.cpus, 2);
    assert.equal(counters, [], file);
    const first = {
      'trace-boot-v6': 30374691037n,
      'trace-buffers': 30374687000n,
      'trace-tsc-zlib': 1795205022659704554n,
    };
    assert.is(rows[0]!.ts, first[file.split('.')[0] as keyof typeof first], file);
  }
});

test('the report names its buffers', async () => {
  const { capture } = await readWith(
    traceCmdReport,
    await sampleSource('forms', 'trace-buffers.report.txt.zst'),
  );
  assert.equal(capture.info.notes.slice(1), ['instance b_iommu', 'instance b_lab']);
});

test('lost events are rows at the time of the next event', async () => {
  const { rows, counters } = await readWith(
    traceCmdReport,
    await sampleSource('lossy', 'trace.report.txt.zst'),
  );
  const at = rows.findIndex((row) => factsOf(row).startsWith('LOST'));
  assert.match(lineOf(rows[at]!), / 0 - - LOST - - 259 - - 0 -$/); // 601
  assert.is(rows[at]!.ts, rows[at + 1]!.ts);
  assert.is(rows.filter((row) => factsOf(row).startsWith('LOST')).length, 1);
  assert.equal(counters, []);
});

// --- lines -----------------------------------------------------------------------------------------------

/** Text, and the rows that it makes. */
const CASES: Record<string, [text: string, rows: string[]]> = {
  'the head of a report': [
    `version = 7\nCPU 1 is empty\ncpus=2\n\n${line('map', MAP)}`,
    [`12345678000 1 181 nc ${MAPPED}`],
  ],
  'task names of all kinds': [
    ['[x] (y)', 'a-b-1', 'kworker/u8:8', '<idle>', '<...>', 'a b: c', 'fifteen-bytes--', 'ünï']
      .map((comm) => line('map', MAP, { comm: comm.padStart(16 - Buffer.byteLength(comm) + comm.length) }))
      .join(''),
    ['[x] (y)', 'a-b-1', 'kworker/u8:8', '<idle>', '<...>', 'a b: c', 'fifteen-bytes--', 'ünï'].map(
      (comm) => `12345678000 1 181 ${comm} ${MAPPED}`,
    ),
  ],
  'columns that a paste has moved': [
    `nc-7 [003] 1.000000001: map: ${MAP}\n a [1] b-8 [012] d..2. 2.5: map: ${MAP}\r\n${line('map', MAP)}`,
    [`1000000001 3 7 nc ${MAPPED}`, `2500000000 12 8 a [1] b ${MAPPED}`, `12345678000 1 181 nc ${MAPPED}`],
  ],
  'flags of four characters, none, and a long time behind them': [
    `              nc-181   [001] d..1    12.345678: map:                  ${MAP}\n              nc-181   [001]    12.345678: map:                  ${MAP}\n              nc-181   [001] .....1795205022659704554: map:                  ${MAP}\n              nc-181   [001] 1795205022659704554: map:                  ${MAP}\n`,
    ['12345678000', '12345678000', '1795205022659704554', '1795205022659704554'].map(
      (at) => `${at} 1 181 nc ${MAPPED}`,
    ),
  ],
  'names of buffers, in one width': [
    ['v6: ', '    ', 'v6: '].map((buffer) => line('map', MAP, { buffer })).join('') +
      line('map', MAP, { buffer: 'a longer name: ' }),
    Array(4).fill(`12345678000 1 181 nc ${MAPPED}`),
  ],
  'what libtraceevent cannot print': [
    line(
      'dma_map_sg',
      '[FAILED TO PARSE] device=a full_nents=1 full_ents=1 truncated=0 phys_addrs=ARRAY[00, c0, b7, 05, 01, 00, 00, 00] dma_addrs=ARRAY[00, 00, ff, ff, 00, 00, 00, 00] lengths=ARRAY[00, 10, 00, 00] dir=1 attrs=0x0',
    ),
    ['12345678000 1 181 nc dma_map_sg a ffff0000 1000 105b7c000 0 0 1 1/1:1/1[105b7c000|ffff0000|1000]'],
  ],
  'losses, of buffers with a name and without': [
    `${line('map', MAP)}CPU:0 [601 EVENTS DROPPED]\nv6: CPU:7 [EVENTS DROPPED]\n    CPU:1 [3 EVENTS DROPPED]\n${line('map', MAP, { at: '13.000000' })}CPU:3 [EVENTS DROPPED]\n`,
    [
      `12345678000 1 181 nc ${MAPPED}`,
      '13000000000 0 - - LOST - - 259 - - 0 -',
      '13000000000 7 - - LOST - - - - - 0 -',
      '13000000000 1 - - LOST - - 3 - - 0 -',
      `13000000000 1 181 nc ${MAPPED}`,
      '13000000000 3 - - LOST - - - - - 0 -',
    ],
  ],
};

for (const [name, [text, rows]] of Object.entries(CASES)) {
  test(name, async () => {
    for (const step of [1, 13, 1 << 20]) {
      const result = await read(text, step);
      assert.equal(result.rows.map(lineOf), rows);
      assert.equal(result.counters, []);
    }
  });
}

test('stacks of every form', async () => {
  const stacks = [
    `${line('kernel_stack', '\t=> a')}\t=> cmd_write [dmabug]\n\t=> c\n`,
    `${line('kernel_stack', '<stack trace >')}=> a (ffffffff81869ebf)\n=> cmd_write+0x10/0x20 [dmabug] (ffffffffa0402dc6)\n=> c (ffffffff81869ebf)\n`,
    `${line('kernel_stack', '<stack trace>')} => a\n => cmd_write [dmabug]\n => c\n`,
  ];
  for (const stack of stacks) {
    const rows = await linesOf(line('map', MAP) + stack + line('map', MAP));
    const plain = `12345678000 1 181 nc ${MAPPED}`;
    assert.equal(rows, [
      plain,
      '12345678000 1 181 nc STACK - - - - - 0 - (a < cmd_write [dmabug] < c)',
      plain,
    ]);
  }
  const user = await read(`${line('map', MAP) + line('user_stack', '\t=> main')}\t=> start\n`);
  assert.is(user.rows.length, 1);
  assert.match(user.counters.join(), /^user-stack-skipped=1 line 2: /);
});

test('what cannot be read is counted', async () => {
  const { rows, counters } = await read(
    `rubbish\n\t=> stray\n${line('map', 'IOMMU: iova=0x1')}${line('map', MAP)}${line('map', MAP).slice(0, -30)}`,
  );
  assert.is(rows.length, 1);
  assert.equal(
    counters.map((counter) => counter.replace(/ line (\d+):.*/, ' $1')),
    ['line-not-understood=1 1', 'event-not-understood=1 3', 'line-cut=1 5', 'stack-frame-stray=1 2'],
  );
});

// --- workers ---------------------------------------------------------------------------------------------

test('a file is never cut before a stack, nor behind a loss mark', () => {
  const path = join(folder, 'cut.txt');
  const text = `cpus=2\n${line('map', MAP)}${line('kernel_stack', '\t=> a')}\t=> b\n${line('map', MAP)}CPU:0 [1 EVENTS DROPPED]\n${line('map', 'IOMMU: x')}${line('map', MAP)}`;
  writeFileSync(path, text);
  const fd = openSync(path, 'r');
  const good = [text.indexOf('\n') + 1, text.indexOf('b\n') + 2, text.lastIndexOf(line('map', MAP))];
  for (let offset = 1; offset < text.length; offset++) {
    const cut = cutFrom(fd, text.length, offset, TextTool.trace_cmd_report);
    assert.ok(cut >= offset && (cut === text.length || good.includes(cut)), `${offset}: ${cut}`);
  }
});

test('workers read the same as one thread does', async () => {
  const path = join(folder, 'big.txt');
  const parts = ['cpus=2\n'];
  for (let i = 0; i < 60_000; i++) {
    const more = { at: `${i}.000001`, buffer: i % 3 === 0 ? 'v6: ' : '    ', comm: `task ${i % 700}` };
    parts.push(
      line('map', MAP, more),
      line('kernel_stack', '\t=> iommu_map', more),
      '\t=> cmd_write\n\t=> vfs_write\n'.repeat(8),
    );
    parts.push(line(`event_${i % 9}`, 'x', more));
    if (i % 1000 === 500) parts.push(`v6: CPU:0 [${i} EVENTS DROPPED]\n`);
  }
  writeFileSync(path, parts.join(''));
  const results = [];
  for (const workers of ['0', '3']) {
    process.env.DMASPAN_WORKERS = workers;
    results.push(await readWith(traceCmdReport, fileSource(openSync(path, 'r'), path, path)));
  }
  delete process.env.DMASPAN_WORKERS;
  const [inline, other] = results.map(({ rows }) => rows.map(lineOf));
  assert.is(inline!.length, 2 * 60_000 + 60);
  assert.is(
    inline!.findIndex((row, i) => row !== other![i]),
    -1,
  );
  assert.equal(results[1]!.counters, results[0]!.counters);
});

test('two events on one line are counted', async () => {
  const one = line('map', MAP);
  for (const [text, joined] of [
    [one + one, false],
    [one + one.replace('\n', '') + one, true],
  ] as const) {
    const { capture } = await read(text);
    assert.is(
      capture.counters().some(({ name }) => name === 'line-joined'),
      joined,
    );
  }
});

test.run();
