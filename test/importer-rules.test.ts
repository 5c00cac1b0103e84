/** The rules about importers, peers and dma-bufs on small tables: found, clear, cannot tell, each. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RuleResult } from '../analyzer/findings.js';
import { judge } from '../analyzer/judge.js';
import { findRule, loadRules } from '../analyzer/rules.js';
import { fits } from '../analyzer/verdicts.js';
import { ALL_RECORDED, type Rows, ruleTables } from './rule-tables.js';

const RULES = loadRules();
const MS = 1_000_000;

async function resultOf(id: string, rows: Rows, recorded = ALL_RECORDED): Promise<RuleResult> {
  const [result] = await judge(await ruleTables(rows), [findRule(RULES, id)], recorded);
  return result!;
}

const IMPORT = {
  layer: 'import',
  kind: 'p2p',
  mm: 77,
  addr: 0x7f0000000000,
  len: 4096,
  open_seq: 1,
  open_stack: 1,
};
const STALE = { ...IMPORT, invalidation: 0 };
const MR = { ...IMPORT, kind: 'mr', device: null, open_comm: 'app', open_tid: 200 };
const MAP = {
  layer: 'dmabuf',
  kind: 'attachment_map',
  object: 5,
  other: 4,
  value: 3,
  len: 65536,
  open_seq: 1,
};
const ATTACHMENT = { ...MAP, kind: 'attachment', object: 4, other: null };
const POOL = { layer: 'pool', kind: 'pool', device: 'nvme', addr: 0xffff8880, open_seq: 1 };
const STACKS = [
  { site: 'mirror_fill [drv]', via: 'hmm_range_fault', frames: ['hmm_range_fault', 'mirror_fill [drv]'] },
];

const SORT = {
  layer: 'dmabuf',
  kind: 'attachment',
  dir: 'to_device',
  opened: 14,
  closed: 13,
  longest: 1000,
  most_passed: 0,
};
const FORGOTTEN: Rows = {
  lifetimes: [{ ...ATTACHMENT, passed: 2, siblings: 0 }],
  siblings: [{ id: 0, ...SORT }],
};

interface Case {
  readonly rule: string;
  readonly found: Rows;
  readonly count: bigint;
  readonly says: RegExp;
  readonly severity?: string;
  readonly confidence?: string;
  /** Nearly the same, and no finding. */
  readonly clear: readonly Rows[];
}

const event = (name: string, more: object) => ({ event: name, layer: 'import', device: null, ...more });
const EXIT = event('sched:sched_process_exit', { op: 'exit', value: 200, tid: 200, seq: 90, ts: 9000 });

const RELEASE = { event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 };
const FREES = {
  event_counts: [{ event: 'lab:p2p_free' }],
  event_types: [{ event: 'p2p_free', layer: 'pool', op: 'close', kind: 'pool' }],
};

const CASES: readonly Case[] = [
  {
    rule: 'stale-after-invalidate',
    found: {
      lifetimes: [
        { ...STALE, len: 8192 },
        { ...STALE, closed_ts: 3000 + 400 * MS, close_seq: 60 },
      ],
      invalidations: [{}],
      stacks: STACKS,
    },
    count: 3n,
    says: /3 pages .* still mapped when the invalidation \(clear\) had ended, 1 mapping of them never unmapped/,
    clear: [
      { lifetimes: [{ ...STALE, closed_ts: 2500, close_seq: 25 }], invalidations: [{}] },
      { lifetimes: [{ ...STALE, closed_ts: 3000 + 60 * MS, close_seq: 60 }], invalidations: [{}] },
      { lifetimes: [{ ...IMPORT, unwatched: true }], invalidations: [{}] },
      { lifetimes: [STALE], invalidations: [{ end_ts: null, end_seq: null }] },
    ],
  },
  {
    rule: 'late-unmap',
    found: {
      lifetimes: [{ ...STALE, closed_ts: 3000 + 60 * MS, close_seq: 60 }],
      invalidations: [{}],
      stacks: STACKS,
    },
    count: 1n,
    says: /1 page .* unmapped 60.00 ms to 60.00 ms after the invalidation/,
    severity: 'warning',
    clear: [{ lifetimes: [STALE], invalidations: [{}] }],
  },
  {
    rule: 'stale-freed-page',
    found: {
      lifetimes: [{ open_stack: 1 }],
      events: [{ event: 'kmem:mm_page_free', layer: 'page', op: 'free', device: null }],
      anomalies: [{ kind: 'freed_mapped', lifetime: 0, seq: 0 }],
      stacks: STACKS,
    },
    count: 1n,
    says: /1 mapping of 0000:00:05.0 whose memory was freed while mapped/,
    clear: [{ lifetimes: [{}] }],
  },
  {
    rule: 'not-moved',
    found: {
      lifetimes: [{ ...MAP, invalidation: 0, closed_ts: 400 * MS }],
      invalidations: [{ layer: 'dmabuf', end_ts: null, object: 3 }],
    },
    count: 1n,
    says: /1 mapping .* kept after the exporter had revoked the buffer, unmapped 400/,
    clear: [
      {
        lifetimes: [{ ...MAP, invalidation: 0, closed_ts: 80 * MS }],
        invalidations: [{ layer: 'dmabuf', end_ts: null, object: 3 }],
      },
    ],
  },
  {
    rule: 'stale-after-unmap-of-vma',
    found: {
      lifetimes: [{ ...MR, len: 8192 }],
      events: [
        event('syscalls:sys_enter_munmap', { op: 'free', tid: 200, seq: 5, addr: 0x7f0000001000, len: 4096 }),
      ],
    },
    count: 1n,
    says: /1 pinned registration of app whose memory was unmapped while registered/,
    clear: [
      {
        lifetimes: [MR],
        events: [
          event('syscalls:sys_enter_munmap', {
            op: 'free',
            tid: 201,
            seq: 5,
            addr: 0x7f0000000000,
            len: 4096,
          }),
        ],
      },
      {
        lifetimes: [{ ...MR, close_seq: 4, closed_ts: 4 }],
        events: [
          event('syscalls:sys_enter_munmap', {
            op: 'free',
            tid: 200,
            seq: 5,
            addr: 0x7f0000000000,
            len: 4096,
          }),
        ],
      },
      {
        lifetimes: [MR],
        events: [
          event('syscalls:sys_enter_madvise', {
            op: 'note',
            tid: 200,
            seq: 5,
            addr: 0x7f0000000000,
            len: 4096,
            value: 21,
          }),
        ],
      },
      // It failed, and changed nothing.
      {
        lifetimes: [MR],
        events: [
          event('syscalls:sys_enter_munmap', {
            op: 'free',
            tid: 200,
            seq: 5,
            addr: 0x7f0000000000,
            len: 4096,
          }),
          event('syscalls:sys_exit_munmap', { op: 'note', tid: 200, seq: 6, error: -22 }),
        ],
      },
    ],
  },
  {
    rule: 'pinned-but-moved',
    found: {
      lifetimes: [MR],
      invalidations: [{ cause: 'migrate', tid: 9 }],
      events: [
        event('migrate:set_migration_pte', { op: 'move', tid: 9, seq: 22, addr: 0x7f0000000000, len: 4096 }),
        event('migrate:remove_migration_pte', { op: 'note', tid: 9, seq: 24, addr: 0x7f0000000000 }),
      ],
    },
    count: 1n,
    says: /1 pinned registration of app whose memory was migrated/,
    confidence: 'likely',
    clear: [{ lifetimes: [MR], invalidations: [{ cause: 'migrate', tid: 9 }] }],
  },
  {
    rule: 'stale-after-removal',
    found: {
      lifetimes: [POOL, { parent: 0, open_seq: 2 }],
      events: [{ event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 }],
    },
    count: 1n,
    says: /1 mapping of 0000:00:05.0 still open when its provider nvme was gone/,
    clear: [
      {
        lifetimes: [POOL, { parent: 0, open_seq: 2, closed_ts: 4000, close_seq: 40 }],
        events: [{ event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 }],
      },
    ],
  },
  {
    // Its import has made the mapping its own.
    rule: 'stale-after-removal',
    found: {
      lifetimes: [
        { ...POOL, phys: 0x700000, len: 8192 },
        { ...IMPORT, open_seq: 3 },
        { parent: 1, phys: 0x701000, open_seq: 2 },
      ],
      events: [{ event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 }],
    },
    count: 1n,
    says: /1 mapping of 0000:00:05.0 still open when its provider nvme was gone/,
    clear: [
      {
        lifetimes: [
          { ...POOL, phys: 0x700000, len: 4096 },
          { ...IMPORT, open_seq: 3 },
          { parent: 1, phys: 0x701000, open_seq: 2 },
        ],
        events: [{ event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 }],
      },
    ],
  },
  {
    rule: 'leak-at-exit',
    found: { lifetimes: [{ ...IMPORT, after_exit: true }], stacks: STACKS },
    count: 1n,
    says: /1 import \(p2p\) of 0000:00:05.0 still mapped when the process was gone, and never unmapped/,
    clear: [
      { lifetimes: [IMPORT] },
      { lifetimes: [{ ...IMPORT, after_exit: true, closed_ts: 9, close_seq: 9 }] },
      { lifetimes: [{ ...MR, closed_ts: 8000, close_seq: 80 }], events: [EXIT] },
    ],
  },
  {
    rule: 'leak-at-exit',
    found: { lifetimes: [{ ...MR, closed_ts: 9500, close_seq: 95 }], events: [EXIT] },
    count: 1n,
    says: /1 import \(mr\) of app not taken back by the process/,
    severity: 'warning',
    clear: [],
  },
  {
    rule: 'leak-pool',
    found: { lifetimes: [POOL], events: [RELEASE], ...FREES },
    count: 1n,
    says: /1 allocation of nvme's peer-to-peer memory never given back, though the provider is gone/,
    clear: [{ lifetimes: [POOL], ...FREES }],
  },
  {
    rule: 'leak-pool',
    // That there is no free to be seen does not matter: what had it mapped is gone, and left the mapping.
    found: { lifetimes: [POOL, { parent: 0, before_removal: true }] },
    count: 1n,
    says: /never given back, though the driver of the device that had it mapped is gone/,
    confidence: 'likely',
    clear: [{ lifetimes: [POOL, { parent: 0 }] }],
  },
  {
    rule: 'leak-attachment',
    found: {
      lifetimes: [
        { ...ATTACHMENT, before_removal: true },
        { ...MAP, before_removal: true },
      ],
    },
    count: 1n,
    says: /1 mapping of a dma-buf by .* never released, though the device lost its driver/,
    confidence: 'likely', // the capture does not show the end of the removal
    clear: [
      {
        lifetimes: [
          { ...ATTACHMENT, closed_ts: 9, close_seq: 9 },
          { ...MAP, closed_ts: 8, close_seq: 8 },
        ],
      },
    ],
  },
  {
    rule: 'leak-attachment',
    found: {
      lifetimes: [{ ...ATTACHMENT, before_removal: true }],
      events: [{ event: 'dev_unbind_cleanup', op: 'removed', layer: null, ts: 2000 }],
    },
    count: 1n,
    says: /1 attachment of a dma-buf by .* never released, though the device lost its driver/,
    clear: [],
  },
  {
    rule: 'leak-attachment',
    found: {
      lifetimes: [ATTACHMENT],
      events: [
        {
          event: 'dma_buf:dma_buf_dynamic_attach',
          layer: 'dmabuf',
          op: 'open',
          kind: 'attachment',
          lifetime: 0,
          value: 18,
          seq: 2,
        },
        { event: 'dma_buf:dma_buf_put', layer: 'dmabuf', op: 'note', value: 18, seq: 9, ts: -200 * MS },
      ],
    },
    count: 1n,
    says: /1 attachment of a dma-buf by .* though the buffer was put/,
    clear: [],
  },
  {
    // Whether its importer put it no event tells; all others of its sort were released, one before the next.
    rule: 'leak-attachment',
    found: FORGOTTEN,
    count: 1n,
    says: /1 attachment of a dma-buf by .* never released, though 2 that came later were/,
    severity: 'warning',
    confidence: 'likely',
    clear: [],
  },
  {
    rule: 'leak-pin',
    found: {
      events: [
        event('pin_fast_ret', { op: 'open', kind: 'pinned', tid: 200, value: 16, seq: 1 }),
        event('unpin_range', { op: 'close', kind: 'pinned', tid: 200, value: 10, seq: 2 }),
        EXIT,
      ],
    },
    count: 6n,
    says: /6 pages of 16 pinned were never unpinned/,
    severity: 'warning',
    confidence: 'likely',
    clear: [{ events: [event('pin_fast_ret', { op: 'open', kind: 'pinned', tid: 200, value: 16, seq: 1 })] }],
  },
  {
    rule: 'unpredictable-map',
    found: {
      lifetimes: [{ ...IMPORT, closed_ts: 5, close_seq: 3 }],
      events: [{ ...IMPORT, event: 'p2p_map', op: 'open', error: -5, seq: 40, ts: 40_000 }],
    },
    count: 1n,
    says: /1 map of 0000:00:05.0 failed with error -5 where a map had succeeded 39.00 µs before/,
    clear: [
      { events: [{ ...IMPORT, event: 'p2p_map', op: 'open', error: -5, seq: 40 }] },
      { lifetimes: [IMPORT], events: [{ ...IMPORT, event: 'p2p_map', op: 'open', error: -16, seq: 40 }] },
      {
        lifetimes: [IMPORT],
        invalidations: [{ cause: 'unmap' }],
        events: [{ ...IMPORT, event: 'p2p_map', op: 'open', error: -5, seq: 40 }],
      },
    ],
  },
  {
    rule: 'map-after-removal',
    found: {
      lifetimes: [{ ...POOL, open_seq: 60, opened_ts: 9000 }],
      events: [{ event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 }],
    },
    count: 1n,
    says: /1 mapping of nvme's memory made after it was gone/,
    clear: [
      {
        lifetimes: [{ ...POOL, open_seq: 60, opened_ts: 9000 }],
        events: [
          { event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 5000 },
          { event: 'p2p_add_resource_ret', layer: 'pool', op: 'note', device: 'nvme', seq: 55, ts: 5500 },
        ],
      },
    ],
  },
  {
    rule: 'unplug-blocked',
    found: {
      lifetimes: [{ ...POOL, kind: 'vma', open_comm: 'dio', before_removal: true }],
      events: [
        { event: 'pci_stop_remove', layer: null, op: 'remove', device: 'nvme', seq: 10, ts: 0 },
        { event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 300 * MS },
      ],
    },
    count: 1n,
    says: /the removal of nvme took 300.00 ms; its memory was held by at most 1 mapping \(dio-101\)/,
    severity: 'info',
    clear: [
      {
        events: [
          { event: 'pci_stop_remove', layer: null, op: 'remove', device: 'nvme', seq: 10, ts: 0 },
          { event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 3 * MS },
        ],
      },
    ],
  },
  {
    // The first process went, and freed its page, before the removal began; the second had it taken away.
    rule: 'unplug-blocked',
    found: {
      lifetimes: [
        { ...POOL, kind: 'vma', len: 4096, open_comm: 'gone', open_tid: 200 },
        { ...POOL, kind: 'vma', len: 4096, open_comm: 'held', open_tid: 300, open_seq: 2 },
      ],
      events: [
        { event: 'p2p_folio_free', layer: 'pool', op: 'free', tid: 200, seq: 5, ts: -MS },
        { event: 'pci_stop_remove', layer: null, op: 'remove', device: 'nvme', seq: 10, ts: 0 },
        { event: 'p2p_folio_free', layer: 'pool', op: 'free', tid: 300, seq: 20, ts: MS },
        { event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 300 * MS },
      ],
    },
    count: 1n,
    says: /its memory was held by 1 mapping \(held-300\)/,
    severity: 'info',
    clear: [],
  },
  {
    rule: 'slow-eviction',
    found: {
      lifetimes: [{ ...STALE, closed_ts: 2000 + 50 * MS, close_seq: 25 }],
      invalidations: [{ end_ts: 2000 + 51 * MS }],
    },
    count: 1n,
    says: /1 invalidation waited for .* at worst 50.00 ms/,
    severity: 'info',
    clear: [{ lifetimes: [{ ...STALE, closed_ts: 2500, close_seq: 25 }], invalidations: [{}] }],
  },
  {
    rule: 'remap-thrash',
    found: {
      lifetimes: Array.from({ length: 30 }, (_, i) => ({
        ...STALE,
        invalidation: i,
        opened_ts: i * MS,
        closed_ts: i * MS + 500,
        close_seq: 25,
      })),
      invalidations: Array.from({ length: 30 }, () => ({})),
    },
    count: 1n,
    says: /1 page .* up to 30 times \(most often: clear\)/,
    severity: 'info',
    clear: [{ lifetimes: [{ ...STALE, closed_ts: 2500, close_seq: 25 }], invalidations: [{}] }],
  },
  {
    rule: 'unbounded-pin',
    found: { lifetimes: [{ ...MR, opened_ts: 0, closed_ts: 20_000 * MS }] },
    count: 1n,
    says: /1 pinned registration of app held for up to 20.00 s/,
    severity: 'info',
    clear: [{ lifetimes: [{ ...MR, closed_ts: 2000 }] }],
  },
  {
    rule: 'map-failures',
    found: {
      events: [
        { ...IMPORT, event: 'p2p_map', op: 'open', error: -5, seq: 40 },
        { ...IMPORT, event: 'dmabug:p2p_map', op: 'open', error: -5, seq: 41 },
      ],
    },
    count: 1n,
    says: /1 call of p2p_map for 0000:00:05.0 failed at set-up: refused by the exporter \(EIO\)/,
    severity: 'info',
    clear: [{ events: [{ ...IMPORT, event: 'p2p_map', op: 'open', seq: 40 }] }],
  },
  {
    rule: 'unbalanced-invalidate',
    found: { invalidations: [{ end_ts: null, end_seq: null, begin_ts: -2000 * MS }] },
    count: 1n,
    says: /1 invalidation \(clear\) of 1 address space began and never ended/,
    severity: 'warning',
    clear: [
      { invalidations: [{ end_ts: null, end_seq: null }] },
      { invalidations: [{ end_ts: null, end_seq: null, begin_ts: -2000 * MS, non_blocking: true }] },
    ],
  },
];

for (const { rule, found, count, says, severity = 'error', confidence = 'certain', clear } of CASES) {
  test(`${rule}: found (${says.source.slice(0, 30)}…)`, async () => {
    const { findings, verdict } = await resultOf(rule, found);
    assert.is(verdict, 'found');
    assert.is(findings.length, 1, findings.map(({ message }) => message).join('; '));
    assert.is(findings[0]!.count, count);
    assert.match(findings[0]!.message, says);
    assert.is(findings[0]!.severity, severity);
    assert.is(findings[0]!.confidence, confidence);
  });

  for (const [at, rows] of clear.entries()) {
    test(`${rule}: clear, ${at + 1} (${says.source.slice(0, 20)}…)`, async () => {
      const { findings, verdict } = await resultOf(rule, rows);
      assert.equal(findings, []);
      assert.is(verdict, 'clear');
    });
  }
}

for (const id of new Set(CASES.map(({ rule }) => rule))) {
  test(`${id}: cannot tell without the events that it needs, and says what to record`, async () => {
    for (const need of findRule(RULES, id).needs) {
      const without = ALL_RECORDED.filter((one) => !need.sorts.some((sort) => fits(sort, one)));
      const { verdict, advice } = await resultOf(id, {}, without);
      assert.is(verdict, 'cannot tell', need.text);
      assert.ok(advice.length > 10, need.text);
    }
  });
}

test('leak-pool: cannot tell when the provider is gone, and no free is seen that might be', async () => {
  const { verdict, advice, reason } = await resultOf('leak-pool', {
    lifetimes: [POOL],
    events: [RELEASE],
  });
  assert.is(verdict, 'cannot tell');
  assert.match(reason, /has no free of such memory/);
  assert.match(advice, /probes of the pack p2pmem/);
});

test('unplug-blocked: whose pages had come back before is no holder', async () => {
  const vma = { ...POOL, kind: 'vma', mm: 77, len: 8192, open_comm: 'dio', before_removal: true };
  const freed = (tid: number, seq: number) => ({
    event: 'p2p_folio_free',
    layer: 'pool',
    op: 'free',
    device: null,
    tid,
    seq,
    ts: 0,
  });
  const { findings } = await resultOf('unplug-blocked', {
    lifetimes: [
      { ...vma, open_tid: 7 },
      { ...vma, open_tid: 8 },
    ],
    events: [
      ...[freed(7, 5), freed(7, 6), freed(8, 7)],
      { event: 'pci_stop_remove', layer: null, op: 'remove', device: 'nvme', seq: 10, ts: 0 },
      { event: 'p2p_release', layer: 'pool', op: 'exit', device: 'nvme', seq: 50, ts: 300 * MS },
    ],
  });
  assert.match(findings[0]!.message, /its memory was held by 1 mapping \(dio-8\)$/);
  assert.is(findings[0]!.bytes, 8192n);
});

for (const [why, more, sort] of [
  ['one of its sort was passed before', {}, { most_passed: 1 }],
  ['too few of its sort are known', {}, { closed: 9 }],
  ['only one came later', { passed: 1 }, {}],
  ['some of its sort lived longer', {}, { longest: 9_000_000 }],
  ['its exporter revoked it: not-moved has it', { invalidation: 0 }, {}],
] as const) {
  test(`leak-attachment: cannot tell when ${why}`, async () => {
    const { verdict, advice } = await resultOf('leak-attachment', {
      lifetimes: [{ ...ATTACHMENT, passed: 2, siblings: 0, ...more }],
      siblings: [{ id: 0, ...SORT, ...sort }],
    });
    assert.is(verdict, 'cannot tell');
    assert.match(advice, 'Unbind the importer');
  });
}

test.run();
