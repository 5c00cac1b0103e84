/** Each rule on small tables: found, clear, cannot tell; and rule files as such. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding, RuleResult } from '../analyzer/findings.js';
import { judge } from '../analyzer/judge.js';
import { parseRule } from '../analyzer/rule-file.js';
import { chooseRules, findRule, loadRules, type Rule, RuleError } from '../analyzer/rules.js';
import { frameName, siteOf } from '../analyzer/sites.js';
import type { Recorded } from '../analyzer/verdicts.js';
import { inPackage } from '../traces/package-root.js';
import { Kind, Layer, Op } from '../wasm/schema.js';
import { ALL_RECORDED, DEVICE, type Rows, ruleTables } from './rule-tables.js';

const RULES = loadRules();

async function resultOf(
  id: string,
  rows: Rows,
  recorded: readonly Recorded[] = ALL_RECORDED,
): Promise<RuleResult> {
  const [result] = await judge(await ruleTables(rows), [findRule(RULES, id)], recorded);
  return result!;
}

async function only(id: string, rows: Rows): Promise<Finding> {
  const { findings, verdict } = await resultOf(id, rows);
  assert.is(verdict, 'found');
  assert.is(findings.length, 1);
  return findings[0]!;
}

const STACKS = [
  {
    site: 'cmd_write [dmabug]',
    via: 'dma_map_page_attrs',
    frames: ['dma_map_page_attrs', 'cmd_write [dmabug]'],
  },
  {
    site: 'finish [dmabug]',
    via: 'dma_unmap_page_attrs',
    frames: ['dma_unmap_page_attrs', 'finish [dmabug]'],
  },
];
const UNMAP = {
  event: 'dma:dma_unmap_phys',
  op: 'close',
  kind: 'single',
  dir: 'from_device',
  len: 2048,
  stack: 2,
};
const SYNC = {
  event: 'dma:dma_sync_single_for_cpu',
  op: 'sync',
  kind: 'single',
  dir: 'from_device',
  len: 4096,
  stack: 2,
};
const MAPPED = { open_stack: 1, attrs: 0 };

/** A misuse: its anomaly, the event that shows it, and what the message must say. */
interface Misuse {
  readonly rule: string;
  readonly anomaly: string;
  readonly event: Record<string, unknown>;
  readonly says: RegExp;
  readonly bytes: bigint;
  readonly facts?: Record<string, unknown>;
  /** An event that the rule cannot do without. */
  readonly needs: { layer: Layer; op: Op };
}

const CLOSE = { layer: Layer.dma, op: Op.close };
const MISUSES: readonly Misuse[] = [
  {
    rule: 'double-unmap',
    anomaly: 'double_unmap',
    event: UNMAP,
    says: /^1 mapping of .* unmapped again/,
    bytes: 4096n,
    needs: CLOSE,
  },
  {
    rule: 'size-mismatch',
    anomaly: 'size_mismatch',
    event: UNMAP,
    says: /4096 bytes and unmapped with 2048/,
    bytes: 2048n,
    needs: CLOSE,
  },
  {
    rule: 'direction-mismatch',
    anomaly: 'direction_mismatch',
    event: UNMAP,
    says: /to_device and unmapped from_device/,
    bytes: 4096n,
    needs: CLOSE,
  },
  {
    rule: 'kind-mismatch',
    anomaly: 'kind_mismatch',
    event: { ...UNMAP, event: 'dma:dma_unmap_sg' },
    says: /single and undone by dma:dma_unmap_sg/,
    bytes: 4096n,
    needs: CLOSE,
  },
  {
    rule: 'attrs-mismatch',
    anomaly: 'attrs_mismatch',
    event: { ...UNMAP, attrs: 0x400 },
    says: /0x0 and unmapped with 0x400/,
    bytes: 4096n,
    needs: CLOSE,
  },
  {
    rule: 'sg-count-mismatch',
    anomaly: 'sg_count_mismatch',
    event: UNMAP,
    says: /with 4 and unmapped with 3/,
    bytes: 1024n,
    facts: { expected: 4, actual: 3, len: 1024 },
    needs: CLOSE,
  },
  {
    rule: 'device-mismatch',
    anomaly: 'device_mismatch',
    event: UNMAP,
    says: /unmapped for another device, 0000:00:06.0/,
    bytes: 4096n,
    facts: { device: '0000:00:06.0' },
    needs: CLOSE,
  },
  {
    rule: 'unmap-unknown',
    anomaly: 'unmap_unknown',
    event: UNMAP,
    says: /^1 unmap where nothing was mapped/,
    bytes: 2048n,
    facts: { lifetime: null },
    needs: { layer: Layer.iommu, op: Op.close },
  },
  {
    rule: 'overlapping-map',
    anomaly: 'overlapping_map',
    event: UNMAP,
    says: /^1 mapping of memory .* both to_device/,
    bytes: 4096n,
    facts: { other: 1 },
    needs: CLOSE,
  },
  {
    rule: 'sync-unmapped',
    anomaly: 'sync_unmapped',
    event: SYNC,
    says: /synced after the unmap/,
    bytes: 4096n,
    needs: { layer: Layer.dma, op: Op.sync },
  },
  {
    rule: 'sync-outside',
    anomaly: 'sync_outside',
    event: SYNC,
    says: /4096 bytes and was synced up to 4608/,
    bytes: 4096n,
    facts: { expected: 4096, actual: 4608 },
    needs: { layer: Layer.dma, op: Op.sync },
  },
  {
    rule: 'sync-direction',
    anomaly: 'sync_direction',
    event: SYNC,
    says: /to_device and synced from_device/,
    bytes: 4096n,
    needs: { layer: Layer.dma, op: Op.sync },
  },
];

function misuseRows({ anomaly, event, facts }: Misuse, more: Record<string, unknown> = {}): Rows {
  return {
    stacks: STACKS,
    events: [event],
    lifetimes: [MAPPED, { open_stack: 1, closed_ts: 5000 }],
    anomalies: [{ kind: anomaly, seq: 0, lifetime: 0, ...facts, ...more }],
  };
}

for (const misuse of MISUSES) {
  test(`${misuse.rule}: found`, async () => {
    const finding = await only(misuse.rule, misuseRows(misuse));
    assert.match(finding.message, misuse.says);
    assert.is(finding.count, 1n);
    assert.is(finding.bytes, misuse.bytes);
    assert.is(finding.device, DEVICE);
    assert.is(finding.site, misuse.rule === 'unmap-unknown' ? 'finish [dmabug]' : 'cmd_write [dmabug]');
    assert.is(finding.confidence, 'certain');
  });

  test(`${misuse.rule}: clear without its anomaly`, async () => {
    const { verdict, findings } = await resultOf(
      misuse.rule,
      misuseRows({ ...misuse, anomaly: 'before_capture' }),
    );
    assert.is(verdict, 'clear');
    assert.equal(findings, []);
  });

  test(`${misuse.rule}: cannot tell without the events it needs`, async () => {
    const { layer, op } = misuse.needs;
    const { verdict, reason, advice } = await resultOf(
      misuse.rule,
      {},
      ALL_RECORDED.filter((one) => one.layer !== layer || one.op !== op),
    );
    assert.is(verdict, 'cannot tell');
    assert.match(reason, Op[op]!);
    assert.match(advice, /record/i);
  });

  test(`${misuse.rule}: nothing found after a loss is no clear verdict`, async () => {
    const { verdict, reason } = await resultOf(misuse.rule, {
      losses: [{ cpu: 0, from_ts: 1, to_ts: 2, count: 7 }],
    });
    assert.is(verdict, 'cannot tell');
    assert.match(reason, /7 events were lost/);
  });
}

test('misuse: events of one mapping are one instance, mappings of one place are one finding', async () => {
  const finding = await only('sync-direction', {
    stacks: STACKS,
    events: [SYNC, SYNC, SYNC],
    lifetimes: [MAPPED, MAPPED],
    anomalies: [
      { kind: 'sync_direction', seq: 0, lifetime: 0, ts: 10 },
      { kind: 'sync_direction', seq: 1, lifetime: 0, ts: 20 },
      { kind: 'sync_direction', seq: 2, lifetime: 1, ts: 30 },
    ],
  });
  assert.is(finding.count, 2n);
  assert.is(finding.bytes, 8192n);
  assert.equal([finding.first_ts, finding.last_ts], [10n, 30n]);
});

test('misuse: other devices, kinds and sites are other findings', async () => {
  const { findings } = await resultOf('size-mismatch', {
    stacks: STACKS,
    events: [UNMAP, UNMAP, UNMAP, UNMAP],
    lifetimes: [MAPPED, { ...MAPPED, device: 'other' }, { ...MAPPED, kind: 'coherent' }, { open_stack: 2 }],
    anomalies: [0, 1, 2, 3].map((lifetime) => ({
      kind: 'size_mismatch',
      seq: lifetime,
      lifetime,
      device: lifetime === 1 ? 'other' : DEVICE,
    })),
  });
  assert.is(findings.length, 4);
});

test('misuse: the wrong function explains the wrong size', async () => {
  const rows: Rows = {
    events: [UNMAP],
    lifetimes: [MAPPED],
    anomalies: [
      { kind: 'size_mismatch', seq: 0, lifetime: 0 },
      { kind: 'kind_mismatch', seq: 0, lifetime: 0 },
    ],
  };
  assert.is((await resultOf('size-mismatch', rows)).verdict, 'clear');
  assert.is((await resultOf('kind-mismatch', rows)).verdict, 'found');
});

test('misuse: what rests on an absent event is only possible after a loss', async () => {
  const misuse = MISUSES[0]!;
  assert.is((await only('double-unmap', misuseRows(misuse, { after_loss: true }))).confidence, 'possible');
  const overwritten = { ...misuseRows(misuse), losses: [{ cpu: 1, to_ts: 2000 }] };
  assert.is((await only('double-unmap', overwritten)).confidence, 'possible');
});

const FIRST_ADDRESS = 0xfffff000;
for (const [why, mapped, sort, verdict] of [
  ['at its own address, and others of its sort are older', { phys: FIRST_ADDRESS }, {}, 'cannot tell'],
  ['lists may begin with the same memory', { kind: 'sg' }, {}, 'cannot tell'],
  ['the device has addresses of its own', { phys: 0x7000 }, {}, 'found'],
  ['nothing of its sort is older', { phys: FIRST_ADDRESS }, { older: 0 }, 'found'],
  ['nothing of its sort lives so long', { phys: FIRST_ADDRESS }, { longest: 100 }, 'found'],
] as const) {
  test(`double-unmap: ${verdict} when ${why}`, async () => {
    const { kind = 'single' } = mapped as { kind?: string };
    const rows: Rows = {
      ...misuseRows(MISUSES[0]!),
      events: [{ ...UNMAP, kind }],
      lifetimes: [{ ...MAPPED, ...mapped }],
      siblings: [{ older: 3, kind, dir: UNMAP.dir, ...sort }],
    };
    assert.is((await resultOf('double-unmap', rows)).verdict, verdict);
    // A mismatch is in doubt only with a second unmap: the first was of the older one.
    const mismatch = { kind: 'size_mismatch', seq: 0, lifetime: 0 };
    const both = { ...rows, anomalies: [mismatch, ...rows.anomalies!] };
    assert.is((await resultOf('size-mismatch', both)).verdict, verdict);
    assert.is((await resultOf('size-mismatch', { ...rows, anomalies: [mismatch] })).verdict, 'found');
  });
}

test('misuse: what rests on events seen stays certain after a loss, unless the loss lies between them', async () => {
  const misuse = MISUSES[1]!;
  assert.is((await only('size-mismatch', misuseRows(misuse, { after_loss: true }))).confidence, 'certain');
  const rows = misuseRows(misuse, { after_loss: true });
  const between = { ...rows, lifetimes: [{ ...MAPPED, after_loss: true }] };
  assert.is((await only('size-mismatch', between)).confidence, 'possible');
});

test('overlapping-map: a warning where the directions differ', async () => {
  const misuse = MISUSES.find(({ rule }) => rule === 'overlapping-map')!;
  const rows = misuseRows(misuse);
  assert.is((await only('overlapping-map', rows)).severity, 'info');
  const conflict = { ...rows, lifetimes: [MAPPED, { dir: 'from_device', closed_ts: 5000 }] };
  assert.is((await only('overlapping-map', conflict)).severity, 'warning');
});

test('overlapping-map: memory of a forgotten mapping that is used again is no overlap', async () => {
  const misuse = MISUSES.find(({ rule }) => rule === 'overlapping-map')!;
  for (const forgotten of [{ before_removal: true }, { unrecordable_unmap: true }, { passed: 99 }]) {
    const rows = { ...misuseRows(misuse), lifetimes: [MAPPED, forgotten], siblings: [{}] };
    assert.is((await resultOf('overlapping-map', rows)).verdict, 'clear', JSON.stringify(forgotten));
  }
});

test('overlapping-map: a mapping counts once, and for what it overlaps beside a forgotten one', async () => {
  const overlap = { kind: 'overlapping_map', lifetime: 0 };
  const rows = {
    stacks: STACKS,
    lifetimes: [MAPPED, { before_removal: true }, { closed_ts: 5000 }, { closed_ts: 5000 }],
    anomalies: [1, 2, 3].map((other, seq) => ({ ...overlap, other, seq, ts: 1000 + seq })),
  };
  const { count, bytes, other } = await only('overlapping-map', rows);
  assert.equal([count, bytes, other], [1n, 4096n, 2n]);
});

const LEFT = { before_removal: true, open_stack: 1 };
const REMOVED = [{ event: 'dev_unbind_cleanup', op: 'removed', layer: null, ts: 2000 }];

test('leak-at-removal: found, with who unmaps the others', async () => {
  const finding = await only('leak-at-removal', {
    stacks: STACKS,
    events: REMOVED,
    lifetimes: [LEFT, LEFT, { open_stack: 1, closed_ts: 1500, end_reason: 'closed', close_stack: 2 }],
  });
  assert.is(finding.count, 2n);
  assert.is(finding.bytes, 8192n);
  assert.is(finding.lifetime, 0n);
  assert.is(finding.site, 'cmd_write [dmabug]');
  assert.is(finding.close_site, 'finish [dmabug]');
  assert.is(finding.confidence, 'certain');
});

test('leak-at-removal: a scatterlist is one instance', async () => {
  const segment = { ...LEFT, kind: 'sg', sg_group: 0, truncated: true };
  const finding = await only('leak-at-removal', { events: REMOVED, lifetimes: [segment, segment, segment] });
  assert.is(finding.count, 1n);
  assert.is(finding.bytes, 12288n);
});

test('leak-at-removal: only likely while the removal is under way, only possible after a loss', async () => {
  const begun = [{ event: 'dev_unbind', op: 'remove', layer: null, ts: 2000 }];
  assert.is((await only('leak-at-removal', { events: begun, lifetimes: [LEFT] })).confidence, 'likely');
  const lossy = { events: REMOVED, lifetimes: [{ ...LEFT, after_loss: true }] };
  assert.is((await only('leak-at-removal', lossy)).confidence, 'possible');
});

test('leak-at-removal: clear when nothing is left, or something else is to blame', async () => {
  const cases: Rows[] = [
    { lifetimes: [{ before_removal: true, closed_ts: 3000 }, { before_removal: false }] },
    { lifetimes: [LEFT], anomalies: [{ kind: 'device_mismatch', lifetime: 0, device: 'other' }] },
    { lifetimes: [{ ...LEFT, kind: 'sg', sg_group: 0, remainder: true }] },
    {
      lifetimes: [
        { kind: 'sg', sg_group: 0, closed_ts: 1500 },
        { ...LEFT, kind: 'sg', sg_group: 0 },
      ],
      anomalies: [{ kind: 'kind_mismatch', lifetime: 0 }],
    },
  ];
  for (const rows of cases)
    assert.is((await resultOf('leak-at-removal', { events: REMOVED, ...rows })).verdict, 'clear');
});

test('leak-at-removal: cannot tell without a removal, nor of lists whose unmap cannot be recorded', async () => {
  const recorded = ALL_RECORDED.filter(({ op }) => op !== Op.removed && op !== Op.remove);
  const unrecorded = await resultOf('leak-at-removal', { lifetimes: [{}] }, recorded);
  assert.is(unrecorded.verdict, 'cannot tell');
  assert.match(unrecorded.advice, /dmaspan probes show removal/);
  const long = await resultOf('leak-at-removal', {
    events: REMOVED,
    lifetimes: [{ ...LEFT, kind: 'sg', sg_group: 0, unrecordable_unmap: true }],
  });
  assert.is(long.verdict, 'cannot tell');
  assert.equal(long.findings, []);
  assert.match(long.reason, /504 entries/);
});

const passedSince = (opened_ts: number): number => Math.round(1000 * (1 - opened_ts / 8_000_000));

/** Survivors at these times, of 0 to 8,000,000, in which 1000 siblings were unmapped at an even pace. */
function survivors(times: readonly number[], more: Record<string, unknown> = {}): Record<string, unknown>[] {
  return times.map((opened_ts) => ({ open_stack: 1, opened_ts, passed: passedSince(opened_ts), ...more }));
}
const SPREAD = [500_000, 2_500_000, 4_500_000, 6_500_000];
const HEALTHY = { stacks: STACKS, siblings: [{ opened: 1004, closed: 1000 }] };

test('leak-growing-site: found, with its slope', async () => {
  const finding = await only('leak-growing-site', { ...HEALTHY, lifetimes: survivors(SPREAD) });
  assert.is(finding.count, 4n);
  assert.is(finding.bytes, 16384n);
  assert.is(finding.severity, 'warning');
  assert.is(finding.confidence, 'likely');
  // 4096 bytes every 2 ms.
  assert.is(Math.round(finding.facts.bytes_per_second as number), 2_048_000);
});

test('leak-growing-site: two places are two findings, a list is one mapping', async () => {
  const lists = SPREAD.flatMap((opened_ts, at) =>
    [0, 1].map(() => ({ kind: 'sg', opened_ts, passed: passedSince(opened_ts) / 10, sg_group: 4 + 2 * at })),
  );
  const { findings } = await resultOf('leak-growing-site', {
    stacks: STACKS,
    siblings: [
      { opened: 1004, closed: 1000 },
      { kind: 'sg', opened: 108, closed: 100 },
    ],
    lifetimes: [...survivors(SPREAD), ...lists],
  });
  assert.equal(
    findings.map(({ kind, count, bytes }) => [kind, count, bytes]),
    [
      ['sg', 4n, 32768n],
      ['single', 4n, 16384n],
    ],
  );
});

test('leak-growing-site: both directions of one place are one finding', async () => {
  const finding = await only('leak-growing-site', {
    siblings: [
      { opened: 1004, closed: 1000 },
      { dir: 'from_device', opened: 1004, closed: 1000 },
    ],
    lifetimes: [...survivors(SPREAD), ...survivors(SPREAD, { dir: 'from_device' })],
  });
  assert.is(finding.count, 8n);
});

test('leak-growing-site: a level is clear', async () => {
  const cases: Record<string, Rows> = {
    'a ring that took the place of one mapped before the capture': {
      siblings: [{ opened: 1004, closed: 1000, older: 4 }],
      lifetimes: survivors(SPREAD),
    },
    'a set-up step': { ...HEALTHY, lifetimes: survivors([100, 200, 300, 400]) },
    'growth in the first half only': {
      ...HEALTHY,
      lifetimes: survivors([500_000, 1_500_000, 2_500_000, 3_500_000]),
    },
    'a queue, first in first out': {
      siblings: [{ opened: 1004, closed: 1000, most_passed: 1000 }],
      lifetimes: survivors(SPREAD),
    },
    'hardly any traffic': {
      siblings: [{ opened: 19, closed: 15 }],
      lifetimes: SPREAD.map((opened_ts, at) => ({ opened_ts, passed: 14 - 3 * at })),
    },
    'two are chance': { ...HEALTHY, lifetimes: survivors([500_000, 6_500_000]) },
    'a short burst of a device that is busy for long': {
      siblings: [{}, { dir: 'from_device', first_ts: 0, last_ts: 800_000_000 }],
      lifetimes: survivors(SPREAD),
    },
    'a removal, which leak-at-removal reports': {
      ...HEALTHY,
      lifetimes: survivors(SPREAD, { before_removal: true }),
    },
    'lists whose unmap cannot be recorded': {
      ...HEALTHY,
      lifetimes: survivors(SPREAD, { unrecordable_unmap: true }),
    },
  };
  for (const [name, rows] of Object.entries(cases))
    assert.is((await resultOf('leak-growing-site', rows)).verdict, 'clear', name);
});

test('leak-growing-site: cannot tell without unmaps, only possible after a loss', async () => {
  const recorded = ALL_RECORDED.filter(({ op }) => op !== Op.close);
  assert.is((await resultOf('leak-growing-site', {}, recorded)).verdict, 'cannot tell');
  const lossy = { ...HEALTHY, lifetimes: survivors(SPREAD, { after_loss: true }) };
  assert.is((await only('leak-growing-site', lossy)).confidence, 'possible');
});

test('leak-outlier: found', async () => {
  const finding = await only('leak-outlier', { ...HEALTHY, lifetimes: survivors([500_000]) });
  assert.is(finding.severity, 'info');
  assert.is(finding.count, 1n);
  assert.match(finding.message, /7500 times as long .* passed by 938/);
});

test('leak-outlier: clear when it is not older, not passed more often, or nothing is known of the usual', async () => {
  const cases: Record<string, Rows> = {
    'not older': { siblings: [{ closed: 1000, longest: 4_000_000 }], lifetimes: survivors([500_000]) },
    'not passed more often': {
      siblings: [{ closed: 1000, most_passed: 300 }],
      lifetimes: survivors([500_000]),
    },
    'nothing usual': { siblings: [{ closed: 9 }], lifetimes: survivors([500_000]) },
    closed: { ...HEALTHY, lifetimes: survivors([500_000], { closed_ts: 7_000_000 }) },
  };
  for (const [name, rows] of Object.entries(cases))
    assert.is((await resultOf('leak-outlier', rows)).verdict, 'clear', name);
});

test('leak-outlier: cannot tell without unmaps', async () => {
  const recorded = ALL_RECORDED.filter(({ op }) => op !== Op.close);
  assert.is((await resultOf('leak-outlier', {}, recorded)).verdict, 'cannot tell');
});

for (const [id, layer, op] of [
  ['leak-at-removal', Layer.none, Op.removed],
  ['leak-at-removal', Layer.none, Op.remove],
  ['unmap-unknown', Layer.iommu, Op.close],
] as const) {
  test(`${id}: what must have occurred is not there by being recorded (${Op[op]})`, async () => {
    const others = ALL_RECORDED.filter((one) => one.layer !== layer);
    const verdict = async (occurred: boolean) => {
      const one = { capture: 0, layer, op, kind: Kind.none, occurred };
      return (await resultOf(id, {}, [...others, one])).verdict;
    };
    assert.is(await verdict(false), 'cannot tell');
    assert.is(await verdict(true), 'clear');
  });
}

test('every rule: nothing recorded, nothing told', async () => {
  const results = await judge(await ruleTables({}), RULES, []);
  assert.is(results.length, RULES.length);
  for (const { rule, verdict } of results) assert.is(verdict, 'cannot tell', rule.id);
});

test('every rule has a page that says what its header says, and the index has it', () => {
  const index = readFileSync(inPackage('docs', 'rules', 'README.md'), 'utf8');
  for (const rule of RULES) {
    const path = inPackage('docs', 'rules', `${rule.id}.md`);
    assert.ok(existsSync(path), rule.id);
    const page = readFileSync(path, 'utf8');
    for (const text of [
      rule.title,
      rule.why,
      rule.next,
      rule.contract,
      ...rule.needs.map(({ text, advice }) => `${text}: ${advice}`),
    ]) {
      assert.ok(page.includes(text), `${rule.id}.md lacks: ${text}`);
    }
    for (const one of rule.parameters)
      assert.ok(
        page.includes(`| \`${one.name}\` | ${one.value} | ${one.doc} |`),
        `${rule.id}.md: ${one.name}`,
      );
    assert.ok(index.includes(`(${rule.id}.md)`), `the index lacks ${rule.id}`);
  }
});

const HEADER =
  '-- id: own\n-- title: T\n-- severity: info\n-- family: own\n-- why: w\n--   and more\n-- next: n\n';
const BODY = `SELECT NULL AS device, NULL AS site, NULL AS close_site, 'm' AS message, $n AS count, 0 AS bytes, 0 AS first_ts, 0 AS last_ts,
  NULL AS lifetime, 'certain' AS confidence, 'r' AS reason`;

test('a rule file: header and SELECT', () => {
  const rule = parseRule(
    `${HEADER}-- needs: close of sg in dma; record it\n-- param: n = 3; how many\n-- reads: events\n${BODY};\n`,
    'own.sql',
  );
  assert.is(rule.why, 'w and more');
  assert.is(rule.sql, BODY);
  assert.equal(rule.parameters, [{ name: 'n', value: 3, doc: 'how many' }]);
  assert.is(rule.needs[0]!.advice, 'record it');
  assert.equal(rule.reads, ['events']);
  assert.equal(parseRule(HEADER + BODY, 'own.sql').reads, ['events', 'lifetimes']);
});

test('a rule file that cannot be used says why', () => {
  const bad: [string, RegExp][] = [
    [BODY, /own.sql: the header has no "id"/],
    [HEADER, /no SELECT/],
    [HEADER.replace('info', 'fatal') + BODY, /severity is "fatal", expected error, warning, info/],
    [HEADER.replace('own', 'Own Rule') + BODY, /not kebab-case/],
    [`${HEADER}-- colour: red\n${BODY}`, /unknown key "colour"/],
    [`${HEADER}-- needs: shut in dma\n${BODY}`, /needs is "shut in dma"/],
    [`${HEADER}-- param: n\n${BODY}`, /param is "n"/],
    [`${HEADER}-- reads: stacks\n${BODY}`, /reads is "stacks"/],
    [`${HEADER}--stray\n${BODY}`, /line 8 of the header/],
  ];
  for (const [text, says] of bad)
    assert.throws(
      () => parseRule(text, 'own.sql'),
      (error: Error) => error instanceof RuleError && says.test(error.message),
    );
});

async function ownRule(sql: string): Promise<RuleResult[]> {
  return judge(await ruleTables({}), [parseRule(HEADER + sql, 'own.sql')], ALL_RECORDED);
}

test('a rule whose SQL does not keep the contract says why', async () => {
  const bad: [string, RegExp][] = [
    ['SELEKT 1', /own.sql: the rule's SQL does not run: .*SELEKT/s],
    ['SELECT 1 AS one', /no column device, site/],
    [BODY.replace('$n', '1').replace("'certain'", "'sure'"), /confidence is "sure"/],
  ];
  for (const [sql, says] of bad) {
    try {
      await ownRule(sql);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RuleError);
      assert.match((error as Error).message, says);
    }
  }
});

test('a folder of own rules: added, or in place of a built-in one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  try {
    assert.throws(() => loadRules(folder), /no rule in it/);
    assert.throws(() => loadRules(join(folder, 'none')), /found nothing/);
    mkdirSync(join(folder, 'deeper'));
    writeFileSync(join(folder, 'deeper', 'own.sql'), HEADER + BODY);
    writeFileSync(join(folder, 'double-unmap.sql'), HEADER.replace('own', 'double-unmap') + BODY);
    const rules = loadRules(folder);
    assert.is(rules.length, RULES.length + 1);
    assert.is(findRule(rules, 'double-unmap').title, 'T');
    writeFileSync(join(folder, 'again.sql'), HEADER + BODY);
    assert.throws(() => loadRules(folder), /a second rule called own/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('choosing rules', () => {
  assert.equal(
    chooseRules(RULES, ['size-mismatch', 'double-unmap']).map((rule: Rule) => rule.id),
    ['double-unmap', 'size-mismatch'],
  );
  assert.is(chooseRules(RULES, undefined).length, RULES.length);
  assert.throws(() => chooseRules(RULES, ['no-such']), /no rule is called "no-such"/);
});

test('the call site is the first frame outside the core', () => {
  const tail = ['vfs_write', 'ksys_write'];
  const cases: [string[], string | undefined, string | undefined][] = [
    [
      ['__traceiter_dma_map_phys', 'dma_map_phys', 'dma_map_page_attrs', 'cmd_write', ...tail],
      'cmd_write',
      'dma_map_page_attrs',
    ],
    [['dma_map_phys+0x304/0x5a0', 'cmd_write+0xc78 [dmabug]', ...tail], 'cmd_write [dmabug]', 'dma_map_phys'],
    [['0xffffffffa0400099', 'fprobe_ftrace_entry', 'p2p_map'], 'p2p_map', undefined],
    [
      ['__iommu_dma_unmap', 'iommu_dma_unmap_sg', 'dma_unmap_sg_attrs', '0xffffffffa0401234'],
      '0xffffffffa0401234',
      'dma_unmap_sg_attrs',
    ],
    [
      ['iommu_map_nosync', 'dma_map_phys', 'blk_rq_dma_map_iter_start', 'nvme_prep_rq'],
      'nvme_prep_rq',
      'blk_rq_dma_map_iter_start',
    ],
    [
      ['dma_map_phys', 'blk_dma_map_direct.isra.0', 'nvme_prep_rq.constprop.0'],
      'nvme_prep_rq',
      'blk_dma_map_direct',
    ],
    [['dma_map_phys', 'dma_map_ring [driver]'], 'dma_map_ring [driver]', 'dma_map_phys'],
    [['dma_map_phys', 'dma_map_page_attrs'], undefined, undefined],
    [[], undefined, undefined],
  ];
  for (const [frames, site, via] of cases) {
    const found = siteOf(frames);
    assert.is(found?.site, site, frames.join());
    assert.is(found?.via, via, frames.join());
  }
  assert.equal(frameName('blk_dma_map_direct.isra.0+0x10/0x20 [block]'), {
    name: 'blk_dma_map_direct',
    module: 'block',
  });
});

test.run();
