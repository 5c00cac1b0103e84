/** dma-debug's verdict beside ours: which message is about which finding, and what its silence is worth. */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { judge } from '../analyzer/judge.js';
import { dmaDebugLines } from '../analyzer/report/dma-debug-text.js';
import { makeReport, type Report } from '../analyzer/report/report.js';
import { findRule, loadRules } from '../analyzer/rules.js';
import { understand } from '../traces/dmesg/message.js';
import { inPackage } from '../traces/package-root.js';
import { ALL_RECORDED, DEVICE, type Rows, ruleTables } from './rule-tables.js';

const LOG = {
  ...{ capture: 0, file: 'dmesg.txt', lines: 9, messages: 1, unknown: 0 },
  time_offset: 0,
  uncertainty: 10,
  how: 'test',
};
const said = (kind: string, more: object = {}) => ({
  ...{ capture: 0, line: 7, printed_ts: 2000, ts: 2000, source: 'dma-debug', kind, device: DEVICE },
  ...{ addr: 0xfffff000, text: `DMA-API: ${kind}` },
  ...more,
});
const DEVICES = [{ id: 1, device: DEVICE }];

/** A direction mismatch of one mapping, at 2000 ns. */
const WRONG: Rows = {
  devices: DEVICES,
  kernel_logs: [LOG],
  lifetimes: [{ opened_ts: 1000, closed_ts: 2000, end_reason: 'closed', mismatch: true }],
  events: [{ event: 'dma:dma_unmap_phys', op: 'close', ts: 2000 }],
  anomalies: [{ kind: 'direction_mismatch', ts: 2000, seq: 0, lifetime: 0, expected: 1, actual: 2 }],
};

async function reportOf(rows: Rows, rules = ['direction-mismatch']): Promise<Report> {
  const db = await ruleTables(rows);
  const results = await judge(
    db,
    rules.map((id) => findRule(loadRules(), id)),
    ALL_RECORDED,
  );
  return makeReport(db, results);
}

const only = async (rows: Rows) => (await reportOf(rows)).dmaDebug!;

test('the same class, device, address and moment: it agrees', async () => {
  const report = await reportOf({ ...WRONG, kernel_messages: [said('free_direction')] });
  const { agrees, alone, silent, notes } = report.dmaDebug!;
  assert.equal(
    [...agrees.keys()].map(({ rule }) => rule),
    ['direction-mismatch'],
  );
  assert.equal([alone.length, silent.length, notes.length], [0, 0, 0]);
  assert.equal(dmaDebugLines(report), ['agrees with 1 finding (1 message)']);
});

for (const [what, message] of [
  ['another class', said('free_size')],
  ['another address', said('free_direction', { addr: 0xffffe000 })],
  ['another moment', said('free_direction', { ts: 900_000_000 })],
] as const) {
  test(`${what}: it stands alone, and says nothing of the finding`, async () => {
    const { agrees, alone, outside, silent } = await only({ ...WRONG, kernel_messages: [message] });
    assert.is(agrees.size, 0);
    assert.is(alone.length + outside.length, 1);
    assert.is(silent.length, 1);
  });
}

test('a list: each of its segments is a message', async () => {
  const segment = { kind: 'sg', sg_group: 0, opened_ts: 1000, closed_ts: 2000, end_reason: 'closed' };
  const { agrees } = await only({
    ...WRONG,
    lifetimes: [segment, { ...segment, addr: 0xffff8000 }],
    kernel_messages: [said('free_direction'), said('free_direction', { line: 8, addr: 0xffff8000 })],
  });
  assert.equal(
    [...agrees.values()].map(({ length }) => length),
    [2],
  );
});

test('what no trace shows, and what the capture has not seen, is not held against anybody', async () => {
  const { alone, untraced, outside } = await only({
    ...WRONG,
    kernel_messages: [
      said('free_direction'),
      said('error_unchecked', { line: 8 }),
      said('free_size', { line: 9, device: '0000:00:09.0' }),
    ],
  });
  assert.equal([alone.length, untraced.length, outside.length], [0, 1, 1]);
});

test('a log whose times cannot be placed: class, device and address decide', async () => {
  const { agrees } = await only({ ...WRONG, kernel_messages: [said('free_direction', { ts: null })] });
  assert.is(agrees.size, 1);
});

test('what its silence is worth', async () => {
  const on = said('enabled', { line: 1, device: null, addr: null });
  assert.match(
    (await only({ ...WRONG, kernel_messages: [on] })).notes.join(),
    /says nothing of 1 finding .*, and nothing else: num_errors/,
  );
  assert.match(
    (await only({ ...WRONG, kernel_messages: [on, said('error_unchecked')] })).notes.join(),
    /prints its first error only, unless .*all_errors is set/,
  );
  assert.match((await only(WRONG)).notes.join(), /no word of dma-debug/);
  const gave = said('disabled', { line: 5, device: null, addr: null });
  assert.match(
    (await only({ ...WRONG, kernel_messages: [on, gave, said('free_direction')] })).notes.join(),
    /gave up for lack of memory \(line 5\)/,
  );
  assert.is((await reportOf({ ...WRONG, kernel_logs: [] })).dmaDebug, null);
});

test('a rule that was not asked is nobody’s disagreement', async () => {
  const report = await reportOf({ ...WRONG, kernel_messages: [said('free_direction')] }, ['size-mismatch']);
  assert.equal([report.dmaDebug!.alone.length, report.dmaDebug!.agrees.size], [0, 0]);
});

test('dma-debug’s own state is understood', () => {
  for (const [text, kind] of [
    ['DMA-API: preallocated 131072 debug entries', 'enabled'],
    ['DMA-API: debugging enabled by kernel config', 'enabled'],
    ['DMA-API: debugging out of memory - disabling', 'disabled'],
  ] as const)
    assert.is(understand(text)?.facts.kind, kind);
});

const sample = (file: string): string => inPackage('traces', 'samples', 'buggy-driver', file);
const report = (...args: string[]): string =>
  spawnSync(
    process.execPath,
    [
      inPackage('dist', 'command', 'index.js'),
      'report',
      sample('trace.dat'),
      '--dmesg',
      sample('dmesg.txt.zst'),
      ...args,
    ],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  ).stdout;

test('a real log: it agrees with every misuse that it checks, and adds what no trace shows', () => {
  const { findings, dma_debug: checker } = JSON.parse(report('--format', 'json')) as {
    findings: { rule: string; dma_debug: { class: string }[] }[];
    dma_debug: {
      alone: unknown[];
      untraced: { class: string }[];
      outside: unknown[];
      silent: unknown[];
      notes: unknown[];
    };
  };
  // Messages of its log, counted by hand; each names the finding of its class. "pending" is one message about five places.
  const told = (rule: string): string[] =>
    findings
      .filter((one) => one.rule === rule)
      .flatMap((one) => one.dma_debug.map((message) => message.class))
      .sort();
  assert.equal(told('double-unmap'), ['free_unknown', 'free_unknown']);
  assert.equal(told('unmap-unknown'), ['free_unknown', 'free_unknown']);
  assert.equal(told('device-mismatch'), ['free_unknown', 'free_unknown']);
  assert.equal(told('size-mismatch'), ['free_size', 'free_size']);
  assert.equal(told('direction-mismatch'), Array(6).fill('free_direction'));
  assert.equal(told('kind-mismatch'), ['free_entry_count', 'free_function', 'free_function']);
  assert.equal(told('sg-count-mismatch'), Array(3).fill('free_entry_count'));
  assert.equal(told('attrs-mismatch'), ['free_attributes']);
  assert.equal(told('sync-direction'), Array(4).fill('sync_direction'));
  assert.equal(told('sync-unmapped'), ['sync_unknown', 'sync_unknown']);
  assert.equal(told('sync-outside'), ['sync_unknown']);
  assert.equal(told('leak-at-removal'), Array(5).fill('pending'));
  assert.equal(
    [checker.alone.length, checker.outside.length, checker.silent.length, checker.notes.length],
    [0, 0, 0, 0],
  );
  assert.equal(
    checker.untraced.map((one) => one.class),
    ['error_unchecked', 'error_unchecked'],
  );
});

test('text, Markdown and HTML say it', () => {
  const text = report();
  assert.match(
    text,
    / {2}dma-debug {3}agrees: DMA-API: dmabug 0000:00:06\.0: device driver tries to free DMA/,
  );
  assert.match(
    text,
    /dma-debug, in .*dmesg\.txt\.zst:\n {2}agrees with 18 findings \(29 messages\)\n {2}also says, which no trace can show: DMA-API: dmabug/,
  );
  assert.match(report('--format', 'markdown'), /dma-debug, in `.*`:\n\n- agrees with 18 findings/);
  assert.match(
    report('--format', 'html'),
    /<h2 id="dma-debug-title">What dma-debug says<\/h2>.*<li>agrees with 18 findings \(29 messages\)<\/li>/s,
  );
});

test.run();
