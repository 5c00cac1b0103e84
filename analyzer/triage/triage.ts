/**
 * Which findings are new, which are known, and which nobody wants to hear of.
 *
 * In: the rules' results, suppressions, a baseline, budgets. Out: the findings with their fingerprints and states, and what was
 * used of each list; whether the run fails is decided from nothing else.
 */
import type { Finding, RuleResult } from '../findings.js';
import { SEVERITIES, type Severity } from '../rules.js';
import { type Baseline, isKnown } from './baseline.js';
import type { BudgetResult, Budgets } from './budgets.js';
import { fingerprintOf } from './fingerprint.js';
import type { Suppression, SuppressionUse } from './suppressions.js';

export interface TriagedFinding extends Finding {
  /** The same in each run that finds it (fingerprint.ts). */
  readonly fingerprint: string;
  /** By the baseline; null without one. */
  readonly baseline: 'new' | 'known' | null;
  /** The suppression that matches, as it stands in the file. */
  readonly suppressed: string | null;
}

export interface TriageSettings {
  readonly baseline?: Baseline;
  readonly suppressions?: { readonly file: string; readonly list: readonly Suppression[] };
  readonly budgets?: Budgets;
}

export function triage(results: readonly RuleResult[], settings: TriageSettings): TriagedFinding[] {
  const { baseline, suppressions } = settings;
  return results.flatMap(({ rule, findings }) =>
    findings.map((finding) => {
      const fingerprint = fingerprintOf(finding, rule.identity);
      const suppression = suppressions?.list.find((one) => one.matches(finding, rule));
      const known = baseline !== undefined && isKnown(baseline, fingerprint, finding.confidence);
      return {
        ...finding,
        fingerprint,
        baseline: baseline === undefined ? null : known ? 'known' : 'new',
        suppressed: suppression?.text ?? null,
      };
    }),
  );
}

export function usesOf(list: readonly Suppression[], findings: readonly TriagedFinding[]): SuppressionUse[] {
  return list.map(({ line, text }, at) => {
    const first = list.findIndex((one) => one.text === text) === at;
    const matched = first ? findings.filter(({ suppressed }) => suppressed === text) : [];
    return {
      line,
      text,
      findings: matched.length,
      instances: matched.reduce((sum, { count }) => sum + count, 0n),
    };
  });
}

export type FailOn = Severity | 'never';

/** Whether it is news: neither suppressed, nor known, nor only possible. */
export const isNews = ({ suppressed, baseline, confidence }: TriagedFinding): boolean =>
  suppressed === null && baseline !== 'known' && confidence !== 'possible';

export const atOrAbove = (severity: Severity, limit: Severity): boolean =>
  SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(limit);

/** Whether a run with this finding fails: it is news, at or above the severity, and its rule has no budget that allows for it. */
export function fails(
  finding: TriagedFinding,
  failOn: FailOn,
  budgets: readonly BudgetResult[] = [],
): boolean {
  if (failOn === 'never' || !isNews(finding)) return false;
  return !budgets.some(({ name }) => name === finding.rule) && atOrAbove(finding.severity, failOn);
}

export function runFails(
  { findings, budgets }: { findings: readonly TriagedFinding[]; budgets: readonly BudgetResult[] },
  failOn: FailOn,
): boolean {
  if (failOn === 'never') return false;
  return (
    budgets.some(({ verdict }) => verdict === 'exceeded') ||
    findings.some((finding) => fails(finding, failOn, budgets))
  );
}
