/**
 * One of the two runs that are compared.
 *
 * In: its database, rules, and what its findings are held against. Out: its report, and what it mapped, by site. Nothing in it needs the
 * database any more.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../../traces/package-root.js';
import { Layer } from '../../wasm/schema.js';
import type { Queryable, Row } from '../findings.js';
import { judge, recordedBy } from '../judge.js';
import { makeReport, type Report } from '../report/report.js';
import type { Rule } from '../rules.js';
import type { TriageSettings } from '../triage/triage.js';
import { LAYER_NAMES } from '../words.js';

/** Who mapped. NULL: not told, or taken together. */
export interface Mapper {
  readonly layer: string;
  readonly device: string | null;
  readonly kind: string | null;
  readonly site: string | null;
  readonly via: string | null;
}

export const MEASURES = [
  'mappings',
  'bytes',
  'peak_mappings',
  'peak_bytes',
  'end_mappings',
  'end_bytes',
] as const;
export const STAYS = ['p50', 'p90', 'p99', 'longest'] as const;

/** How much was mapped in all, at most at once, and at the end; and how long mappings stayed, null where none was unmapped. */
export type Measures = Readonly<Record<(typeof MEASURES)[number], bigint>> &
  Readonly<Record<(typeof STAYS)[number], bigint | null>>;

export type Mapped = Mapper & Measures;
export type By = 'site' | 'kind' | 'layer';

export interface Run {
  readonly report: Report;
  readonly mapped: Readonly<Record<By, readonly Mapped[]>>;
  /** Layers of which it recorded events, or was set up to. */
  readonly layers: ReadonlySet<string>;
  /** Events were lost: absence proves nothing. */
  readonly lossy: boolean;
  /** Nanoseconds from the first event to the last, all captures together; null where the clock counts ticks. */
  readonly duration: bigint | null;
}

/** Reads the table `lifetimes` as a whole, and what the rules read. Throws RuleError. */
export async function runOf(db: Queryable, rules: readonly Rule[], settings: TriageSettings): Promise<Run> {
  const recorded = await recordedBy(db);
  const report = await makeReport(db, await judge(db, rules, recorded), settings);
  return {
    report,
    mapped: {
      site: await mappedBy(db, 'site'),
      kind: await mappedBy(db, 'kind'),
      layer: await mappedBy(db, 'layer'),
    },
    layers: new Set(
      recorded.filter(({ layer }) => layer !== Layer.none).map(({ layer }) => LAYER_NAMES[layer]!),
    ),
    lossy: report.captures.some(({ losses }) => Number(losses) > 0),
    duration: durationOf(report.captures),
  };
}

async function mappedBy(db: Queryable, by: By): Promise<Mapped[]> {
  const sql = readFileSync(inPackage('analyzer', 'diff', 'mapped-by.sql'), 'utf8');
  return (await db.query(sql, { by })) as unknown as Mapped[];
}

function durationOf(captures: readonly Row[]): bigint | null {
  if (captures.some(({ clock_unit }) => clock_unit !== 'ns')) return null;
  return captures.reduce((sum, { first_ts, last_ts }) => {
    const known = typeof first_ts === 'bigint' && typeof last_ts === 'bigint';
    return known ? sum + last_ts - first_ts : sum;
  }, 0n);
}

/** Whether any call stack of it names a call site. */
export const namesSites = ({ mapped }: Run): boolean => mapped.site.some(({ site }) => site !== null);
