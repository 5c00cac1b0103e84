/**
 * The report as JUnit XML, which every CI server shows: a suite a capture, a case a rule, and one a budget.
 *
 * In: a report, and what fails a run. Out: XML. Found and news (or at or above `--fail-on`) is a failure; an info, what is known,
 * suppressed or only possible is told in a case that passes; cannot tell is skipped, with its reason.
 */
import picocolors from 'picocolors';
import { printable } from '../../traces/printable.js';
import type { CaptureVerdict } from '../findings.js';
import type { Rule } from '../rules.js';
import type { BudgetResult } from '../triage/budgets.js';
import { atOrAbove, type FailOn, isNews, type TriagedFinding } from '../triage/triage.js';
import type { Report } from './report.js';
import { findingText } from './text.js';

const PLAIN = picocolors.createColors(false);

interface Case {
  readonly name: string;
  readonly classname: string;
  readonly failures: readonly { type: string; message: string; body: string }[];
  readonly skipped?: string;
  readonly out: readonly string[];
}

export function junitReport(report: Report, failOn: FailOn): string {
  const suites = report.captures.map(({ file }, capture) =>
    suite(String(file), casesOf(report, capture, failOn)),
  );
  const general = report.budgets.filter(({ capture }) => capture === null).map(budgetCase);
  if (general.length > 0) suites.push(suite('budgets', general));
  const sum = (name: 'tests' | 'failures'): number => suites.reduce((all, one) => all + one[name], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="dmaspan" tests="${sum('tests')}" failures="${sum('failures')}" errors="0">`,
    ...suites.map(({ text }) => text),
    '</testsuites>\n',
  ].join('\n');
}

function casesOf(report: Report, capture: number, failOn: FailOn): Case[] {
  const rules = report.results.map(({ rule, captures }) =>
    ruleCase(
      report,
      rule,
      captures[capture]!,
      report.findings.filter((one) => one.rule === rule.id && one.capture === capture),
      failOn,
    ),
  );
  return [...rules, ...report.budgets.filter((one) => one.capture === capture).map(budgetCase)];
}

/** With `never`, and with `error`, a warning is a failure here all the same: this says what was found, the exit code what may not be. */
function isFailure(report: Report, finding: TriagedFinding, failOn: FailOn): boolean {
  const limit = failOn === 'info' ? 'info' : 'warning';
  const budgeted = report.budgets.some(({ name }) => name === finding.rule);
  return isNews(finding) && !budgeted && atOrAbove(finding.severity, limit);
}

function ruleCase(
  report: Report,
  rule: Rule,
  { verdict, reason, advice }: CaptureVerdict,
  findings: readonly TriagedFinding[],
  failOn: FailOn,
): Case {
  const failed = findings.filter((one) => isFailure(report, one, failOn));
  const told = (one: TriagedFinding): string => findingText(report, one, PLAIN);
  return {
    name: rule.id,
    classname: `dmaspan.${rule.family}`,
    failures: failed.map((one) => ({
      type: `${one.severity}.${one.confidence}`,
      message: one.message,
      body: told(one),
    })),
    ...(verdict === 'cannot tell'
      ? { skipped: advice === '' ? reason : `${reason}. To tell: ${advice}` }
      : {}),
    out: findings.filter((one) => !failed.includes(one)).map((one) => `${stateText(one)}\n${told(one)}`),
  };
}

function stateText({ suppressed, baseline, confidence, severity }: TriagedFinding): string {
  if (suppressed !== null) return `Suppressed by ${suppressed}:`;
  if (baseline === 'known') return 'Known to the baseline:';
  return confidence === 'possible' ? 'Only possible:' : `No failure (${severity}):`;
}

function budgetCase({ name, verdict, message }: BudgetResult): Case {
  const failures =
    verdict === 'exceeded' ? [{ type: 'budget', message: `${name}: ${message}`, body: message }] : [];
  const skipped = verdict === 'cannot tell' ? { skipped: message } : {};
  return {
    name,
    classname: 'dmaspan.budget',
    failures,
    ...skipped,
    out: verdict === 'within' ? [message] : [],
  };
}

function suite(name: string, cases: readonly Case[]): { text: string; tests: number; failures: number } {
  const failures = cases.filter((one) => one.failures.length > 0).length;
  const skipped = cases.filter((one) => one.skipped !== undefined).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  const text = [`  <testsuite name="${xml(name)}" ${counts}>`, ...cases.map(caseText), '  </testsuite>'].join(
    '\n',
  );
  return { text, tests: cases.length, failures };
}

function caseText({ name, classname, failures, skipped, out }: Case): string {
  const inner = [
    ...(skipped === undefined ? [] : [`      <skipped message="${xml(skipped)}"/>`]),
    ...failures.map(
      ({ type, message, body }) =>
        `      <failure type="${xml(type)}" message="${xml(message)}">${xmlLines(body)}</failure>`,
    ),
    ...out.map((text) => `      <system-out>${xmlLines(text)}</system-out>`),
  ];
  const head = `    <testcase name="${xml(name)}" classname="${xml(classname)}"`;
  return inner.length === 0 ? `${head}/>` : [`${head}>`, ...inner, '    </testcase>'].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** One line of text; XML knows no control characters, no half surrogates and two characters less. */
function xml(text: string): string {
  return printable(text)
    .replace(/\p{Surrogate}|[\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}

const xmlLines = (text: string): string => text.split('\n').map(xml).join('\n');
