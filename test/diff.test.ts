/** Two runs compared, through the command: states, measures against a slow count of them, what makes B worse, formats. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diffOf } from '../analyzer/diff/diff.js';
import { jsonDiff } from '../analyzer/diff/json.js';
import { type Mapped, type Run, runOf } from '../analyzer/diff/run.js';
import { analysisEvidence } from '../analyzer/evidence.js';
import type { Confidence } from '../analyzer/findings.js';
import { analyze } from '../analyzer/pipeline.js';
import { loadRules } from '../analyzer/rules.js';
import type { FailOn, TriagedFinding } from '../analyzer/triage/triage.js';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const BUGGY = sample('buggy-driver', 'trace.txt.zst');
const AGAIN = sample('buggy-driver-again', 'trace.txt.zst');
const OTHER = sample('buggy-driver-other', 'trace.txt.zst');
const LOSSY = sample('lossy', 'trace.txt.zst');

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-diff-'));
test.after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { code: status, out: stdout, err: stderr };
}

type Side = Record<string, string | null> | null;

interface Json {
  worse: boolean;
  notes: string[];
  findings: {
    state: string;
    rule: string;
    worse: boolean;
    note: string | null;
    where: Record<string, string | null>;
    a: { count: string } | null;
    b: { count: string } | null;
  }[];
  mappers: { state: string; layer: string; note: string | null; a: Side; b: Side; [key: string]: unknown }[];
  layers: Json['mappers'];
}

const validate = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(inPackage('docs', 'diff.schema.json'), 'utf8')) as object,
);

/** The comparison as JSON, held to its schema. */
function parsed(text: string): Json {
  const json = JSON.parse(text) as Json;
  assert.ok(validate(json), JSON.stringify(validate.errors));
  return json;
}

const runs = new Map<string, Promise<Run>>();

/** A capture as one of the two runs; each is read once. */
function runOfFile(file: string): Promise<Run> {
  const known = runs.get(file) ?? readRun(file);
  runs.set(file, known);
  return known;
}

async function readRun(file: string): Promise<Run> {
  const analysis = await analyze([file], { dictionary: await loadDictionary([]) });
  const database = await analysisEvidence(analysis).open({ terse: true });
  try {
    return await runOf(database, loadRules(), {});
  } finally {
    database.close();
  }
}

async function diff(a: string, b: string, failOn: FailOn = 'error'): Promise<Json> {
  return parsed(jsonDiff(diffOf(await runOfFile(a), await runOfFile(b), failOn)));
}

/** By the command; its exit code says whether B is worse. */
function commanded(a: string, b: string, ...options: string[]): Json {
  const { code, out, err } = run('diff', a, b, '--format', 'json', ...options);
  assert.is(err, '');
  const json = parsed(out);
  assert.is(code, json.worse ? 1 : 0);
  return json;
}

const allSame = ({ findings, mappers, layers }: Json): boolean =>
  [...findings, ...mappers, ...layers].every(({ state }) => state === 'same');

test('a run against itself differs in nothing', async () => {
  const json = await diff(BUGGY, BUGGY);
  assert.ok(json.findings.length > 20 && json.mappers.length > 20);
  assert.ok(allSame(json));
  assert.equal(json.notes, []);
  for (const { a, b } of [...json.mappers, ...json.layers]) assert.equal(a, b);
  const { code, out } = run('diff', BUGGY, BUGGY);
  assert.is(code, 0);
  assert.match(
    out,
    /SUMMARY: dmaspan diff: B is not worse\n {2}findings: \d+ as before\n {2}mappers: \d+ as before\n/,
  );
});

test('the same run in other forms differs in nothing but times', async () => {
  for (const form of ['trace.dat', 'trace-v6.dat.zst', 'trace.report.txt.zst']) {
    const json = await diff(BUGGY, sample('buggy-driver', form));
    const changed = [...json.findings, ...json.mappers].filter(({ state }) => state !== 'same');
    assert.equal(changed, [], form);
    assert.equal(json.notes, [], form);
  }
});

test("perf's call stacks at probes of functions lack the caller: other sites there, and nowhere else", async () => {
  const json = await diff(BUGGY, sample('buggy-driver', 'perf-stacks.script.txt.zst'));
  assert.equal(
    json.layers.filter(({ state }) => state !== 'same'),
    [],
  );
  const same = (rule: string): boolean =>
    json.findings.filter((one) => one.rule === rule).every(({ state }) => state === 'same');
  for (const rule of ['double-unmap', 'leak-at-removal', 'size-mismatch', 'overlapping-map'])
    assert.ok(same(rule), rule);
  assert.not(same('leak-at-exit'));
});

test('where one form names no call sites, both are compared without them', async () => {
  const json = await diff(BUGGY, sample('buggy-driver', 'trace_pipe.txt.zst'));
  assert.ok(allSame(json));
  assert.ok(json.mappers.every(({ site }) => site === null));
  assert.match(json.notes.join(), /^B names no call sites/);
  assert.match(
    (await diff(sample('buggy-driver', 'perf.data.zst'), BUGGY)).notes.join(),
    /^A names no call sites/,
  );
});

interface Row {
  readonly key: string;
  readonly mapping: string;
  readonly opened: number;
  /** Infinity: still open. */
  readonly closed: number;
  readonly bytes: number;
}

/** Measures, counted step by step from the rows of the table `lifetimes`; all numbers of the samples are below 2^53. */
function slowly(file: string): Map<string, Record<string, string | null>> {
  const { out } = run(
    'sql',
    file,
    '--format',
    'json',
    `SELECT l.layer, l.device, l.kind, s.site, s.via, coalesce(sg_group, l.id) AS mapping, opened_ts, closed_ts, len
     FROM lifetimes l LEFT JOIN stacks s ON s.id = l.open_stack`,
  );
  const mappers = new Map<string, Row[]>();
  for (const row of JSON.parse(out) as Record<string, string | null>[]) {
    const { layer, device, kind, site, via, mapping, opened_ts, closed_ts, len } = row;
    const key = JSON.stringify([layer, device, kind, site?.split(' ')[0] ?? null, via]);
    const closed = closed_ts === null ? Number.POSITIVE_INFINITY : Number(closed_ts);
    const one = { key, mapping: mapping!, opened: Number(opened_ts), closed, bytes: Number(len) };
    mappers.set(key, [...(mappers.get(key) ?? []), one]);
  }
  return new Map([...mappers].map(([key, rows]) => [key, slowMeasures(rows)]));
}

const sum = (rows: readonly Row[]): number => rows.reduce((all, { bytes }) => all + bytes, 0);

function slowMeasures(rows: readonly Row[]): Record<string, string | null> {
  const whole = [...new Set(rows.map(({ mapping }) => mapping))].map((mapping) => {
    const parts = rows.filter((row) => row.mapping === mapping);
    return {
      opened: Math.min(...parts.map(({ opened }) => opened)),
      closed: Math.max(...parts.map(({ closed }) => closed)),
    };
  });
  const moments = [...new Set(rows.map(({ opened }) => opened))];
  const live = <T extends { opened: number; closed: number }>(list: readonly T[], ts: number): T[] =>
    list.filter(({ opened, closed }) => opened <= ts && closed > ts);
  const stays = whole
    .filter(({ closed }) => Number.isFinite(closed))
    .map(({ opened, closed }) => closed - opened)
    .sort((a, b) => a - b);
  const quantile = (part: number): string | null =>
    stays.length === 0 ? null : String(stays[Math.ceil(part * stays.length) - 1]);
  const open = rows.filter(({ closed }) => !Number.isFinite(closed));
  return {
    mappings: String(whole.length),
    bytes: String(sum(rows)),
    peak_mappings: String(Math.max(...moments.map((ts) => live(whole, ts).length))),
    peak_bytes: String(Math.max(...moments.map((ts) => sum(live(rows, ts))))),
    end_mappings: String(new Set(open.map(({ mapping }) => mapping)).size),
    end_bytes: String(sum(open)),
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    longest: quantile(1),
  };
}

test('measures are what a slow count of the lifetimes gives', async () => {
  for (const file of [
    BUGGY,
    sample('slow-leak', 'trace.txt.zst'),
    sample('big-lists', 'trace.txt.zst'),
    sample('rdma', 'trace.dat'),
  ]) {
    const expected = slowly(file);
    const { mappers } = await diff(file, file);
    assert.is(mappers.length, expected.size);
    for (const { a, layer, device, kind, site, via } of mappers) {
      const key = JSON.stringify([layer, device, kind, site, via]);
      assert.equal(a, expected.get(key), `${file}: ${key}`);
    }
  }
});

test('another run of the same mistakes is not worse; another mix is, and names what is new', async () => {
  const again = await diff(BUGGY, AGAIN);
  assert.not(again.worse);
  assert.not(again.findings.some(({ state }) => state === 'new' || state === 'grown'));
  const pool = again.findings.find(({ rule }) => rule === 'leak-pool');
  assert.is(pool!.state, 'unseen');
  assert.match(pool!.note!, /^B cannot tell: the capture has no event of this sort/);
  const other = await diff(OTHER, BUGGY);
  assert.ok(other.worse);
  const states = (rule: string): string[] =>
    other.findings.filter((one) => one.rule === rule).map(({ state }) => state);
  assert.equal(states('unmap-unknown'), ['new']);
  assert.equal(states('double-unmap'), ['shrunk']);
  assert.equal(states('size-mismatch'), ['grown']);
  assert.equal(
    other.findings.filter(({ worse }) => worse).map(({ state }) => state !== 'new' && state !== 'grown'),
    other.findings.filter(({ worse }) => worse).map(() => false),
  );
});

test('the other way round, new is gone and grown is shrunk', async () => {
  const count = ({ mappers }: Json, state: string): number =>
    mappers.filter((one) => one.state === state).length;
  const [there, back] = [await diff(OTHER, BUGGY), await diff(BUGGY, OTHER)];
  for (const [one, two] of [
    ['new', 'gone'],
    ['grown', 'shrunk'],
    ['mixed', 'mixed'],
    ['gone', 'new'],
  ] as const)
    assert.is(count(there, one), count(back, two), one);
  assert.ok(count(there, 'new') > 0 && count(there, 'grown') > 0 && count(there, 'shrunk') > 0);
});

test('what a run could not show is unseen', async () => {
  const { mappers, notes, worse } = await diff(LOSSY, sample('clean-nvme', 'trace.txt.zst'));
  assert.not(worse);
  const unseen = mappers.filter(({ state }) => state === 'unseen').map(({ layer, note }) => [layer, note]);
  assert.equal(unseen, [
    ['dma', 'A lost events'],
    ['iova', 'A has no event of the layer iova'],
  ]);
  assert.match(notes.join(), /A lost events/);
  const back = await diff(
    sample('clean-nvme', 'trace.txt.zst'),
    sample('lossy', 'trace_pipe.txt.zst'),
    'info',
  );
  assert.not(back.worse, 'findings that are only possible make nothing worse');
  assert.ok(back.findings.some(({ state, rule }) => state === 'new' && rule === 'double-unmap'));
});

test('the command: --fail-on, --only, suppressions and settings', () => {
  const worse = (...options: string[]): boolean => commanded(OTHER, BUGGY, ...options).worse;
  assert.not(worse('--fail-on', 'never', '--only', 'unmap-unknown'));
  assert.not(worse('--only', 'double-unmap'));
  assert.ok(worse('--only', 'double-unmap,unmap-unknown'));
  assert.not(worse('--only', 'overlapping-map'));
  assert.ok(worse('--only', 'overlapping-map', '--fail-on', 'info'));
  writeFileSync(at('all.supp'), 'site:cmd_write\n');
  assert.not(worse('--only', 'unmap-unknown', '--suppressions', at('all.supp')));
  writeFileSync(at('settings.json'), JSON.stringify({ severity: { 'overlapping-map': 'error' } }));
  assert.ok(worse('--only', 'overlapping-map', '--config', at('settings.json')));
});

test('the command: a store stands for its capture, and only captures are read with --events', async () => {
  assert.is(run('ingest', BUGGY, '-o', at('kept.duckdb')).err, '');
  const { mappers, findings } = await diff(OTHER, BUGGY);
  writeFileSync(at('own.json'), '{"events": []}');
  const kept = commanded(OTHER, at('kept.duckdb'), '--events', at('own.json'));
  assert.equal(kept.mappers, mappers);
  assert.equal(kept.findings, findings);
});

test('text and markdown: new findings in full, the largest differences first', () => {
  const { code, out } = run('diff', OTHER, BUGGY, '--top', '2', '--output', `markdown=${at('diff.md')}`);
  assert.is(code, 1);
  assert.match(out, /^ERROR: unmap-unknown: [\s\S]*#0 /m);
  assert.match(
    out,
    /^Grown:\n[\s\S]*size-mismatch: 1 → 2: 0000:00:05\.0, single, cmd_write via dma_map_page_attrs \(error\)/m,
  );
  assert.match(out, /mapped {2}69|mapped {2}27 → 69 \(\+42\), 180\.0 KiB → 360\.0 KiB/);
  assert.match(out, /and 21 more, which differ less \(--top 23 shows all\)/);
  assert.match(out, /SUMMARY: dmaspan diff: B is worse: 21 findings at or above error are new or grown/);
  assert.not(out.includes(String.fromCharCode(27)));
  for (const line of out.split('\n')) assert.ok(line.length <= 130, line);
  const markdown = readFileSync(at('diff.md'), 'utf8');
  assert.match(markdown, /^## dmaspan diff: B is worse: 21 findings/);
  assert.match(
    markdown,
    /^\| 🔴 new \| `unmap-unknown` \| error \| `0000:00:05\.0, single, cmd_write via dma_unmap_page_attrs` \| 0 \| 2 \|/m,
  );
  const widths = markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').length);
  assert.equal([...new Set(widths)], [11, 12], 'the tables are whole');
});

test('bad input', () => {
  for (const [args, says] of [
    [[BUGGY], /Not enough non-option arguments/],
    [['-', '-'], /given twice/],
    [[BUGGY, at('none')], /none: expected a capture.*no such file/s],
    [[BUGGY, BUGGY, '--top', 'few'], /--top: expected a whole number/],
    [[BUGGY, BUGGY, '--only', 'no-such'], /no rule is called "no-such"/],
    [
      [BUGGY, BUGGY, '--output', 'sarif=x'],
      /no format is called "sarif"\nGive FORMAT=FILE.*formats: text, json, markdown/,
    ],
    [[BUGGY, BUGGY, '--merge'], /merge/],
  ] as const) {
    const { code, out, err } = run('diff', ...args);
    assert.is(code, 2, err);
    assert.is(out, '');
    assert.match(err, says);
    assert.not.match(err, /internal error/);
  }
});

const [SIZE] = loadRules().filter(({ id }) => id === 'size-mismatch');

/** A run with one finding. */
function made(confidence: Confidence, count: bigint, bytes = 4096n): Run {
  const finding = {
    rule: SIZE!.id,
    severity: 'error',
    confidence,
    count,
    bytes,
    fingerprint: '0'.repeat(32),
    suppressed: null,
    facts: {},
  } as unknown as TriagedFinding;
  return {
    report: { captures: [], results: [{ rule: SIZE!, verdict: 'found' }], findings: [finding] },
    mapped: { site: [] as Mapped[], kind: [], layer: [] },
    layers: new Set(),
    lossy: false,
    duration: 0n,
  } as unknown as Run;
}

test('what was only possible and is certain is new; what is only possible makes nothing worse', () => {
  const compare = (a: Run, b: Run): [string, boolean, string | null] => {
    const { findings, worse } = diffOf(a, b, 'error');
    assert.is(worse, findings[0]!.worse);
    return [findings[0]!.state, worse, findings[0]!.note];
  };
  assert.equal(compare(made('possible', 1n), made('certain', 1n)), [
    'new',
    true,
    'it was only possible in A',
  ]);
  assert.equal(compare(made('certain', 1n), made('possible', 2n)), ['grown', false, null]);
  assert.equal(compare(made('likely', 2n), made('certain', 2n)), ['same', false, null]);
  assert.equal(compare(made('certain', 2n, 8n), made('certain', 2n, 9n)), ['grown', true, null]);
  assert.equal(compare(made('certain', 2n, 9n), made('certain', 1n, 10n)), ['shrunk', false, null]);
});

test.run();
