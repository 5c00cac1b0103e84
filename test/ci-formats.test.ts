/** The formats for CI servers, each held against its schema or a parser that others wrote, and against names that try to break out. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import draft4 from 'ajv-draft-04';
import formats from 'ajv-formats';
import { XmlDocument } from 'libxml2-wasm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { openDatabase } from '../analyzer/database.js';
import { judge } from '../analyzer/judge.js';
import { analyze } from '../analyzer/pipeline.js';
import { githubReport } from '../analyzer/report/github.js';
import { gitlabReport } from '../analyzer/report/gitlab.js';
import { jsonReport } from '../analyzer/report/json.js';
import { jsonLinesReport } from '../analyzer/report/json-lines.js';
import { junitReport } from '../analyzer/report/junit.js';
import { markdownReport } from '../analyzer/report/markdown.js';
import { makeReport, type Report } from '../analyzer/report/report.js';
import { MOST_RESULTS, sarifReport } from '../analyzer/report/sarif.js';
import { loadRules } from '../analyzer/rules.js';
import { parseSuppressions } from '../analyzer/triage/suppressions.js';
import type { TriageSettings } from '../analyzer/triage/triage.js';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';

const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const FOLDER = inPackage('.');

async function reportOf(files: readonly string[], settings: TriageSettings = {}): Promise<Report> {
  const analysis = await analyze(files, { dictionary: await loadDictionary([]) });
  const database = await openDatabase(analysis);
  try {
    const results = await judge(database, loadRules());
    return await makeReport(database, results, settings);
  } finally {
    database.close();
  }
}

const buggy = await reportOf([sample('buggy-driver', 'trace.dat')], {
  suppressions: { file: 'x.supp', list: parseSuppressions('rule:sync-outside', 'x.supp') },
  baseline: { file: 'base.json', entries: [] },
  budgets: { maxLiveBytes: 1n, instances: new Map([['double-unmap', 5n]]) },
});
const two = await reportOf([sample('overlap-no-iommu', 'trace.txt'), sample('slow-leak', 'trace.txt.zst')]);

/** Every control character, and what each format gives a meaning to. */
const EVIL = `\u0000\u001b[2J\u009b\u007f\r\n::error::x%0A,<a href="x">&|\`\`\`\ud800]]>'*_`;
const hostile: Report = {
  ...buggy,
  captures: buggy.captures.map((row) => ({ ...row, file: `trace${EVIL}` })),
  findings: buggy.findings.map((one) => ({
    ...one,
    device: EVIL,
    site: `${EVIL} [${EVIL}]`,
    via: EVIL,
    message: `seen ${EVIL}`,
    reason: EVIL,
  })),
  stacks: new Map([...buggy.stacks].map(([id]) => [id, [EVIL, `${EVIL}+0x1/0x2`]])),
};

const require = createRequire(import.meta.url);
const sarifSchema = JSON.parse(
  readFileSync(
    require.resolve('@microsoft/jest-sarif').replace(/index\.js$/, 'schemas/sarif-2.1.0-rtm.5.json'),
    'utf8',
  ),
) as object;

interface Validator {
  (value: unknown): unknown;
  errors?: unknown;
}

const sarifAjv = new draft4.default({ strict: false, allErrors: true, unicodeRegExp: false });
formats.default(sarifAjv as unknown as Parameters<typeof formats.default>[0]);
const isSarif = sarifAjv.compile(sarifSchema) as Validator;

interface SarifRun {
  tool: { driver: { rules: { id: string }[] } };
  results: {
    ruleId: string;
    ruleIndex: number;
    level: string;
    baselineState?: string;
    suppressions?: object[];
    partialFingerprints: Record<string, string>;
    locations: {
      physicalLocation: { artifactLocation: { uri: string; index: number } };
      logicalLocations: { name: string }[];
    }[];
    stacks?: object[];
  }[];
  artifacts: { location: { uri: string } }[];
  invocations: { toolExecutionNotifications: { message: { text: string } }[] }[];
}

function sarifRun(report: Report): SarifRun {
  const log = JSON.parse(sarifReport(report, FOLDER)) as { runs: SarifRun[] };
  assert.ok(isSarif(log), JSON.stringify(isSarif.errors).slice(0, 500));
  return log.runs[0]!;
}

test('SARIF: as its schema says, with rules, places and fingerprints', () => {
  const { tool, results, artifacts, invocations } = sarifRun(buggy);
  assert.is(artifacts[0]!.location.uri, 'traces/samples/buggy-driver/trace.dat');
  assert.is(results.length, buggy.findings.length);
  for (const { ruleId, ruleIndex, baselineState, locations } of results) {
    assert.is(tool.driver.rules[ruleIndex]!.id, ruleId);
    assert.is(baselineState, 'new');
    assert.match(locations[0]!.logicalLocations[0]!.name!, /^0000:0[01]:0[056]\.0$/);
  }
  assert.ok(results.some(({ locations }) => locations[0]!.logicalLocations[1]?.name === 'mir_fill'));
  assert.equal(
    results.filter(({ suppressions }) => suppressions !== undefined).map(({ ruleId }) => ruleId),
    ['sync-outside'],
  );
  assert.equal(
    new Set(results.map(({ partialFingerprints }) => partialFingerprints['dmaspan/v1'])).size,
    results.length,
  );
  assert.match(JSON.stringify(invocations), /Budget max-live-bytes: exceeded/);
  sarifRun(two);
});

test("SARIF: within GitHub's limits, and says what was cut", () => {
  const findings = Array.from({ length: 30_000 }, (_, at) => buggy.findings[at % buggy.findings.length]!);
  const { results, invocations } = sarifRun({ ...buggy, findings });
  assert.is(results.length, MOST_RESULTS);
  assert.match(JSON.stringify(invocations), /5000 results of 30000 left out/);
  assert.is(results.at(-1)!.stacks, undefined);
  assert.ok(gzipSync(sarifReport({ ...buggy, findings }, FOLDER)).length < 10_000_000);
});

/** The number that XPath counts. */
function xml(text: string): { all: (path: string) => string[]; done: () => void } {
  const document = XmlDocument.fromString(text);
  return { all: (path) => document.find(path).map((node) => node.content), done: () => document.dispose() };
}

test('JUnit: a case a rule and capture; found fails, cannot tell is skipped', () => {
  for (const report of [buggy, two]) {
    const { all, done } = xml(junitReport(report, 'error'));
    const perCapture = report.budgets.length === 0 ? loadRules().length : loadRules().length + 1;
    assert.is(all('//testsuite[1]/testcase').length, perCapture);
    assert.is(Number(all('/testsuites/@tests')[0]), all('//testcase').length);
    assert.is(Number(all('/testsuites/@failures')[0]), all('//testcase[failure]').length);
    assert.is(all('//testsuite/@name').length, report.captures.length + (report === buggy ? 1 : 0));
    done();
  }
  const { all, done } = xml(junitReport(buggy, 'error'));
  assert.equal(all('//testcase[failure]/@name').includes('double-unmap'), false, 'within its budget');
  assert.ok(all('//testcase[@classname="dmaspan.budget"]/failure/@message')[0]!.includes('mapped at once'));
  assert.match(all('//testcase[@name="sync-outside"]/system-out')[0]!, /^Suppressed by rule:sync-outside/);
  assert.match(all('//testcase[@name="leak-at-removal"]/failure')[0]!, /Mapped by cmd_write/);
  done();
  const of = xml(junitReport(two, 'error'));
  assert.equal(of.all('//testsuite[2]/testcase[failure]/@name'), ['leak-growing-site']);
  assert.match(
    of.all('//testsuite[2]/testcase[@name="leak-at-removal"]/skipped/@message')[0]!,
    /remove or removed.*To tell: unbind/,
  );
  of.done();
});

test('GitHub: ten of a kind, the tenth says how many more; one line each', () => {
  const lines = githubReport({ ...buggy, budgets: [] })
    .trimEnd()
    .split('\n');
  const errors = lines.filter((line) => line.startsWith('::error '));
  const expected = buggy.findings.filter(
    ({ severity, suppressed }) => severity === 'error' && suppressed === null,
  ).length;
  assert.is(errors.length, 10);
  assert.match(errors[9]!, new RegExp(`^::error title=dmaspan%3A ${expected - 9} more::`));
  assert.match(lines.at(-1)!, /^dmaspan: \d+ findings/);
  for (const line of githubReport(hostile).trimEnd().split('\n').slice(0, -1))
    assert.match(line, /^::(error|warning|notice) title=[^:,]*::[^\r\n]*$/);
  assert.not.match(githubReport(hostile), /%(?!25|0A|3A|2C|0D)/);
});

const CODE_QUALITY = {
  type: 'array',
  items: {
    type: 'object',
    required: ['description', 'check_name', 'fingerprint', 'severity', 'location'],
    properties: {
      description: { type: 'string', minLength: 1 },
      check_name: { type: 'string', minLength: 1 },
      fingerprint: { type: 'string', minLength: 1 },
      severity: { enum: ['info', 'minor', 'major', 'critical', 'blocker'] },
      location: {
        type: 'object',
        required: ['path', 'lines'],
        properties: {
          path: { type: 'string', pattern: '^(?!\\./).+' },
          lines: {
            type: 'object',
            required: ['begin'],
            properties: { begin: { type: 'integer', minimum: 1 } },
          },
        },
      },
    },
  },
};

test('GitLab: as its documentation says; fingerprints are unique', () => {
  const validate = new Ajv().compile(CODE_QUALITY);
  const twice: Report = { ...buggy, findings: [...buggy.findings, ...buggy.findings] };
  for (const report of [buggy, two, twice, hostile]) {
    const list = JSON.parse(gitlabReport(report, FOLDER)) as { fingerprint: string; check_name: string }[];
    assert.ok(validate(list), JSON.stringify(validate.errors));
    assert.is(new Set(list.map(({ fingerprint }) => fingerprint)).size, list.length);
    assert.not(
      list.some(({ check_name }) => check_name === 'sync-outside'),
      'suppressed',
    );
  }
});

test('JSON Lines: the parts of the JSON report', () => {
  const lines = jsonLinesReport(buggy)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  const of = (type: string): object[] =>
    lines.filter((line) => line.type === type).map(({ type: _, ...rest }) => rest);
  const whole = JSON.parse(jsonReport(buggy)) as Record<string, object[]>;
  assert.equal(of('finding'), whole.findings);
  assert.equal(of('rule'), whole.rules);
  assert.equal(of('budget'), whole.budgets);
  assert.is(of('suppression').length, 1);
});

test('Markdown: keeps to its room, and whole parts', () => {
  const all = markdownReport(buggy);
  const some = markdownReport(buggy, 6000);
  assert.ok(Buffer.byteLength(some) <= 6000);
  assert.match(some, /parts of this report left out/);
  assert.is(some.split('<details>').length, some.split('</details>').length);
  assert.ok(all.split('<details>').length > some.split('<details>').length);
});

test('no name from a capture gets out of its place', () => {
  const texts: Record<string, string> = {
    markdown: markdownReport(hostile),
    junit: junitReport(hostile, 'error'),
    github: githubReport(hostile),
    gitlab: gitlabReport(hostile, FOLDER),
    sarif: sarifReport(hostile, FOLDER),
    json: jsonReport(hostile),
    jsonl: jsonLinesReport(hostile),
  };
  for (const [format, text] of Object.entries(texts)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, format);
  }
  xml(texts.junit!).done();
  sarifRun(hostile);
  // Outside of blocks and spans of code, where it means nothing.
  const prose = texts.markdown!.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '').replace(/`[^`\n]*`/g, '');
  assert.not.match(prose, /<a|::error::x%0A,</);
  for (const line of texts.markdown!.split('\n').filter((row) => row.startsWith('|')))
    assert.is(line.split('|').length, 10, line);
});

test('the sample jobs are valid YAML, and their commands have known options', () => {
  const help = readFileSync(inPackage('cli', 'report-options.ts'), 'utf8');
  for (const name of ['github.yml', 'gitlab.yml']) {
    const text = readFileSync(inPackage('docs', 'ci', name), 'utf8');
    const job = parse(text) as Record<string, unknown>;
    const all = JSON.stringify(job);
    assert.match(all, /dmaspan report trace\.dat/, name);
    for (const [, option] of all.matchAll(/ --(baseline|suppressions|require-complete)\b/g))
      assert.ok(help.includes(`'${option}'`));
  }
});

test.run();
