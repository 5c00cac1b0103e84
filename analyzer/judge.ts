/**
 * Runs rules on a capture's tables.
 *
 * In: a database with the tables of docs/tables.md, rules, and what the capture is known to have recorded.
 * Out: a verdict a rule (found, clear, cannot tell) with its reason, and the findings.
 */
import { RULES_AT_ONCE } from './at-once.js';
import { type Queryable, type Row, type RuleResult, ruleRows } from './findings.js';
import { ruleFingerprint } from './kept.js';
import { type Ensure, onDemand } from './on-demand.js';
import { derivedTables, preludeDefinitions } from './prelude.js';
import { loadRules, type Rule, RuleError, withInputs } from './rules.js';
import { sharedOut, together } from './together.js';
import { type Given, lossesOf, meetsNeeds, type Recorded, recordedBy, resultOf } from './verdicts.js';

export { type Recorded, recordedBy } from './verdicts.js';

/**
 * Runs the rules on what the database holds; results are in their order. Throws RuleError for a rule whose SQL does not run or does not
 * keep the contract.
 * @param known What the captures recorded, by who knows; else the database tells.
 */
export async function judge(
  db: Queryable,
  rules: readonly Rule[],
  known?: readonly Recorded[],
): Promise<RuleResult[]> {
  const [recorded, losses, { length: captures }, dmesg] = await together([
    known === undefined ? besideOf(db).then(recordedBy) : Promise.resolve(known),
    lossesOf(db),
    db.query('SELECT capture FROM captures ORDER BY capture'),
    hasKernelLog(db),
  ]);
  const ensure = onDemand(preludeDefinitions(db.kept?.tables), (sql) => db.query(sql));
  if (dmesg) await ensure('incidents'); // the kernel's own findings will be held against them
  const given: Given = { recorded, dmesg };
  const rows = await rowsOf(db, rules, given, ensure);
  return rules.map((rule) => resultOf(rule, ruleRows(rule, rows.get(rule) ?? []), given, losses, captures));
}

/** The rows of the rules that find anything: those that are kept, and those of the rules that run now. */
async function rowsOf(
  db: Queryable,
  rules: readonly Rule[],
  given: Given,
  ensure: Ensure,
): Promise<ReadonlyMap<Rule, readonly Row[]>> {
  const kept = new Map(
    rules.flatMap((rule) => {
      const rows = db.kept?.rules.get(ruleFingerprint(rule));
      return rows === undefined ? [] : [[rule, rows] as const];
    }),
  );
  const others = rules.filter((rule) => !kept.has(rule));
  const able = await canFind(db, others, given, ensure);
  return new Map([...kept, ...(await runAll(db, able, ensure))]);
}

/**
 * Runs rules, as many at once as the database has connections for. A connection that makes a table of the prelude is busy, so the
 * first begins with those tables, and the others with the rules that do without.
 */
async function runAll(
  db: Queryable,
  rules: readonly Rule[],
  ensure: Ensure,
): Promise<ReadonlyMap<Rule, readonly Row[]>> {
  const derived = derivedTables().map(({ name }) => new RegExp(`\\b${name}\\b`));
  const isWaiting = ({ sql }: Rule): boolean => derived.some((table) => table.test(sql));
  const queue = [...rules.filter((rule) => !isWaiting(rule)), ...rules.filter(isWaiting)];
  const withTables = async (): Promise<Queryable> => {
    for (const { sql } of rules) await ensure(sql);
    return db;
  };
  const rows = new Map<Rule, readonly Row[]>();
  await sharedOut([withTables(), ...connectionsBeside(db, rules.length)], queue, async (connection, rule) => {
    rows.set(rule, await run(withPrelude(connection, ensure), rule));
  });
  return rows;
}

async function run(db: Queryable, rule: Rule): Promise<Row[]> {
  const values = Object.fromEntries(rule.parameters.map(({ name, value }) => [name, value]));
  try {
    return await db.query(rule.sql, values);
  } catch (error) {
    throw new RuleError(
      `${rule.file}: the rule's SQL does not run: ${String((error as Error).message).trim()}`,
      'Try it with dmaspan sql; see docs/tables.md.',
    );
  }
}

const connectionsBeside = (db: Queryable, pieces: number): Promise<Queryable>[] =>
  db.beside === undefined
    ? []
    : Array.from({ length: Math.min(RULES_AT_ONCE, pieces) - 1 }, () => db.beside!());

const besideOf = async (db: Queryable): Promise<Queryable> => (await db.beside?.()) ?? db;

async function hasKernelLog(db: Queryable): Promise<boolean> {
  return (await db.query('SELECT capture FROM kernel_logs ORDER BY capture')).length > 0;
}

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
async function canFind(db: Queryable, rules: readonly Rule[], given: Given, ensure: Ensure): Promise<Rule[]> {
  const able = withInputs(rules, given);
  const ofAnomalies = able.filter(({ anomaly }) => anomaly !== undefined);
  const others = able.filter((rule) => rule.anomaly === undefined && meetsNeeds(rule, given));
  const [seen, empty] = await together([
    ofAnomalies.length > 0 ? besideOf(db).then(anomaliesOf) : Promise.resolve(new Set()),
    emptyOf(withPrelude(db, ensure), new Set(others.flatMap(({ subject }) => subject ?? []))),
  ]);
  const hasSubject = ({ subject }: Rule): boolean => subject === undefined || !empty.has(subject);
  return able.filter((rule) =>
    rule.anomaly === undefined ? others.includes(rule) && hasSubject(rule) : seen.has(rule.anomaly),
  );
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

/** The rows of all built-in rules, as a store keeps them: of captures without a kernel log. */
export async function rowsToKeep(db: Queryable, ensure: Ensure): Promise<ReadonlyMap<Rule, readonly Row[]>> {
  const given: Given = { recorded: await recordedBy(db), dmesg: false };
  const rules = withInputs(loadRules(), given);
  const rows = await rowsOf(db, rules, given, ensure);
  return new Map(rules.map((rule) => [rule, rows.get(rule) ?? []]));
}
