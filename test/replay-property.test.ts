/**
 * The Wasm core against the slow replay, on random captures: the same rows, or the events that make them differ.
 *
 * DMASPAN_SEED repeats a run (a failure prints its seed), DMASPAN_RUNS says how many captures (default 100).
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Anomaly,
  EndReason,
  FLAG_AFTER_EXIT,
  FLAG_AFTER_LOSS,
  FLAG_BEFORE_REMOVAL,
  FLAG_UNWATCHED,
  Layer,
} from '../wasm/schema.js';
import { type CoreOptions, type CoreReplayed, coreReplay } from './core-replay.js';
import { captures } from './random-events.js';
import { importerCalls, manyImports } from './random-importers.js';
import { referencePages } from './reference-pages.js';
import { referenceReplay } from './reference-replay.js';
import type { PageLifetime, ReplayEvent, Replayed } from './replay-rows.js';

const RUNS = Number(process.env.DMASPAN_RUNS ?? 100);
const SEED = process.env.DMASPAN_SEED === undefined ? undefined : Number(process.env.DMASPAN_SEED);
/** For each property, shrinking included. */
const LIMIT_MS = 60_000;
/** Characters of a counterexample that are printed at most. */
const SHOWN = 8000;
const FEW = { events: false, lifetimes: false };

type Streams = ReplayEvent[][];
interface Whole extends Replayed {
  readonly pages: PageLifetime[];
}

/** A row as text, its facts by name; absent ones are left out. */
function text(row: unknown): string {
  return JSON.stringify(row, (_, value) => {
    if (typeof value === 'bigint') return `0x${value.toString(16)}`;
    const isRow = value !== null && typeof value === 'object' && !Array.isArray(value);
    return isRow ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  });
}
/** The order of anomalies, siblings and pages means nothing; the rest is told by its id or seq. */
function sameRows(found: readonly unknown[], wanted: readonly unknown[], what: string): void {
  const [core, reference] = [found.map(text).sort(), wanted.map(text).sort()];
  if (core.join('\n') === reference.join('\n')) return;
  const only = (rows: string[], others: string[]) => rows.filter((row) => !others.includes(row)).slice(0, 4);
  const differences = [
    ...only(core, reference).map((row) => `core only: ${row}`),
    ...only(reference, core).map((row) => `slow replay only: ${row}`),
  ];
  assert.unreachable(`${what}: ${core.length} and ${reference.length} rows\n${differences.join('\n')}`);
}

function compareWhole(core: CoreReplayed, reference: Whole): void {
  sameRows(core.losses, reference.losses, 'losses');
  sameRows(core.anomalies, reference.anomalies, 'anomalies');
  sameRows(core.siblings, reference.siblings, 'siblings');
  sameRows(core.events, reference.events, 'events');
  sameRows(core.lifetimes, reference.lifetimes, 'lifetimes');
  sameRows(core.invalidations, reference.invalidations, 'invalidations');
  sameRows(core.pages, reference.pages, 'pages');
}

/** Without whole tables: sums and anomalies are the same, and what they speak of, or is open, has its row; the IOMMU's ranges have none. */
function compareFew(core: CoreReplayed, reference: Replayed): void {
  const followed = <T extends { layer: Layer }>(rows: readonly T[]): T[] =>
    rows.filter(({ layer }) => layer !== Layer.iommu);
  sameRows(core.losses, reference.losses, 'losses');
  sameRows(core.anomalies, reference.anomalies, 'anomalies');
  sameRows(core.siblings, followed(reference.siblings), 'siblings');
  assert.is(core.eventCount, reference.events.length);
  const parts = reference.lifetimes.filter(
    ({ layer, group }) => layer === Layer.iommu && group !== undefined,
  );
  assert.is(core.lifetimeCount, reference.lifetimes.length - parts.length);
  const named = new Set(reference.anomalies.flatMap(({ lifetime, other }) => [lifetime, other]));
  const wanted = followed(reference.lifetimes).filter(
    (l) => l.closedTs === undefined || named.has(l.id) || l.layer !== Layer.dma,
  );
  const kept = new Set(core.lifetimes.map(({ id }) => id));
  assert.equal(
    wanted.map(({ id }) => id).filter((id) => !kept.has(id)),
    [],
    'lifetimes without a row',
  );
  sameRows(
    core.lifetimes,
    reference.lifetimes.filter(({ id }) => kept.has(id)),
    'kept lifetimes',
  );
  const begun = reference.invalidations.filter(
    ({ layer, imports, endSeq }) => layer === Layer.dmabuf || imports > 0 || endSeq === undefined,
  );
  sameRows(core.invalidations, begun, 'kept invalidations');
  const rows = new Set(core.events.map(({ seq }) => seq));
  assert.equal(
    reference.anomalies.map(({ seq }) => seq).filter((seq) => !rows.has(seq)),
    [],
    'events without a row',
  );
  sameRows(
    core.events,
    reference.events.filter(({ seq }) => rows.has(seq)),
    'kept events',
  );
}

async function compare(streams: Streams, options: CoreOptions): Promise<void> {
  const { pageSize, buffers } = options;
  const reference = referenceReplay(streams, buffers);
  const whole = { ...reference, pages: referencePages(reference.lifetimes, pageSize) };
  compareWhole(await coreReplay(streams, options), whole);
  compareFew(await coreReplay(streams, { ...options, keep: FEW }), reference);
}

/** Sizes of batches, over and over. */
function inTurn(sizes: readonly number[]): () => number {
  let next = 0;
  return () => sizes[next++ % sizes.length]!;
}
const batchSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
const pageSizes = fc.constantFrom(4096, 16384);

async function check<T>(property: fc.IAsyncProperty<T>, runs: number, shrink = true): Promise<void> {
  const result = await fc.check(property, {
    numRuns: runs,
    interruptAfterTimeLimit: LIMIT_MS,
    endOnFailure: !shrink,
    ...(SEED === undefined ? {} : { seed: SEED }),
  });
  if (!result.failed) return;
  const events = text(result.counterexample).replaceAll('},{"', '},\n{"').slice(0, SHOWN);
  const seed = `DMASPAN_SEED=${result.seed} DMASPAN_RUNS=${RUNS}`;
  assert.unreachable(`${seed}\n${(result.errorInstance as Error).message}\n${events}`);
}

test('both replays make the same rows of any capture', async () => {
  await check(
    fc.asyncProperty(captures({ maxLength: 60 }), batchSizes, pageSizes, (streams, sizes, pageSize) =>
      compare(streams, { batchRows: inTurn(sizes), pageSize }),
    ),
    RUNS,
  );
});

test('of importers, pools and dma-bufs', async () => {
  await check(
    fc.asyncProperty(captures({ maxLength: 60 }, importerCalls), batchSizes, (streams, sizes) =>
      compare(streams, { batchRows: inTurn(sizes) }),
    ),
    RUNS,
  );
});

test('of an address space with many imports', async () => {
  await check(
    fc.asyncProperty(manyImports, (streams) => compare(streams, {})),
    Math.ceil(RUNS / 5),
  );
});

test('of several buffers that saw the same events', async () => {
  const twoOfThem = captures({ maxLength: 25 }).map(([first, second, third]) => [
    first!,
    second!,
    [...first!],
    third!,
  ]);
  await check(
    fc.asyncProperty(twoOfThem, batchSizes, (streams, sizes) =>
      compare(streams, { batchRows: inTurn(sizes), buffers: [0, 0, 1, 1] }),
    ),
    Math.ceil(RUNS / 5),
  );
});

test('of long captures, whose closed lifetimes are forgotten', async () => {
  const long = captures({ minLength: 2500, maxLength: 3000 });
  await check(
    fc.asyncProperty(long, (streams) => compare(streams, {})),
    Math.ceil(RUNS / 100),
    false,
  );
});

test('random captures have every anomaly, end and flag of these layers', () => {
  const rows = fc
    .sample(captures({ maxLength: 60 }), { numRuns: 400, seed: 1 })
    .map((streams) => referenceReplay(streams));
  const kinds = new Set(rows.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind)));
  const none = [Anomaly.none, Anomaly.cpu_address_mismatch, Anomaly.freed_mapped];
  const all = Object.values(Anomaly).filter((kind) => typeof kind === 'number');
  assert.equal(
    all.filter((kind) => !kinds.has(kind) && !none.includes(kind)).map((kind) => Anomaly[kind]),
    [],
  );
  const lifetimes = rows.flatMap((row) => row.lifetimes);
  const ends = new Set(lifetimes.map(({ end }) => end));
  assert.is(ends.size, 4, 'capture_end, closed, inferred_lost, split');
  assert.is(
    lifetimes.reduce((all, { flags }) => all | flags, 0),
    127,
    'every flag',
  );
  assert.ok(
    lifetimes.some(({ parent }) => parent !== undefined),
    'a parent',
  );
});

test('random importers have every link, mark, flag and end of theirs', () => {
  const rows = fc
    .sample(captures({ maxLength: 60 }, importerCalls), { numRuns: 200, seed: 1 })
    .map((streams) => referenceReplay(streams));
  const lifetimes = rows.flatMap((row) => row.lifetimes);
  const invalidations = rows.flatMap((row) => row.invalidations);
  const layers = Object.values(Layer).filter((layer) => typeof layer === 'number');
  const links = rows.flatMap((row) =>
    row.lifetimes.flatMap(({ layer, parent }) =>
      parent === undefined ? [] : `${Layer[layer]} of ${Layer[row.lifetimes[parent]!.layer]}`,
    ),
  );
  const expected = {
    layers: layers.filter((layer) => layer !== Layer.none && layer !== Layer.page).sort(),
    ends: [EndReason.closed, EndReason.replaced, EndReason.inferred_lost, EndReason.split],
    flags: FLAG_AFTER_EXIT | FLAG_UNWATCHED | FLAG_BEFORE_REMOVAL | FLAG_AFTER_LOSS,
    links: [
      'dma of pool',
      'dma of import_',
      'iova of import_',
      'iommu of iova',
      'import_ of watch',
      'watch of import_',
    ],
    marked: true,
    obeyed: true,
    remaining: true,
    freed: true,
  };
  const beyond = lifetimes.filter(({ layer }) => layer !== Layer.dma && layer !== Layer.iommu);
  const has = <T>(all: readonly T[], some: readonly T[]) => some.filter((one) => all.includes(one));
  assert.equal(
    {
      layers: [...new Set(lifetimes.map(({ layer }) => layer))].sort(),
      ends: has(
        beyond.map(({ end }) => end),
        expected.ends,
      ),
      flags: beyond.reduce((all, { flags }) => all | flags, 0),
      links: has(links, expected.links),
      marked: lifetimes.some(
        ({ layer, invalidation }) => layer === Layer.dmabuf && invalidation !== undefined,
      ),
      obeyed: invalidations.some(({ obeyed, remaining }) => obeyed > 0 && remaining === 0),
      remaining: invalidations.some(({ remaining }) => remaining > 1),
      freed: rows.some(({ anomalies }) => anomalies.some(({ kind }) => kind === Anomaly.freed_mapped)),
    },
    expected,
  );
});

test.run();
