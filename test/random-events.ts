/**
 * Random captures for the replays: few devices, addresses, threads and facts, so that events meet, fit and misfit.
 *
 * In: fast-check's randomness. Out: streams of events in time order. They shrink to few events with plain facts.
 */
import fc from 'fast-check';
import { Dir, Kind, Op } from '../wasm/schema.js';
import {
  type Facts,
  iommuMap,
  iommuUnmap,
  lost,
  map,
  mapList,
  note,
  remove,
  removed,
  stack,
  sync,
  syncList,
  unmap,
  unmapList,
} from './replay-events.js';
import type { ReplayEvent } from './replay-rows.js';

/** What one call of the kernel traces, one event after another. */
type Call = ReplayEvent[];

const PAGE = 0x1000n;
const page = (pages: number) => fc.integer({ min: 0, max: pages - 1 }).map((n) => BigInt(n) * PAGE);
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(usual, ...others) },
  );
const sum = (base: bigint, ...parts: fc.Arbitrary<bigint>[]) =>
  fc.tuple(...parts).map((values) => values.reduce((a, b) => a + b, base));

const dmaAddr = sum(0x10000n, page(5), mostly(0n, 0x200n, 0x800n));
const physAddr = sum(0x700000n, page(6), mostly(0n, 0x800n));
const length = mostly(0x1000n, 0x800n, 0x2000n, 0x3000n, 0x10n);
const dir = mostly<Dir | undefined>(Dir.to_device, Dir.from_device, Dir.bidirectional, Dir.none, undefined);
const attrs = mostly<number | undefined>(0, 0x400, 0x20, 0x3400, undefined);

/** Who and where; a call's events have this in common. */
const place = fc.record({
  cpu: fc.integer({ min: 0, max: 2 }),
  tid: fc.constantFrom(100, 101, 0),
  comm: fc.integer({ min: 0, max: 2 }),
  device: fc.constantFrom(1, 2, 3),
  stack: mostly(0, 1, 2),
});
const mapping = fc.record({
  addr: dmaAddr,
  len: length,
  kind: mostly(Kind.single, Kind.resource, Kind.coherent, Kind.pages, Kind.none),
  dir,
  attrs,
});

/** Leaves out what is undefined. */
function known(facts: object): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
/** An event made of facts; of an absent one it has not even the default. */
function told(make: (facts: Facts) => ReplayEvent, ...facts: object[]): ReplayEvent {
  const all = Object.assign({}, ...facts);
  return known(make(all)) as ReplayEvent;
}

const error = mostly(0, -12);
const opens = fc
  .tuple(place, mapping, fc.option(physAddr, { nil: undefined }), error)
  .map(([where, what, phys, error]): Call => [told(map, where, what, { phys, error })]);
const closes = fc
  .tuple(place, mapping, mostly(undefined, 0n))
  .map(([where, what, len]): Call => [told(unmap, where, what, known({ len }))]);
const syncs = fc.tuple(place, mapping).map(([where, what]): Call => [told(sync, where, what)]);

// ---- Scatterlists --------------------------------------------------------------------------------

const entries = fc.array(fc.tuple(physAddr, dmaAddr, length), { minLength: 1, maxLength: 4 });
/** Shown as they are, merged by the IOMMU, or the first few of a long list. */
const shape = fc.constantFrom('as it is', 'as it is', 'merged', 130, 503, 504, 600);
const listFacts = fc.record({ dir, attrs });

const opensList = fc.tuple(place, listFacts, entries, shape).map(([where, what, list, shape]): Call => {
  const segments = shape === 'merged' ? list.slice(0, Math.ceil(list.length / 2)) : list;
  const phys = list.map(([phys]) => phys);
  const shown = { phys, dma: segments.map(([, dma]) => dma), lengths: segments.map(([, , len]) => len) };
  const whole = typeof shape === 'number' ? { nents: shape, ents: shape, truncated: true } : {};
  return [told((facts) => mapList({ ...shown, ...whole }, facts), where, what)];
});
const closesList = fc
  .tuple(place, listFacts, fc.array(physAddr, { minLength: 1, maxLength: 4 }), mostly(0, 1, 2, 130, 504))
  .map(
    ([where, what, phys, nents]): Call => [
      told((facts) => unmapList(phys, facts, nents || phys.length), where, what),
    ],
  );
const syncsList = fc.tuple(place, listFacts, fc.array(dmaAddr, { minLength: 1, maxLength: 3 })).map(
  ([where, what, dma]): Call => [
    told(
      (facts) =>
        syncList(
          dma,
          dma.map(() => 0x1000n),
          facts,
        ),
      where,
      what,
    ),
  ],
);
/** A list, its right unmap, and now and then another. */
const wholeList = fc
  .tuple(opensList, closesList, place, fc.boolean())
  .map(([[open], [stray], where, twice]): Call => {
    const { list, device, dir, attrs } = open!;
    const close = told((facts) => unmapList(list!.phys, facts, list!.nents), where, { device, dir, attrs });
    return twice ? [open!, close, stray!] : [open!, close];
  });

// ---- The IOMMU -----------------------------------------------------------------------------------

const iova = fc.record({ addr: sum(0x10000n, page(6)), len: page(4).map((len) => len + PAGE) });
const iommuMaps = fc
  .tuple(place, iova, fc.option(physAddr, { nil: undefined }))
  .map(([where, what, phys]): Call => [told(iommuMap, known({ ...where, ...what, phys, device: 0 }))]);
const iommuUnmaps = fc
  .tuple(place, iova)
  .map(([where, what]): Call => [told(iommuUnmap, where, what, { device: 0 })]);

const pageOf = ({ addr = 0n }: ReplayEvent) => ({ addr: addr - (addr % PAGE), len: PAGE });
const byIommu = ({ cpu, tid, ...event }: ReplayEvent) => ({
  ...known({ cpu, tid }),
  ...pageOf({ cpu, tid, ...event } as ReplayEvent),
});
/** Calls that reach the IOMMU first. */
const translated = fc.oneof(
  opens.map(([event]): Call => [iommuMap(byIommu(event!)), event!]),
  closes.map(([event]): Call => [iommuUnmap(byIommu(event!)), event!]),
);

// ---- Everything ----------------------------------------------------------------------------------

/** A mapping and its unmap, perhaps on another CPU. */
const whole = fc.tuple(opens, place).map(([[open], where]): Call => {
  const { addr, len, kind, dir, attrs, device } = open!;
  return [open!, told(unmap, where, { addr, len, kind, dir, attrs, device })];
});
const others = fc
  .tuple(place, fc.constantFrom(note, note, remove, removed), fc.constantFrom(Op.note, Op.fail))
  .map(([where, make, op]): Call => {
    const event = make(where);
    return [event.op === Op.note ? { ...event, op } : event];
  });
const losses = fc
  .record({ cpu: fc.integer({ min: 0, max: 3 }), len: fc.constantFrom(undefined, 7n) })
  .map((facts): Call => [lost(known(facts))]);
const stacks = fc
  .record({ cpu: fc.integer({ min: 0, max: 2 }), id: fc.integer({ min: 3, max: 9 }) })
  .map(({ cpu, id }): Call => [stack(id, { cpu })]);

/** `losses` and `stacks` as often as told: most captures have none, and much is never seen beside them. */
const call = (lossWeight: number, stackWeight: number) =>
  fc.oneof(
    { weight: 8, arbitrary: opens },
    { weight: 8, arbitrary: closes },
    { weight: 6, arbitrary: whole },
    { weight: 4, arbitrary: syncs },
    { weight: 4, arbitrary: opensList },
    { weight: 4, arbitrary: closesList },
    { weight: 3, arbitrary: wholeList },
    { weight: 2, arbitrary: syncsList },
    { weight: 4, arbitrary: translated },
    { weight: 3, arbitrary: iommuMaps },
    { weight: 3, arbitrary: iommuUnmaps },
    { weight: 1, arbitrary: others },
    { weight: lossWeight, arbitrary: losses },
    { weight: stackWeight, arbitrary: stacks },
  );

/** Time since the event before; now and then about as long as a trace may be late. */
const step = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(1000n, 1n, 0n) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(10_000_000n, 9_999_999n, 10_000_001n, 1_000_000_000n, 1_000_000_001n),
  },
);
const STREAMS = 3;
const timedCall = (events: fc.Arbitrary<Call>) =>
  fc.record({
    events,
    step,
    stream: fc.integer({ min: 0, max: STREAMS - 1 }),
  });

/** Spreads calls over streams, with times that never fall. A call's events may stand in several streams of the same times. */
function streamsOf(calls: { events: Call; step: bigint; stream: number }[]): ReplayEvent[][] {
  const streams: ReplayEvent[][] = Array.from({ length: STREAMS }, () => []);
  let ts = 0n;
  for (const { events, step, stream } of calls) {
    for (const event of events) {
      ts += step;
      streams[stream]!.push({ ...event, ts });
    }
  }
  return streams;
}

interface Length {
  readonly minLength?: number;
  readonly maxLength: number;
}

/** A capture of at most so many calls; `among` puts others among them. */
export function captures(
  length: Length,
  among: (calls: fc.Arbitrary<Call>) => fc.Arbitrary<Call> = (calls) => calls,
): fc.Arbitrary<ReplayEvent[][]> {
  const ofWeights = ([lossWeight, stackWeight]: readonly number[]) =>
    fc.array(timedCall(among(call(lossWeight!, stackWeight!))), { ...length, size: 'max' });
  return fc.constantFrom([0, 0], [1, 0], [0, 6], [2, 6]).chain(ofWeights).map(streamsOf);
}
