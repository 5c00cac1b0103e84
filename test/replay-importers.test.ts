/** docs/lifetimes.md beyond the DMA API, by example: what must come of small lists of events, run on both replays. */
import { test } from 'uvu';
import {
  Anomaly,
  Cause,
  EndReason,
  FLAG_AFTER_EXIT,
  FLAG_AFTER_LOSS,
  FLAG_BEFORE_REMOVAL,
  FLAG_UNWATCHED,
  INVALIDATION_FLAG_INFERRED,
  INVALIDATION_FLAG_NON_BLOCKING,
  Kind,
  Layer,
  MEANS_END,
  MEANS_KVA,
  MEANS_POINTER,
  MEANS_RESULT,
  MEANS_STRUCT_PAGE,
} from '../wasm/schema.js';
import * as made from './importer-events.js';
import {
  DIRECT_MAP,
  deregister,
  dismiss,
  enter,
  fault,
  freePages,
  grant,
  importMap,
  importUnmap,
  insert,
  invalidate,
  invalidated,
  MM,
  register,
  releaseMm,
  returning,
} from './importer-events.js';
import { iommuMap, lost, map, remove, unmap } from './replay-events.js';
import { example } from './replay-example.js';

const open = { closedTs: undefined, end: EndReason.capture_end };
const closed = (closeSeq: number) => ({ closeSeq, end: EndReason.closed });
const split = (closeSeq: number) => ({ closeSeq, end: EndReason.split });
const BASE = 0x7000_0000n;
const PAGE = 0x1000n;
/** `pages` pages from the first page of the usual range on. */
const pages = (first: number, pages: number) => ({
  addr: BASE + BigInt(first) * PAGE,
  len: BigInt(pages) * PAGE,
});
const other = { mm: MM + 0x400n };

// ---- Meanings ------------------------------------------------------------------------------------

example(
  'an end is a length, a result of 32 bits may be an error',
  [
    importMap({ len: BASE + 0x2000n, means: MEANS_END }),
    fault({ value: 0xfffffff4n, means: MEANS_RESULT }),
    freePages({ phys: 0xffffea0000000040n, means: MEANS_STRUCT_PAGE }),
  ],
  {
    events: [
      { len: 0x2000n, lifetime: 0 },
      { value: undefined, error: -12 },
      { phys: 0x1000n, lifetime: undefined },
    ],
    lifetimes: [{ len: 0x2000n }],
  },
);
example(
  'a pointer that is NULL or an error opens nothing',
  [
    register({ object: 0n, means: MEANS_POINTER }),
    register({ object: 0xfffffffffffffff0n, means: MEANS_POINTER }),
    made.takePool({ addr: 0n, means: MEANS_KVA }),
  ],
  {
    events: [
      { object: undefined, error: -12 },
      { object: undefined, error: -16 },
      { addr: undefined, error: -12 },
    ],
    lifetimes: [],
  },
);

// ---- Calls ---------------------------------------------------------------------------------------

const returned = returning(1, { ...register(), object: 0xb8n });
example(
  'a return takes from its entry what it does not say, and gets what was opened in between',
  [enter(1, { device: 3, mm: MM, other: 7n }), map(), map({ tid: 101 }), returned],
  {
    events: [{}, {}, {}, { device: 3, mm: MM, other: 7n, object: 0xb8n, lifetime: 2 }],
    lifetimes: [
      { parent: 2 },
      { parent: undefined },
      { device: 3, mm: MM, object: 0xb8n, parent: undefined },
    ],
  },
);
example(
  'what a call without an outcome opened belongs to the call around it; calls within end with it',
  [
    enter(1),
    enter(2),
    map(),
    enter(3),
    map({ addr: 0x20000n }),
    returning(2, { ...register(), error: -12 }),
    returned,
  ],
  { lifetimes: [{ parent: 2 }, { parent: 2 }, { parent: undefined }] },
);
example('a return without its entry is an event like others', [enter(2), returned], {
  lifetimes: [{ device: 0, mm: undefined }],
});
example(
  'an object told of in its call has its real name from the return',
  [
    enter(1, { device: 1 }),
    made.attach({ object: 0x77n, value: 5n }),
    returning(1, made.attach()),
    made.detach(),
    made.detach({ object: 0x77n }),
  ],
  {
    lifetimes: [{ object: 0xc0n, value: 0xd0n, openSeq: 1, ...closed(3) }],
    events: [{}, {}, { lifetime: 0 }, {}, {}],
  },
);
example(
  'but not one that is closed',
  [
    enter(1, { device: 1 }),
    made.attach({ object: 0x77n }),
    made.detach({ object: 0x77n }),
    returning(1, made.attach()),
    made.detach(),
  ],
  { lifetimes: [closed(2), closed(4)] },
);
example(
  'imports by range take what their call opened, unless it has a parent',
  [made.takePool(), enter(1), map({ phys: 0x700000n }), map({ addr: 0x20000n }), returning(1, importMap())],
  { lifetimes: [{}, { parent: 0 }, { parent: 3 }, { kind: Kind.p2p }] },
);
example(
  'what was mapped for a page of a registration is the registration’s',
  [register(), enter(1), made.linkIova(), returning(1, fault())],
  { lifetimes: [{}, { layer: Layer.iova, parent: 0 }, { kind: Kind.mirror, parent: 0 }] },
);

// ---- Echoes --------------------------------------------------------------------------------------

example(
  'one operation seen by several types of event counts once',
  [importMap(), importMap({ probe: 1 }), importMap({ probe: 1 }), importUnmap({ tid: 101 })],
  {
    events: [{ lifetime: 0 }, { lifetime: 0 }, { lifetime: 1 }, { lifetime: 0 }],
    lifetimes: [closed(3), closed(3)],
  },
);
example(
  'probes of one operation may be far apart',
  [importMap({ ts: 0n }), importMap({ ts: 20_000_000n, probe: 1 })],
  {
    lifetimes: [open],
  },
);
example('an echo comes at once', [importMap({ ts: 0n }), importMap({ ts: 1_000_000_001n, probe: 1 })], {
  lifetimes: [open, open],
});

// ---- Address spaces ------------------------------------------------------------------------------

example(
  'what is left when a release is over outlived its address space; the same name is another space then',
  [
    importMap(),
    importMap(pages(8, 1)),
    releaseMm(),
    importUnmap(pages(8, 1)),
    importMap(pages(16, 1)),
    importUnmap(),
  ],
  {
    lifetimes: [
      { flags: FLAG_AFTER_EXIT | FLAG_UNWATCHED, ...open },
      { flags: 0, invalidation: 0, ...closed(3) },
      { flags: 0, ...open },
    ],
    invalidations: [
      {
        cause: Cause.release,
        len: undefined,
        endSeq: 4,
        imports: 2,
        obeyed: 1,
        remaining: 0,
        flags: INVALIDATION_FLAG_INFERRED,
      },
    ],
  },
);
example(
  'the end of an invalidation of everything after a release is the end of the space',
  [
    importMap(),
    releaseMm(),
    invalidate({ addr: 0n, len: undefined as never }),
    invalidated({ addr: 0n, len: undefined as never }),
    invalidate(),
  ],
  {
    lifetimes: [{ flags: FLAG_AFTER_EXIT | FLAG_UNWATCHED }],
    invalidations: [{ endSeq: 2 }, { endSeq: 3, imports: 1 }, { imports: 0 }],
  },
);
example(
  'a release that nothing follows: what is left at the end of the capture',
  [importMap(), releaseMm()],
  {
    lifetimes: [{ flags: FLAG_AFTER_EXIT }],
    invalidations: [{ endTs: undefined, endSeq: undefined }],
  },
);

example(
  'a registration that outlives the release of its space, whenever it is closed',
  [
    enter(1),
    insert(),
    returning(1, register()),
    register({ object: 1n, kind: Kind.mr }),
    register({ object: 2n, kind: Kind.mr }),
    releaseMm(),
    register({ object: 3n, kind: Kind.mr }),
    deregister({ object: 1n, mm: MM }),
    deregister({ object: 2n, mm: MM + 0x400n }),
    deregister({ object: 3n, mm: MM }),
  ],
  {
    lifetimes: [
      {},
      { flags: FLAG_AFTER_EXIT, ...open },
      { flags: FLAG_AFTER_EXIT, ...closed(7) },
      { flags: 0 },
      { flags: 0 },
    ],
  },
);

// ---- Objects -------------------------------------------------------------------------------------

example(
  'an object that is opened again was gone: replaced, or lost',
  [made.mapBuffer(), made.mapBuffer(), lost(), made.mapBuffer({ device: 2 }), made.unmapBuffer()],
  {
    lifetimes: [
      { end: EndReason.replaced, closeSeq: 1, closeTid: undefined },
      { end: EndReason.inferred_lost, closeSeq: 2, flags: FLAG_AFTER_LOSS },
      { device: 2, ...closed(3) },
    ],
  },
);
example(
  'a registration is closed under either of its kinds, and a close completes its facts',
  [register({ value: 7n }), deregister({ kind: Kind.mr, mm: MM, value: 9n })],
  { lifetimes: [{ kind: Kind.odp, mm: MM, value: 7n, ...closed(1) }] },
);
example(
  'a revocation marks the mappings of its dma-buf, once',
  [made.mapBuffer(), made.mapBuffer({ object: 1n, value: 2n }), made.revokeBuffer(), made.revokeBuffer()],
  {
    lifetimes: [{ invalidation: 0 }, { invalidation: undefined }],
    invalidations: [
      { layer: Layer.dmabuf, object: 0xd0n, mm: undefined, addr: undefined, imports: 1, endSeq: undefined },
      { imports: 1 },
    ],
  },
);
example(
  'pool memory, its mapping, and what is freed under it',
  [
    made.takePool(),
    map({ phys: 0x701000n, len: 0x2000n }),
    made.givePool({ len: 0x2000n }),
    freePages({ phys: 0x702000n }),
    unmap({ len: 0x2000n }),
  ],
  {
    lifetimes: [
      { phys: 0x700000n, ...closed(2) },
      { parent: 0, ...closed(4) },
    ],
    anomalies: [
      { kind: Anomaly.freed_mapped, seq: 2, lifetime: 1, expected: 0x701000n, actual: 0x702000n, len: PAGE },
    ],
  },
);
example(
  'pool memory in a process is known by its address and mm',
  [made.mmapPool(), made.mmapPool(other), { ...made.mmapPool(other), op: deregister().op }],
  { lifetimes: [open, closed(2)] },
);
example(
  'pages freed under a mapping, one page where no length is told',
  [map({ phys: 0x700000n, len: 0x2000n }), freePages({ len: undefined as never, phys: 0x701000n })],
  { anomalies: [{ device: 0, addr: 0x10000n, expected: 0x701000n, actual: 0x702000n }] },
);

// ---- Imports by range ----------------------------------------------------------------------------

example(
  'a partial unmap splits an import',
  [
    importMap(),
    importUnmap(pages(1, 2)),
    importUnmap(pages(0, 1)),
    importUnmap({ ...pages(0, 4), device: 2 }),
  ],
  {
    lifetimes: [
      { ...pages(0, 1), ...closed(2), group: undefined },
      { ...pages(1, 2), ...split(1), group: 0 },
      { ...pages(3, 1), ...open, group: 0 },
    ],
    siblings: [{ opened: 3n, closed: 2n, openedBytes: 4n * PAGE, closedBytes: 3n * PAGE }],
  },
);
example(
  'without an mm a close is of the first space that has any',
  [importMap(other), importMap(), importUnmap({ mm: undefined as never })],
  { lifetimes: [closed(2), open] },
);
example(
  'the device’s own notifier, else one that is no device’s yet; the DMA mapping at the address that is told',
  [
    insert(),
    insert({ object: 0xa8n }),
    map(),
    importMap({ ...pages(0, 1), other: 0x10000n }),
    importMap({ ...pages(1, 1), device: 2 }),
    importMap({ ...pages(2, 1), device: 3 }),
  ],
  {
    lifetimes: [
      { device: 2 },
      { device: 1 },
      { parent: 3 },
      { parent: 1, other: 0x10000n },
      { parent: 0 },
      { parent: undefined },
    ],
  },
);
example(
  'after a loss what stands in the way was unmapped in the dark, part by part',
  [importMap(), lost(), importMap(pages(3, 2))],
  {
    lifetimes: [
      { ...pages(0, 3), ...open, flags: FLAG_AFTER_LOSS },
      { ...pages(3, 1), end: EndReason.inferred_lost, closeSeq: 1, closeTid: undefined },
      { ...pages(3, 2), ...open, flags: 0 },
    ],
    events: [{}, { lifetime: 2 }],
  },
);
example(
  'faults map the gaps; the registration’s close takes its pages first',
  [
    register(),
    fault({ ...pages(1, 1), value: 1n }),
    fault({ value: 3n, addr: BASE + 0x10n }),
    fault({ other: 0n }),
    deregister(),
  ],
  {
    lifetimes: [
      { mm: MM, ...closed(4) },
      { ...pages(1, 1), parent: 0, ...closed(4) },
      { ...pages(0, 1), parent: 0, ...closed(4) },
      { ...pages(2, 1), parent: 0, ...closed(4) },
    ],
    events: [{}, { lifetime: 1 }, { lifetime: 2 }, { lifetime: undefined }, { lifetime: 0 }],
  },
);
example('the pages of a registration that is replaced are gone with it', [register(), fault(), register()], {
  lifetimes: [{ end: EndReason.replaced }, { end: EndReason.replaced, closeTid: undefined }, open],
});

// ---- Invalidations -------------------------------------------------------------------------------

example(
  'what is closed while an invalidation is under way obeyed it',
  [insert(), importMap(), invalidate({ value: 1n, other: 0n }), importUnmap(pages(0, 1)), invalidated()],
  {
    lifetimes: [{}, { ...pages(1, 3), invalidation: 0 }, { ...pages(0, 1), invalidation: 0, ...split(3) }],
    invalidations: [
      {
        ...pages(0, 4),
        mm: MM,
        cause: Cause.clear,
        imports: 1,
        obeyed: 1,
        remaining: 1,
        flags: INVALIDATION_FLAG_NON_BLOCKING,
        beginSeq: 2,
        endSeq: 4,
      },
    ],
  },
);
example(
  'an invalidation marks the part that it covers, and another only counts it',
  [
    insert(),
    importMap(),
    invalidate(pages(1, 1)),
    invalidated(pages(1, 1)),
    invalidate(pages(0, 2)),
    invalidated(pages(0, 2)),
  ],
  {
    lifetimes: [
      {},
      { ...pages(0, 1), invalidation: 1 },
      { ...pages(1, 1), invalidation: 0, group: 1 },
      { ...pages(2, 2), invalidation: undefined, group: 1 },
    ],
    invalidations: [{ remaining: 1 }, { remaining: 2 }],
  },
);
example(
  'a mark by a weak cause gives way to one that must be obeyed',
  [
    insert(),
    importMap(),
    invalidate({ value: 2n }),
    invalidated(),
    invalidate({ value: 6n }),
    invalidated(),
    invalidate({ value: 0n }),
    invalidated(),
  ],
  {
    lifetimes: [{}, { invalidation: 2 }],
    invalidations: [{ remaining: 1 }, { remaining: 1 }, { remaining: 1 }],
  },
);
example(
  'without a notifier that was there before, nothing is owed: what is new, granted, of another range, or not watched',
  [
    importMap(),
    grant(),
    invalidate(),
    importMap({ ...pages(0, 1), device: 2 }),
    insert({ object: 1n }),
    invalidated(),
    dismiss({ object: 1n }),
    insert(pages(0, 2)),
    invalidate(pages(0, 1)),
    invalidated(pages(0, 1)),
  ],
  {
    lifetimes: [
      { ...pages(1, 3), flags: FLAG_UNWATCHED, invalidation: undefined },
      { flags: 0 },
      { flags: 0, invalidation: 1 },
      { ...closed(6) },
      {},
      { ...pages(0, 1), flags: FLAG_UNWATCHED, invalidation: 1 },
    ],
    invalidations: [
      { imports: 1, remaining: 0 },
      { imports: 2, remaining: 2 },
    ],
  },
);
example(
  'a registration’s notifier watches its pages, and no others',
  [
    enter(1),
    insert(),
    returning(1, register()),
    fault(),
    importMap({ device: 0 }),
    invalidate(pages(0, 1)),
    invalidated(pages(0, 1)),
  ],
  {
    lifetimes: [
      { parent: 1 },
      { mm: MM },
      { ...pages(1, 3), invalidation: undefined },
      { ...pages(1, 3), parent: undefined },
      { ...pages(0, 1), invalidation: 0, parent: 1 },
      { ...pages(0, 1), flags: FLAG_UNWATCHED },
    ],
  },
);

// ---- Layer iova, removal -------------------------------------------------------------------------

example(
  'a range that is linked has the iommu’s maps, and is split when a part is unlinked',
  [iommuMap({ addr: 0x20000n }), made.linkIova(), made.unlinkIova({ addr: 0x21000n, len: PAGE })],
  {
    lifetimes: [
      { device: 1, parent: 1 },
      { addr: 0x20000n, len: PAGE },
      { addr: 0x21000n, ...split(2) },
      { addr: 0x22000n, len: 0x2000n },
    ],
  },
);
example(
  'a removal flags what its device has in every layer but iommu; one that names no device flags nothing',
  [
    map(),
    importMap(),
    made.attach(),
    made.linkIova(),
    map({ device: 0 }),
    remove({ device: 0 }),
    importMap({ ...pages(8, 1), device: 2 }),
    remove(),
  ],
  {
    lifetimes: [
      { flags: FLAG_BEFORE_REMOVAL },
      { flags: FLAG_BEFORE_REMOVAL },
      { flags: FLAG_BEFORE_REMOVAL },
      { flags: FLAG_BEFORE_REMOVAL },
      { flags: 0 },
      { flags: 0 },
    ],
  },
);
example(
  'the direct map’s ends are no pool memory of known place',
  [made.takePool({ addr: DIRECT_MAP - 1n })],
  {
    lifetimes: [{ phys: undefined }],
  },
);

test.run();
