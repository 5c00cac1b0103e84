/**
 * Runs rules on a capture's tables.
 *
 * In: a database with the tables of docs/tables.md, rules, and what the capture is known to have recorded.
 * Out: a verdict a rule (found, clear, cannot tell) with its reason, and the findings.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';
import type { Kind, Layer, Op } from '../wasm/schema.js';
import type { Analysis } from './analysis.js';
import { type Need, type Rule, RuleError, SEVERITIES, type Severity } from './rules.js';

export type Row = Record<string, unknown>;

/** The part of the database that rules need; values are what DuckDB's Node client gives (64-bit integers as bigint). */
export interface Queryable {
  query(sql: string, params?: Record<string, string | number>): Promise<Row[]>;
}

export type Confidence = 'certain' | 'likely' | 'possible';
export type Verdict = 'found' | 'clear' | 'cannot tell';

/** An operation that a capture has recorded, or was set up to record. */
export interface Recorded {
  readonly capture: number;
  readonly layer: Layer;
  readonly op: Op;
  readonly kind: Kind;
}

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
}

/** What the captures of an analysis recorded, by the events they count and by what they say of themselves. */
export function recordedBy({ captures, types }: Analysis): Recorded[] {
  return captures.flatMap(({ eventCounts, info }, capture) => {
    const names = new Set([...eventCounts.keys(), ...(info.recordedEvents ?? [])]);
    const seen = types.filter(({ name }) => names.has(name) || names.has(name.slice(name.indexOf(':') + 1)));
    return seen.map(({ layer, op, kind }) => ({ capture, layer, op, kind }));
  });
}

/** Runs the rules in order on what the database holds. Throws RuleError for a rule whose SQL does not run or does not keep the contract. */
export async function judge(
  db: Queryable,
  rules: readonly Rule[],
  recorded: readonly Recorded[],
): Promise<RuleResult[]> {
  await prepare(db);
  const losses = await lossesOf(db);
  const results: RuleResult[] = [];
  for (const rule of rules) results.push(verdict(rule, await run(db, rule), recorded, losses));
  return results;
}

/** Makes what every rule can count on: the table `incidents` and the macros of `prelude.sql`. */
async function prepare(db: Queryable): Promise<void> {
  const prelude = readFileSync(inPackage('analyzer', 'rules', 'prelude.sql'), 'utf8');
  for (const statement of prelude.split(/;\s*$/m)) if (statement.trim() !== '') await db.query(statement);
}

interface Losses {
  readonly gaps: bigint;
  readonly events: bigint;
}

async function lossesOf(db: Queryable): Promise<Losses> {
  const [row] = await db.query(
    'SELECT count(*)::BIGINT AS gaps, coalesce(sum(count), 0)::BIGINT AS events FROM losses',
  );
  return { gaps: BigInt(row!.gaps as bigint), events: BigInt(row!.events as bigint) };
}

async function run(db: Queryable, rule: Rule): Promise<{ findings: Finding[]; unknown: Row[] }> {
  let rows: Row[];
  try {
    rows = await db.query(rule.sql, Object.fromEntries(rule.parameters.map((one) => [one.name, one.value])));
  } catch (error) {
    throw new RuleError(
      `${rule.file}: the rule's SQL does not run: ${String((error as Error).message).trim()}`,
      'Try it with dmaspan sql; see docs/tables.md.',
    );
  }
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
  const severity = SEVERITIES.find((name) => name === (row.severity ?? rule.severity));
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

/** Whether every capture recorded it; a capture without a single event known to the dictionary has recorded nothing. */
function isMet(need: Need, recorded: readonly Recorded[]): boolean {
  const fits = (one: Recorded): boolean =>
    need.ops.includes(one.op) &&
    (need.layer === undefined || need.layer === one.layer) &&
    (need.kind === undefined || need.kind === one.kind);
  const captures = [...new Set(recorded.map((one) => one.capture))];
  return (
    captures.length > 0 &&
    captures.every((capture) => recorded.some((one) => one.capture === capture && fits(one)))
  );
}

function verdict(
  rule: Rule,
  { findings, unknown }: { findings: Finding[]; unknown: Row[] },
  recorded: readonly Recorded[],
  losses: Losses,
): RuleResult {
  const unmet = rule.needs.find((need) => !isMet(need, recorded));
  const result = (name: Verdict, reason: string, advice = ''): RuleResult => ({
    rule,
    verdict: name,
    reason,
    advice,
    findings,
  });
  if (findings.length > 0) {
    const count = findings.reduce((sum, finding) => sum + finding.count, 0n);
    return result('found', `${count} in ${findings.length} ${findings.length === 1 ? 'place' : 'places'}`);
  }
  if (unmet !== undefined)
    return result('cannot tell', `the capture has no event of this sort: ${unmet.text}`, unmet.advice);
  if (unknown.length > 0) {
    const [first] = unknown;
    return result(
      'cannot tell',
      `${String(first!.message)}: ${String(first!.reason)}`,
      'perf records such events up to about 1016 entries; or see them with a probe.',
    );
  }
  if (losses.gaps > 0n) {
    const told = losses.events > 0n ? `${losses.events} events were` : 'events were';
    return result(
      'cannot tell',
      `${told} lost; nothing found among the others`,
      'Record with larger buffers (trace-cmd record -b, perf record -m), or fewer events.',
    );
  }
  return result('clear', 'nothing found');
}
