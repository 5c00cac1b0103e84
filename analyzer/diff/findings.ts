/**
 * The findings of two runs, compared by the fingerprint that baselines use.
 *
 * In: both runs. Out: a change a fingerprint, the worst first; whether it makes B worse.
 */
import { SEVERITIES } from '../rules.js';
import { absenceOf } from '../triage/baseline.js';
import { fingerprintOf, identityOf } from '../triage/fingerprint.js';
import { atOrAbove, type FailOn, type TriagedFinding } from '../triage/triage.js';
import type { Run } from './run.js';

/** `unseen`: A has it, and B could not have found it. */
export type FindingState = 'new' | 'grown' | 'shrunk' | 'same' | 'gone' | 'unseen';

export interface FindingSide {
  readonly count: bigint;
  readonly bytes: bigint;
  /** The worst of them. */
  readonly worst: TriagedFinding;
}

export interface FindingChange {
  readonly state: FindingState;
  readonly fingerprint: string;
  readonly where: Readonly<Record<string, string | null>>;
  readonly a: FindingSide | null;
  readonly b: FindingSide | null;
  /** It is what exit code 1 is for. */
  readonly worse: boolean;
  /** Why it is not seen, or what stands against calling it new. */
  readonly note: string | null;
}

/** Columns of a finding that name code; a run without call stacks has none of them. */
const SITES: ReadonlySet<string> = new Set(['site', 'via', 'close_site', 'close_via']);

export interface Terms {
  readonly failOn: FailOn;
  /** One run has no call sites: findings are told apart without them. */
  readonly siteless: boolean;
}

interface Group extends FindingSide {
  readonly where: Readonly<Record<string, string | null>>;
}

export function findingChanges(a: Run, b: Run, terms: Terms): FindingChange[] {
  const before = groupsOf(a, terms);
  const after = groupsOf(b, terms);
  const fingerprints = [...new Set([...after.keys(), ...before.keys()])];
  return fingerprints
    .map((fingerprint) =>
      changeOf(fingerprint, before.get(fingerprint) ?? null, after.get(fingerprint) ?? null, { a, b }, terms),
    )
    .sort(worstFirst);
}

/** Findings of one fingerprint together: of several captures, or of a rule that parts more finely than its identity. */
function groupsOf({ report }: Run, { siteless }: Terms): Map<string, Group> {
  const identity = new Map(report.results.map(({ rule }) => [rule.id, rule.identity]));
  const groups = new Map<string, Group>();
  for (const finding of report.findings) {
    const columns = identity.get(finding.rule)!.filter((name) => !siteless || !SITES.has(name));
    const fingerprint = siteless ? fingerprintOf(finding, columns) : finding.fingerprint;
    const { count, bytes, worst = finding } = groups.get(fingerprint) ?? { count: 0n, bytes: 0n };
    groups.set(fingerprint, {
      count: count + finding.count,
      bytes: bytes + finding.bytes,
      worst,
      where: identityOf(finding, columns),
    });
  }
  return groups;
}

function changeOf(
  fingerprint: string,
  a: Group | null,
  b: Group | null,
  runs: { readonly a: Run; readonly b: Run },
  { failOn }: Terms,
): FindingChange {
  const { where, worst } = (b ?? a)!;
  const { state, note } =
    b === null ? absent(worst, runs.b) : a === null ? appeared(worst, runs.a) : bothHave(a, b);
  const bad = b !== null && (state === 'new' || state === 'grown') && isBad(b.worst, failOn);
  return { state, fingerprint, where, a: side(a), b: side(b), worse: bad, note };
}

const side = (group: Group | null): FindingSide | null =>
  group === null ? null : { count: group.count, bytes: group.bytes, worst: group.worst };

const isBad = ({ suppressed, confidence, severity }: TriagedFinding, failOn: FailOn): boolean =>
  failOn !== 'never' && suppressed === null && confidence !== 'possible' && atOrAbove(severity, failOn);

type Judgement = Pick<FindingChange, 'state' | 'note'>;

function absent({ rule }: TriagedFinding, { report, lossy }: Run): Judgement {
  const { state, reason } = absenceOf(rule, report.results, lossy);
  return state === 'gone' ? { state, note: null } : { state, note: `B cannot tell: ${reason}` };
}

function appeared({ rule }: TriagedFinding, { report, lossy }: Run): Judgement {
  const { state, reason } = absenceOf(rule, report.results, lossy);
  return { state: 'new', note: state === 'gone' ? null : `A could not tell: ${reason}` };
}

/** As with baselines, what was only possible and is more now is new. */
function bothHave(a: Group, b: Group): Judgement {
  if (a.worst.confidence === 'possible' && b.worst.confidence !== 'possible')
    return { state: 'new', note: 'it was only possible in A' };
  const difference = b.count === a.count ? b.bytes - a.bytes : b.count - a.count;
  return { state: difference > 0n ? 'grown' : difference < 0n ? 'shrunk' : 'same', note: null };
}

const STATES: readonly FindingState[] = ['new', 'grown', 'gone', 'unseen', 'shrunk', 'same'];

function worstFirst(one: FindingChange, two: FindingChange): number {
  const severity = ({ a, b }: FindingChange): number => SEVERITIES.indexOf((b ?? a)!.worst.severity);
  const rule = ({ a, b }: FindingChange): string => (b ?? a)!.worst.rule;
  return (
    Number(two.worse) - Number(one.worse) ||
    STATES.indexOf(one.state) - STATES.indexOf(two.state) ||
    severity(one) - severity(two) ||
    (rule(one) < rule(two) ? -1 : rule(one) > rule(two) ? 1 : one.fingerprint < two.fingerprint ? -1 : 1)
  );
}
