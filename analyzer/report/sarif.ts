/**
 * The report as SARIF 2.1.0 (docs.oasis-open.org/sarif), for code scanning.
 *
 * In: a report, and the folder that paths are relative to. Out: JSON of one run: rules from the rules' headers, captures as artifacts, findings as results with their device
 * and call site as logical locations and both stacks. It stays within what GitHub takes, and says what it left out.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../../traces/package-root.js';
import { printable } from '../../traces/printable.js';
import type { RuleResult } from '../findings.js';
import type { Rule } from '../rules.js';
import type { TriagedFinding } from '../triage/triage.js';
import { asJson } from './json.js';
import { captureUri } from './place.js';
import type { Report } from './report.js';
import { sarifResult } from './sarif-result.js';

/** GitHub refuses a run with more results. */
export const MOST_RESULTS = 25_000;
/** GitHub shows so many; those beyond come without call stacks, which are most of the text. */
const MOST_WITH_STACKS = 5_000;

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

export function sarifReport(report: Report, folder: string): string {
  const rules = report.results.map(({ rule }) => rule);
  const uris = report.captures.map(({ file }) => captureUri(String(file), folder));
  const kept = report.findings.slice(0, MOST_RESULTS);
  const run = {
    tool: { driver: { name: 'dmaspan', semanticVersion: version(), rules: rules.map(ruleObject) } },
    columnKind: 'utf16CodeUnits',
    artifacts: report.captures.map(({ sha256 }, at) => artifact(uris[at]!, sha256)),
    invocations: [
      { executionSuccessful: true, toolExecutionNotifications: notifications(report, kept, rules) },
    ],
    results: kept.map((finding, at) => sarifResult(report, finding, rules, uris, at < MOST_WITH_STACKS)),
  };
  return `${asJson({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, 1)}\n`;
}

const version = (): string =>
  (JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { version: string }).version;

function artifact(uri: string, sha256: unknown): object {
  const hashes = sha256 == null ? {} : { hashes: { 'sha-256': String(sha256) } };
  return { location: { uri }, roles: ['analysisTarget'], ...hashes };
}

const LEVEL = { error: 'error', warning: 'warning', info: 'note' } as const;

/** `leak-at-removal`, as viewers want a name: `LeakAtRemoval`. */
const nameOf = (id: string): string =>
  id.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());

function ruleObject({ id, title, why, next, contract, severity, family }: Rule): object {
  const help = contract === '' ? `${why}\n\nNext: ${next}` : `${why}\n\nNext: ${next}\n\nFrom: ${contract}`;
  return {
    id,
    name: nameOf(id),
    shortDescription: { text: printable(`${title}.`) },
    fullDescription: { text: printable(why) },
    help: { text: help.split('\n').map(printable).join('\n') },
    defaultConfiguration: { level: LEVEL[severity] },
    properties: { tags: ['dma', printable(family)], precision: 'high' },
  };
}

/** What no result says: rules that could not tell, what became of the baseline's others, what was cut. */
function notifications(report: Report, kept: readonly TriagedFinding[], rules: readonly Rule[]): object[] {
  const cut = report.findings.length - kept.length;
  const bare = Math.max(0, kept.length - MOST_WITH_STACKS);
  return [
    ...report.results
      .filter(({ verdict }) => verdict === 'cannot tell')
      .map((result) => untold(result, rules)),
    ...(report.baseline?.missed ?? []).map(({ entry, state, reason }) =>
      notification(
        'note',
        `Of the baseline, ${state}: ${entry.rule}, ${JSON.stringify(entry.where)}: ${reason}.`,
      ),
    ),
    ...report.budgets
      .filter(({ verdict }) => verdict !== 'within')
      .map(({ name, verdict, message }) =>
        notification(verdict === 'exceeded' ? 'error' : 'note', `Budget ${name}: ${verdict}: ${message}.`),
      ),
    ...(cut === 0
      ? []
      : [
          notification(
            'warning',
            `${cut} results of ${report.findings.length} left out, the least severe: GitHub takes ${MOST_RESULTS} a run.`,
          ),
        ]),
    ...(bare === 0
      ? []
      : [
          notification(
            'note',
            `The last ${bare} results are without call stacks, to stay within GitHub's size.`,
          ),
        ]),
  ];
}

function untold({ rule, reason, advice }: RuleResult, rules: readonly Rule[]): object {
  const text = `${rule.id} cannot tell: ${reason}.${advice === '' ? '' : ` To tell: ${advice}`}`;
  return { ...notification('note', text), associatedRule: { id: rule.id, index: rules.indexOf(rule) } };
}

const notification = (level: 'note' | 'warning' | 'error', text: string): object => ({
  level,
  message: { text: printable(text) },
});
