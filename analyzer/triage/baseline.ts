/**
 * What an earlier run found, and was accepted: only what is new fails.
 *
 * In: a baseline file (JSON, written by `--update-baseline`), the findings of this run and the rules' results.
 * Out: which findings are known, and what became of the file's others; and the file's next text.
 */
import { shortened } from '../../traces/printable.js';
import type { Confidence, RuleResult } from '../findings.js';
import { identityOf } from './fingerprint.js';
import { SettingsError } from './settings-error.js';
import type { TriagedFinding } from './triage.js';

export interface BaselineEntry {
  readonly fingerprint: string;
  readonly rule: string;
  /** What was only possible then and is more now is new. */
  readonly confidence: Confidence;
  /** The columns that the fingerprint is made from: for people, and to name an entry that is gone. */
  readonly where: Readonly<Record<string, string | null>>;
  /** Of the file's owner; kept. */
  readonly note?: string;
}

export interface Baseline {
  readonly file: string;
  readonly entries: readonly BaselineEntry[];
}

/** What became of an entry without a finding. */
export interface MissedEntry {
  readonly entry: BaselineEntry;
  /** `gone`: looked for and not found. `unseen`: the run could not have found it. */
  readonly state: 'gone' | 'unseen';
  readonly reason: string;
}

const ADVICE = 'Write it with --baseline FILE --update-baseline.';

/** Throws SettingsError for what is no baseline. */
export function parseBaseline(text: string, file: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(
      `${file}: expected a baseline, found no JSON: ${shortened((error as Error).message, 100)}`,
      ADVICE,
    );
  }
  const { dmaspan_baseline: version, findings } = (value ?? {}) as Record<string, unknown>;
  if (version !== 1 || !Array.isArray(findings))
    throw new SettingsError(
      `${file}: expected a baseline of version 1, found ${shortened(JSON.stringify(version ?? null), 40)}`,
      ADVICE,
    );
  const wrong = findings.findIndex((entry) => !isEntry(entry));
  if (wrong >= 0)
    throw new SettingsError(
      `${file}: findings[${wrong}]: expected fingerprint, rule, confidence and where`,
      ADVICE,
    );
  return { file, entries: findings as BaselineEntry[] };
}

function isEntry(value: unknown): boolean {
  const { fingerprint, rule, confidence, where } = (value ?? {}) as Record<string, unknown>;
  const words = [fingerprint, rule, confidence].every((word) => typeof word === 'string');
  return words && /^[0-9a-f]{32}$/.test(fingerprint as string) && typeof where === 'object' && where !== null;
}

export const isKnown = ({ entries }: Baseline, fingerprint: string, confidence: Confidence): boolean =>
  entries.some(
    (entry) =>
      entry.fingerprint === fingerprint && (entry.confidence !== 'possible' || confidence === 'possible'),
  );

/** The entries that no finding of this run matches. `lossy`: events were lost, so that absence proves nothing. */
export function missedOf(
  { entries }: Baseline,
  findings: readonly TriagedFinding[],
  results: readonly RuleResult[],
  lossy: boolean,
): MissedEntry[] {
  const seen = new Set(findings.map(({ fingerprint }) => fingerprint));
  return entries
    .filter(({ fingerprint }) => !seen.has(fingerprint))
    .map((entry) => ({ entry, ...absenceOf(entry.rule, results, lossy) }));
}

/** What it means that a run has no finding of a rule that another run had. */
export function absenceOf(
  ruleId: string,
  results: readonly RuleResult[],
  lossy: boolean,
): Pick<MissedEntry, 'state' | 'reason'> {
  const result = results.find(({ rule }) => rule.id === ruleId);
  if (result === undefined) return { state: 'unseen', reason: 'its rule did not run' };
  if (result.verdict === 'cannot tell') return { state: 'unseen', reason: result.reason };
  if (lossy) return { state: 'unseen', reason: 'events were lost' };
  return { state: 'gone', reason: 'not found any more' };
}

/** The baseline that accepts this run: its findings, and those older ones that it could not see. */
export function updatedBaseline(
  findings: readonly TriagedFinding[],
  results: readonly RuleResult[],
  old: Baseline | undefined,
  missed: readonly MissedEntry[],
): string {
  const identity = new Map(results.map(({ rule }) => [rule.id, rule.identity]));
  const entries = new Map<string, BaselineEntry>();
  for (const { entry, state } of missed) if (state === 'unseen') entries.set(entry.fingerprint, entry);
  for (const finding of findings.filter(({ suppressed }) => suppressed === null)) {
    const { fingerprint, rule, confidence } = finding;
    const note = old?.entries.find((entry) => entry.fingerprint === fingerprint)?.note;
    const certain = entries.get(fingerprint)?.confidence;
    entries.set(fingerprint, {
      fingerprint,
      rule,
      confidence: certain !== undefined && certain !== 'possible' ? certain : confidence,
      where: identityOf(finding, identity.get(rule)!),
      ...(note === undefined ? {} : { note }),
    });
  }
  const sorted = [...entries.values()].sort(
    (a, b) => order(a.rule, b.rule) || order(a.fingerprint, b.fingerprint),
  );
  return `${JSON.stringify({ dmaspan_baseline: 1, findings: sorted }, null, 2)}\n`;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
