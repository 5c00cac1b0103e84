/**
 * The replay of the import layer alone, on made events.
 *
 * In: `mix EVENTS ROUNDS`, or an order of `import-range.ts`, GiB and `obeys` or `stays`. Out, on stdout: rounds as JSON, each with its
 * events, what it took (CPU time of the process while the replay ran, in quarters) and what is wrong with its rows, if anything.
 */
import { type Core, type CoreBatch, createCore, KEEP_LEAST } from '../analyzer/core.js';
import * as schema from '../wasm/schema.js';
import { Layer, ROWS, TableId } from '../wasm/schema.js';
import { importMix, MIX, type Sums } from './import-mix.js';
import { importRange, type Order } from './import-range.js';
import { createBatchWriter, type MadeEvent } from './made-batches.js';

export interface ImportsRound {
  readonly events: number;
  readonly seconds: number;
  /** CPU time of an event in each quarter of the events, in nanoseconds. */
  readonly quarters: number[];
  readonly wrong: string[];
}

/** What a round's rows add up to. */
function sumsOf(core: Core): Sums {
  const view = new DataView(core.memory());
  const cell4 = (table: TableId, column: number, row: number) =>
    view.getUint32(core.block(table, Math.floor(row / ROWS)) + column + 4 * (row % ROWS), true);
  const sums = {
    lifetimes: core.lifetimes(),
    invalidations: core.invalidations(),
    bytes: 0,
    obeyed: 0,
    remaining: 0,
  };
  for (let row = 0; row < core.rows(TableId.lifetimes); row++) {
    const block = core.block(TableId.lifetimes, Math.floor(row / ROWS));
    const [layer, kind] = [
      view.getUint8(block + schema.LIFETIME_LAYER + (row % ROWS)),
      view.getUint8(block + schema.LIFETIME_KIND + (row % ROWS)),
    ];
    if (layer !== Layer.import_ || kind === schema.Kind.odp) continue;
    sums.bytes += Number(view.getBigUint64(block + schema.LIFETIME_LEN + 8 * (row % ROWS), true));
  }
  for (let row = 0; row < core.rows(TableId.invalidations); row++) {
    sums.obeyed += cell4(TableId.invalidations, schema.INVALIDATION_OBEYED, row);
    sums.remaining += cell4(TableId.invalidations, schema.INVALIDATION_REMAINING, row);
  }
  return sums;
}

type Make = (add: (event: MadeEvent) => void) => Sums;

/** A core with one stream, and what it takes to feed it. */
function startRound(expected: number): { feed(batch: CoreBatch): void; end(sums: Sums): ImportsRound } {
  const core = createCore(MIX.types, KEEP_LEAST);
  const stream = core.openStream();
  const same = Array.from({ length: 16 }, (_, id) => id);
  core.name(stream, schema.NAME_DEVICE, 0, same);
  core.advance();
  const took = [0, 0, 0, 0];
  const counted = [0, 0, 0, 0];
  let events = 0;
  const timed = (work: () => void) => {
    const begun = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begun);
    took[Math.min(3, Math.floor((4 * events) / expected))]! += user + system;
  };
  const feed = (batch: CoreBatch) => {
    for (let row = 0; row < batch.rows; ) {
      row = core.load(stream, batch, row);
      timed(() => core.advance());
    }
    counted[Math.min(3, Math.floor((4 * events) / expected))]! += batch.rows;
    events += batch.rows;
  };
  const end = (sums: Sums) => {
    core.end(stream);
    core.advance();
    timed(() => core.finish());
    const seconds = took.reduce((a, b) => a + b, 0) / 1e6;
    const quarters = took.map((us, i) => (us * 1000) / Math.max(1, counted[i]!));
    return { events, seconds, quarters, wrong: differences(sumsOf(core), sums) };
  };
  return { feed, end };
}

function differences(found: Sums, expected: Sums): string[] {
  return (Object.keys(expected) as (keyof Sums)[])
    .filter((sum) => expected[sum] !== found[sum])
    .map((sum) => `${sum}: ${found[sum]} instead of ${expected[sum]}`);
}

/** Makes events, and gives them on in batches. */
function batched(make: Make, give: (batch: CoreBatch) => void): Sums {
  const writer = createBatchWriter();
  const sums = make((event) => {
    if (writer.add(event)) give(writer.take());
  });
  give(writer.take());
  return sums;
}

/** All events are made before the first round, so that nothing else runs while the replay does. */
function mixRounds(events: number, rounds: number): ImportsRound[] {
  const batches: CoreBatch[] = [];
  const keep = ({ rows, block, side }: CoreBatch) =>
    batches.push({ rows, block: block.slice(), side: side.slice() });
  const sums = batched((add) => importMix(events, add), keep);
  return Array.from({ length: rounds }, () => {
    const { feed, end } = startRound(events);
    for (const batch of batches) feed(batch);
    return end(sums);
  });
}

/** Events are made as they are fed: all of them would take more memory than what is measured. */
function rangeRound(order: Order, bytes: number, obeys: boolean): ImportsRound {
  const { feed, end } = startRound((bytes / 4096) * (obeys ? 3 : 2));
  return end(batched((add) => importRange(bytes, order, obeys, add), feed));
}

const [what, size, more] = process.argv.slice(2);
const rounds =
  what === 'mix'
    ? mixRounds(Number(size), Number(more))
    : [rangeRound(what as Order, Number(size) * 2 ** 30, more === 'obeys')];
console.log(JSON.stringify(rounds));
