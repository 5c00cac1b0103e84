/** The command itself, as a process: exit codes, what goes where, what it says to bad input. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadRules } from '../analyzer/rules.js';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const BUGGY = sample('buggy-driver', 'trace.dat');
const OVERLAP = sample('overlap-iommu', 'trace.txt');
const SLOW = sample('slow-leak', 'trace.txt.zst');

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], input: string | Buffer = '', env: Record<string, string> = {}): Run {
  const result = spawnSync(process.execPath, [COMMAND, ...args], {
    input,
    env: { ...process.env, ...env },
    timeout: 120_000,
    maxBuffer: 1 << 28,
  });
  return { code: result.status, out: result.stdout.toString(), err: result.stderr.toString() };
}

/** Exit code 2, nothing on stdout, a message that says what is wrong, and no stack trace. */
function refuses(args: readonly string[], says: RegExp, input: string | Buffer = ''): void {
  const { code, out, err } = run(args, input);
  assert.is(code, 2, `${args.join(' ')}: ${err}`);
  assert.is(out, '');
  assert.match(err, says);
  assert.match(err, /^dmaspan: /);
  assert.not.match(err, /^\s+at |internal error/m);
}

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-cli-'));
function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
test.after(() => rmSync(folder, { recursive: true }));

test('report: 1 for errors, 0 for less, as --fail-on says', () => {
  assert.is(run(['report', BUGGY]).code, 1);
  assert.is(run(['report', BUGGY, '--fail-on', 'never']).code, 0);
  assert.is(run(['report', SLOW]).code, 0);
  assert.is(run(['report', SLOW, '--fail-on', 'warning']).code, 1);
  assert.is(run(['report', OVERLAP, '--fail-on', 'warning']).code, 0);
  assert.is(run(['report', OVERLAP, '--fail-on', 'info']).code, 1);
});

test('report: findings that are only possible fail nothing', () => {
  const { code, out } = run(['report', sample('lossy', 'trace_pipe.txt.zst'), '--fail-on', 'info']);
  assert.match(out, /ERROR: double-unmap/);
  assert.is(code, 0);
});

test('report: text on stdout, nothing on stderr, no colours into a pipe', () => {
  const { out, err } = run(['report', OVERLAP], '', { FORCE_COLOR: '' });
  assert.match(out, /SUMMARY: dmaspan: 2 findings/);
  assert.is(err, '');
  assert.not(out.includes(String.fromCharCode(27)));
});

test('report: JSON with every rule and its verdict', () => {
  const { out } = run(['report', BUGGY, '--format', 'json']);
  const report = JSON.parse(out) as {
    rules: { id: string; verdict: string }[];
    findings: { rule: string; count: string }[];
  };
  assert.equal(
    report.rules.map(({ id }) => id),
    loadRules().map(({ id }) => id),
  );
  for (const { count } of report.findings) assert.match(count, /^[0-9]+$/);
});

test('report: several outputs at once, each as when it is printed', () => {
  const [json, text] = [join(folder, 'out.json'), join(folder, 'out.txt')];
  const { code, out } = run(['report', BUGGY, '--output', `json=${json}`, '--output', `text=${text}`]);
  assert.is(code, 1);
  assert.is(readFileSync(text, 'utf8'), out);
  assert.is(readFileSync(json, 'utf8'), run(['report', BUGGY, '--format', 'json']).out);
});

test('report: outputs that cannot be', () => {
  refuses(
    ['report', BUGGY, '--output', 'xml=x'],
    /no format is called "xml"\nGive FORMAT=FILE.*formats: text, json/,
  );
  refuses(['report', BUGGY, '--output', 'json'], /--output json: expected a file, found none/);
  refuses(['report', BUGGY, '--output', 'json=-'], /found "-"/);
  refuses(['report', BUGGY, '--output', `json=${join(folder, 'none', 'x')}`], /none is no folder/);
  refuses(['report', BUGGY, '--output', `json=${folder}`], /cannot be written: EISDIR/);
  refuses(['report', BUGGY, '--output', 'json=x', '--output', 'text=x'], /names x twice/);
});

test('report: --only, before or after the captures', () => {
  for (const args of [
    [BUGGY, '--only', 'double-unmap', 'size-mismatch'],
    ['--only', 'double-unmap', 'size-mismatch', BUGGY],
    ['--only', 'size-mismatch,double-unmap', '--', BUGGY],
  ]) {
    const { out, err } = run(['report', '--format', 'json', ...args]);
    assert.is(err, '');
    const report = JSON.parse(out) as { rules: { id: string }[] };
    assert.equal(
      report.rules.map(({ id }) => id),
      ['double-unmap', 'size-mismatch'],
    );
  }
});

test('report: a capture on stdin, plain and compressed, gives the same findings', () => {
  const findings = (run: Run): unknown => (JSON.parse(run.out) as { findings: unknown }).findings;
  const args = ['report', '--format', 'json'];
  const whole = findings(run([...args, SLOW]));
  assert.equal(findings(run([...args, '-'], readFileSync(SLOW))), whole);
  assert.equal(findings(run([...args, '-'], readFileSync(BUGGY))), findings(run([...args, BUGGY])));
});

const OWN = `-- id: own-rule
-- title: Own
-- severity: warning
-- family: own
-- why: w
-- next: n
SELECT capture, device, NULL AS site, NULL AS close_site, 'seen ' || count(*) AS message, count(*) AS count, 0 AS bytes,
  min(opened_ts) AS first_ts, max(opened_ts) AS last_ts, min(id) AS lifetime, 'certain' AS confidence, 'seen' AS reason
FROM lifetimes WHERE layer = 'dma' GROUP BY capture, device ORDER BY capture, device
`;

test("report: rules of a folder of one's own see all lifetimes", () => {
  const own = mkdtempSync(join(folder, 'rules-'));
  writeFileSync(join(own, 'own.sql'), OWN);
  const { code, out } = run([
    'report',
    OVERLAP,
    '--rules',
    own,
    '--only',
    'own-rule',
    '--format',
    'json',
    '--fail-on',
    'warning',
  ]);
  assert.is(code, 1);
  const { findings } = JSON.parse(out) as { findings: { device: string; count: string }[] };
  const counted = run([
    'sql',
    OVERLAP,
    "SELECT device, count(*) AS count FROM lifetimes WHERE layer = 'dma' GROUP BY 1 ORDER BY 1",
    '--format',
    'json',
  ]);
  assert.equal(
    findings.map(({ device, count }) => ({ device, count })),
    JSON.parse(counted.out),
  );
});

test('the rule of the documentation runs', () => {
  const page = readFileSync(inPackage('docs', 'rules', 'README.md'), 'utf8');
  const own = mkdtempSync(join(folder, 'documented-'));
  writeFileSync(join(own, 'rule.sql'), /```sql\n([\s\S]*?)```/.exec(page)![1]!);
  const { code, out, err } = run([
    'report',
    BUGGY,
    '--rules',
    own,
    '--only',
    'huge-coherent',
    '--format',
    'json',
  ]);
  assert.is(err, '');
  assert.is(code, 0);
  assert.match(out, /"verdict": "clear"/);
});

test('sql: formats', () => {
  const ask = (format: string): string =>
    run([
      'sql',
      OVERLAP,
      `SELECT 12345678901234567890::UBIGINT AS big, NULL AS none, 'a "b", c|d' AS text`,
      '--format',
      format,
    ]).out;
  assert.is(ask('csv'), 'big,none,text\n12345678901234567890,,"a ""b"", c|d"\n');
  assert.equal(JSON.parse(ask('json')), [{ big: '12345678901234567890', none: null, text: 'a "b", c|d' }]);
  assert.is(
    ask('markdown'),
    [
      '| big                  | none | text        |',
      '| -------------------: | ---: | ----------- |',
      '| 12345678901234567890 | NULL | a "b", c\\|d |',
      '',
    ].join('\n'),
  );
  assert.match(ask('table'), /┌─+┬─+┬─+┐\n│ big .*│\n├/);
});

test('sql: from an argument, a file, stdin', () => {
  const query = 'SELECT count(*) AS n FROM events';
  const expected = run(['sql', OVERLAP, query, '--format', 'csv']).out;
  assert.match(expected, /^n\n[1-9]\d*\n$/);
  assert.is(run(['sql', OVERLAP, '-f', file('query.sql', query), '--format', 'csv']).out, expected);
  assert.is(run(['sql', OVERLAP, '--format', 'csv'], query).out, expected);
});

test('sql: bad SQL, no SQL, no capture', () => {
  refuses(['sql', OVERLAP, 'SELEKT 1'], /syntax error.*SELEKT/s);
  refuses(['sql', OVERLAP, 'SELECT nothing FROM nowhere'], /nowhere/);
  refuses(['sql', OVERLAP, "SELECT error('at run time')"], /at run time/);
  refuses(['sql', OVERLAP], /stdin: expected SQL, found nothing/);
  refuses(['sql', 'SELECT 1'], /no capture given/);
  refuses(
    ['sql', OVERLAP, '-f', join(folder, 'missing.sql')],
    /missing\.sql: expected a file with SQL, found no such file/,
  );
  refuses(['sql', '-', '-f', '-'], /-: expected a file with SQL/);
});

test('sql: a reader that has seen enough ends the run quietly', async () => {
  const child = spawn(process.execPath, [
    COMMAND,
    'sql',
    OVERLAP,
    'SELECT i FROM range(20000000) t(i)',
    '--format',
    'csv',
  ]);
  let err = '';
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise<number | null>((resolve) => {
    child.on('exit', resolve);
  });
  assert.is(err, '');
  assert.is(code, 0);
});

test('info: what the capture is, and what it holds', () => {
  const { code, out, err } = run(['info', BUGGY]);
  assert.is(code, 0);
  assert.is(err, '');
  assert.match(out, /format +trace-dat/);
  assert.match(out, /losses +none/);
  const { counts } = {
    counts: JSON.parse(readFileSync(sample('buggy-driver', 'counts.json'), 'utf8')) as Record<
      string,
      Record<string, number>
    >,
  };
  const known = Object.values(counts).find((one) => 'dma:dma_map_phys' in one || 'dma_map_phys' in one)!;
  assert.match(out, new RegExp(`${known['dma:dma_map_phys'] ?? known.dma_map_phys}  dma:dma_map_phys`));
});

test('rules: the list, one of them, none', () => {
  const { out } = run(['rules']);
  for (const { id, title } of loadRules()) assert.match(out, new RegExp(`^${id} .*${title}$`, 'm'));
  const one = run(['rules', 'leak-at-removal']);
  assert.is(one.code, 0);
  assert.match(one.out, /Why .*\n[\s\S]*SELECT/);
  refuses(['rules', 'no-such'], /no rule is called "no-such"\nThere are: attrs-mismatch, /);
});

test('events: the dictionary', () => {
  const { code, out } = run(['events']);
  assert.is(code, 0);
  assert.match(out, /^dma:dma_map_phys: open of single in dma, Linux 6\.18 .* \(dma\.json\)$/m);
});

test('bad usage', () => {
  refuses([], /No command given/);
  refuses(['frobnicate'], /frobnicate/);
  refuses(['report'], /no capture given/);
  refuses(['report', OVERLAP, '--format', 'xml'], /Choices: "text", "json"/);
  refuses(['report', OVERLAP, '--fail-on', 'always'], /"always"/);
  refuses(['report', OVERLAP, '--colour'], /colour/);
  refuses(['report', OVERLAP, '--only', 'no-such'], /no rule is called "no-such"/);
  refuses(['report', OVERLAP, '--rules', join(folder, 'nowhere')], /expected a folder of rules/);
  refuses(['report', '-', '-'], /given twice/);
  refuses(
    ['report', OVERLAP, '--dmesg'],
    /^dmaspan: Not enough arguments following: dmesg\nSee dmaspan report --help/,
  );
});

test('bad input', () => {
  refuses(['report', file('empty', '')], /empty/);
  refuses(['report', folder], /found a directory/);
  refuses(['report', join(folder, 'missing')], /no such file/);
  refuses(
    ['report', file('image.jpg', Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'))],
    /JPEG/i,
  );
  refuses(['report', '-'], /empty/, '');
  refuses(['info', file('empty2', '')], /empty/);
});

test('a wrong dictionary', () => {
  refuses(['report', OVERLAP, '--events', file('broken.json', '{')], /broken\.json/);
  refuses(
    ['report', '--events', file('wrong.json', '{"events": [{"event": "x", "layer": "moon"}]}'), OVERLAP],
    /wrong\.json.*events\[0\]/s,
  );
  refuses(['events', '--events', join(folder, 'none.json')], /none\.json/);
});

test('a rule that does not run', () => {
  const own = mkdtempSync(join(folder, 'broken-'));
  writeFileSync(join(own, 'own.sql'), OWN.replace('FROM lifetimes', 'FROM nowhere'));
  refuses(['report', OVERLAP, '--rules', own], /own\.sql: the rule's SQL does not run: .*nowhere/s);
  writeFileSync(join(own, 'own.sql'), OWN.replace('-- title: Own\n', ''));
  refuses(['report', OVERLAP, '--rules', own], /own\.sql: the header has no "title"/);
});

test('stdout closed from the start is no crash', () => {
  const full = openSync('/dev/null', 'w');
  const result = spawnSync(process.execPath, [COMMAND, 'rules'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  assert.is(result.status, 0);
});

test.run();
