/**
 * Everything that a report says, in whatever format it is printed.
 *
 * In: the database of an analysis and the rules' results. Out: one plain object.
 */
import type { Confidence, Finding, Queryable, Row, RuleResult } from '../findings.js';
import { SEVERITIES } from '../rules.js';
import { together } from '../together.js';
import { type MissedEntry, missedOf } from '../triage/baseline.js';
import { type BudgetResult, liveBytesBudget, ruleBudgets } from '../triage/budgets.js';
import type { SuppressionUse } from '../triage/suppressions.js';
import { type TriagedFinding, type TriageSettings, triage, usesOf } from '../triage/triage.js';
import { type DmaDebug, dmaDebugOf } from './dma-debug.js';

export interface ReportCounter {
  readonly capture: number | null;
  readonly name: string;
  readonly severity: string;
  readonly count: bigint;
  readonly help: string;
  readonly first: string | null;
}

export interface Report {
  /** Rows of the table `captures`. */
  readonly captures: readonly Row[];
  readonly results: readonly RuleResult[];
  /** The worst first: by severity, confidence, then as the rules are ordered. */
  readonly findings: readonly TriagedFinding[];
  /** The baseline that they were compared with, and those of its entries that are not among them. */
  readonly baseline: { readonly file: string; readonly missed: readonly MissedEntry[] } | null;
  readonly suppressions: { readonly file: string; readonly uses: readonly SuppressionUse[] } | null;
  readonly budgets: readonly BudgetResult[];
  readonly counters: readonly ReportCounter[];
  /** What the kernel's own checker says beside it; null without a kernel log. */
  readonly dmaDebug: DmaDebug | null;
  /** Rows of `lifetimes` that findings name, by id. */
  readonly examples: ReadonlyMap<bigint, Row>;
  /** Frames of the stacks that findings name, by id. */
  readonly stacks: ReadonlyMap<number, readonly string[]>;
}

const CONFIDENCES: readonly Confidence[] = ['certain', 'likely', 'possible'];

export async function makeReport(
  db: Queryable,
  results: readonly RuleResult[],
  settings: TriageSettings = {},
): Promise<Report> {
  const findings = triage(results, settings).sort(worstFirst);
  const [captures, fromReplay, fromCaptures, dmaDebug, examples, stacks] = await together([
    db.query('SELECT * FROM captures ORDER BY capture'),
    replayCounters(db),
    captureCounters(db),
    dmaDebugOf(db, results, findings),
    exampleLifetimes(db, findings),
    stacksOf(db, findings),
  ]);
  return {
    captures,
    results,
    findings,
    ...triageOf(findings, results, settings, captures),
    budgets: await budgetsOf(db, findings, captures, settings),
    counters: [...fromReplay, ...fromCaptures],
    dmaDebug,
    examples,
    stacks,
  };
}

function triageOf(
  findings: readonly TriagedFinding[],
  results: readonly RuleResult[],
  { baseline, suppressions }: TriageSettings,
  captures: readonly Row[],
): Pick<Report, 'baseline' | 'suppressions'> {
  const lossy = captures.some(({ losses }) => Number(losses) > 0);
  return {
    baseline:
      baseline === undefined
        ? null
        : { file: baseline.file, missed: missedOf(baseline, findings, results, lossy) },
    suppressions:
      suppressions === undefined
        ? null
        : { file: suppressions.file, uses: usesOf(suppressions.list, findings) },
  };
}

async function budgetsOf(
  db: Queryable,
  findings: readonly TriagedFinding[],
  captures: readonly Row[],
  { budgets }: TriageSettings,
): Promise<BudgetResult[]> {
  if (budgets === undefined) return [];
  const bytes = budgets.maxLiveBytes;
  const live = bytes === undefined ? [] : await liveBytesBudget(db, bytes, captures);
  return [...live, ...ruleBudgets(budgets, findings)];
}

function worstFirst(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence)
  );
}

/** Whether nothing was lost: no events while recording, and none while reading. */
export function isComplete({ counters }: Report): boolean {
  return counters.every(({ severity }) => severity === 'info');
}

async function exampleLifetimes(db: Queryable, findings: readonly Finding[]): Promise<Map<bigint, Row>> {
  const ids = [...new Set(findings.flatMap((one) => [one.lifetime, one.other]).filter((id) => id !== null))];
  if (ids.length === 0) return new Map();
  const rows = await db.query(
    `SELECT id, kind::VARCHAR AS kind, device::VARCHAR AS device, addr, len, phys, dir::VARCHAR AS dir, opened_ts, closed_ts,
       open_tid, open_comm::VARCHAR AS open_comm, close_tid, sg_group
     FROM lifetimes WHERE id IN (${ids.join(', ')}) ORDER BY id`,
  );
  return new Map(rows.map((row) => [BigInt(row.id as bigint), row]));
}

async function stacksOf(
  db: Queryable,
  findings: readonly Finding[],
): Promise<Map<number, readonly string[]>> {
  const ids = new Set(
    findings.flatMap((one) => [one.open_stack, one.close_stack]).filter((id) => id !== null),
  );
  if (ids.size === 0) return new Map();
  const rows = await db.query(
    `SELECT id, frames FROM stacks WHERE id IN (${[...ids].join(', ')}) ORDER BY id`,
  );
  return new Map(rows.map((row) => [Number(row.id), row.frames as string[]]));
}

async function captureCounters(db: Queryable): Promise<ReportCounter[]> {
  const rows = await db.query(
    'SELECT capture, name, severity, count, help, first FROM counters ORDER BY capture, name',
  );
  return rows.map((row) => ({
    capture: Number(row.capture),
    name: String(row.name),
    severity: String(row.severity),
    count: BigInt(row.count as bigint),
    help: String(row.help),
    first: row.first == null ? null : String(row.first),
  }));
}

/** What the replay saw and no rule judges, with a name for people. */
const REPLAY_COUNTERS: Readonly<Record<string, { name: string; severity: string; help: string }>> = {
  before_capture: {
    name: 'mapped-before-capture',
    severity: 'info',
    help: 'Unmaps of what was mapped before the capture began.',
  },
  sync_unknown: {
    name: 'synced-before-capture',
    severity: 'info',
    help: 'Syncs of memory that was never seen mapped: most likely it was mapped before the capture began.',
  },
  inferred_lost: {
    name: 'unmap-inferred',
    severity: 'warning',
    help: 'Mappings whose unmap was lost: the same address was mapped again after events were lost.',
  },
  unmap_unrecordable: {
    name: 'unmap-unrecordable',
    severity: 'warning',
    help: 'Scatterlists of 504 entries or more whose unmap ftrace cannot record; they are counted as open and blamed on nobody.',
  },
};

async function replayCounters(db: Queryable): Promise<ReportCounter[]> {
  const kinds = Object.keys(REPLAY_COUNTERS).map((kind) => `'${kind}'`);
  const rows = await db.query(
    `SELECT capture, kind::VARCHAR AS kind, count(*)::BIGINT AS count FROM anomalies
     WHERE kind IN (${kinds.join(', ')}) GROUP BY capture, kind ORDER BY capture, kind::VARCHAR`,
  );
  const lost = await db.query(
    'SELECT capture, count(*)::BIGINT AS gaps, sum(count)::BIGINT AS events FROM losses GROUP BY capture ORDER BY capture',
  );
  return [...lost.map(lossCounter), ...rows.map(replayCounter)];
}

function replayCounter(row: Row): ReportCounter {
  return {
    ...REPLAY_COUNTERS[String(row.kind)]!,
    capture: Number(row.capture),
    count: BigInt(row.count as bigint),
    first: null,
  };
}

/** What to do about lost events. */
export const RECORD_WITHOUT_LOSS =
  'To lose none, record with larger buffers (trace-cmd record -b KB, perf record -m PAGES, buffer_size_kb), or fewer events: without call stacks, or of one device by a filter (trace-cmd record -e dma -f \'device == "0000:01:00.0"\').';

function lossCounter(row: Row): ReportCounter {
  const known = row.events !== null;
  return {
    capture: Number(row.capture),
    name: known ? 'events-lost' : 'losses',
    severity: 'warning',
    count: BigInt((known ? row.events : row.gaps) as bigint),
    help: `Events that the kernel dropped because a buffer was full${known ? `, in ${row.gaps} gaps` : '; how many is not told'}. From the first gap on, absence proves nothing. ${RECORD_WITHOUT_LOSS}`,
    first: null,
  };
}
