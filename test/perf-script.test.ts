/** perf script's text becomes events: the same as ftrace's of the same run, in every layout of its fields. */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileSource } from '../traces/file-source.js';
import { CaptureError, TYPE_STACK } from '../traces/format.js';
import { ftraceText } from '../traces/formats/ftrace-text.js';
import { formats } from '../traces/formats/index.js';
import { perfScript } from '../traces/formats/perf-script.js';
import { cutFrom } from '../traces/threads/text-segments.js';
import { TextTool } from '../wasm/schema.js';
import { countedSamples, factsOf, lineOf, readWith, sampleSource, storyOf, textSource } from './text-rows.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-test-'));
test.after(() => rmSync(folder, { recursive: true }));

const MAP = 'IOMMU: iova=0x00000000ffefa000 - 0x00000000ffefb000 paddr=0x0000000100284000 size=4096';
const MAPPED = 'map - ffefa000 1000 100284000 - 0 -';
const UNMAP = '0000:00:01.0 dir=FROM_DEVICE dma_addr=ffff8840 size=1522 attrs=MMIO|SKIP_CPU_SYNC';
const UNMAPPED = 'dma_unmap_phys 0000:00:01.0 ffff8840 5f2 - 420 0 2';

/** A line as perf prints it by default. */
const line = (event: string, body: string, at = '12.345678', comm = 'nc'): string =>
  `${comm.padStart(16)}     181 [001] ${at.padStart(12)}: ${event.padStart(26)}: ${body}\n`;

const read = (text: string, step?: number) => readWith(perfScript, textSource(text, step));
async function linesOf(text: string): Promise<string[]> {
  return (await read(text)).rows.map(lineOf);
}

// --- whole captures --------------------------------------------------------------------------------------

for (const [sample, file] of [
  ['buggy-driver', 'perf.script.txt.zst'],
  ['buggy-driver', 'perf-stacks.script.txt.zst'],
  ['clean-nvme-old-tools', 'perf.script.txt.zst'],
  ['clean-nvme-old-kernel', 'perf.script.txt.zst'],
]) {
  test(`events say what ftrace's say: ${sample}/${file}`, async () => {
    const { rows, counters } = await readWith(perfScript, await sampleSource(sample!, file!));
    const ftrace = await readWith(ftraceText, await sampleSource(sample!, 'trace.txt.zst'));
    const facts = storyOf(rows).facts;
    assert.ok(facts.length > 1000);
    // Two CPUs' events may change places from recorder to recorder.
    assert.equal([...facts].sort(), storyOf(ftrace.rows).facts.sort());
    assert.equal(
      counters.filter((counter) => !counter.startsWith('user-stack-skipped=')),
      [],
    );
  });
}

test('stacks are those of ftrace', async () => {
  const perf = await readWith(perfScript, await sampleSource('buggy-driver', 'perf-stacks.script.txt.zst'));
  const ftrace = await readWith(ftraceText, await sampleSource('buggy-driver', 'trace.txt.zst'));
  // Each recorder sees frames of its own on top, and the two tools end at different depths of the entry code.
  const callers = (stack: string): string => /\bcmd_write\b.* < do_syscall_64/.exec(stack)?.[0] ?? '';
  // Of probes perf misses the caller of the probed function: it has no frame yet, or no longer.
  const ofTracepoints = (rows: typeof perf.rows): string[] => {
    const { facts, stacks } = storyOf(rows);
    return stacks.filter((_, i) => /^(dma_|map |unmap )/.test(facts[i]!)).map(callers);
  };
  const [ours, theirs] = [ofTracepoints(perf.rows), ofTracepoints(ftrace.rows)];
  assert.ok(theirs.filter((stack) => stack !== '').length > 1000);
  const different = theirs.flatMap((stack, i) => (stack === ours[i] ? [] : [ours[i]]));
  // perf recorded some events without one, as the text shows.
  assert.equal(different, Array(24).fill(''));
});

test('all layouts of one run have the same events', async () => {
  const full = await readWith(perfScript, await sampleSource('forms', 'perf-ns.script.txt.zst'));
  const named = (names: RegExp) => storyOf(full.rows).facts.filter((fact) => names.test(fact));
  const group = /^dma_(un)?map_(phys|sg) /;
  for (const [file, names, fields] of [
    ['perf-minimal', group, '- - -'],
    ['perf-reltime', group, '1 101 init'],
    ['perf-taskevents', group, '1 101 init'],
    ['perf-usercc', /^dma_/, '1 101 init'],
    ['perf-pidtid', /^dma_/, '1 101 init'],
  ] as const) {
    const { rows, counters } = await readWith(
      perfScript,
      await sampleSource('forms', `${file}.script.txt.zst`),
    );
    assert.equal(rows.map(factsOf), named(names), file);
    assert.ok(lineOf(rows[0]!).includes(` ${fields} dma_map_phys`), file);
    assert.equal(
      counters.filter((counter) => !/^(user-stack|task-record)-skipped=/.test(counter)),
      [],
      file,
    );
    if (file === 'perf-reltime') assert.is(rows[0]!.ts, 0n);
    if (file === 'perf-minimal') assert.is(rows[0]!.ts, 30_378_740_000n);
  }
  assert.is(full.rows[0]!.ts, 30_377_193_404n);
});

const counted = countedSamples(/\.script\.txt$/);
test('there are samples', () => assert.is(counted.length, 13));
for (const { sample, file, expected } of counted) {
  // dmabug:p2p_map is a tracepoint of the driver, lab:p2p_map a probe.
  test(`events by system and name are as perf counts them: ${sample}/${file}`, async () => {
    const { capture } = await readWith(perfScript, await sampleSource(sample, file));
    assert.equal(Object.fromEntries(capture.eventCounts()), expected);
  });
}

test('each text is of its own format only', async () => {
  const texts: [sample: string, file: string, format: string][] = [
    ...['trace', 'trace_pipe'].map((name): [string, string, string] => ['buggy-driver', name, 'ftrace-text']),
    ['clean-nvme-old-kernel', 'trace-noirq', 'ftrace-text'],
    ...[
      'fields',
      'raw',
      'hex',
      'verbose',
      'latency-format',
      'nocontext-info',
      'noirq-tgid.txt',
      'sym-addr',
    ].map((option): [string, string, string] => ['forms', `opt-${option}`, 'ftrace-text']),
    ...['counter', 'x86-tsc'].map((clock): [string, string, string] => [
      'forms',
      `clk-${clock}`,
      'ftrace-text',
    ]),
    ...['perf', 'perf-stacks'].map((name): [string, string, string] => [
      'buggy-driver',
      `${name}.script`,
      'perf-script',
    ]),
    ...['minimal', 'ns', 'pidtid', 'reltime', 'task', 'taskevents', 'usercc'].map(
      (name): [string, string, string] => ['forms', `perf-${name}.script`, 'perf-script'],
    ),
    ['clean-nvme-old-tools', 'perf.script', 'perf-script'],
    ...['trace', 'trace-v6'].map((name): [string, string, string] => [
      'buggy-driver',
      `${name}.report`,
      'trace-cmd-report',
    ]),
    ...[
      'trace-boot-v6.report',
      'trace-boot-v6.latency-report',
      'trace-boot-v6.tsdiff-report',
      'trace-buffers.report',
      'trace-buffers.raw-report',
      'trace-tsc-zlib.report',
    ].map((name): [string, string, string] => ['forms', name, 'trace-cmd-report']),
    ['clean-nvme-old-tools', 'trace.report', 'trace-cmd-report'],
    ['lossy', 'trace.report', 'trace-cmd-report'],
  ];
  for (const [sample, file, format] of texts) {
    const source = await sampleSource(sample, file.endsWith('.txt') ? file : `${file}.txt.zst`);
    const head = await source.head();
    const withoutHeader = Buffer.from(head.subarray(head.indexOf('\n'.charCodeAt(0)) + 1));
    for (const bytes of format === 'ftrace-text' ? [head] : [head, withoutHeader]) {
      const found = formats.filter((candidate) => candidate.sniff(bytes)).map(({ name }) => name);
      assert.equal(found, [format], `${sample}/${file}`);
    }
    await source.close();
  }
});

// --- lines -----------------------------------------------------------------------------------------------

/** Text, and the rows that it makes. */
const CASES: Record<string, [text: string, rows: string[]]> = {
  'default fields': [
    line('iommu:map', MAP) + line('dma:dma_unmap_phys', UNMAP, '99999.000001', 'rcu sched 7'),
    [`12345678000 1 181 nc ${MAPPED}`, `99999000001000 1 181 rcu sched 7 ${UNMAPPED}`],
  ],
  'task names of all kinds': [
    ['[x] (y)', 'a-b-1', 'kworker/u8:8', ':-1', 'a [1]', 'x: 1.5', 'ünï', '12']
      .map((comm) => line('iommu:map', MAP, '1.000002', comm))
      .join(''),
    ['[x] (y)', 'a-b-1', 'kworker/u8:8', ':-1', 'a [1]', 'x: 1.5', 'ünï', '12'].map(
      (comm) => `1000002000 1 181 ${comm} ${MAPPED}`,
    ),
  ],
  'fields that are left out, and more of them': [
    `${[
      `  215     8.299590:   iommu:map: ${MAP}`,
      `             dio     8.299590:   iommu:map: ${MAP}`,
      `             dio   215     8.299590:   iommu:map: ${MAP}`,
      `             dio [001]     8.299590:   iommu:map: ${MAP}`,
      `             dio   215 [001] K         8.299590:   iommu:map: ${MAP}`,
      `             dio   215/216   [001]     8.299590:          1   iommu:map: ${MAP}`,
      `             dio   215 [001] 2026-11-20 20:23:26.704230     8.299590123:   iommu:map: ${MAP}`,
      `             dio    -1 [001]     8.299590:   iommu:map: ${MAP}`,
    ].join('\n')}\n`,
    [
      '8299590000 - 215 -',
      '8299590000 - - dio',
      '8299590000 - 215 dio',
      '8299590000 1 - dio',
      '8299590000 1 215 dio',
      '8299590000 1 216 dio',
      '8299590123 1 215 dio',
      '8299590000 1 - dio',
    ].map((task) => `${task} ${MAPPED}`),
  ],
  'another system has an event of that name': [
    line('xen:map', MAP) + line('map', MAP),
    [`12345678000 1 181 nc ${MAPPED}`],
  ],
  probes: [
    line('mine:dev_unbind', '(ffffffff818b95e4) device="0000:00:05.0"'),
    ['12345678000 1 181 nc dev_unbind 0000:00:05.0 - - - - 0 -'],
  ],
  'what libtraceevent cannot print': [
    line(
      'dma:dma_map_sg',
      '[FAILED TO PARSE] device=0000:00:05.0 full_nents=5 full_ents=3 truncated=1 phys_addrs=ARRAY[00, c0, b7, 05, 01, 00, 00, 00, 00, e1, b7, 05, 01, 00, 00, 80] dma_addrs=ARRAY[00, 00, ff, ff, 00, 00, 00, 00] lengths=ARRAY[00, 10, 00, 01] dir=2 attrs=0x20',
    ) +
      line(
        'dma:dma_map_sg',
        '[FAILED TO PARSE] device=a full_nents=0 full_ents=0 truncated=0 phys_addrs=ARRAY[] dma_addrs=ARRAY[] lengths=ARRAY[] dir=1 attrs=0x0',
      ) +
      line('dma:dma_unmap_phys', '[FAILED TO PARSE] device=a addr=4294936640 size=16 dir=1 attrs=0x400'),
    [
      '12345678000 1 181 nc dma_map_sg 0000:00:05.0 ffff0000 1001000 105b7c000 20 0 2 2/5:1/3![105b7c000|8000000105b7e100|ffff0000|1001000]'.replace(
        '80000105b7e100',
        '8000000105b7e100',
      ),
      '12345678000 1 181 nc dma_map_sg a - 0 - 0 0 1 0/0:0/0[]',
      '12345678000 1 181 nc dma_unmap_phys a ffff8840 10 - 400 0 1',
    ],
  ],
  'an allocation that failed has an error': [
    line('dma:dma_alloc', 'a dir=NONE dma_addr=0 size=1 virt_addr=(nil) flags=GFP_KERNEL attrs='),
    ['12345678000 1 181 nc dma_alloc a 0 1 - 0 -12 3'],
  ],
};

for (const [name, [text, rows]] of Object.entries(CASES)) {
  test(name, async () => assert.equal(await linesOf(text), rows));
}

const CHAIN = [
  '\tffffffff81869ebf __traceiter_map+0x3f ([kernel.kallsyms])',
  '\tffffffffa0402dc6 cmd_write+0xc78 ([dmabug])',
  '\tffffffffa0402dc7 mlx5_map ([mlx5_core])',
  '\tffffffffc0000010 go+0x1 (/lib/modules/6.1.0-9/kernel/drivers/net/my-net.ko.xz)',
  '\tffffffff81000000 [unknown] ([kernel.kallsyms])',
  '\tffffffff81000001 <kernel::Foo as Bar>::baz+0x10 ([kernel.kallsyms])',
  '\tffffffff81000002 inner (inlined)',
  '\tffffffff81000003 bare',
  '\t          4b0642 [unknown] (/bin/busybox)',
  '\tffffffffffffff00 garbage ([unknown])',
  '',
].join('\n');
const STACK =
  '(__traceiter_map < cmd_write [dmabug] < mlx5_map [mlx5_core] < go [my_net] < 18446744071578845184 < <kernel::Foo as Bar>::baz < inner < bare)';

test('call chains are the stacks of their events', async () => {
  const text = [
    line('iommu:map', MAP),
    CHAIN,
    '\n',
    line('lab:unknown', 'x=1'),
    CHAIN,
    '\n',
    line('iommu:map', MAP),
    '\n', // user space only, and nothing to show
    line('iommu:map', MAP),
    '\t          4b0642 [unknown] (/bin/busybox)\n\n',
    line('iommu:map', MAP),
    '\tffffffff81000003 bare\n  dma.c:12\n', // with the line of the source, and no empty line behind it
    line('iommu:map', MAP),
    CHAIN,
  ].join('');
  const plain = `12345678000 1 181 nc ${MAPPED}`;
  const wanted = [`${plain} ${STACK}`, plain, plain, `${plain} (bare)`, `${plain} ${STACK}`];
  for (const step of [1, 7, 64, 1 << 20]) {
    const { rows, counters } = await read(text, step);
    assert.equal(rows.map(lineOf), wanted);
    assert.equal(counters, [`user-stack-skipped=3 line 10: 4b0642 [unknown] (/bin/busybox)`]);
  }
});

test('stacks and events are one, wherever a batch ends', async () => {
  const parts: string[] = [];
  for (let i = 0; i < 40_000; i++)
    parts.push(line('iommu:map', MAP), i % 2 === 0 ? '\tffffffff81000003 bare\n\n' : '\n');
  const { rows } = await read(parts.join(''));
  const { stacks } = storyOf(rows);
  assert.is(stacks.length, 40_000);
  assert.is(
    stacks.findIndex((stack, i) => stack !== (i % 2 === 0 ? 'bare' : '')),
    -1,
  );
});

test('lost events are rows', async () => {
  const lost = (what: string) => `         swapper       0 [000]    12.400000: PERF_RECORD_${what}\n`;
  const { rows, counters } = await read(
    line('iommu:map', MAP) +
      lost('LOST lost 25') +
      lost('LOST_SAMPLES') +
      lost('COMM: init:1/1') +
      lost('LOST_SAMPLES lost 3'),
  );
  assert.equal(rows.slice(1).map(lineOf), [
    '12400000000 0 - - LOST - - 19 - - 0 -',
    '12400000000 0 - - LOST - - - - - 0 -',
    '12400000000 0 - - LOST - - 3 - - 0 -',
  ]);
  assert.match(counters.join(), /^task-record-skipped=1 line 4: PERF_RECORD_COMM: init:1\/1$/);
});

test('the header tells of the recording', async () => {
  const header = [
    '# ========',
    '# captured on    : Fri Nov 20 20:42:16 2026',
    '# hostname : lab',
    '# os release : 7.2.13-tracelab',
    '# perf version : 6.1.187',
    '# nrcpus online : 2',
    '# cmdline : /usr/bin/perf record -a -m 1024 -k mono -e dma:*',
    '# event : name = iommu:map, , id = { 42, 43 }, type = 2, size = 128',
    '# event : name = dummy:HG, , id = { 68, 69 }, type = 1, size = 128',
    '# ========',
    '#',
    '',
  ].join('\n');
  const { rows, capture, counters } = await read(header + line('iommu:map', MAP));
  const { notes, ...info } = capture.info;
  assert.equal(info, {
    ...{ format: 'perf-script', clock: 'mono', clockUnit: 'ns', cpus: 2, pageSize: 4096 },
    ...{ kernel: '7.2.13-tracelab', host: 'lab', recordedEvents: ['dummy:HG', 'iommu:map'] },
  });
  assert.is(notes[0], 'recorded by perf 6.1.187');
  assert.is(rows.length, 1);
  assert.equal(counters, []);
  assert.ok(perfScript.sniff(Buffer.from(header)));
  assert.not.ok(perfScript.sniff(Buffer.from(`${header}cycles and instructions\n`)));
});

test('text without times is refused, and the message says what to do', async () => {
  const text = `                 iommu:map: ${MAP}\n`;
  assert.ok(perfScript.sniff(Buffer.from(text)));
  try {
    await read(text);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, CaptureError);
    assert.match((error as CaptureError).advice, 'perf script -F +time');
  }
});

test('what cannot be read is counted', async () => {
  const { rows, counters } = await read(
    [
      'rubbish\n',
      '\tffffffff81000003 stray\n',
      line('iommu:map', 'IOMMU: iova=0x1'),
      line('iommu:map', MAP),
      line('iommu:map', MAP).slice(0, -30),
    ].join(''),
  );
  assert.is(rows.length, 1);
  assert.equal(
    counters.map((counter) => counter.replace(/ line (\d+):.*/, ' $1')),
    ['line-not-understood=1 1', 'event-not-understood=1 3', 'line-cut=1 5', 'stack-frame-stray=1 2'],
  );
});

test('cut anywhere, it ends with a capture', async () => {
  const text = `${line('iommu:map', MAP) + CHAIN}\n${line('dma:dma_unmap_phys', UNMAP)}`;
  for (let length = 0; length < text.length; length++) {
    const { rows } = await read(text.slice(0, length), 11);
    assert.ok(rows.length <= 2);
  }
});

// --- workers ---------------------------------------------------------------------------------------------

test('a file is cut before events only', () => {
  const path = join(folder, 'cut.txt');
  const text = `${line('iommu:map', MAP)}${CHAIN}\n${line('iommu:map', MAP)}\n${line('dma:dma_unmap_phys', UNMAP)}\n`;
  writeFileSync(path, text);
  const fd = openSync(path, 'r');
  const events = [...text.matchAll(/^ .*\n/gm)].map(({ index }) => index);
  for (let offset = 1; offset < text.length; offset++) {
    const cut = cutFrom(fd, text.length, offset, TextTool.perf_script);
    assert.ok(cut >= offset && (cut === text.length || events.includes(cut)), `${offset}: ${cut}`);
  }
});

test('workers read the same as one thread does', async () => {
  const path = join(folder, 'big.txt');
  const parts: string[] = [];
  for (let i = 0; i < 55_000; i++)
    parts.push(
      line('iommu:map', MAP, `${i}.000001`, `task ${i % 700}`),
      CHAIN,
      '\n',
      line(`lab:e${i % 9}`, 'x'),
      '\n',
    );
  writeFileSync(path, parts.join(''));
  const results = [];
  for (const workers of ['0', '3']) {
    process.env.DMASPAN_WORKERS = workers;
    results.push(await readWith(perfScript, fileSource(openSync(path, 'r'), path, path)));
  }
  delete process.env.DMASPAN_WORKERS;
  // A stack whose event was the last of a batch is a row of its own.
  const [inline, other] = results.map(({ rows }) => storyOf(rows).stacks);
  assert.is(inline!.length, 55_000);
  assert.ok(inline!.every((stack) => `(${stack})` === STACK));
  assert.equal(other, inline);
  const [events, others] = results.map(({ rows }) =>
    rows.flatMap((row) => (row.type === TYPE_STACK ? [] : [`${row.ts} ${row.comm} ${factsOf(row)}`])),
  );
  assert.is(
    events!.findIndex((event, i) => event !== others![i]),
    -1,
  );
  assert.equal(results[1]!.counters, results[0]!.counters);
});

test('two events on one line are counted', async () => {
  const one = line('iommu:map', MAP);
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
