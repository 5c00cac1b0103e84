/**
 * What rules find.
 *
 * In: the rows of a rule's SELECT, which keep the contract of docs/rules/README.md. Out: findings, or a RuleError that names the file.
 */
import type { Kept } from './kept.js';
import { type Rule, RuleError, SEVERITIES, type Severity } from './rules.js';

export type Row = Record<string, unknown>;

/** The part of the database that rules need; values are what DuckDB's Node client gives (64-bit integers as bigint). */
export interface Queryable {
  query(sql: string, params?: Record<string, string | number | null>): Promise<Row[]>;
  /** Another connection, for statements at the same time. */
  beside?(): Promise<Queryable>;
  /** What need not be computed any more. */
  readonly kept?: Kept;
}

export type Confidence = 'certain' | 'likely' | 'possible';
export type Verdict = 'found' | 'clear' | 'cannot tell';

export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly reason: string;
  /** Which input, from 0. */
  readonly capture: number;
  readonly device: string | null;
  readonly kind: string | null;
  /** Who mapped; where no mapping is known, who made the wrong call. */
  readonly site: string | null;
  readonly via: string | null;
  /** Who unmapped or synced, or who should have. */
  readonly close_site: string | null;
  readonly close_via: string | null;
  readonly close_label: string;
  readonly message: string;
  /** Instances: mappings (a scatterlist is one), each once. */
  readonly count: bigint;
  readonly bytes: bigint;
  readonly first_ts: bigint;
  readonly last_ts: bigint;
  /** One example: a row of `lifetimes`. */
  readonly lifetime: bigint | null;
  readonly other: bigint | null;
  readonly open_stack: number | null;
  readonly close_stack: number | null;
  /** Columns of the rule beyond the contract. */
  readonly facts: Readonly<Row>;
}

export interface RuleResult {
  readonly rule: Rule;
  readonly verdict: Verdict;
  /** One sentence; for `cannot tell`, what is missing. */
  readonly reason: string;
  /** For `cannot tell`: what to record. */
  readonly advice: string;
  readonly findings: readonly Finding[];
  /** The same for each capture alone, by its number. */
  readonly captures: readonly CaptureVerdict[];
}

export type CaptureVerdict = Pick<RuleResult, 'verdict' | 'reason' | 'advice'>;

/** What a rule found, and what it cannot tell. */
export interface RuleRows {
  readonly findings: readonly Finding[];
  readonly unknown: readonly Row[];
}

/** Throws RuleError for rows that do not keep the contract. */
export function ruleRows(rule: Rule, rows: readonly Row[]): RuleRows {
  if (rows.length > 0) checkColumns(rule, rows[0]!);
  return {
    findings: rows.filter((row) => row.confidence !== 'unknown').map((row) => findingOf(rule, row)),
    unknown: rows.filter((row) => row.confidence === 'unknown'),
  };
}

const REQUIRED = [
  'device',
  'site',
  'close_site',
  'message',
  'count',
  'bytes',
  'first_ts',
  'last_ts',
  'lifetime',
  'confidence',
  'reason',
];
const OPTIONAL = [
  'capture',
  'severity',
  'kind',
  'via',
  'close_via',
  'close_label',
  'open_stack',
  'close_stack',
  'other',
  'advice',
];
const CONTRACT: ReadonlySet<string> = new Set([...REQUIRED, ...OPTIONAL]);
const CONFIDENCES: readonly unknown[] = ['certain', 'likely', 'possible', 'unknown'];

function checkColumns(rule: Rule, row: Row): void {
  const missing = REQUIRED.filter((name) => !(name in row));
  if (missing.length > 0) {
    throw new RuleError(
      `${rule.file}: the SELECT has no column ${missing.join(', ')}`,
      `A rule yields at least: ${REQUIRED.join(', ')}.`,
    );
  }
}

function findingOf(rule: Rule, row: Row): Finding {
  if (!CONFIDENCES.includes(row.confidence)) {
    throw new RuleError(
      `${rule.file}: confidence is ${JSON.stringify(row.confidence)}`,
      `Expected ${CONFIDENCES.join(', ')}.`,
    );
  }
  const severity = SEVERITIES.find(
    (name) => name === (rule.imposed === true ? rule.severity : (row.severity ?? rule.severity)),
  );
  if (severity === undefined)
    throw new RuleError(
      `${rule.file}: severity is ${String(row.severity)}`,
      `Expected ${SEVERITIES.join(', ')}.`,
    );
  const text = (name: string): string | null => (row[name] == null ? null : String(row[name]));
  const id = (name: string): number | null => (row[name] == null ? null : Number(row[name]));
  const rowId = (name: string): bigint | null =>
    row[name] == null ? null : BigInt(row[name] as bigint | number);
  const whole = (name: string): bigint => (row[name] == null ? 0n : BigInt(row[name] as bigint | number));
  return {
    rule: rule.id,
    severity,
    confidence: row.confidence as Confidence,
    reason: text('reason') ?? '',
    capture: id('capture') ?? 0,
    device: text('device'),
    kind: text('kind'),
    site: text('site'),
    via: text('via'),
    close_site: text('close_site'),
    close_via: text('close_via'),
    close_label: text('close_label') ?? 'Unmapped by',
    message: text('message') ?? rule.title,
    count: whole('count'),
    bytes: whole('bytes'),
    first_ts: whole('first_ts'),
    last_ts: whole('last_ts'),
    lifetime: rowId('lifetime'),
    other: rowId('other'),
    open_stack: id('open_stack'),
    close_stack: id('close_stack'),
    facts: Object.fromEntries(Object.entries(row).filter(([name]) => !CONTRACT.has(name))),
  };
}
