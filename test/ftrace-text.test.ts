/** ftrace text becomes events: counts as the kernel's, every form of line, and nothing that the bytes can break. */
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dictionary, type DictionaryEntry, loadDictionary } from '../traces/dictionary.js';
import { fileSource } from '../traces/file-source.js';
import { type Capture, CaptureError, type EventBatch, TYPE_LOST, TYPE_STACK } from '../traces/format.js';
import { ftraceText } from '../traces/formats/ftrace-text.js';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';
import type { ByteSource } from '../traces/source.js';
import { cutFrom } from '../traces/threads/text-segments.js';
import * as S from '../wasm/schema.js';

const dictionary = await loadDictionary();
const samples = inPackage('traces', 'samples');
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-test-'));
test.after(() => rmSync(folder, { recursive: true }));

/** Bytes as a source that gives at most `step` of them at a time. */
function sourceOf(content: string | Uint8Array, step = Number.MAX_SAFE_INTEGER): ByteSource {
  const bytes = Buffer.from(content);
  let at = 0;
  return {
    name: 'text',
    head: async () => bytes.subarray(0, 65536),
    read: async (target) => {
      const part = bytes.subarray(at, at + Math.min(step, target.length));
      target.set(part);
      at += part.length;
      return part.length;
    },
    readAt: async () => 0,
    counters: () => [],
    close: async () => {},
  };
}

const open = (source: ByteSource, known: Dictionary = dictionary): Promise<Capture> =>
  ftraceText.open(source, { dictionary: known });

const ABSENT = 0xffffffffffffffffn;
const hex = (value: bigint): string => (value === ABSENT ? '-' : value.toString(16));

/** A row in words: event, ts, cpu, tid, comm, device, addr, len, phys, attrs, error, dir. */
function rowsOf(batch: EventBatch, known: Dictionary): string[] {
  const block = new DataView(batch.block.buffer, batch.block.byteOffset, batch.block.byteLength);
  const u64 = (column: number, i: number) => block.getBigUint64(column + 8 * i, true);
  const u32 = (column: number, i: number) => block.getUint32(column + 4 * i, true);
  const u16 = (column: number, i: number) => block.getUint16(column + 2 * i, true);
  return Array.from({ length: batch.rows }, (_, i) => {
    const type = u16(S.EVENT_TYPE, i);
    const name = type === TYPE_LOST ? 'LOST' : type === TYPE_STACK ? 'STACK' : known.entries[type]!.name;
    const attrs = u32(S.EVENT_ATTRS, i);
    const words: unknown[] = [
      ...[name, u64(S.EVENT_TS, i), u16(S.EVENT_CPU, i), u32(S.EVENT_TID, i) | 0],
      ...[batch.names.comms[u32(S.EVENT_COMM, i)] || '-', batch.names.devices[u16(S.EVENT_DEVICE, i)] || '-'],
      ...[hex(u64(S.EVENT_ADDR, i)), hex(u64(S.EVENT_LEN, i)), hex(u64(S.EVENT_PHYS, i))],
      ...[attrs === 0xffffffff ? '-' : attrs.toString(16)],
      ...[block.getInt16(S.EVENT_ERROR + 2 * i, true), block.getUint8(S.EVENT_DIR + i)],
    ];
    const stack = batch.names.stacks[u32(S.EVENT_STACK, i)]!;
    const side = u32(S.EVENT_SIDE, i);
    if (stack.length > 0) words.push(stack.join('<'));
    if (side > 0) words.push(sideOf(batch, side, known.entries[type]!));
    return words.join(' ');
  });
}

function sideOf(batch: EventBatch, at: number, entry: DictionaryEntry): string {
  const side = new DataView(batch.side.buffer, batch.side.byteOffset, batch.side.byteLength);
  const word = (i: number): bigint => side.getBigUint64(8 * (at + i), true);
  if (!entry.fields.some(({ column }) => column.startsWith('sg_')))
    return Array.from({ length: S.EXTRA_WORDS }, (_, i) => hex(word(i))).join(',');
  const shape = word(0);
  const [phys, dma] = [Number(shape & 0xffffn), Number((shape >> 16n) & 0xffffn)];
  const list = Array.from({ length: phys + 2 * dma }, (_, i) => hex(word(S.SG_HEAD + i))).join('|');
  return `${phys}/${(shape >> 32n) & 0x7fffffffn}:${dma}/${word(1)}${shape >> 63n ? '!' : ''}[${list}]`;
}

async function read(
  source: ByteSource,
  known: Dictionary = dictionary,
): Promise<{ rows: string[]; capture: Capture }> {
  const capture = await open(source, known);
  const rows: string[] = [];
  for (let batch = await capture.streams[0]!.next(); batch; batch = await capture.streams[0]!.next())
    rows.push(...rowsOf(batch, known));
  await capture.close();
  return { rows, capture };
}

const countersOf = (capture: Capture): string[] =>
  capture.counters().map(({ name, count, first }) => `${name}=${count}${first ? ` ${first}` : ''}`);

/** A line as the kernel prints it. */
const line = (body: string, { comm = 'nc', pid = 181, cpu = 1, at = '12.345678' } = {}): string =>
  `${comm.padStart(16)}-${String(pid).padEnd(7)} [00${cpu}] b..6.    ${at}: ${body}\n`;
const MAP = 'map: IOMMU: iova=0x00000000ffefa000 - 0x00000000ffefb000 paddr=0x0000000100284000 size=4096';
const UNMAP =
  'dma_unmap_phys: 0000:00:01.0 dir=FROM_DEVICE dma_addr=ffff8840 size=1522 attrs=MMIO|SKIP_CPU_SYNC';

// --- whole captures --------------------------------------------------------------------------------------

const texts = readdirSync(samples).flatMap((sample) => {
  const counts = join(samples, sample, 'counts.json');
  if (!existsSync(counts)) return [];
  const byFile: Record<string, Record<string, number>> = JSON.parse(readFileSync(counts, 'utf8'));
  return readdirSync(join(samples, sample)).flatMap((file) => {
    const expected = byFile[file.replace(/\.(zst|gz)$/, '')];
    return expected && /\.txt(\.|$)/.test(file) && !/(report|script)\.txt/.test(file)
      ? [{ sample, file, expected }]
      : [];
  });
});

test('there are samples', () => assert.ok(texts.length > 10));

for (const { sample, file, expected } of texts) {
  test(`events by name are the kernel's: ${sample}/${file}`, async () => {
    const { capture } = await read(await sampleSource(sample, file));
    const counts: Record<string, number> = {};
    for (const [name, count] of capture.eventCounts()) {
      const bare = name.slice(name.indexOf(':') + 1);
      counts[bare] = (counts[bare] ?? 0) + count;
    }
    const wanted = Object.fromEntries(Object.entries(expected).filter(([name]) => !name.startsWith('(')));
    assert.equal(counts, wanted);
    assert.equal(
      countersOf(capture).filter((counter) => !/^(events-overwritten|user-stack-skipped)=/.test(counter)),
      [],
    );
  });
}

async function sampleSource(sample: string, file: string): Promise<ByteSource> {
  const opened: unknown = await openSource(join(samples, sample, file));
  return (opened as { source?: ByteSource }).source ?? (opened as ByteSource);
}

test('the trace option fields tells the same', async () => {
  const withoutTime = (row: string): string => row.replace(/^(\S+) \d+/, '$1');
  const printed = await read(await sampleSource('forms', 'clk-mono.txt.gz'));
  const fields = await read(await sampleSource('forms', 'opt-fields.txt.zst'));
  assert.equal(fields.rows.map(withoutTime), printed.rows.map(withoutTime));
});

test('symbols with offsets and with addresses are the same stacks', async () => {
  const stacks = (rows: string[]): string[] =>
    rows.filter((row) => row.startsWith('STACK')).map((row) => row.split(' ').slice(12).join(' '));
  const offsets = await read(await sampleSource('forms', 'opt-sym-offset.txt.zst'));
  const addresses = await read(await sampleSource('forms', 'opt-sym-addr.txt.zst'));
  const withoutModules = (text: string): string => text.replace(/ \[\w+\]/g, '');
  assert.is(stacks(offsets.rows).length, 184);
  assert.ok(stacks(offsets.rows)[1]!.includes('cmd_write [dmabug]<vfs_write'));
  assert.equal(stacks(addresses.rows).map(withoutModules), stacks(offsets.rows).map(withoutModules));
});

for (const option of ['bin', 'hex', 'raw', 'verbose', 'latency-format', 'nocontext-info']) {
  test(`a capture with the option ${option} is refused, and the message names it`, async () => {
    const source = await sampleSource('forms', `opt-${option}.txt.zst`);
    assert.ok(ftraceText.sniff(await source.head()));
    try {
      await open(source);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, CaptureError);
      assert.match((error as CaptureError).advice, `options/${option.replace('no', '')}`);
    }
  });
}

test('clocks that count are ticks', async () => {
  for (const [file, unit] of [
    ['clk-x86-tsc.txt.zst', 'tick'],
    ['clk-counter.txt.zst', 'tick'],
    ['clk-mono.txt.gz', 'ns'],
  ]) {
    const { rows, capture } = await read(await sampleSource('forms', file!));
    assert.is(capture.info.clockUnit, unit);
    assert.is(capture.info.cpus, 2);
    if (file === 'clk-x86-tsc.txt.zst')
      assert.match(rows[0]!, 'map 80595671354 1 101 init - fffff000 1000 10e225000 - 0 255');
  }
});

// --- lines ----------------------------------------------------------------------------------------------

/** Text, the rows that it makes, and the counters. */
const CASES: Record<string, { text: string; rows: string[]; counters?: string[] }> = {
  tracepoints: {
    text: line(MAP) + line(UNMAP, { comm: 'rcu_sched', pid: 15, cpu: 0, at: '99999.000001' }),
    rows: [
      'map 12345678000 1 181 nc - ffefa000 1000 100284000 - 0 255',
      'dma_unmap_phys 99999000001000 0 15 rcu_sched 0000:00:01.0 ffff8840 5f2 - 420 0 2',
    ],
  },
  'task names of all kinds': {
    text: [
      'a b',
      '[x] (y)',
      'a-b-1',
      'kworker/u8:8',
      '<idle>',
      '<...>',
      'fifteen-bytes--',
      '[000] 1.0: a: b',
      '#',
      'ünï',
    ]
      .map((comm) => line(MAP, { comm: comm.padStart(16 - Buffer.byteLength(comm) + comm.length) }))
      .join(''),
    rows: [
      'a b',
      '[x] (y)',
      'a-b-1',
      'kworker/u8:8',
      '<idle>',
      '<...>',
      'fifteen-bytes--',
      '[000] 1.0: a: b',
      '#',
      'ünï',
    ].map((comm) => `map 12345678000 1 181 ${comm} - ffefa000 1000 100284000 - 0 255`),
  },
  'columns that a paste has moved': {
    text: `nc-7 [003] 1.000000001: ${MAP}\n a [1] b-8 (   12) [012] d..2. 2.5: ${MAP}\r\n`,
    rows: [
      'map 1000000001 3 7 nc - ffefa000 1000 100284000 - 0 255',
      'map 2500000000 12 8 a [1] b - ffefa000 1000 100284000 - 0 255',
    ],
  },
  'columns of the kernel': {
    text: `           <...>-1234567 (-------) [127] ....    12.345678: ${MAP}\n              nc-181     (    181) [001]   1234.000001: ${MAP}\n              nc-181     [001] b..6.  80595671354: ${MAP}\n`,
    rows: [
      'map 12345678000 127 1234567 <...> - ffefa000 1000 100284000 - 0 255',
      'map 1234000001000 1 181 nc - ffefa000 1000 100284000 - 0 255',
      'map 80595671354 1 181 nc - ffefa000 1000 100284000 - 0 255',
    ],
  },
  'labels in another order, and more of them': {
    text: line(
      'dma_unmap_phys: Fixed MDIO bus.0 size=16 colour="a b=c" dma_addr=0xFEED dir=3 new=7 attrs=0x400|NO_WARN x',
    ),
    rows: ['dma_unmap_phys 12345678000 1 181 nc Fixed MDIO bus.0 feed 10 - 500 0 3'],
  },
  'a mapping that failed has no address': {
    text: line('dma_map_phys: a dir=TO_DEVICE dma_addr=ffffffffffffffff size=1 phys_addr=2 attrs='),
    rows: ['dma_map_phys 12345678000 1 181 nc a - 1 2 0 0 1'],
  },
  'an allocation that failed has an error': {
    text: ['0000000000000000', '(null)', '00000000f00df00d']
      .map((pointer) =>
        line(`dma_alloc: a dir=NONE dma_addr=0 size=1 virt_addr=${pointer} flags=GFP_KERNEL attrs=`),
      )
      .join(''),
    rows: ['-12', '-12', '0'].map((error) => `dma_alloc 12345678000 1 181 nc a 0 1 - 0 ${error} 3`),
  },
  lists: {
    text:
      line(
        'dma_map_sg: a dir=TO_DEVICE nents=2/3 ents=1/2 [TRUNCATED] dma_addrs={0x1000} sizes={0x20} phys_addrs={0x5000,0x6000} attrs=',
      ) +
      line('dma_unmap_sg: a dir=TO_DEVICE phys_addrs={0x5000} attrs=') +
      line('dma_sync_sg_for_cpu: a dir=TO_DEVICE dma_addrs={0x1,0x2} sizes={0x3,0x4}') +
      line('dma_map_sg_err: a dir=TO_DEVICE dma_addrs={0x7} err=-5 attrs='),
    rows: [
      'dma_map_sg 12345678000 1 181 nc a 1000 20 5000 0 0 1 2/3:1/2![5000|6000|1000|20]',
      'dma_unmap_sg 12345678000 1 181 nc a - - 5000 0 0 1 1/1:0/0[5000]',
      'dma_sync_sg_for_cpu 12345678000 1 181 nc a 1 7 - - 0 1 0/0:2/2[1|2|3|4]',
      'dma_map_sg_err 12345678000 1 181 nc a - - 7 0 -5 1 1/1:0/0[7]',
    ],
  },
  'lists that contradict each other are no event': {
    text: line('dma_sync_sg_for_cpu: a dir=TO_DEVICE dma_addrs={0x1,0x2} sizes={0x3}'),
    rows: [],
    counters: [
      'event-not-understood=1 line 1: dma_sync_sg_for_cpu: a dir=TO_DEVICE dma_addrs={0x1,0x2} sizes={0x3}',
    ],
  },
  probes: {
    text:
      line('dev_unbind: (device_release_driver_internal+0x4/0x60) device="0000:00:05.0"') +
      line('my_own: (device_release_driver_internal+0x0/0x60 [mod]) device="a b"') +
      line('my_ret: (caller+0x1/0x2 [mod] <- device_release_driver_internal) device="a"') +
      line('dev_unbind: (something_else+0x4/0x60) device="a"') +
      line('dev_unbind: (device_release_driver_internal+0x4/0x60) device=(fault)'),
    rows: [
      'dev_unbind 12345678000 1 181 nc 0000:00:05.0 - - - - 0 255',
      'dev_unbind 12345678000 1 181 nc a b - - - - 0 255',
      'dev_unbind 12345678000 1 181 nc - - - - - 0 255',
    ],
  },
  'events of another system under a known name': {
    text: line('map: block=7 size=12'),
    rows: [],
    counters: ['event-not-understood=1 line 1: map: block=7 size=12'],
  },
  'stacks stand where they stood': {
    text: `${line(MAP)}${line('<stack trace>', { cpu: 0 })} => iommu_map\n => cmd_write+0xc78/0x1f10 [dmabug]\n => vfs_write <ffffffff815650e6>\n => 0xffffffffa0400099\n${line(UNMAP)}${line('<user stack trace>')} =>  <00000000004b0642>\n`,
    rows: [
      'map 12345678000 1 181 nc - ffefa000 1000 100284000 - 0 255',
      'STACK 12345678000 0 181 nc - - - - - 0 255 iommu_map<cmd_write [dmabug]<vfs_write<18446744072103133337',
      'dma_unmap_phys 12345678000 1 181 nc 0000:00:01.0 ffff8840 5f2 - 420 0 2',
    ],
    counters: ['user-stack-skipped=1 line 8: <user stack trace>'],
  },
  'a capture that begins inside a stack': {
    text: ` => vfs_write\n${line(MAP)}`,
    rows: ['map 12345678000 1 181 nc - ffefa000 1000 100284000 - 0 255'],
    counters: ['stack-frame-stray=1 line 1: vfs_write'],
  },
  'losses have the time of the next event, or of the last': {
    text: `CPU:0 [LOST 1425 EVENTS]\n[LOST 7 EVENTS]\n##### CPU 1 buffer started ####\n${line('unknown: x')}CPU:3 [LOST EVENTS]\nCPU:0 [601 EVENTS DROPPED]\n[EVENTS DROPPED]\n`,
    rows: [
      'LOST 12345678000 0 -1 - - - 591 - - 0 255',
      'LOST 12345678000 65535 -1 - - - 7 - - 0 255',
      'LOST 12345678000 1 -1 - - - - - - 0 255',
      'LOST 12345678000 3 -1 - - - - - - 0 255',
      'LOST 12345678000 0 -1 - - - 259 - - 0 255',
      'LOST 12345678000 65535 -1 - - - - - - 0 255',
    ],
  },
  'what is nothing known is counted with its place': {
    text: `${line(MAP)}hello\n\n[LINE TOO BIG]\n${line('dma_map_phys: dir=7')}${line('dma_unmap_phys: a dir=NONE dma_addr=1 size=1 attrs=MMIO|BRAND_NEW')}`,
    rows: [
      'map 12345678000 1 181 nc - ffefa000 1000 100284000 - 0 255',
      'dma_unmap_phys 12345678000 1 181 nc a 1 1 - 400 0 3',
    ],
    counters: [
      'line-not-understood=1 line 2: hello',
      'event-not-understood=1 line 5: dma_map_phys: dir=7',
      'event-not-printed=1 line 4: [LINE TOO BIG]',
      'attribute-unknown=1 line 6: BRAND_NEW (BRAND_NEW)',
    ],
  },
};

for (const [name, { text, rows, counters = [] }] of Object.entries(CASES)) {
  test(name, async () => {
    for (const step of [1 << 20, 1, 7]) {
      const got = await read(sourceOf(text, step));
      assert.equal(got.rows, rows);
      assert.equal(countersOf(got.capture), counters);
    }
  });
}

test('a header tells CPUs and what was overwritten', async () => {
  const head = '# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/33   #P:16\n#\n';
  const { capture } = await read(sourceOf(head + line(MAP)));
  assert.is(capture.info.cpus, 16);
  assert.equal(countersOf(capture), ['events-overwritten=32']);
  assert.equal((await read(sourceOf('# tracer: nop\n#\n'))).rows, []);
});

test('events without a row are counted, system calls and functions too', async () => {
  const text =
    line('sched_switch: a') +
    line('sys_brk(brk: 0)') +
    line('sys_brk -> 0x7f') +
    line('vfs_write <-ksys_write') +
    line(MAP);
  const { capture } = await read(sourceOf(text));
  const expected = { sched_switch: 1, sys_enter_brk: 1, sys_exit_brk: 1, function: 1, 'iommu:map': 1 };
  assert.equal(Object.fromEntries(capture.eventCounts()), expected);
  assert.equal(countersOf(capture), []);
});

test('a dictionary of another driver: extras, errors, places', async () => {
  const field = (column: string, label: string, type: string, required = false) => ({
    column,
    field: label,
    label,
    type,
    required,
  });
  const fields = [
    field('mm', 'mm', 'hex', true),
    field('value', '$2', 'auto'),
    field('error', 'ret', 'errno'),
    field('object', 'X:$1', 'auto'),
  ];
  const entry = {
    ...{ id: 2, name: 'odd', layer: S.Layer.import_, op: S.Op.note, kind: S.Kind.none, doc: '', source: '' },
    fields,
  };
  const known = { entries: [...dictionary.entries.slice(0, 2), entry] } as unknown as Dictionary;
  const text =
    line('odd: one -2 mm=ffff ret=0xfffffffffffffff0 z') +
    line('odd: X: 7 mm=1 ret=0') +
    line('odd: mm=2 ret=0xfffffff4');
  const { rows } = await read(sourceOf(text), known);
  assert.equal(
    rows.map((row) => row.split(' ').slice(10).join(' ')),
    ['-16 255 ffff,-,fffffffffffffffe,-', '0 255 1,7,-,-', '-12 255 2,-,-,-'],
  );
});

// --- batches ---------------------------------------------------------------------------------------------

for (const extra of [-1, 0, 1, S.ROWS]) {
  test(`a batch that is full exactly at the end of the input is not lost (${extra})`, async () => {
    const lines = S.ROWS + extra;
    const capture = await open(sourceOf(line(MAP).repeat(lines), 100_000));
    let rows = 0;
    for (let batch = await capture.streams[0]!.next(); batch; batch = await capture.streams[0]!.next()) {
      assert.ok(batch.rows > 0 && batch.rows <= S.ROWS);
      rows += batch.rows;
    }
    assert.is(rows, lines);
    assert.is(await capture.streams[0]!.next(), undefined);
  });
}

test('a batch ends before the side heap does', async () => {
  const list = `{${Array.from({ length: 8191 }, (_, i) => `0x${(i << 12).toString(16)}`).join(',')}}`;
  const text = line(`dma_unmap_sg: a dir=TO_DEVICE phys_addrs=${list} attrs=`).repeat(150);
  const { rows } = await read(sourceOf(text));
  assert.is(rows.length, 150);
  assert.ok(rows.every((row) => row === rows[0]) && rows[0]!.endsWith('|1ffe000]'));
});

test('what is too long is counted and skipped', async () => {
  const list = `{${Array.from({ length: 8192 }, () => '0x1').join(',')}}`;
  const text = `${line(MAP)}${'x'.repeat(3 << 20)}\n${line(`dma_unmap_sg: a dir=TO_DEVICE phys_addrs=${list} attrs=`)}${line(MAP)}`;
  for (const step of [1 << 22, 65_536]) {
    const { rows, capture } = await read(sourceOf(text, step));
    assert.is(rows.length, 2);
    assert.equal(
      capture.counters().map(({ name, count }) => `${name}=${count}`),
      ['line-too-long=1', 'list-too-long=1'],
    );
  }
});

// --- damage ----------------------------------------------------------------------------------------------

test('a capture cut anywhere keeps what is whole', async () => {
  const text = `${line(MAP)}${line(UNMAP)}${line('<stack trace>')} => vfs_write\n${line(MAP)}`;
  const whole = (await read(sourceOf(text))).rows;
  const lastLine = text.lastIndexOf('\n', text.length - 2) + 1;
  for (let cut = line(MAP).length; cut < text.length; cut++) {
    const { rows, capture } = await read(sourceOf(text.slice(0, cut)));
    assert.ok(rows.length <= whole.length);
    if (text[cut - 1] === '\n') assert.equal(countersOf(capture), []);
    else assert.match(countersOf(capture).join(), /^(line-cut|last-line-without-newline)=1/);
    if (cut > lastLine && cut < text.length - 5) assert.equal(rows, whole.slice(0, -1));
  }
  assert.equal((await read(sourceOf(text.slice(0, -1)))).rows, whole);
});

test('a line that goes on behind its event is counted', async () => {
  const joinedIn = async (text: string) =>
    (await read(sourceOf(text))).capture.counters().find(({ name }) => name === 'line-joined')?.count ?? 0;
  assert.is(await joinedIn(line(MAP) + line(UNMAP)), 0);
  const joined = line(MAP).replace('\n', '') + line(UNMAP);
  assert.is(await joinedIn(joined + line(MAP)), 1);
  const hole = line(MAP).replace('\n', '') + '\0'.repeat(4096);
  assert.is(await joinedIn(`${hole}8\n${line(MAP)}`), 1);
  const mark = `tracing_mark_write: ${'the log said [001] and [002], '.repeat(10)}`;
  assert.is(await joinedIn(line(MAP) + line(mark)), 0);
});

test('bytes changed at random never throw, and no line is lost silently', async () => {
  const text = Buffer.from(
    Object.values(CASES)
      .map((one) => one.text)
      .join(''),
  );
  let seed = 20261120;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(text);
    for (let change = 0; change < 20; change++) bytes[random(bytes.length)] = random(256);
    const { rows, capture } = await read(
      sourceOf(Buffer.concat([Buffer.from(line(MAP)), bytes]), 1 + random(500)),
    );
    assert.ok(rows.length > 10, `round ${round}`);
    assert.ok(capture.counters().every(({ count }) => Number.isInteger(count) && count > 0));
  }
});

// --- telling formats apart ---------------------------------------------------------------------------------

const NOT_OURS: Record<string, string> = {
  'perf script':
    '            init     101 [001]    18.167962:               dma:dma_map_phys: 0000:00:05.0 dir=TO_DEVICE\n',
  'trace-cmd report':
    'cpus=2\n            init-101   [001] ...2.    12.315727: print:                tracing_mark_write: x\n',
  'trace-cmd report without its first line':
    '            init-101   [001] .....    18.163394: map:                  IOMMU: iova=0x0\n',
  'a kernel log': '[    0.000000] Linux version 7.2.13\n[    0.000000] Command line: a-1 [0] 1.0: x\n',
  'a JPEG': '\u00ff\u00d8\u00ff\u00e0\u0000\u0010JFIF\u0000',
  nothing: '',
};

for (const [name, text] of Object.entries(NOT_OURS)) {
  test(`not taken for ftrace text: ${name}`, () =>
    assert.is(ftraceText.sniff(Buffer.from(text, 'latin1')), false));
}

test('ftrace text without a header is known by its lines', () => {
  assert.ok(ftraceText.sniff(Buffer.from(line(MAP))));
  assert.ok(
    ftraceText.sniff(Buffer.from(` => vfs_write\nCPU:0 [LOST 3 EVENTS]\n${line(MAP)}${line(UNMAP)}`)),
  );
});

// --- workers ----------------------------------------------------------------------------------------------

/** 36 MB of events, stacks, losses and rubbish, its times going up. */
function bigText(): string {
  const stack = `${' => iommu_map\n => cmd_write [dmabug]\n'.repeat(4)} => 0xffffffffa0400099\n`;
  const parts: string[] = [];
  for (let i = 0; i < 60_000; i++) {
    const at = `${i}.000001`;
    parts.push(line(MAP, { at, comm: `task ${i % 700}`, pid: i }), line('<stack trace>', { at }), stack);
    parts.push(line(UNMAP.replace('01.0', `${i % 50}.0`), { at }), line(`event_${i % 9}: x`, { at }));
    if (i % 1000 === 500) parts.push(`CPU:0 [LOST ${i} EVENTS]\n`);
    if (i === 45_000 || i === 46_000) parts.push('rubbish\n');
  }
  return parts.join('');
}

test('workers read the same as one thread does', async () => {
  const path = join(folder, 'big.txt');
  writeFileSync(path, bigText());
  const results = [];
  for (const workers of ['0', '1', '3']) {
    process.env.DMASPAN_WORKERS = workers;
    results.push(await read(fileSource(openSync(path, 'r'), path, path)));
  }
  delete process.env.DMASPAN_WORKERS;
  const [inline, ...others] = results;
  assert.is(inline!.rows.length, 3 * 60_000 + 60);
  for (const other of others) {
    assert.is(
      other.rows.findIndex((row, i) => row !== inline!.rows[i]),
      -1,
    );
    assert.is(other.rows.length, inline!.rows.length);
    assert.equal(countersOf(other.capture), countersOf(inline!.capture));
    assert.equal([...other.capture.eventCounts()].sort(), [...inline!.capture.eventCounts()].sort());
  }
  assert.equal(countersOf(inline!.capture), [`line-not-understood=2 line ${45_001 * 13 + 46}: rubbish`]);
});

test('a file is never cut before a stack, nor behind a loss mark', () => {
  const path = join(folder, 'cut.txt');
  const text = `${line(MAP)}${line('<stack trace>')} => a\n => b\n${line(MAP)}CPU:0 [LOST 1 EVENTS]\n${line(UNMAP)}${line(UNMAP)}`;
  writeFileSync(path, text);
  const fd = openSync(path, 'r');
  const second = text.lastIndexOf(line(UNMAP));
  for (let offset = 1; offset < text.length; offset++) {
    const cut = cutFrom(fd, text.length, offset);
    assert.ok(cut === text.length || cut === second, `${offset}: ${cut}`);
    assert.ok(cut >= offset);
  }
});

test.run();
