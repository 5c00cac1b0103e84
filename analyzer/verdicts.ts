/**
 * What a rule's result says: found, clear, or cannot tell, and why.
 *
 * In: its rows, what the captures recorded, and what they lost. Out: a RuleResult.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';
import type { Kind, Layer, Op } from '../wasm/schema.js';
import type { CaptureVerdict, Finding, Queryable, Row, RuleResult, Verdict } from './findings.js';
import type { EventSort, Need, Rule } from './rules.js';
import { KIND_NAMES, LAYER_NAMES, OP_NAMES } from './words.js';

/** An operation that a capture has recorded, or was set up to record. */
export interface Recorded {
  readonly capture: number;
  readonly layer: Layer;
  readonly op: Op;
  readonly kind: Kind;
  /** Whether there is such an event. */
  readonly occurred: boolean;
}

/** What the captures of a database recorded, by the events they count and by what they say of themselves. */
export async function recordedBy(db: Queryable): Promise<Recorded[]> {
  const rows = await db.query(readFileSync(inPackage('analyzer', 'recorded.sql'), 'utf8'));
  return rows.map(({ capture, layer, op, kind, occurred }) => ({
    capture: Number(capture),
    layer: wordValue(LAYER_NAMES, layer),
    op: wordValue(OP_NAMES, op),
    kind: wordValue(KIND_NAMES, kind),
    occurred: occurred === true,
  }));
}

/** A word's value; NULL is 0, which stands for none. */
const wordValue = (words: readonly string[], word: unknown): number =>
  Math.max(0, words.indexOf(String(word ?? '')));

export interface Losses {
  readonly gaps: bigint;
  readonly events: bigint;
}

/** By capture; one that lost nothing is not there. */
export async function lossesOf(db: Queryable): Promise<ReadonlyMap<number, Losses>> {
  const rows = await db.query(
    'SELECT capture, count(*)::BIGINT AS gaps, coalesce(sum(count), 0)::BIGINT AS events FROM losses GROUP BY capture ORDER BY capture',
  );
  return new Map(
    rows.map((row) => [
      Number(row.capture),
      { gaps: BigInt(row.gaps as bigint), events: BigInt(row.events as bigint) },
    ]),
  );
}

const NO_LOSSES: Losses = { gaps: 0n, events: 0n };

function together(losses: ReadonlyMap<number, Losses>): Losses {
  return [...losses.values()].reduce(
    (sum, { gaps, events }) => ({ gaps: sum.gaps + gaps, events: sum.events + events }),
    NO_LOSSES,
  );
}

/** What there was to judge by. */
export interface Given {
  readonly recorded: readonly Recorded[];
  /** A kernel log stands beside the captures. */
  readonly dmesg: boolean;
}

interface Rows {
  readonly findings: readonly Finding[];
  readonly unknown: readonly Row[];
}

/** What a rule says of all captures together, and of each alone. */
export function resultOf(
  rule: Rule,
  { findings, unknown }: Rows,
  { recorded, dmesg }: Given,
  losses: ReadonlyMap<number, Losses>,
  captures: number,
): RuleResult {
  const alone = (capture: number): CaptureVerdict =>
    verdictOf(
      rule,
      {
        findings: findings.filter((one) => one.capture === capture),
        unknown: unknown.filter((row) => Number(row.capture ?? 0) === capture),
      },
      { recorded: recorded.filter((one) => one.capture === capture), dmesg },
      losses.get(capture) ?? NO_LOSSES,
    );
  const all = verdictOf(rule, { findings, unknown }, { recorded, dmesg }, together(losses));
  return {
    rule,
    ...all,
    findings,
    captures: Array.from({ length: captures }, (_, capture) => alone(capture)),
  };
}

export const fits = ({ ops, layers, kind, occurred }: EventSort, one: Recorded): boolean =>
  ops.includes(one.op) &&
  (!occurred || one.occurred) &&
  (layers === undefined || layers.includes(one.layer)) &&
  (kind === undefined || kind === one.kind);

/** Whether a capture recorded it, or the input is there. */
const isMetBy = (need: Need, capture: number, { recorded, dmesg }: Given): boolean =>
  need.input === undefined
    ? recorded.some((one) => one.capture === capture && need.sorts.some((sort) => fits(sort, one)))
    : dmesg;

/** The captures that recorded anything: one without a single event known to the dictionary recorded nothing. */
const capturesOf = ({ recorded }: Given): number[] => [...new Set(recorded.map((one) => one.capture))];

/** Whether every capture recorded it, or the input is there. */
function isMet(need: Need, given: Given): boolean {
  if (need.input !== undefined) return given.dmesg;
  const captures = capturesOf(given);
  return captures.length > 0 && captures.every((capture) => isMetBy(need, capture, given));
}

/** Whether some capture recorded all that a rule needs. */
export function meetsNeeds({ needs }: Rule, given: Given): boolean {
  return (
    needs.length === 0 ||
    capturesOf(given).some((capture) => needs.every((need) => isMetBy(need, capture, given)))
  );
}

const missing = ({ input, text }: Need): string =>
  input === undefined
    ? `the capture has no event of this sort: ${text}`
    : 'no kernel log stands beside the capture';

function verdictOf(rule: Rule, { findings, unknown }: Rows, given: Given, losses: Losses): CaptureVerdict {
  const unmet = rule.needs.find((need) => !isMet(need, given));
  const result = (name: Verdict, reason: string, advice = ''): CaptureVerdict => ({
    verdict: name,
    reason,
    advice,
  });
  if (findings.length > 0) {
    const count = findings.reduce((sum, finding) => sum + finding.count, 0n);
    return result('found', `${count} in ${findings.length} ${findings.length === 1 ? 'place' : 'places'}`);
  }
  if (unmet !== undefined) return result('cannot tell', missing(unmet), unmet.advice);
  if (unknown.length > 0) {
    const [first] = unknown;
    return result(
      'cannot tell',
      `${String(first!.message)}: ${String(first!.reason)}`,
      first!.advice == null ? '' : String(first!.advice),
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
