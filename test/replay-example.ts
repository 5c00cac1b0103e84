/**
 * One example of docs/lifetimes.md: a small list of events, and what must come of them, on both replays.
 *
 * In: events, and rows written by hand. Out: a test of each replay.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { coreReplay } from './core-replay.js';
import { referencePages } from './reference-pages.js';
import { referenceReplay } from './reference-replay.js';
import { timed } from './replay-events.js';
import type {
  AnomalyRow,
  EventRow,
  InvalidationRow,
  Lifetime,
  LossRow,
  PageLifetime,
  ReplayEvent,
  Replayed,
  SiblingsRow,
} from './replay-rows.js';

/** What must come out: how many rows, and the facts named of each, in the tables named. */
interface Expected {
  readonly events?: Partial<EventRow>[];
  readonly lifetimes?: Partial<Lifetime>[];
  readonly anomalies?: Partial<AnomalyRow>[];
  readonly losses?: Partial<LossRow>[];
  readonly siblings?: Partial<SiblingsRow>[];
  readonly pages?: Partial<PageLifetime>[];
  readonly invalidations?: Partial<InvalidationRow>[];
}

const ascending = (a: bigint | number | undefined, b: bigint | number | undefined) =>
  a === b ? 0 : (a ?? -1) < (b ?? -1) ? -1 : 1;
const ORDERS = {
  anomalies: (a: AnomalyRow, b: AnomalyRow) =>
    a.seq - b.seq || a.kind - b.kind || ascending(a.lifetime, b.lifetime),
  pages: (a: PageLifetime, b: PageLifetime) =>
    a.layer - b.layer || a.space - b.space || ascending(a.page, b.page) || ascending(a.openedTs, b.openedTs),
};

function check(rows: Replayed & { pages: PageLifetime[] }, expected: Expected): void {
  for (const table of Object.keys(expected) as (keyof Expected)[]) {
    const order = ORDERS[table as keyof typeof ORDERS] as ((a: object, b: object) => number) | undefined;
    const found: object[] = order === undefined ? rows[table] : [...rows[table]].sort(order);
    const wanted = expected[table]!;
    const told = found.map((row, i) =>
      Object.fromEntries(Object.keys(wanted[i] ?? row).map((key) => [key, row[key as keyof typeof row]])),
    );
    assert.equal(told, wanted, table);
  }
}

/** One example, for both replays; anomalies are none unless told. */
export function example(name: string, events: ReplayEvent[] | ReplayEvent[][], expected: Expected): void {
  const streams = (Array.isArray(events[0]) ? events : [events]) as ReplayEvent[][];
  const whole = { anomalies: [], ...expected };
  test(`${name} (reference)`, () => {
    const rows = referenceReplay(streams.map(timed));
    check({ ...rows, pages: referencePages(rows.lifetimes) }, whole);
  });
  test(`${name} (core)`, async () => check(await coreReplay(streams.map(timed)), whole));
}
