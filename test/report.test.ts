/** The report of real captures against what is known of them: the driver's own list of its mistakes, and the JSON schema. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openDatabase } from '../analyzer/database.js';
import { judge } from '../analyzer/judge.js';
import { analyze } from '../analyzer/pipeline.js';
import { jsonReport } from '../analyzer/report/json.js';
import { bytesText, timeText, WIDTH, wrap } from '../analyzer/report/layout.js';
import { makeReport, type Report } from '../analyzer/report/report.js';
import { textReport } from '../analyzer/report/text.js';
import { loadRules } from '../analyzer/rules.js';
import { fails } from '../analyzer/triage/triage.js';
import { loadDictionary } from '../traces/dictionary.js';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';

const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);

async function reportOf(files: readonly string[], whole = false): Promise<Report> {
  const keep = { events: whole, lifetimes: whole };
  const analysis = await analyze(files, { dictionary: await loadDictionary([]), keep });
  const database = await openDatabase(analysis);
  try {
    return await makeReport(database, await judge(database, loadRules()));
  } finally {
    database.close();
  }
}

async function textOf(file: string): Promise<string> {
  const { source } = await openSource(file);
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = new Uint8Array(1 << 16);
    const bytes = await source.read(part);
    if (bytes === 0) break;
    parts.push(part.subarray(0, bytes));
  }
  await source.close();
  return Buffer.concat(parts).toString('utf8');
}

/** Which rule shows which of the driver's deliberate mistakes (traces/samples/buggy-driver/README.md). */
const RULE_OF: Readonly<Record<string, string>> = {
  leak_page: 'leak-at-removal',
  leak_sg: 'leak-at-removal',
  leak_coherent: 'leak-at-removal',
  leak_resource: 'leak-at-removal',
  leak_p2pmem: 'leak-at-removal leak-pool',
  leak_mirror: 'leak-at-removal leak-at-exit',
  stale_after_invalidate: 'stale-after-invalidate',
  stale_never_unmapped: 'stale-after-invalidate',
  late_unmap: 'late-unmap',
  p2pmem_freed_mapped: 'stale-freed-page',
  unpredictable_map_failure: 'unpredictable-map',
  big_sg: 'leak-at-removal',
  freed_mapped_leaked: 'leak-at-removal',
  double_unmap: 'double-unmap',
  unmap_never: 'unmap-unknown',
  wrong_size: 'size-mismatch',
  wrong_dir: 'direction-mismatch',
  sg_wrong_dir: 'direction-mismatch',
  wrong_func_page_as_sg: 'kind-mismatch',
  wrong_func_sg_as_page: 'kind-mismatch',
  wrong_func_page_as_coherent: 'attrs-mismatch',
  sg_wrong_nents: 'sg-count-mismatch',
  wrong_dev: 'device-mismatch',
  overlap: 'overlapping-map',
  overlap_from: 'overlapping-map',
  overlap_partial: 'overlapping-map',
  sync_unmapped: 'sync-unmapped',
  sync_past_end: 'sync-outside',
  sync_wrong_dir: 'sync-direction',
};

/** How many instances each rule must show, by the driver's own list. */
async function expectedOf(truth: string): Promise<Record<string, number>> {
  const expected: Record<string, number> = {};
  for (const [, kind] of (await textOf(truth)).matchAll(/\bBUG kind=(\w+)/g)) {
    for (const rule of RULE_OF[kind!]?.split(' ') ?? []) expected[rule] = (expected[rule] ?? 0) + 1;
  }
  return expected;
}

/** Rules that measure what is no mistake. */
const MEASURES = new Set(['map-failures', 'slow-eviction']);

function countsOf({ findings }: Report): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { rule, count } of findings)
    if (!MEASURES.has(rule)) counts[rule] = (counts[rule] ?? 0) + Number(count);
  return counts;
}

for (const name of ['trace.txt.zst', 'trace_pipe.txt.zst', 'trace.dat', 'trace-v6.dat.zst']) {
  test(`buggy driver, ${name}: each mistake by its rule, as often as it was made, and nothing else`, async () => {
    const report = await reportOf([sample('buggy-driver', name)]);
    assert.equal(countsOf(report), await expectedOf(sample('buggy-driver', 'truth.txt.zst')));
    for (const { rule, confidence } of report.findings)
      assert.is(confidence, rule === 'leak-pool' ? 'likely' : 'certain', rule);
  });
}

for (const name of ['overlap-iommu', 'overlap-no-iommu']) {
  test(`${name}: each pair`, async () => {
    const report = await reportOf([sample(name, 'trace.txt')]);
    assert.equal(countsOf(report), await expectedOf(sample(name, 'truth.txt')));
  });
}

test('slow leak: three call sites with their counts, although nothing is unbound', async () => {
  const { findings, results } = await reportOf([sample('slow-leak', 'trace.txt.zst')]);
  const growing = findings.filter(({ rule }) => rule === 'leak-growing-site');
  assert.equal(
    growing.map(({ site, via, count }) => [site, via, Number(count)]),
    [
      ['cmd_write', 'dma_map_page_attrs', 12],
      ['cmd_write', 'dma_map_sg_attrs', 5],
      ['cmd_write', 'dma_alloc_attrs', 3],
    ],
  );
  for (const { close_site } of growing) assert.is(close_site, 'cmd_write');
  assert.is(results.find(({ rule }) => rule.id === 'leak-at-removal')?.verdict, 'cannot tell');
});

test('unmaps that ftrace cannot record make no leak', async () => {
  const report = await reportOf([sample('big-lists', 'trace.txt.zst')]);
  const leaks = report.findings.filter(({ rule }) => rule.startsWith('leak-'));
  const leaked = [...(await textOf(sample('big-lists', 'truth.txt'))).matchAll(/BUG kind=big_sg/g)].length;
  assert.is(Number(leaks.reduce((sum, { count }) => sum + count, 0n)), leaked);
  assert.ok(report.counters.some(({ name }) => name === 'unmap-unrecordable'));
});

const CLEAN = [
  ['clean-nvme', 'trace.txt.zst'],
  ['clean-nvme-swiotlb', 'trace.txt.zst'],
  ['clean-nvme-old-kernel', 'trace.txt.zst'],
  ['clean-no-iommu', 'trace.txt.zst'],
];
for (const path of CLEAN) {
  test(`${path[0]}: no error, no warning`, async () => {
    const { findings } = await reportOf([sample(...path)]);
    assert.equal(
      findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule),
      [],
    );
  });
}

test('a healthy driver with lost events: nothing is more than possible, no rule is clear', async () => {
  for (const name of ['trace.txt.zst', 'trace_pipe.txt.zst']) {
    const { findings, results } = await reportOf([sample('lossy', name)]);
    for (const finding of findings) assert.is(finding.confidence, 'possible', `${name}: ${finding.rule}`);
    assert.equal(
      results.filter(({ verdict }) => verdict === 'clear').map(({ rule }) => rule.id),
      [],
    );
  }
});

test('what is kept in memory changes no finding', async () => {
  for (const path of [
    ['buggy-driver', 'trace.dat'],
    ['slow-leak', 'trace.txt.zst'],
    ['lossy', 'trace_pipe.txt.zst'],
  ]) {
    const [slim, whole] = [await reportOf([sample(...path)], false), await reportOf([sample(...path)], true)];
    assert.equal(slim.findings, whole.findings, path[0]);
  }
});

test('several captures are one report, each on its own', async () => {
  const files = [sample('overlap-iommu', 'trace.txt'), sample('overlap-no-iommu', 'trace.txt')];
  const report = await reportOf(files);
  assert.equal(new Set(report.findings.map(({ capture }) => capture)), new Set([0, 1]));
  for (const { capture, count, message } of report.findings)
    assert.ok(Number(count) <= 6, `${capture}: ${message}`);
  assert.match(textReport(report, false), /In {10}.*overlap-no-iommu/);
});

test('JSON: as its schema says, and the same text each time', async () => {
  const schema = JSON.parse(readFileSync(inPackage('docs', 'report.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  for (const path of [
    ['buggy-driver', 'trace.dat'],
    ['lossy', 'trace_pipe.txt.zst'],
    ['forms', 'clk-counter.txt.zst'],
  ]) {
    const text = jsonReport(await reportOf([sample(...path)]));
    assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
    assert.is(text, jsonReport(await reportOf([sample(...path)])));
  }
});

test('text: who mapped, who unmapped, an example, what to do, what could not be told', async () => {
  const text = textReport(await reportOf([sample('buggy-driver', 'trace.dat')]), false);
  assert.match(text, /^=+\nERROR: /);
  assert.match(
    text,
    /ERROR: leak-at-removal: 8 mappings of 0000:00:05\.0 still open after the device lost its\n {4}driver/,
  );
  assert.match(text, /Mapped by mir_fill \[dmabug\] via dma_map_page_attrs:\n {4}#0 /);
  assert.match(text, /Others like it are unmapped by mir_unmap \[dmabug\] via dma_unmap_page_attrs:/);
  assert.match(text, /Example +lifetime \d+: 0x[0-9a-f]+, 4096 bytes, \w+/);
  assert.match(text, /\nSUMMARY: dmaspan: \d+ findings \(\d+ errors/);
  const slow = textReport(await reportOf([sample('slow-leak', 'trace.txt.zst')]), false);
  assert.match(slow, /Could not tell:\n[\s\S]* {2}leak-at-removal\n {4}because .*remove or removed/);
  const lossy = textReport(await reportOf([sample('lossy', 'trace_pipe.txt.zst')]), false);
  assert.match(lossy, /Counted:\n {2}events-lost: [1-9]/);
  for (const line of `${text}${slow}${lossy}`.split('\n')) {
    assert.ok(line.length <= WIDTH || !line.trim().includes(' ') || /\/samples\//.test(line), line);
  }
});

test('text: colours only when asked for', async () => {
  const report = await reportOf([sample('overlap-iommu', 'trace.txt')]);
  const colourCode = String.fromCharCode(27);
  assert.not(textReport(report, false).includes(colourCode));
  assert.ok(textReport(report, true).includes(colourCode));
});

test('what fails a run', async () => {
  const [finding] = (await reportOf([sample('overlap-iommu', 'trace.txt')])).findings;
  const of = (severity: 'error' | 'warning' | 'info', confidence: 'certain' | 'possible') => ({
    ...finding!,
    severity,
    confidence,
  });
  assert.ok(fails(of('error', 'certain'), 'error'));
  assert.ok(fails(of('error', 'certain'), 'info'));
  assert.not(fails(of('warning', 'certain'), 'error'));
  assert.ok(fails(of('warning', 'certain'), 'warning'));
  assert.not(fails(of('error', 'certain'), 'never'));
  assert.not(fails(of('error', 'possible'), 'info'));
});

test('numbers and lines for people', () => {
  assert.is(timeText(18_431_000_123n, 'ns'), '18.431000 s');
  assert.is(timeText(12n, 'tick'), '12 ticks');
  assert.is(bytesText(4096n), '4096 bytes');
  assert.is(bytesText(36864n), '36.0 KiB');
  assert.is(bytesText(5n << 30n), '5.0 GiB');
  assert.equal(wrap('a b', '> ', '  '), ['> a b']);
  const lines = wrap('word '.repeat(60), '> ', '  ');
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= WIDTH));
});

test.run();
