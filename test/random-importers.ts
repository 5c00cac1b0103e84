/**
 * Random calls of the layers beyond the DMA API: few address spaces, ranges, objects and threads, so that they meet.
 *
 * In: fast-check's randomness. Out: what single calls of the kernel trace. They shrink to few events with plain facts.
 */
import fc from 'fast-check';
import * as schema from '../wasm/schema.js';
import { Kind, Layer, Op } from '../wasm/schema.js';
import * as made from './importer-events.js';
import { DIRECT_MAP, MM } from './importer-events.js';
import { type Facts, iommuMap } from './replay-events.js';
import type { ReplayEvent } from './replay-rows.js';

type Call = ReplayEvent[];
type Maker = (facts: Facts) => ReplayEvent;

const PAGE = 0x1000n;
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(usual, ...others) },
  );
const absent = undefined;
const number = (max: number) => fc.integer({ min: 0, max }).map(BigInt);

/** Leaves out what is undefined: an absent fact is an absent property. */
function known(facts: object): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

const place = fc.record({
  cpu: fc.integer({ min: 0, max: 2 }),
  tid: fc.constantFrom(100, 101, 0),
  comm: fc.integer({ min: 0, max: 2 }),
  probe: fc.constantFrom(0, 1, 2, 3, 4),
});
const device = fc.constantFrom(1, 2, 0);
const mm = mostly<bigint | undefined>(MM, MM + 0x400n, absent);
/** Two thirds of the ranges are of a few pages, some large enough to stand in a tree. */
const range = fc
  .tuple(number(7), fc.constantFrom(1n, 1n, 2n, 3n, 6n, 8n), mostly(0n, 0x200n), mostly(0n, 0x200n))
  .map(([page, pages, offset, more]) => ({
    addr: 0x7000_0000n + page * PAGE + offset,
    len: pages * PAGE + more,
  }));
const object = fc.constantFrom(0xa0n, 0xb0n, 0xc0n);
const error = mostly(0, 0, -12);

/** An event with facts of its own; of an absent one it has not even the default. */
const one = (make: Maker, ...facts: fc.Arbitrary<object>[]): fc.Arbitrary<Call> =>
  fc.tuple(place, ...facts).map((all): Call => [known(make(Object.assign({}, ...all))) as ReplayEvent]);

// ---- Imports by range, and what invalidates them -------------------------------------------------

const mapping = fc.record({ device, mm, error });
const ofDma = fc.record({ other: mostly<bigint | undefined>(absent, 0x10000n, 0x11000n) });
const mapped = one(made.importMap, mapping, range, ofDma);
const unmapped = one(made.importUnmap, mapping, range);
const grants = fc.oneof(one(made.grant, mapping, range), one(made.takeBack, mapping, range));

const causes = fc.constantFrom(0n, 1n, 2n, 3n, 6n, absent);
const orders = fc.record({ mm, value: causes, other: mostly<bigint | undefined>(1n, 0n, absent) });
const everything = fc.record({ addr: fc.constant(0n), len: fc.constant(absent) });
const what = fc.oneof({ weight: 8, arbitrary: range }, { weight: 1, arbitrary: everything });
const begins = one(made.invalidate, orders, what);
/** An invalidation from begin to end, with what its importers do in between. */
const invalidations = fc
  .tuple(begins, fc.array(fc.oneof(unmapped, mapped), { maxLength: 2 }), place)
  .map(([[begin], within, where]): Call => {
    const { mm, addr, len } = begin!;
    return [begin!, ...within.flat(), known({ ...made.invalidated(where), mm, addr, len }) as ReplayEvent];
  });
const ends = one(made.invalidated, fc.record({ mm }), what);
const exits = one(made.releaseMm, fc.record({ mm }));

const notifiers = fc.record({ object, mm, error });
const whole = fc.record({ addr: fc.constant(absent), len: fc.constant(absent) });
const watched = fc.oneof({ weight: 4, arbitrary: range }, { weight: 1, arbitrary: whole });
const inserts = one(made.insert, notifiers, watched);
const dismisses = one(made.dismiss, fc.record({ object, mm }));

// ---- Registrations -------------------------------------------------------------------------------

const registration = fc.record({
  object,
  kind: mostly(Kind.odp, Kind.mr),
  value: mostly<bigint | undefined>(absent, 7n),
  device: mostly(0, 1),
  error,
});
const registers = one(made.register, registration, range);
const deregisters = one(
  made.deregister,
  registration,
  fc.record({ mm: mostly<bigint | undefined>(absent, MM) }),
);
const faulted = fc.record({
  object: mostly<bigint | undefined>(0xb0n, 0xa0n, absent),
  mm,
  value: fc.constantFrom(1n, 2n, 9n, 0n, absent),
  other: mostly<bigint | undefined>(1n, 0n, absent),
  device: mostly(0, 1),
});
const faults = one(made.fault, faulted, range);
const unfaults = one(
  made.unfault,
  fc.record({ object: mostly<bigint | undefined>(0xb0n, 0xa0n, absent), mm, device: mostly(0, 1) }),
  range,
);
/** A registration as the kernel makes it: its notifier is inserted in its call. */
const watchedRegistration = fc
  .tuple(registers, inserts, fc.integer({ min: 1, max: 2 }))
  .map(([[open], [insert], call]): Call => {
    const { cpu, tid } = open!;
    const inner = { ...insert!, ...known({ cpu, tid, addr: open!.addr, len: open!.len }), error: 0 };
    return [made.enter(call, known({ cpu, tid })), inner, made.returning(call, open!)];
  });

// ---- Objects -------------------------------------------------------------------------------------

const buffer = fc.record({
  object,
  device,
  value: fc.constantFrom(0xd0n, 0xd1n, absent),
  other: mostly<bigint | undefined>(absent, 5n),
  mm: fc.constant(absent),
  error,
});
const buffers = fc.oneof(
  one(made.attach, buffer),
  one(made.detach, buffer),
  one(made.mapBuffer, buffer),
  one(made.mapBuffer, buffer),
  one(made.unmapBuffer, buffer),
  one(made.revokeBuffer, fc.record({ object: fc.constantFrom(0xd0n, 0xd1n, absent) })),
);
const memory = fc.record({
  addr: number(5).map((page) => DIRECT_MAP + 0x700000n + page * PAGE),
  len: fc.constantFrom(PAGE, 2n * PAGE, 0x800n, absent),
  device,
  error,
});
const shown = fc.record({ device, mm, error });
const pools = fc.oneof(
  { weight: 3, arbitrary: one(made.takePool, memory) },
  { weight: 2, arbitrary: one(made.givePool, memory) },
  { weight: 1, arbitrary: one(made.mmapPool, shown, range) },
  { weight: 1, arbitrary: one((facts) => ({ ...made.mmapPool(facts), op: Op.close }), shown, range) },
);
const freed = fc.record({
  phys: number(5).map((page) => 0x700000n + page * PAGE),
  len: fc.constantFrom(absent, PAGE, 2n * PAGE, 0n),
  layer: fc.constantFrom(Layer.page, Layer.page, Layer.pool, Layer.import_),
});
const frees = one(made.freePages, freed);

const linked = fc.record({
  addr: number(5).map((page) => 0x10000n + page * PAGE),
  len: fc.constantFrom(PAGE, 2n * PAGE, 6n * PAGE),
  phys: fc.constantFrom(0x700000n, absent),
  device,
  error,
});
/** A link reaches the IOMMU first. */
const translated = one(made.linkIova, linked).map(([event]): Call => {
  const { cpu, tid, addr } = event!;
  return [iommuMap(known({ cpu, tid, addr })), event!];
});
const iovas = fc.oneof(
  translated,
  one(made.linkIova, linked),
  one(made.linkIova, linked),
  one(made.unlinkIova, linked),
);

// ---- Columns that hold something else ------------------------------------------------------------

/** An event's facts in other words. */
const WORDS: readonly ((event: ReplayEvent) => Facts)[] = [
  ({ addr = 0n, len = 0n }) => ({ len: addr + len, means: schema.MEANS_END }),
  ({ addr = 0n, len = 1n }) => ({ len: addr + len - 1n, means: schema.MEANS_LAST }),
  () => ({ len: 2n, means: schema.MEANS_PAGES }),
  () => ({ len: 1n, means: schema.MEANS_ORDER }),
  () => ({ len: 40n, means: schema.MEANS_ORDER }),
  ({ phys = 0n }) => ({ phys: phys / PAGE, means: schema.MEANS_PFN }),
  ({ phys = 0n }) => ({ phys: 0xffffea0000000000n + (phys / PAGE) * 64n, means: schema.MEANS_STRUCT_PAGE }),
  ({ phys = 0n }) => ({ phys, means: schema.MEANS_STRUCT_PAGE }),
  () => ({ value: PAGE, means: schema.MEANS_OFFSET }),
  () => ({ object: 0n, means: schema.MEANS_POINTER }),
  () => ({ object: 0xffff_ffff_ffff_fff0n, means: schema.MEANS_POINTER }),
  ({ object = 0xa0n }) => ({ object, means: schema.MEANS_POINTER }),
  () => ({ value: 0xffff_ffff_ffff_fff4n, means: schema.MEANS_RESULT }),
  () => ({ value: 0xffff_fff4n, means: schema.MEANS_RESULT }),
  () => ({ value: 1n, means: schema.MEANS_RESULT }),
  () => ({ addr: 0n, means: schema.MEANS_KVA }),
  ({ addr = 0n }) => ({ addr, means: schema.MEANS_KVA }),
];
const inOtherWords = (calls: fc.Arbitrary<Call>) =>
  fc.tuple(calls, fc.constantFrom(...WORDS)).map(([events, reword]): Call => {
    const [first, ...rest] = events;
    return [{ ...first!, ...reword(first!) }, ...rest];
  });

// ---- Calls within calls --------------------------------------------------------------------------

const plain = fc.oneof(
  { weight: 6, arbitrary: mapped },
  { weight: 5, arbitrary: unmapped },
  { weight: 6, arbitrary: invalidations },
  { weight: 2, arbitrary: begins },
  { weight: 2, arbitrary: ends },
  { weight: 1, arbitrary: exits },
  { weight: 1, arbitrary: grants },
  { weight: 5, arbitrary: inserts },
  { weight: 2, arbitrary: dismisses },
  { weight: 2, arbitrary: registers },
  { weight: 2, arbitrary: watchedRegistration },
  { weight: 2, arbitrary: deregisters },
  { weight: 5, arbitrary: faults },
  { weight: 3, arbitrary: unfaults },
  { weight: 5, arbitrary: buffers },
  { weight: 4, arbitrary: pools },
  { weight: 2, arbitrary: frees },
  { weight: 3, arbitrary: iovas },
);
const FUNCTIONS = 3;
const entered = fc.record({
  call: fc.integer({ min: 1, max: FUNCTIONS }),
  device,
  object: fc.option(object, { nil: absent }),
  value: fc.constantFrom(absent, 0xd0n),
  mm,
  addr: fc.constantFrom(absent, 0x7000_0000n, DIRECT_MAP + 0x700000n),
  len: fc.constantFrom(absent, 0x2000n),
});
const entries = fc
  .tuple(place, entered)
  .map(([{ cpu, tid }, { call, ...facts }]): Call => [made.enter(call, known({ cpu, tid, ...facts }))]);
/** What an event leaves to its entry. */
const LEFT_OUT = ['addr', 'len', 'mm', 'device', 'object', 'value', 'other', 'phys', 'dir'] as const;
const returns = fc
  .tuple(plain, fc.integer({ min: 1, max: FUNCTIONS }), fc.subarray([...LEFT_OUT], { maxLength: 3 }))
  .map(([events, call, left]): Call => {
    const last = Object.fromEntries(
      Object.entries(events.at(-1)!).filter(([fact]) => !left.includes(fact as (typeof left)[number])),
    );
    return [...events.slice(0, -1), made.returning(call, last as unknown as ReplayEvent)];
  });
/** A call of one thread with all that comes within, perhaps the same thing told by another probe; now and then it never returns. */
const nested = (inner: fc.Arbitrary<Call>) =>
  fc
    .tuple(entries, fc.array(inner, { maxLength: 3 }), returns, mostly(true, false))
    .map(([[entry], within, outcome, ends]): Call => {
      const { cpu, tid, call = 0 } = entry!;
      const last = { ...outcome.at(-1)!, call };
      const events = [entry!, ...within.flat(), ...(ends ? [last] : [])];
      return events.map((event) => ({ ...event, ...known({ cpu, tid }) }));
    });
/** The same operation, told again by another probe. */
const echoed = fc
  .tuple(plain, fc.integer({ min: 5, max: 10 }))
  .map(([events, probe]): Call => [...events, { ...events.at(-1)!, probe }]);

/** Calls of these layers; `inner` are calls of others that may come within. */
export const importerCalls = (inner: fc.Arbitrary<Call>): fc.Arbitrary<Call> =>
  fc.oneof(
    { weight: 30, arbitrary: plain },
    { weight: 3, arbitrary: inOtherWords(plain) },
    { weight: 3, arbitrary: echoed },
    { weight: 2, arbitrary: entries },
    { weight: 2, arbitrary: returns },
    { weight: 4, arbitrary: nested(fc.oneof(plain, inner)) },
    { weight: 2, arbitrary: nested(nested(fc.oneof(plain, inner))) },
    { weight: 1, arbitrary: nested(inOtherWords(returns)) },
    { weight: 8, arbitrary: inner },
  );

// ---- Many at once --------------------------------------------------------------------------------

const wide = fc
  .tuple(number(99), fc.constantFrom(1n, 2n, 4n, 5n, 9n, 30n))
  .map(([page, pages]) => ({ addr: 0x7000_0000n + page * PAGE, len: pages * PAGE }));
const inMany = fc.record({ device: fc.constant(1), mm: fc.constant(MM) });
const asked = one(made.invalidate, inMany, wide).map(([begin]): Call => {
  const { addr, len } = begin!;
  return [begin!, made.invalidated(known({ addr, len }))];
});
const many = (call: fc.Arbitrary<Call>) => fc.array(call, { minLength: 30, maxLength: 50 });
/** Imports of one address space that most are let go of again, in any order and pieces, while it is invalidated. */
const filled = fc
  .tuple(many(one(made.importMap, inMany, wide)), many(fc.oneof(one(made.importUnmap, inMany, wide), asked)))
  .map((calls) => calls.flat(2));
const emptied = made.importUnmap({ addr: 0x7000_0000n, len: 0x200000n });
/** An address space with many imports; with none in between, perhaps; with many again. */
export const manyImports: fc.Arbitrary<ReplayEvent[][]> = fc
  .tuple(filled, fc.constantFrom([], [emptied]), filled)
  .map((parts) => [parts.flat().map((event, ts) => ({ ...event, ts: BigInt(ts) }))]);
