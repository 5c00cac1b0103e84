/** docs/lifetimes.md by example: small lists of events, what must come of them written by hand, run on both replays. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Anomaly,
  Dir,
  EndReason,
  FLAG_AFTER_LOSS,
  FLAG_BEFORE_REMOVAL,
  FLAG_MISMATCH,
  FLAG_OVERLAP,
  FLAG_REMAINDER,
  FLAG_TRUNCATED,
  FLAG_UNRECORDABLE_UNMAP,
  Kind,
  Layer,
  Op,
} from '../wasm/schema.js';
import { inOrder } from './reference-replay.js';
import {
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
import { example } from './replay-example.js';
import type { PageLifetime } from './replay-rows.js';

const open = { closedTs: undefined, end: EndReason.capture_end };
const closed = (closeSeq: number) => ({ closeSeq, end: EndReason.closed });
const { to_device, from_device, bidirectional } = Dir;
const b = { device: 2 };
/** Without an IOMMU an address is that of the memory itself, for every device. */
const direct = { phys: 0x10000n };
const LATE = 10_000_000n;

// ---- Every event ---------------------------------------------------------------------------------

example(
  'a map and its unmap are one lifetime, with the facts of both',
  [map({ comm: 3, stack: 4, phys: 0x7000n, attrs: 2 }), unmap({ cpu: 1, tid: 101, stack: 5, attrs: 2 })],
  {
    events: [
      { seq: 0, ts: 1000n, cpu: 0, stack: 4, lifetime: 0 },
      { seq: 1, ts: 2000n, cpu: 1, stack: 5, lifetime: 0 },
    ],
    lifetimes: [
      {
        id: 0,
        layer: Layer.dma,
        kind: Kind.single,
        device: 1,
        dir: to_device,
        addr: 0x10000n,
        len: 0x1000n,
        phys: 0x7000n,
        attrs: 2,
        openedTs: 1000n,
        openSeq: 0,
        openTid: 100,
        openComm: 3,
        openStack: 4,
        closedTs: 2000n,
        closeSeq: 1,
        closeTid: 101,
        closeStack: 5,
        end: EndReason.closed,
        group: undefined,
        parent: undefined,
        syncs: 0,
        passed: 0,
        flags: 0,
      },
    ],
    siblings: [
      {
        opened: 1n,
        closed: 1n,
        older: 0n,
        openedBytes: 0x1000n,
        closedBytes: 0x1000n,
        firstTs: 1000n,
        lastTs: 2000n,
        longest: 1000n,
        mostPassed: 0,
      },
    ],
  },
);
example(
  'a stack belongs to the newest row of its CPU without one, and to the lifetimes that it opened or closed',
  [
    mapList({ phys: [0x1000n, 0x5000n], dma: [0xa000n, 0xc000n], lengths: [0x1000n, 0x1000n] }),
    note({ cpu: 1 }),
    stack(7),
    unmapList([0x1000n, 0x5000n]),
    stack(8),
  ],
  {
    events: [{ stack: 7 }, { stack: 0 }, { stack: 8 }],
    lifetimes: [
      { openStack: 7, closeStack: 8 },
      { openStack: 7, closeStack: 8 },
    ],
  },
);
example(
  'an interrupt between an event and its stack brings a pair of its own',
  [map(), map({ addr: 0x20000n }), stack(7), stack(8)],
  { lifetimes: [{ openStack: 8 }, { openStack: 7 }] },
);
example(
  'a stack looks back over four rows of its CPU, and never replaces one',
  [
    map(),
    note({ stack: 1 }),
    note({ stack: 1 }),
    note({ cpu: 1 }),
    note({ stack: 1 }),
    stack(7),
    map({ addr: 0x20000n }),
    note({ stack: 1 }),
    note({ stack: 1 }),
    note({ stack: 1 }),
    note({ stack: 1 }),
    stack(8),
  ],
  {
    lifetimes: [{ openStack: 7 }, { openStack: 0 }],
  },
);
example('rows are numbered; stacks and losses are none', [note(), stack(1), lost(), note()], {
  events: [
    { seq: 0, stack: 1 },
    { seq: 1, stack: 0 },
  ],
});
example(
  'a loss lasts from the event before it to the one after it, of its CPU',
  [
    lost({ cpu: 1 }),
    note(),
    note({ cpu: 1 }),
    lost({ cpu: 1, len: 12n }),
    note(),
    note({ cpu: 1 }),
    lost({ cpu: 2 }),
  ],
  {
    losses: [
      { cpu: 1, from: undefined, to: 3000n, count: undefined, seq: 0 },
      { cpu: 1, from: 3000n, to: 6000n, count: 12n, seq: 2 },
      { cpu: 2, from: undefined, to: 7000n, count: undefined, seq: 4 },
    ],
  },
);
const { addr: _, ...nowhere } = map();
example(
  'an open that failed, or that names no address, opens nothing',
  [map({ error: -12 }), nowhere, map({ op: Op.fail })],
  { lifetimes: [] },
);
example('a close of no length does nothing', [map(), unmap({ len: 0n }), unmap({ addr: 0n, len: 0n })], {
  lifetimes: [open],
  events: [{ lifetime: 0 }, { lifetime: undefined }, { lifetime: undefined }],
});
example(
  'streams are merged by time; of the same time the lower stream comes first',
  [
    [map({ ts: 5n }), unmap({ ts: 7n })],
    [
      map({ ts: 5n, cpu: 1, addr: 0x20000n }),
      note({ ts: 6n, cpu: 1 }),
      unmap({ ts: 7n, cpu: 1, addr: 0x20000n }),
    ],
  ],
  {
    events: [
      { cpu: 0, lifetime: 0 },
      { cpu: 1, lifetime: 1 },
      { cpu: 1 },
      { cpu: 0, lifetime: 0 },
      { cpu: 1, lifetime: 1 },
    ],
  },
);

example(
  'siblings count what was closed while one was open, of older mappings too',
  [
    map(),
    map({ addr: 0x20000n, len: 0x800n }),
    unmap({ addr: 0x20000n, len: 0x800n }),
    unmap({ addr: 0x30000n }),
    map({ kind: Kind.coherent }),
    unmap(),
    note(),
    unmap({ kind: Kind.coherent }),
  ],
  {
    lifetimes: [{ passed: 2 }, { passed: 0 }, { passed: 0 }],
    anomalies: [{ kind: Anomaly.before_capture }],
    siblings: [
      {
        kind: Kind.single,
        opened: 2n,
        closed: 2n,
        older: 1n,
        openedBytes: 0x1800n,
        closedBytes: 0x1800n,
        firstTs: 1000n,
        lastTs: 6000n,
        longest: 5000n,
        mostPassed: 2,
      },
      {
        kind: Kind.coherent,
        opened: 1n,
        closed: 1n,
        firstTs: 5000n,
        lastTs: 8000n,
        longest: 3000n,
        mostPassed: 0,
      },
    ],
  },
);
example(
  'losses that follow each other end together',
  [note(), lost({ len: 1n }), lost({ cpu: 1 }), lost({ len: 2n }), note()],
  {
    losses: [
      { from: 1000n, to: 5000n, count: 1n },
      { cpu: 1, from: undefined, to: 3000n },
      { from: 1000n, to: 5000n, count: 2n },
    ],
  },
);

for (const [others, lifetime] of [
  [1023, 0],
  [1024, undefined],
] as const) {
  const between = Array.from({ length: others }, () => [map({ addr: 0x20000n }), unmap({ addr: 0x20000n })]);
  example(
    `a lifetime after which ${others} have ended ${lifetime === undefined ? 'can no longer' : 'can still'} be named`,
    [map(), unmap(), ...between.flat(), unmap()],
    { anomalies: [{ kind: Anomaly.double_unmap, lifetime }] },
  );
}

// ---- Layer dma: open -----------------------------------------------------------------------------

const three = {
  phys: [0x1000n, 0x5000n, 0x9000n],
  dma: [0xa000n, 0xc000n, 0xe000n],
  lengths: [0x1000n, 0x800n, 0x1000n],
};
example('a list is one lifetime a segment, with its own physical address', [mapList(three)], {
  events: [{ lifetime: 0 }],
  lifetimes: [
    { addr: 0xa000n, len: 0x1000n, phys: 0x1000n, group: 0, flags: 0, kind: Kind.sg },
    { addr: 0xc000n, len: 0x800n, phys: 0x5000n, group: 0 },
    { addr: 0xe000n, len: 0x1000n, phys: 0x9000n, group: 0 },
  ],
});
example(
  'of a list that the IOMMU merged only the first segment has a physical address',
  [mapList({ phys: three.phys, dma: [0xa000n, 0xf000n], lengths: [0x2000n, 0x800n] })],
  {
    lifetimes: [{ phys: 0x1000n }, { phys: undefined }],
  },
);
example('a truncated list says so', [mapList({ ...three, nents: 200, ents: 200, truncated: true })], {
  lifetimes: [
    { flags: FLAG_TRUNCATED, phys: 0x1000n },
    { flags: FLAG_TRUNCATED, phys: 0x5000n },
    { flags: FLAG_TRUNCATED },
  ],
});
example(
  'a list of 504 entries has an unmap that ftrace cannot record',
  [
    mapList({ ...three, nents: 503, ents: 503, truncated: true }),
    mapList({ ...three, phys: [0x100000n], nents: 504, ents: 504, truncated: true }, b),
  ],
  {
    lifetimes: [
      ...Array(3).fill({ flags: FLAG_TRUNCATED }),
      ...Array(3).fill({ flags: FLAG_TRUNCATED | FLAG_UNRECORDABLE_UNMAP }),
    ],
    anomalies: [
      {
        kind: Anomaly.unmap_unrecordable,
        seq: 1,
        ts: 2000n,
        device: 2,
        addr: 0xa000n,
        len: 0x1000n,
        lifetime: 3,
        other: undefined,
        expected: undefined,
        actual: undefined,
        afterLoss: false,
      },
    ],
  },
);
example(
  'such a list that was closed after all is no anomaly',
  [mapList({ ...three, nents: 504, ents: 504, truncated: true }), unmapList(three.phys, {}, 504)],
  { lifetimes: [closed(1), closed(1), closed(1)] },
);
example(
  'without a loss a mapping may be mapped again before its unmap is traced',
  [map(), map({ cpu: 1, tid: 101 }), unmap({ tid: 102 }), unmap({ cpu: 1, tid: 101 })],
  {
    lifetimes: [closed(2), closed(3)],
  },
);
example(
  'after a loss the address mapped again shows that the unmap was lost',
  [map(), stack(3), lost(), map({ tid: 101, len: 0x2000n }), stack(4), unmap({ len: 0x2000n })],
  {
    lifetimes: [
      {
        closedTs: 4000n,
        closeSeq: 1,
        closeTid: undefined,
        end: EndReason.inferred_lost,
        flags: FLAG_AFTER_LOSS,
        openStack: 3,
        closeStack: 0,
      },
      { ...closed(2), flags: 0, openStack: 4 },
    ],
    anomalies: [
      {
        kind: Anomaly.inferred_lost,
        seq: 1,
        ts: 4000n,
        device: 1,
        addr: 0x10000n,
        len: 0x1000n,
        lifetime: 0,
        other: 1,
        afterLoss: true,
      },
    ],
  },
);
example(
  'what was opened since the newest loss is not inferred to be lost',
  [lost(), map(), map({ cpu: 1 })],
  {
    lifetimes: [open, open],
  },
);
example('nor what another device has mapped', [map(), lost(), map(b)], {
  lifetimes: [{ flags: FLAG_AFTER_LOSS, ...open }, open],
});
const memory = { phys: 0x7000n };
const again = { phys: 0x7800n, addr: 0x20000n, len: 0x1000n, dir: from_device };
const overlap = {
  kind: Anomaly.overlapping_map,
  seq: 1,
  ts: 2000n,
  device: 1,
  addr: 0x20000n,
  len: 0x800n,
  lifetime: 1,
  other: 0,
  expected: 1n,
  actual: 2n,
  afterLoss: false,
};
example('memory mapped again while a forgotten mapping stands is none', [map(memory), map(again)], {
  lifetimes: [{ flags: 0 }, { flags: 0 }],
});
example(
  'memory mapped twice is an overlap when the thread that mapped it again unmaps the older',
  [map(memory), map({ ...again, tid: 101 }), unmap({ tid: 101 })],
  {
    lifetimes: [{ flags: 0 }, { flags: FLAG_OVERLAP }],
    anomalies: [overlap],
  },
);
example(
  'it is none when another thread unmapped the older shortly after: that unmap was traced late',
  [map(memory), map({ ...again, tid: 101 }), unmap({ ts: 2000n + LATE })],
  { lifetimes: [{ flags: 0 }, { flags: 0 }] },
);
example(
  'it is one when that came more than 10 ms later',
  [map(memory), map({ ...again, tid: 101 }), unmap({ ts: 2001n + LATE })],
  {
    lifetimes: [{ flags: 0 }, { flags: FLAG_OVERLAP }],
    anomalies: [overlap],
  },
);
example(
  'the idle thread is another one on every CPU',
  [map({ ...memory, tid: 0 }), map({ ...again, tid: 0, cpu: 1 }), unmap({ tid: 0 })],
  {
    lifetimes: [{ flags: 0 }, { flags: 0 }],
  },
);
example(
  'a loss before the older one closes may have hidden its unmap',
  [map(memory), map(again), lost(), unmap()],
  {
    lifetimes: [{ flags: FLAG_AFTER_LOSS }, { flags: FLAG_OVERLAP | FLAG_AFTER_LOSS }],
    anomalies: [{ ...overlap, afterLoss: true }],
  },
);
example(
  'it is none when the older one turns out to be lost',
  [map(memory), lost(), map({ ...again }), map({ cpu: 1 })],
  {
    lifetimes: [{ end: EndReason.inferred_lost }, { flags: 0 }, { flags: 0 }],
    anomalies: [{ kind: Anomaly.inferred_lost }],
  },
);
example(
  'the pair is the youngest such mapping and the new one',
  [map(memory), map({ ...memory, addr: 0x30000n }), map(again), unmap({ addr: 0x30000n })],
  {
    anomalies: [{ kind: Anomaly.overlapping_map, seq: 2, lifetime: 2, other: 1 }],
  },
);
example(
  'neighbours, other devices, unknown memory and the same list are no overlap',
  [
    map(memory),
    map({ ...again, phys: 0x8000n }),
    map({ ...b, ...memory }),
    map({ addr: 0x30000n }),
    mapList({ phys: [0x20000n, 0x20000n], dma: [0x50000n, 0x60000n], lengths: [0x1000n, 0x1000n] }),
  ],
  {},
);

// ---- Layer dma: close of one mapping -------------------------------------------------------------

const lengths = [map({ len: 0x2000n }), map({ cpu: 1 })];
example('of two mappings at an address the one that fits best is closed: by length', [...lengths, unmap()], {
  lifetimes: [open, closed(2)],
});
const kinds = [map(), map({ cpu: 1, kind: Kind.coherent })];
example('by kind', [...kinds, unmap({ kind: Kind.coherent })], { lifetimes: [open, closed(2)] });
example('by direction', [map(), map({ cpu: 1, dir: from_device }), unmap({ dir: from_device })], {
  lifetimes: [open, closed(2)],
});
example('among equals the oldest', [map(), map({ cpu: 1 }), unmap({ tid: 101 })], {
  lifetimes: [closed(2), open],
});
example(
  'among equals what the same thread mapped, and of that the youngest',
  [map(), map(), map({ tid: 101 }), unmap(), unmap({ tid: 101 })],
  { lifetimes: [open, closed(3), closed(4)] },
);
example('the idle threads are not one', [map({ tid: 0 }), map({ tid: 0 }), unmap({ tid: 0 })], {
  lifetimes: [closed(2), open],
});
example('a segment of a list is a candidate too', [mapList(three), unmap({ addr: 0xc000n, len: 0x800n })], {
  lifetimes: [open, { ...closed(1), flags: FLAG_MISMATCH }, open],
  anomalies: [
    {
      kind: Anomaly.kind_mismatch,
      lifetime: 1,
      expected: 2n,
      actual: 1n,
      addr: 0xc000n,
      len: 0x800n,
      seq: 1,
      ts: 2000n,
    },
  ],
});
example(
  'each fact that differs is an anomaly',
  [map(), unmap({ len: 0x800n, dir: bidirectional, attrs: 0x400 })],
  {
    lifetimes: [{ ...closed(1), flags: FLAG_MISMATCH }],
    anomalies: [
      {
        kind: Anomaly.size_mismatch,
        expected: 0x1000n,
        actual: 0x800n,
        addr: 0x10000n,
        len: 0x1000n,
        lifetime: 0,
        other: undefined,
      },
      { kind: Anomaly.direction_mismatch, expected: 1n, actual: 0n, lifetime: 0 },
      { kind: Anomaly.attrs_mismatch, expected: 0n, actual: 0x400n, lifetime: 0 },
    ],
  },
);
example(
  'a kind that differs explains attributes that differ',
  [map(), unmap({ kind: Kind.resource, attrs: 0x400 })],
  {
    lifetimes: [{ flags: FLAG_MISMATCH }],
    anomalies: [{ kind: Anomaly.kind_mismatch, expected: 1n, actual: 4n }],
  },
);
example(
  'only attributes that both sides must repeat count',
  [map({ attrs: 0x20 }), unmap({ attrs: 0xfff & ~0x400 })],
  { lifetimes: [{ ...closed(1), flags: 0 }] },
);
const { dir: _1, attrs: _2, ...bare } = unmap({ kind: Kind.none });
example('what one side does not tell cannot differ', [map({ attrs: 0x400 }), bare], {
  lifetimes: [{ ...closed(1), flags: 0 }],
});
const stray = {
  kind: Anomaly.double_unmap,
  device: 1,
  addr: 0x10000n,
  lifetime: 0,
  expected: undefined,
  actual: undefined,
};
example(
  'a second unmap is a double unmap, of what was closed there last',
  [map(), unmap(), map(), unmap(), unmap({ len: 0x10n })],
  {
    anomalies: [{ ...stray, lifetime: 1, len: 0x10n, seq: 4, ts: 5000n }],
  },
);
example('an unmap of what the capture never saw mapped is of before it', [unmap(), unmap(b)], {
  events: [{ lifetime: undefined }, {}],
  anomalies: [
    { ...stray, kind: Anomaly.before_capture, lifetime: undefined, len: 0x1000n },
    { kind: Anomaly.before_capture, device: 2 },
  ],
  siblings: [
    { device: 1, opened: 0n, older: 1n, firstTs: undefined, longest: undefined },
    { device: 2, older: 1n },
  ],
});
example(
  'the next one too: at its own address memory may have been mapped twice before the capture',
  [map({ addr: 0x20000n, phys: 0x20000n }), unmap(), unmap(), sync()],
  {
    anomalies: [
      { kind: Anomaly.before_capture, seq: 1 },
      { kind: Anomaly.before_capture, seq: 2 },
      { kind: Anomaly.sync_unknown, seq: 3 },
    ],
    siblings: [{ older: 2n }],
  },
);
example(
  'so it may if only some of what the device mapped is elsewhere, in bounce buffers',
  [map({ addr: 0x20000n, phys: 0x7000n }), map({ addr: 0x30000n, phys: 0x30000n }), unmap(), unmap()],
  {
    anomalies: [{ kind: Anomaly.before_capture }, { kind: Anomaly.before_capture }],
  },
);
example(
  'where a device has addresses of its own the next one is double',
  [map({ addr: 0x20000n, phys: 0x7000n }), unmap(), unmap(), sync()],
  {
    anomalies: [
      { kind: Anomaly.before_capture, seq: 1 },
      { ...stray, lifetime: undefined, seq: 2 },
      { kind: Anomaly.sync_unmapped, seq: 3 },
    ],
    siblings: [{ older: 1n }],
  },
);
example('an unmap for the wrong device is one if the mapping is never closed', [map(direct), unmap(b)], {
  lifetimes: [open],
  anomalies: [
    {
      kind: Anomaly.device_mismatch,
      seq: 1,
      ts: 2000n,
      device: 2,
      addr: 0x10000n,
      len: 0x1000n,
      lifetime: 0,
      expected: 1n,
      actual: 2n,
      other: undefined,
    },
  ],
});
example(
  'else it is what it would have been',
  [
    map({ ...b, phys: 0x7000n }),
    unmap(b),
    map(),
    unmap(b),
    unmap({ ...b, addr: 0x20000n }),
    map({ addr: 0x20000n }),
    unmap({ ...b, addr: 0x20000n }),
    unmap(),
    unmap({ addr: 0x20000n }),
  ],
  {
    anomalies: [
      { kind: Anomaly.double_unmap, device: 2, seq: 3, lifetime: 0 },
      { kind: Anomaly.before_capture, device: 2, seq: 4 },
      { kind: Anomaly.double_unmap, device: 2, seq: 6, lifetime: undefined },
    ],
  },
);
example(
  'an address taken for older than the capture counts as closed at once, however the first unmap ends',
  [map(direct), unmap(b), unmap(b)],
  {
    anomalies: [
      { kind: Anomaly.device_mismatch, seq: 1 },
      { kind: Anomaly.device_mismatch, seq: 2 },
    ],
  },
);
example('the same, when the mapping is closed', [map(direct), unmap(b), unmap(b), unmap()], {
  anomalies: [
    { kind: Anomaly.before_capture, seq: 1 },
    { kind: Anomaly.before_capture, seq: 2 },
  ],
});
example(
  'another length or direction there is no mismatch of devices',
  [map(direct), unmap({ ...b, len: 0x800n }), unmap({ device: 3, dir: from_device })],
  {
    anomalies: [
      { kind: Anomaly.before_capture, device: 2 },
      { kind: Anomaly.before_capture, device: 3 },
    ],
  },
);

// The IOMMU as witness
const proven = [iommuUnmap(), unmap()];
example(
  'a device that the IOMMU translates for cannot unmap what the IOMMU was not asked for',
  [map(), ...proven, unmap({ addr: 0x30000n })],
  {
    anomalies: [
      { kind: Anomaly.unmap_unknown, device: 1, addr: 0x30000n, len: 0x1000n, lifetime: undefined, seq: 3 },
    ],
  },
);
example(
  'such an unmap leaves no trace: the next is no double one',
  [map(), ...proven, unmap({ addr: 0x30000n }), unmap({ addr: 0x30000n })],
  {
    anomalies: [{ kind: Anomaly.unmap_unknown }, { kind: Anomaly.unmap_unknown }],
  },
);
const elsewhere = { addr: 0x30000n };
example(
  'if it was asked, the mapping is older than the capture',
  [map(), ...proven, iommuUnmap(elsewhere), unmap(elsewhere)],
  {
    anomalies: [{ kind: Anomaly.before_capture }],
  },
);
example(
  'another CPU, another thread, another page, or a dma event between are no witness',
  [
    map(),
    ...proven,
    iommuUnmap({ ...elsewhere, cpu: 1 }),
    unmap(elsewhere),
    iommuUnmap({ ...elsewhere, tid: 1 }),
    unmap(elsewhere),
    iommuUnmap({ addr: 0x31000n }),
    unmap(elsewhere),
    iommuUnmap(elsewhere),
    sync(),
    unmap(elsewhere),
    iommuUnmap(elsewhere),
    note(),
    sync({ cpu: 1 }),
    unmap({ addr: 0x30800n, len: 0x10n }),
  ],
  {
    anomalies: [
      ...[4, 6, 8].map((seq) => ({ kind: Anomaly.unmap_unknown, seq })),
      { kind: Anomaly.sync_unmapped, seq: 10 },
      { kind: Anomaly.unmap_unknown, seq: 11 },
      { kind: Anomaly.sync_unmapped, seq: 14 },
      { kind: Anomaly.before_capture, seq: 15 },
    ],
  },
);
example(
  'only a close that the IOMMU witnessed proves that a device translates',
  [map(), iommuUnmap({ tid: 1 }), unmap(), unmap({ addr: 0x30000n })],
  {
    anomalies: [{ kind: Anomaly.before_capture }],
  },
);
example(
  'coherent memory proves nothing, and is not judged so',
  [
    map({ kind: Kind.coherent }),
    iommuUnmap(),
    unmap({ kind: Kind.coherent }),
    unmap({ addr: 0x30000n }),
    map(),
    ...proven,
    unmap({ addr: 0x40000n, kind: Kind.coherent }),
  ],
  {
    anomalies: [{ kind: Anomaly.before_capture }, { kind: Anomaly.before_capture }],
  },
);

example(
  'with an IOMMU another device may have had something of its own at that address before the capture',
  [map({ phys: 0x7000n }), unmap(b), map({ addr: 0x20000n }), unmap({ ...b, addr: 0x20000n })],
  {
    anomalies: [{ kind: Anomaly.before_capture }, { kind: Anomaly.before_capture }],
  },
);
example(
  'unless the IOMMU, which is asked in this capture, was not asked',
  [map(), unmap(b), map({ addr: 0x20000n }), iommuUnmap({ addr: 0x20000n }), unmap({ addr: 0x20000n })],
  {
    anomalies: [{ kind: Anomaly.device_mismatch, seq: 1, device: 2, lifetime: 0 }],
  },
);
example(
  'if it was asked, it was something of its own, wherever that was',
  [
    map(direct),
    iommuUnmap(),
    unmap(b),
    map({ addr: 0x20000n }),
    iommuUnmap({ addr: 0x20000n }),
    unmap({ addr: 0x20000n }),
  ],
  {
    anomalies: [{ kind: Anomaly.before_capture, seq: 2, device: 2 }],
  },
);
example(
  'of coherent memory the IOMMU says nothing',
  [
    map({ kind: Kind.coherent }),
    unmap({ ...b, kind: Kind.coherent }),
    map({ addr: 0x20000n }),
    iommuUnmap({ addr: 0x20000n }),
    unmap({ addr: 0x20000n }),
  ],
  {
    anomalies: [{ kind: Anomaly.before_capture, device: 2 }],
  },
);

// ---- Layer dma: close of a scatterlist -----------------------------------------------------------

const other = { ...three, dma: [0x1a000n, 0x1c000n, 0x1e000n] };
const shared = { ...other, phys: [0x1000n, 0x15000n, 0x19000n] };
example('a list is closed by its first physical address', [mapList(three), unmapList(three.phys)], {
  events: [{ lifetime: 0 }, { lifetime: 0 }],
  lifetimes: [{ ...closed(1), passed: 0 }, closed(1), { ...closed(1), passed: 2 }],
  siblings: [
    { kind: Kind.sg, opened: 3n, closed: 3n, openedBytes: 0x2800n, closedBytes: 0x2800n, mostPassed: 2 },
  ],
});
const twoLists = [
  mapList({ ...three, phys: [0x1000n, 0x5000n], dma: [0xa000n, 0xc000n], lengths: [0x1000n, 0x800n] }),
  mapList(shared),
];
example('of two lists the one with as many entries', [...twoLists, unmapList(shared.phys)], {
  lifetimes: [open, open, closed(2), closed(2), closed(2)],
});
example(
  'the direction of a list is compared',
  [mapList(three), unmapList(three.phys, { dir: from_device })],
  {
    lifetimes: [{ ...closed(1), flags: FLAG_MISMATCH }, { ...closed(1), flags: 0 }, closed(1)],
    anomalies: [
      {
        kind: Anomaly.direction_mismatch,
        lifetime: 0,
        expected: 1n,
        actual: 2n,
        addr: 0xa000n,
        len: 0x1000n,
      },
    ],
  },
);
example(
  'or with that direction',
  [mapList(three), mapList(shared, { dir: from_device }), unmapList(three.phys, { dir: from_device })],
  {
    lifetimes: [open, open, open, closed(2), closed(2), closed(2)],
  },
);
example(
  'among equals the oldest list',
  [mapList(three), mapList(shared, { tid: 101 }), unmapList(three.phys)],
  { lifetimes: [closed(2), closed(2), closed(2), open, open, open] },
);
example(
  'among equals the youngest list of the same thread',
  [mapList(three), mapList(shared), unmapList(three.phys)],
  { lifetimes: [open, open, open, closed(2), closed(2), closed(2)] },
);
example('too few entries leave the rest of the list open', [mapList(three), unmapList([0x1000n])], {
  lifetimes: [
    { ...closed(1), flags: FLAG_MISMATCH },
    { ...open, flags: FLAG_REMAINDER },
    { ...open, flags: FLAG_REMAINDER },
  ],
  anomalies: [
    { kind: Anomaly.sg_count_mismatch, lifetime: 0, addr: 0xa000n, len: 0x1800n, expected: 3n, actual: 1n },
  ],
});
example(
  'a merged list closed by its number of segments is wrong, though nothing stays open',
  [mapList({ phys: three.phys, dma: [0xa000n], lengths: [0x3000n] }), unmapList([0x1000n])],
  {
    lifetimes: [closed(1)],
    anomalies: [{ kind: Anomaly.sg_count_mismatch, lifetime: 0, len: 0n, expected: 3n, actual: 1n }],
  },
);
example('attributes of a list are compared too', [mapList(three), unmapList(three.phys, { attrs: 0x400 })], {
  anomalies: [{ kind: Anomaly.attrs_mismatch, lifetime: 0, expected: 0n, actual: 0x400n }],
});
example(
  'a single mapping unmapped as a list: the youngest of that memory',
  [
    map({ phys: 0x1000n, tid: 101 }),
    map({ phys: 0x1000n, addr: 0x20000n }),
    unmapList([0x1000n], { dir: from_device }),
  ],
  {
    lifetimes: [open, { ...closed(2), flags: FLAG_MISMATCH }],
    anomalies: [
      { kind: Anomaly.kind_mismatch, lifetime: 1, expected: 1n, actual: 2n, addr: 0x20000n, len: 0x1000n },
    ].concat([]),
  },
);
example(
  'a list unmapped twice',
  [mapList(three), unmapList(three.phys), mapList(three), unmapList(three.phys), unmapList(three.phys)],
  {
    anomalies: [{ kind: Anomaly.double_unmap, seq: 4, device: 1, lifetime: 3, addr: undefined, len: 0n }],
  },
);
example(
  'a list is unmapped once, even if something of it is left',
  [mapList(three), unmapList([0x1000n]), unmapList(three.phys)],
  {
    lifetimes: [closed(1), open, open],
    anomalies: [
      { kind: Anomaly.sg_count_mismatch, seq: 1 },
      { kind: Anomaly.double_unmap, seq: 2, lifetime: 0 },
    ],
  },
);
example(
  'what was unmapped segment by segment is unmapped',
  [
    mapList({ phys: [0x1000n], dma: [0xa000n], lengths: [0x1000n] }),
    unmap({ addr: 0xa000n, kind: Kind.sg }),
    unmapList([0x1000n]),
  ],
  {
    anomalies: [{ kind: Anomaly.double_unmap, seq: 2, lifetime: 0 }],
  },
);
example(
  'of lists older than the capture any number may begin with the same memory',
  [unmapList(three.phys), unmapList(three.phys)],
  {
    anomalies: [
      { kind: Anomaly.before_capture, seq: 0 },
      { kind: Anomaly.before_capture, seq: 1 },
    ],
    siblings: [{ older: 2n }],
  },
);
example(
  'a list older than the capture is its own device’s',
  [unmapList(three.phys), unmapList(three.phys, b)],
  {
    anomalies: [
      { kind: Anomaly.before_capture, lifetime: undefined, addr: undefined, len: 0n },
      { kind: Anomaly.before_capture, device: 2 },
    ],
    siblings: [
      { device: 1, kind: Kind.sg, older: 1n },
      { device: 2, older: 1n },
    ],
  },
);

// ---- Layer dma: sync -----------------------------------------------------------------------------

example(
  'a sync counts on the mapping that contains it',
  [map(), sync({ addr: 0x10800n, len: 0x800n }), sync()],
  {
    lifetimes: [{ syncs: 2 }],
    events: [{}, { lifetime: 0 }, { lifetime: 0 }],
  },
);
example(
  'among several on the one with that start, else on the oldest',
  [
    map({ addr: 0xf000n, len: 0x4000n }),
    map({ len: 0x2000n }),
    sync({ len: 0x800n }),
    sync({ addr: 0x10800n, len: 0x800n }),
    sync({ addr: 0x10800n, len: 0x2000n }),
  ],
  {
    lifetimes: [{ syncs: 2 }, { syncs: 1 }],
  },
);
example(
  'a sync names the direction of the mapping, unless that is bidirectional',
  [
    map({ dir: from_device }),
    sync({ addr: 0x10800n, len: 0x10n }),
    map({ addr: 0x20000n, dir: bidirectional }),
    sync({ addr: 0x20000n }),
  ],
  {
    lifetimes: [{ syncs: 1, flags: 0 }, { syncs: 1 }],
    anomalies: [
      {
        kind: Anomaly.sync_direction,
        seq: 1,
        lifetime: 0,
        expected: 2n,
        actual: 1n,
        addr: 0x10000n,
        len: 0x1000n,
      },
    ],
  },
);
example('a sync beyond its mapping', [map(), sync({ addr: 0x10800n })], {
  lifetimes: [{ syncs: 0 }],
  anomalies: [
    {
      kind: Anomaly.sync_outside,
      lifetime: 0,
      expected: 0x1000n,
      actual: 0x1800n,
      addr: 0x10000n,
      len: 0x1000n,
    },
  ],
});
example('a sync of what was unmapped', [map(), unmap(), map(), unmap(), sync({ len: 0x10n })], {
  anomalies: [{ kind: Anomaly.sync_unmapped, lifetime: 1, addr: 0x10000n, len: 0x10n, seq: 4 }],
});
example(
  'a sync of what was never mapped, once a device and address',
  [sync(), sync(), sync(b), sync({ addr: 0x10800n })],
  {
    anomalies: [
      { kind: Anomaly.sync_unknown, seq: 0, lifetime: undefined, addr: 0x10000n, len: 0x1000n },
      { kind: Anomaly.sync_unknown, seq: 2, device: 2 },
      { kind: Anomaly.sync_unknown, seq: 3 },
    ],
  },
);
example(
  'a list is synced by its first address, whatever its lengths',
  [mapList(three), syncList(three.dma, [0x9000n, 0n, 0n]), syncList([0xc400n], [0x800n])],
  {
    events: [{}, { lifetime: 0 }, { lifetime: 1 }],
    lifetimes: [{ syncs: 1 }, { syncs: 1 }, { syncs: 0 }],
  },
);
example('not past its end', [mapList(three), syncList([0xb000n], [0x10n])], {
  anomalies: [{ kind: Anomaly.sync_unknown }],
});

// ---- Layer iommu ---------------------------------------------------------------------------------

const half = { addr: 0x11000n };
const iova = (from: bigint, pages: bigint, phys = 0x100000n) => ({ addr: from, len: pages * 0x1000n, phys });
example(
  'an unmap closes what it covers, several mappings too',
  [iommuMap(), iommuMap(half), iommuUnmap({ len: 0x2000n })],
  {
    lifetimes: [{ ...closed(2), layer: Layer.iommu, device: 0 }, closed(2)],
    events: [{ lifetime: 0 }, { lifetime: 1 }, { lifetime: 0 }],
  },
);
example('a mapping unmapped at its start is split', [iommuMap(iova(0x10000n, 4n)), iommuUnmap()], {
  events: [{}, { lifetime: 1 }],
  lifetimes: [
    { ...open, addr: 0x11000n, len: 0x3000n, phys: 0x101000n, group: undefined },
    {
      closeSeq: 1,
      end: EndReason.split,
      addr: 0x10000n,
      len: 0x1000n,
      phys: 0x100000n,
      group: 0,
      openSeq: 0,
      openedTs: 1000n,
    },
  ],
});
example(
  'in its middle',
  [iommuMap(iova(0x10000n, 4n)), iommuUnmap(half), iommuUnmap(iova(0x12000n, 2n)), iommuUnmap()],
  {
    lifetimes: [
      { ...closed(3), addr: 0x10000n, len: 0x1000n, phys: 0x100000n },
      { closeSeq: 1, end: EndReason.split, addr: 0x11000n, len: 0x1000n, phys: 0x101000n, group: 0 },
      { ...closed(2), addr: 0x12000n, len: 0x2000n, phys: 0x102000n, group: 0 },
    ],
  },
);
example('at its end, and beyond', [iommuMap(iova(0x10000n, 2n)), iommuUnmap({ ...half, len: 0x9000n })], {
  lifetimes: [
    { ...open, len: 0x1000n },
    { end: EndReason.split, addr: 0x11000n, len: 0x1000n },
  ],
});
example('an unmap of nothing does nothing', [iommuMap(), iommuUnmap(half), iommuUnmap(), iommuUnmap()], {
  lifetimes: [closed(2)],
});
example(
  'the same address in two domains is two planes; the oldest is closed among equals',
  [iommuMap(), iommuMap(), iommuUnmap()],
  { lifetimes: [closed(2), open] },
);
const domains = 20;
example(
  'there are as many planes as domains',
  [...Array(domains).fill(iommuMap()), ...Array(domains).fill(iommuUnmap())],
  { lifetimes: Array.from({ length: domains }, (_, id) => closed(domains + id)) },
);
example(
  'an unmap takes the plane where most of it is live',
  [iommuMap(), iommuMap({ len: 0x2000n }), iommuUnmap({ len: 0x2000n })],
  { lifetimes: [open, closed(2)] },
);
example(
  'an iommu mapping inside the next dma mapping of its thread and CPU is made for it',
  [iommuMap(), map({ addr: 0x10200n, len: 0x100n, ...b })],
  {
    lifetimes: [{ device: 2, parent: 1 }, { parent: undefined }],
  },
);
example(
  'any segment of a list may be it; the parent is the first',
  [iommuMap({ addr: 0xc000n }), iommuMap({ addr: 0xe000n }), mapList(three)],
  {
    lifetimes: [{ device: 1, parent: 2 }, { device: 1, parent: 2 }, {}, {}, {}],
  },
);
example(
  'another CPU or thread, a range that sticks out, or a dma event between do not count',
  [
    iommuMap({ cpu: 1 }),
    iommuMap({ tid: 1, addr: 0x20000n }),
    iommuMap({ len: 0x2000n, addr: 0x40000n }),
    map({ addr: 0x40000n }),
    iommuMap({ addr: 0x50000n }),
    sync({ addr: 0x40000n }),
    map({ addr: 0x50000n }),
  ],
  {
    lifetimes: [
      { device: 0, parent: undefined },
      { device: 0, parent: undefined },
      { device: 0, parent: undefined },
      {},
      { device: 0, parent: undefined },
      {},
    ],
  },
);

// ---- Removal, the end, pages ---------------------------------------------------------------------

for (const [name, removal] of [
  ['about to lose', remove],
  ['rid of', removed],
] as const) {
  example(
    `mappings of a device ${name} its driver are flagged`,
    [map(), unmap(), map(), map({ addr: 0x20000n }), map(b), iommuMap(), removal(), unmap(), map()],
    {
      lifetimes: [
        { flags: 0 },
        { ...closed(7), flags: FLAG_BEFORE_REMOVAL },
        { ...open, flags: FLAG_BEFORE_REMOVAL },
        { flags: 0 },
        { flags: 0 },
        { flags: 0 },
      ],
    },
  );
}
example(
  'what was open when events were lost says so',
  [map(), map({ addr: 0x20000n }), iommuMap(), lost({ cpu: 3 }), unmap(), map()],
  {
    lifetimes: [
      { flags: FLAG_AFTER_LOSS },
      { ...open, flags: FLAG_AFTER_LOSS },
      { ...open, flags: FLAG_AFTER_LOSS },
      { flags: 0 },
    ],
  },
);
example(
  'anomalies say whether a loss came before their event, or before the end',
  [
    unmap(),
    map({ addr: 0x20000n, phys: 0x20000n }),
    unmap({ addr: 0x20000n, ...b }),
    lost(),
    unmap({ addr: 0x30000n }),
  ],
  {
    anomalies: [
      { seq: 0, afterLoss: false },
      { seq: 2, kind: Anomaly.device_mismatch, afterLoss: true },
      { seq: 3, afterLoss: true },
    ],
  },
);
const page = (number: bigint, facts: Partial<PageLifetime>) => ({
  layer: Layer.dma,
  space: 1,
  page: number,
  ...facts,
});
example(
  'a page is mapped while one mapping covers it',
  [
    map({ addr: 0x10800n, len: 0x1000n }),
    map({ addr: 0x11800n, len: 0x100n }),
    unmap({ addr: 0x10800n }),
    unmap({ addr: 0x11800n, len: 0x100n }),
    map({ addr: 0x11000n }),
  ],
  {
    pages: [
      page(0x10n, { openedTs: 1000n, closedTs: 3000n, lifetime: 0, peak: 1 }),
      page(0x11n, { openedTs: 1000n, closedTs: 4000n, lifetime: 0, peak: 2 }),
      page(0x11n, { openedTs: 5000n, closedTs: undefined, lifetime: 2, peak: 1 }),
    ],
  },
);
example(
  'devices have spaces of their own, the layer iommu has one',
  [map(), map(b), iommuMap(), iommuMap()],
  {
    pages: [
      page(0x10n, { lifetime: 0 }),
      page(0x10n, { space: 2, lifetime: 1 }),
      page(0x10n, { layer: Layer.iommu, space: 0, lifetime: 2, peak: 2 }),
    ],
  },
);
example('of one event the close comes first', [map(), lost(), map({ cpu: 1 })], {
  pages: [
    page(0x10n, { closedTs: 3000n, lifetime: 0, peak: 1 }),
    page(0x10n, { openedTs: 3000n, lifetime: 1, peak: 1 }),
  ],
  anomalies: [{ kind: Anomaly.inferred_lost }],
});

test('the reference merges as the page says', () => {
  const rows = inOrder([
    [note({ ts: 2n }), note({ ts: 3n })],
    [note({ ts: 1n, cpu: 1 }), note({ ts: 2n, cpu: 1 })],
  ]);
  assert.equal(
    rows.map(({ event: { ts, cpu } }) => [ts, cpu]),
    [
      [1n, 1],
      [2n, 0],
      [2n, 1],
      [3n, 0],
    ],
  );
});

test.run();
