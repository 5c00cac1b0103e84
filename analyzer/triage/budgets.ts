/**
 * Budgets: how much a run may have of something before it fails.
 *
 * In: limits, the findings, and the database. Out: a result a limit, with what was used of it.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../../traces/package-root.js';
import type { Queryable, Row } from '../findings.js';
import { bytesText, timeText } from '../report/layout.js';
import type { TriagedFinding } from './triage.js';

export interface Budgets {
  /** Most bytes that the layer dma may have mapped at once, in each capture. */
  readonly maxLiveBytes?: bigint;
  /** Most instances a rule may find, in all captures together. */
  readonly instances: ReadonlyMap<string, bigint>;
}

export interface BudgetResult {
  /** "max-live-bytes", or a rule. */
  readonly name: string;
  readonly capture: number | null;
  readonly limit: bigint;
  readonly used: bigint;
  /** `cannot tell`: only what lost events could explain away is above the limit. */
  readonly verdict: 'within' | 'exceeded' | 'cannot tell';
  readonly message: string;
}

export const MAX_LIVE_BYTES = 'max-live-bytes';

/** Instances count whether they are new or known to the baseline; suppressed ones do not. */
export function ruleBudgets(budgets: Budgets, findings: readonly TriagedFinding[]): BudgetResult[] {
  return [...budgets.instances].map(([name, limit]) => {
    const counted = findings.filter(({ rule, suppressed }) => rule === name && suppressed === null);
    const sum = (some: readonly TriagedFinding[]): bigint => some.reduce((all, { count }) => all + count, 0n);
    const used = sum(counted.filter(({ confidence }) => confidence !== 'possible'));
    const possible = sum(counted) > limit;
    const verdict = used > limit ? 'exceeded' : possible ? 'cannot tell' : 'within';
    const doubt = verdict === 'cannot tell' ? `; with those that are only possible ${sum(counted)}` : '';
    return {
      name,
      capture: null,
      limit,
      used,
      verdict,
      message: `${used} of at most ${limit} instances${doubt}`,
    };
  });
}

const sql = (name: string): string => readFileSync(inPackage('analyzer', 'triage', name), 'utf8');

/** A result a capture. Reads the table `lifetimes` as a whole. */
export async function liveBytesBudget(
  db: Queryable,
  limit: bigint,
  captures: readonly Row[],
): Promise<BudgetResult[]> {
  const results: BudgetResult[] = [];
  for (const row of await db.query(sql('peak-live-bytes.sql'))) {
    const capture = Number(row.capture);
    const used = BigInt(row.peak_bytes as bigint);
    const certain = row.certain_bytes === null ? 0n : BigInt(row.certain_bytes as bigint);
    const verdict = certain > limit ? 'exceeded' : used > limit ? 'cannot tell' : 'within';
    const unit = String(captures[capture]?.clock_unit ?? 'ns');
    const when = row.peak_ts === null ? '' : ` at ${timeText(BigInt(row.peak_ts as bigint), unit)}`;
    const most = verdict === 'within' ? '' : await holders(db, capture, row.peak_ts);
    const doubt = verdict === 'cannot tell' ? '; events were lost, so unmaps may be missing' : '';
    const message = `at most ${bytesText(used)} mapped at once${when}, of ${bytesText(limit)}${doubt}${most}`;
    results.push({ name: MAX_LIVE_BYTES, capture, limit, used, verdict, message });
  }
  return results;
}

async function holders(db: Queryable, capture: number, ts: unknown): Promise<string> {
  const rows = await db.query(sql('live-at.sql'), { capture, ts: String(ts) });
  const names = rows.map(
    ({ device, site, bytes }) =>
      `${site ?? 'an unknown site'} for ${device ?? 'an unknown device'} ${bytesText(BigInt(bytes as bigint))}`,
  );
  return names.length === 0 ? '' : `; most of it by ${names.join(', ')}`;
}
