/** Living with findings: baselines, suppressions, budgets and settings, through the command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../analyzer/findings.js';
import { loadRules } from '../analyzer/rules.js';
import { parseSuppressions } from '../analyzer/triage/suppressions.js';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const BUGGY = sample('buggy-driver', 'trace.txt.zst');
const AGAIN = sample('buggy-driver-again', 'trace.txt.zst');
const OTHER = sample('buggy-driver-other', 'trace.txt.zst');

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-triage-'));
test.after(() => rmSync(folder, { recursive: true }));
function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function report(
  args: readonly string[],
  env: Record<string, string> = {},
): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'report', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

function refuses(args: readonly string[], says: RegExp): void {
  const { code, out, err } = report(args);
  assert.is(code, 2, err);
  assert.is(out, '');
  assert.match(err, says);
  assert.not.match(err, /internal error/);
}

interface Json {
  findings: {
    rule: string;
    baseline: string | null;
    suppressed: string | null;
    severity: string;
    fingerprint: string;
  }[];
  baseline: { gone: { rule: string }[]; unseen: { rule: string; reason: string }[] } | null;
  rules: { id: string; severity: string }[];
}
const json = (args: readonly string[]): Json => JSON.parse(report([...args, '--format', 'json']).out) as Json;
const validate = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(inPackage('docs', 'report.schema.json'), 'utf8')) as object,
);

test('a baseline of one run: another with the same mistakes passes, from other addresses, and from another recorder', () => {
  const base = join(folder, 'base.json');
  // How long an eviction waited is no mistake, and differs from run to run.
  const same = (file: string): string =>
    readFileSync(file, 'utf8').replace(/\{[^{}]*"slow-eviction"[^{}]*\{[^{}]*\}[^{}]*\},?\s*/g, '');
  assert.is(report([BUGGY, '--baseline', base, '--update-baseline']).code, 0);
  const text = same(base);
  assert.not.match(text, /0x[0-9a-f]{4}|_ts|instance/);
  for (const capture of [BUGGY, AGAIN, sample('buggy-driver', 'trace.dat')]) {
    const { code, out } = report([capture, '--baseline', base]);
    assert.is(code, 0, capture);
    assert.match(out, /SUMMARY: dmaspan: \d+ findings .*, \d+ known/);
    assert.not.match(out, /^ERROR/m);
  }
  assert.is(report([AGAIN, '--baseline', base, '--update-baseline']).code, 0);
  assert.is(same(base), text, 'the same baseline, byte by byte');
});

test('another mix of mistakes fails, and names what is new; what is gone is named too', () => {
  const base = join(folder, 'other.json');
  report([OTHER, '--baseline', base, '--update-baseline']);
  const { code, out } = report([BUGGY, '--baseline', base]);
  assert.is(code, 1);
  assert.match(out, /^ERROR: unmap-unknown: /m);
  assert.not.match(out, /^ERROR: double-unmap: /m);
  assert.match(out, /Known, by .*other\.json:[\s\S]*double-unmap: 2 mappings/);
  const back = join(folder, 'back.json');
  report([BUGGY, '--baseline', back, '--update-baseline']);
  const { findings, baseline } = json([OTHER, '--baseline', back]);
  // Measures (what failed, how long it took) differ from run to run; mistakes do not.
  const mistakes = findings.filter(({ severity }) => severity === 'error');
  assert.ok(mistakes.every((one) => one.baseline === 'known'));
  assert.ok(baseline!.gone.some(({ rule }) => rule === 'unmap-unknown'));
  const only = json([OTHER, '--baseline', back, '--only', 'double-unmap']);
  assert.equal(only.baseline!.gone, []);
  assert.ok(only.baseline!.unseen.every(({ reason }) => reason === 'its rule did not run'));
  report([OTHER, '--baseline', back, '--only', 'double-unmap', '--update-baseline']);
  assert.match(readFileSync(back, 'utf8'), /"unmap-unknown"/, 'what could not be seen is kept');
});

test('suppressions: what they match, how often, and those that match nothing', () => {
  const list = file(
    'x.supp',
    '# known\nleak:dmabug\nleak:cmd_write\n\nrule:^overlapping*$\ndevice:nowhere\n',
  );
  const { out } = report([sample('buggy-driver', 'trace.dat'), '--suppressions', list]);
  assert.match(
    out,
    /Suppressed, by .*x\.supp:\n {2}leak:dmabug: \d+ findings, \d+ instances\n {2}rule:\^overlapping\*\$: 1 finding, 2 instances/,
  );
  assert.match(out, /match nothing, in .*x\.supp:\n {2}line 3: leak:cmd_write\n {2}line 6: device:nowhere/);
  assert.not.match(out, /^ERROR: leak/m);
  assert.match(out, /^ERROR: double-unmap/m);
  refuses(
    [BUGGY, '--suppressions', file('bad.supp', '\nlaek:x\n')],
    /bad\.supp: line 2: expected a suppression, found "laek:x"\nEach line is one of leak:PATTERN/,
  );
  refuses(
    [BUGGY, '--suppressions', file('bare.supp', 'leak:')],
    /line 1: expected a suppression, found no pattern/,
  );
  refuses([BUGGY, '--suppressions', join(folder, 'none')], /expected suppressions, found no such file/);
});

test("suppressions: LeakSanitizer's patterns", () => {
  const [rule] = loadRules().filter(({ id }) => id === 'leak-at-removal');
  const finding = {
    rule: 'leak-at-removal',
    site: 'my_probe [mydrv]',
    close_site: null,
    device: '0000:00:1f.2',
  } as unknown as Finding;
  const matches = (text: string): boolean => parseSuppressions(text, 'f')[0]!.matches(finding, rule!);
  for (const text of [
    'leak:probe',
    'leak:^my_probe',
    'leak:mydrv$',
    'leak:^mydrv$',
    'leak:my*drv',
    'leak:1f.2',
    'site:^my_*[mydrv]$',
    'device:^0000:00:1f',
    'rule:leak-',
  ])
    assert.ok(matches(text), text);
  for (const text of [
    'leak:^probe',
    'leak:probe$',
    'leak:1fx2',
    'device:my_probe',
    'rule:^removal',
    'site:0000',
  ])
    assert.not(matches(text), text);
  assert.not(
    parseSuppressions('leak:probe', 'f')[0]!.matches(finding, { ...rule!, family: 'misuse' }),
    'only leaks',
  );
});

test('budgets: of a rule, of live bytes', () => {
  const slow = sample('slow-leak', 'trace.txt.zst');
  assert.is(report([slow, '--budget', 'leak-growing-site=20']).code, 0);
  const { code, out } = report([slow, '--budget', 'leak-growing-site=19']);
  assert.is(code, 1);
  assert.match(out, /Budgets:\n {2}leak-growing-site: exceeded: 20 of at most 19 instances/);
  assert.is(
    report([BUGGY, '--only', 'double-unmap', '--budget', 'double-unmap=2']).code,
    0,
    'in place of its severity',
  );
  const asked = spawnSync(
    process.execPath,
    [
      COMMAND,
      'sql',
      slow,
      "WITH s AS (SELECT opened_ts AS t, len::HUGEINT AS b FROM lifetimes WHERE layer = 'dma' UNION ALL SELECT closed_ts, -len::HUGEINT FROM lifetimes WHERE layer = 'dma' AND closed_ts IS NOT NULL), c AS (SELECT t, sum(b) AS b FROM s GROUP BY t) SELECT max(b) AS peak FROM (SELECT sum(b) OVER (ORDER BY t) AS b FROM c)",
      '--format',
      'csv',
    ],
    { encoding: 'utf8' },
  );
  const peak = Number(asked.stdout.split('\n')[1]);
  assert.ok(peak > 0);
  assert.is(report([slow, '--max-live-bytes', String(peak)]).code, 0);
  const over = report([slow, '--max-live-bytes', String(peak - 1)]);
  assert.is(over.code, 1);
  assert.match(over.out, /max-live-bytes: exceeded: at most .* mapped at once at [\d.]+ s/);
  const lossy = report([sample('lossy', 'trace_pipe.txt.zst'), '--max-live-bytes', '0', '--fail-on', 'info']);
  assert.match(lossy.out, /max-live-bytes: (exceeded|cannot tell)/);
  refuses([slow, '--budget', 'no-such=1'], /a budget of no-such: no rule is called so/);
  refuses([slow, '--budget', 'leak-outlier'], /expected RULE=COUNT/);
  refuses([slow, '--max-live-bytes', '1.5G'], /expected a number of bytes/);
});

test('settings: severities, parameters, lists; options win', () => {
  const write = (value: object): void =>
    writeFileSync(join(folder, 'dmaspan.config.json'), JSON.stringify(value));
  const slow = sample('slow-leak', 'trace.txt.zst');
  try {
    write({ severity: { 'leak-growing-site': 'error', 'leak-outlier': 'off' }, 'fail-on': 'error' });
    const settled = json([slow]);
    assert.is(report([slow]).code, 1);
    assert.is(report([slow, '--fail-on', 'never']).code, 0);
    assert.not(settled.rules.some(({ id }) => id === 'leak-outlier'));
    assert.ok(
      settled.findings
        .filter(({ rule }) => rule === 'leak-growing-site')
        .every(({ severity }) => severity === 'error'),
    );
    write({ param: { 'leak-growing-site': { min_survivors: 6 } } });
    assert.is(json([slow]).findings.filter(({ rule }) => rule === 'leak-growing-site').length, 1);
    write({ severity: { 'overlapping-map': 'error' } });
    assert.is(report([sample('overlap-iommu', 'trace.txt')]).code, 1, 'also where the rule grades its rows');
    for (const [value, says] of [
      [{ colour: 1 }, /dmaspan\.config\.json: unknown key "colour"/],
      [
        { severity: { 'leak-outlier': 'loud' } },
        /severity\.leak-outlier: expected one of error, warning, info, off/,
      ],
      [{ events: 'x' }, /events: must be array/],
      [{ severity: { 'no-such': 'off' } }, /no rule is called "no-such"/],
      [{ param: { 'leak-outlier': { min: 1 } } }, /the rule leak-outlier has no parameter "min"\nIt has: /],
    ] as const) {
      write(value);
      refuses([slow], says);
    }
  } finally {
    rmSync(join(folder, 'dmaspan.config.json'));
  }
  const [, documented = ''] = /```json\n(\{[\s\S]*?\n\})\n```/.exec(
    readFileSync(inPackage('docs', 'ci', 'README.md'), 'utf8'),
  )!;
  const schema = JSON.parse(readFileSync(inPackage('docs', 'config.schema.json'), 'utf8')) as object;
  assert.ok(new Ajv({ strict: false }).compile(schema)(JSON.parse(documented)));
  refuses([slow, '--config', join(folder, 'none.json')], /none\.json: expected settings, found no such file/);
});

test('baselines that cannot be', () => {
  refuses(
    [BUGGY, '--baseline', join(folder, 'none.json')],
    /expected a baseline, found no such file\nWrite it with --update-baseline/,
  );
  refuses(
    [BUGGY, '--baseline', file('broken.json', '{')],
    /broken\.json: expected a baseline, found no JSON/,
  );
  refuses([BUGGY, '--baseline', file('list.json', '[]')], /expected a baseline of version 1/);
  refuses(
    [BUGGY, '--baseline', file('odd.json', '{"dmaspan_baseline":1,"findings":[{}]}')],
    /findings\[0\]: expected fingerprint/,
  );
  refuses([BUGGY, '--update-baseline'], /without a baseline/);
});

test('GitHub: a step summary beside the annotations, within its limit', () => {
  const summary = file('summary.md', 'before\n');
  assert.is(
    report([BUGGY, '--output', `json=${join(folder, 'r.json')}`], { GITHUB_STEP_SUMMARY: summary }).code,
    1,
  );
  assert.is(readFileSync(summary, 'utf8'), 'before\n', 'only with its format');
  report([BUGGY, '--format', 'github'], { GITHUB_STEP_SUMMARY: summary });
  assert.match(readFileSync(summary, 'utf8'), /^before\n## dmaspan: \d+ findings/);
  const full = file('full.md', 'x'.repeat(1024 * 1024 - 3000));
  report([BUGGY, '--format', 'github'], { GITHUB_STEP_SUMMARY: full });
  const text = readFileSync(full, 'utf8');
  assert.ok(Buffer.byteLength(text) <= 1024 * 1024);
  assert.match(text, /left out/);
  assert.ok(
    validate(JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8'))),
    JSON.stringify(validate.errors),
  );
});

test.run();
