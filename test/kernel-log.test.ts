/** Kernel logs: stamps and wordings by tables of lines, the clock by votes, and the rules on faults. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RuleResult } from '../analyzer/findings.js';
import { judge } from '../analyzer/judge.js';
import { align, vote } from '../analyzer/kernel-log/align.js';
import { findRule, loadRules, withInputs } from '../analyzer/rules.js';
import { completed, mention, understand } from '../traces/dmesg/message.js';
import { splitLine } from '../traces/dmesg/stamps.js';
import { ALL_RECORDED, DEVICE, type Rows, ruleTables } from './rule-tables.js';

const AT = 18_711_387_000n;
/** Line, and the time that it carries. */
const STAMPS: readonly [string, bigint | undefined][] = [
  ['[   18.711387] DMAR: x', AT],
  ['[   18.711387] DMAR: x\r', AT],
  ['[   18.711387][  T101] DMAR: x', AT],
  ['<4>[   18.711387] DMAR: x', AT],
  ['kern  :err   : [   18.711387] DMAR: x', AT],
  ['3,1042,18711387,-;DMAR: x', AT],
  ['Nov 25 15:22:04 lab kernel: [   18.711387] DMAR: x', AT],
  ['[   18.711387] lab kernel: DMAR: x', AT],
  ['[Thu Jan  4 23:12:54 2024] DMAR: x', undefined],
  ['Nov 25 15:22:04 lab kernel: DMAR: x', undefined],
  ['DMAR: x', undefined],
];
for (const [line, ts] of STAMPS) {
  test(`stamp: ${JSON.stringify(line)}`, () => {
    assert.is(splitLine(line).text, 'DMAR: x');
    assert.is(splitLine(line).ts, ts);
  });
}

/** Message, source, kind, device, address, access. */
const MESSAGES: readonly [
  string,
  string,
  string,
  string | undefined,
  bigint | undefined,
  string | undefined,
][] = [
  [
    'DMAR: [DMA Read NO_PASID] Request device [0000:00:05.0] fault addr 0xfffdc000 [fault reason 0x06] PTE Read access is not set',
    'intel-iommu',
    'fault',
    '0000:00:05.0',
    0xfffdc000n,
    'read',
  ],
  [
    'DMAR: [DMA Write PASID 0x1] Request device [3a:00.0] fault addr 0x7f2a4000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear',
    'intel-iommu',
    'fault',
    '3a:00.0',
    0x7f2a4000n,
    'write',
  ],
  [
    'DMAR: [DMA Read] Request device [00:02.0] PASID ffffffff fault addr 6df084000 [fault reason 06] PTE Read access is not set',
    'intel-iommu',
    'fault',
    '00:02.0',
    0x6df084000n,
    'read',
  ],
  [
    'DMAR:[DMA Write] Request device [00:02.0] fault addr 6df084000',
    'intel-iommu',
    'fault',
    '00:02.0',
    0x6df084000n,
    'write',
  ],
  [
    'ahci 0000:28:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0035 address=0x7fffff00000 flags=0x0020]',
    'amd-iommu',
    'fault',
    '0000:28:00.0',
    0x7fffff00000n,
    'write',
  ],
  [
    'AMD-Vi: Event logged [IO_PAGE_FAULT device=0a:00.0 domain=0x001d address=0x000000000637c000 flags=0x0000]',
    'amd-iommu',
    'fault',
    '0a:00.0',
    0x637c000n,
    'read',
  ],
  [
    'AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0007 address=0xffffc02000 flags=0x0000]',
    'amd-iommu',
    'fault',
    undefined,
    0xffffc02000n,
    'read',
  ],
  [
    'arm-smmu 5000000.iommu: Unhandled context fault: fsr=0x402, iova=0x7b657064, fsynr=0x10011, cbfrsynra=0x804, cb=3',
    'arm-smmu',
    'fault',
    undefined,
    0x7b657064n,
    'write',
  ],
  [
    'arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0xfffff000 ipa: 0x0',
    'arm-smmu-v3',
    'fault',
    '0000:01:00.0',
    0xfffff000n,
    undefined,
  ],
  [
    'DMA-API: dmabug 0000:00:05.0: device driver frees DMA memory with different size [device address=0x00000000fffda000] [map size=8192 bytes] [unmap size=4096 bytes]',
    'dma-debug',
    'free_size',
    DEVICE,
    0xfffda000n,
    undefined,
  ],
  [
    'e1000e 0000:00:05.0: DMA-API: device driver tries to free DMA memory it has not allocated [device address=0x00000000fffdc000] [size=4096 bytes]',
    'dma-debug',
    'free_unknown',
    DEVICE,
    0xfffdc000n,
    undefined,
  ],
  [
    'DMA-API: pci 0000:00:05.0: device driver has pending DMA allocations while released from device [count=192]',
    'dma-debug',
    'pending',
    DEVICE,
    undefined,
    undefined,
  ],
  [
    'DMA-API: misc udmabuf: mapping sg segment longer than device claims to support [len=77824] [max=65536]',
    'dma-debug',
    'segment_length',
    'udmabuf',
    undefined,
    undefined,
  ],
  ['iommu: Detected page leak!', 'iommu-debug', 'page_leak', undefined, undefined, undefined],
];
for (const [line, source, kind, device, addr, access] of MESSAGES) {
  test(`message: ${line.slice(0, 60)}`, () => {
    const facts = understand(line)?.facts;
    assert.equal(
      [facts?.source, facts?.kind, facts?.device, facts?.addr, facts?.access],
      [source, kind, device, addr, access],
    );
  });
}

test('a following line fills in what the first lacks, and nothing else does', () => {
  const { facts, pattern } = understand('DMAR:[DMA Write] Request device [00:02.0] fault addr 6df084000')!;
  const whole = completed(facts, pattern, 'DMAR:[fault reason 05] PTE Write access is not set');
  assert.is(whole?.reason, 'PTE Write access is not set');
  assert.is(whole?.device, '00:02.0');
  assert.is(completed(facts, pattern, 'usb 1-1: new device'), undefined);
});

test('other lines are understood by no pattern; a device and an address are a mark', () => {
  assert.is(understand('DMAR: DRHD: handling fault status reg 2'), undefined);
  assert.is(mention('nvme nvme0: 2/0/0 default/read/poll queues'), undefined);
  assert.is(mention('dmabug: BUG kind=leak_page dev=0000:00:05.0 dma=fffff000 size=4096')?.addr, 0xfffff000n);
});

const MS = 1_000_000n;
const marks = [10n, 500n, 900n, 1500n].map((ts) => ({
  ts: ts * MS,
  sightings: [(ts + 98n) * MS, (ts * 3n + 7n) * MS],
}));

test('the offset that all marks share wins', () => {
  assert.is(vote(marks)?.offset, 98_000_000);
  const placed = align({ clock: 'mono', unit: 'ns', firstTs: 0n }, marks, 0n);
  assert.is(placed.offset, 98n * MS);
  assert.is(placed.uncertainty, MS);
});

test('without marks: same clocks are the log’s, near ones nearly, others cannot be placed', () => {
  const of = (clock: string | undefined, firstTs = 0n) =>
    align({ clock, unit: 'ns', firstTs }, [], 1000n * MS);
  assert.is(of('local').uncertainty, MS);
  assert.ok(of('mono').uncertainty! >= 200n * MS);
  assert.is(of('tai').offset, undefined);
  assert.is(of(undefined, 5000n * MS).offset, undefined);
  assert.is(of(undefined, 500n * MS).offset, 0n);
});

const LOG = {
  capture: 0,
  file: 'dmesg.txt',
  lines: 9,
  messages: 1,
  unknown: 0,
  time_offset: 0,
  uncertainty: 10,
  how: 'test',
};
const FAULT = {
  capture: 0,
  line: 7,
  printed_ts: 5000,
  ts: 5000,
  source: 'intel-iommu',
  kind: 'fault',
  device: DEVICE,
  addr: 0xfffff000,
  access: 'read',
  text: 'DMAR',
};

async function resultOf(id: string, rows: Rows, fault: object = FAULT): Promise<RuleResult> {
  const db = await ruleTables({
    devices: [{ id: 1, device: DEVICE }],
    kernel_logs: [LOG],
    kernel_messages: [{ ...FAULT, ...fault }],
    ...rows,
  });
  return (await judge(db, [findRule(loadRules(), id)], ALL_RECORDED))[0]!;
}

const CLOSED = { opened_ts: 1000, closed_ts: 3000, end_reason: 'closed' };

test('device-fault-after-unmap: found, with the time since the unmap', async () => {
  const { verdict, findings } = await resultOf('device-fault-after-unmap', { lifetimes: [CLOSED] });
  assert.is(verdict, 'found');
  assert.is(findings[0]!.count, 1n);
  assert.is(findings[0]!.confidence, 'certain');
  assert.is(findings[0]!.facts.since_unmap, 2000n);
});

test('device-fault-after-unmap: a time too uncertain is only possible', async () => {
  const { findings } = await resultOf('device-fault-after-unmap', {
    lifetimes: [CLOSED],
    kernel_logs: [{ ...LOG, uncertainty: 2500 }],
  });
  assert.is(findings[0]!.confidence, 'possible');
});

test('device-fault-after-unmap: clear without such a fault', async () => {
  assert.is(
    (await resultOf('device-fault-after-unmap', { lifetimes: [CLOSED] }, { device: '0000:00:06.0' })).verdict,
    'clear',
  );
  assert.is(
    (await resultOf('device-fault-after-unmap', { lifetimes: [{ opened_ts: 1000 }] })).verdict,
    'clear',
  );
});

test('device-fault-outside: past the end of a live mapping, of never mapped memory, against the direction', async () => {
  const live = { opened_ts: 1000, addr: 0xffffe000 };
  const past = await resultOf('device-fault-outside', { lifetimes: [live] });
  assert.is(past.findings[0]!.facts.relation, 'past_end');
  const never = await resultOf('device-fault-outside', { lifetimes: [live] }, { addr: 0x1000 });
  assert.is(never.findings[0]!.facts.relation, 'never_mapped');
  const inside = await resultOf(
    'device-fault-outside',
    { lifetimes: [live] },
    { addr: 0xffffe000, access: 'write' },
  );
  assert.is(inside.findings[0]!.facts.relation, 'inside');
  assert.is(inside.findings[0]!.confidence, 'certain');
});

test('device-fault-outside: peer-to-peer memory by bus address, which the switch did not route', async () => {
  const note = { event: 'p2p_update_state', layer: 'pool', op: 'note', ts: 4000 };
  const fault = { addr: 0xf4037200, access: 'write' };
  const given = await resultOf('device-fault-outside', { events: [{ ...note, phys: 0xf4037000 }] }, fault);
  assert.is(given.findings[0]!.facts.relation, 'bus_address');
  assert.match(
    given.findings[0]!.message,
    /of peer-to-peer memory by bus address, and the IOMMU got the request: write at 0xf4037200/,
  );
  assert.match(given.findings[0]!.reason, 'ACS');
  const other = await resultOf('device-fault-outside', { events: [{ ...note, phys: 0xf4038000 }] }, fault);
  assert.is(other.findings[0]!.facts.relation, 'never_mapped');
});

test('device-fault-outside: the later of neighbour and former mapping decides', async () => {
  const neighbour = { opened_ts: 4000, addr: 0xffffe000 };
  assert.is((await resultOf('device-fault-outside', { lifetimes: [CLOSED, neighbour] })).verdict, 'found');
  assert.is(
    (await resultOf('device-fault-outside', { lifetimes: [CLOSED, { ...neighbour, opened_ts: 500 }] }))
      .verdict,
    'clear',
  );
});

for (const id of ['device-fault-after-unmap', 'device-fault-outside']) {
  test(`${id}: cannot tell without a kernel log, and keeps nothing for it`, async () => {
    const result = await resultOf(id, { lifetimes: [CLOSED], kernel_logs: [], kernel_messages: [] });
    assert.is(result.verdict, 'cannot tell');
    assert.match(result.advice, '--dmesg');
    assert.is(withInputs([result.rule], { dmesg: false }).length, 0);
  });
}

test.run();
