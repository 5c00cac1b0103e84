/**
 * Runs rules on a capture's tables.
 *
 * In: a database with the tables of docs/tables.md, rules, and what the capture is known to have recorded.
 * Out: a verdict a rule (found, clear, cannot tell) with its reason, and the findings.
 */
import { availableParallelism } from 'node:os';
import { type Ensure, onDemand } from './on-demand.js';
import { derivedTables, preludeDefinitions } from './prelude.js';
import { type Rule, RuleError, SEVERITIES, type Severity, withInputs } from './rules.js';
import { type Given, lossesOf, meetsNeeds, type Recorded, resultOf } from './verdicts.js';

export { type Recorded, recordedBy } from './verdicts.js';

export type Row = Record<string, unknown>;

/** The part of the database that rules need; values are what DuckDB's Node client gives (64-bit integers as bigint). */
export interface Queryable {
  query(sql: string, params?: Record<string, string | number | null>): Promise<Row[]>;
  /** Another connection, for statements at the same time. */
  beside?(): Promise<Queryable>;
  /** SELECTs of tables that need not be derived any more, by name (prelude.ts). */
  readonly kept?: Readonly<Record<string, string>>;
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

/** Runs the rules on what the database holds; results are in their order. Throws RuleError for a rule whose SQL does not run or does not keep the contract. */
export async function judge(
  db: Queryable,
  rules: readonly Rule[],
  recorded: readonly Recorded[],
): Promise<RuleResult[]> {
  const losses = await lossesOf(db);
  const captures = (await db.query('SELECT capture FROM captures ORDER BY capture')).length;
  const dmesg = await hasKernelLog(db);
  const ensure = onDemand(preludeDefinitions(db.kept), (sql) => db.query(sql));
  if (dmesg) await ensure('incidents'); // the kernel's own findings will be held against them
  const running = await canFind(withPrelude(db, ensure), rules, { recorded, dmesg });
  const rows = await runAll(
    db,
    rules.filter((rule) => running.has(rule)),
    ensure,
  );
  return rules.map((rule) =>
    resultOf(rule, rows.get(rule) ?? NOTHING, { recorded, dmesg }, losses, captures),
  );
}

/** A rule's SQL is mostly planned, by one thread: more rules than one at a time use a second core. */
const AT_ONCE = Math.min(2, availableParallelism());

/**
 * Runs rules, as many at once as the database has connections for. A connection that makes a table of the prelude is busy, so the
 * first begins with those tables, and the others with the rules that do without.
 */
async function runAll(
  db: Queryable,
  rules: readonly Rule[],
  ensure: Ensure,
): Promise<ReadonlyMap<Rule, RuleRows>> {
  const derived = derivedTables().map(({ name }) => new RegExp(`\\b${name}\\b`));
  const isWaiting = ({ sql }: Rule): boolean => derived.some((table) => table.test(sql));
  const queue = [...rules.filter((rule) => !isWaiting(rule)), ...rules.filter(isWaiting)];
  const rows = new Map<Rule, RuleRows>();
  const work = async (connection: Queryable): Promise<void> => {
    for (let rule = queue.shift(); rule !== undefined; rule = queue.shift())
      rows.set(rule, await run(withPrelude(connection, ensure), rule));
  };
  const beside = db.beside === undefined || rules.length < 2 ? [] : await othersOf(db.beside);
  const first = async (): Promise<void> => {
    for (const rule of rules) await ensure(rule.sql);
    await work(db);
  };
  // All come to their end, whichever fails: nothing may run in a database that is being closed.
  const ends = await Promise.allSettled([first(), ...beside.map(work)]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return rows;
}

const othersOf = (beside: () => Promise<Queryable>): Promise<Queryable[]> =>
  Promise.all(Array.from({ length: AT_ONCE - 1 }, beside));

async function hasKernelLog(db: Queryable): Promise<boolean> {
  return (await db.query('SELECT capture FROM kernel_logs ORDER BY capture')).length > 0;
}

interface RuleRows {
  readonly findings: readonly Finding[];
  readonly unknown: readonly Row[];
}

const NOTHING: RuleRows = { findings: [], unknown: [] };

const withPrelude = (db: Queryable, ensure: Ensure): Queryable => ({
  query: async (sql, params) => {
    await ensure(sql);
    return db.query(sql, params);
  },
});

/**
 * The rules that can find anything: what they judge is there, or what they need was recorded. The others do not run, since planning a
 * rule's SQL takes some 20 ms, whatever it finds.
 */
async function canFind(db: Queryable, rules: readonly Rule[], given: Given): Promise<ReadonlySet<Rule>> {
  const able = withInputs(rules, given);
  const seen = able.some(({ anomaly }) => anomaly !== undefined) ? await anomaliesOf(db) : new Set();
  const needed = able.filter((rule) =>
    rule.anomaly === undefined ? meetsNeeds(rule, given) : seen.has(rule.anomaly),
  );
  const empty = await emptyOf(db, new Set(needed.flatMap(({ subject }) => subject ?? [])));
  return new Set(needed.filter(({ subject }) => subject === undefined || !empty.has(subject)));
}

/** The kinds of anomalies that there are. */
async function anomaliesOf(db: Queryable): Promise<ReadonlySet<unknown>> {
  const rows = await db.query('SELECT DISTINCT kind::VARCHAR AS kind FROM anomalies ORDER BY kind');
  return new Set(rows.map(({ kind }) => kind));
}

/** Those of these tables that have no row. */
async function emptyOf(db: Queryable, tables: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const empty = new Set<string>();
  for (const table of tables)
    if ((await db.query(`SELECT 1 AS there FROM "${table}" LIMIT 1`)).length === 0) empty.add(table);
  return empty;
}

async function run(db: Queryable, rule: Rule): Promise<RuleRows> {
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
