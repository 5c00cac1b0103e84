/** `dmaspan history`: what happened to a page, by every name that it has; against what is known of the samples. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-history-'));
test.after(() => rmSync(folder, { recursive: true }));

function dmaspan(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

interface Section {
  readonly space: string;
  readonly device?: string;
  readonly names: readonly { space: string; device?: string; addr: string }[];
  readonly events: readonly Record<string, unknown>[];
  readonly findings: readonly { rule: string; lifetime?: string }[];
}

function sections(...args: string[]): readonly Section[] {
  const { code, out, err } = dmaspan('history', ...args, '--format', 'json');
  assert.is(code, 0, err);
  return (JSON.parse(out) as { sections: Section[] }).sections;
}

/** What happened, a word a row; of the page by its own name only, unless another is named. */
const told = ({ events }: Section, space?: string): string[] =>
  events
    .filter(({ step, page_space }) => (space === undefined ? step === 0 : page_space === space))
    .map(({ layer, what }) => (layer === undefined ? String(what) : `${String(layer)} ${String(what)}`));

/** The buggy driver's text, kept: a page is asked for often. That a store answers as the capture does has a test of its own. */
const BUGGY = join(folder, 'text.duckdb');
assert.is(dmaspan('ingest', sample('buggy-driver', 'trace.txt.zst'), '-o', BUGGY).code, 0);

test('a page that was mapped, unmapped by half, and used again', () => {
  const [only, ...others] = sections(BUGGY, '0xfffda000');
  assert.is(others.length, 0);
  assert.is(only!.space, 'dma');
  assert.equal(
    told(only!).slice(0, 7),
    [
      'iommu mapped',
      'dma mapped',
      'iommu split',
      'dma unmapped',
      'dma size_mismatch',
      'iommu mapped',
      'dma mapped',
    ].map((word) => word.replace('split', 'unmapped in part')),
  );
  // The driver's own list: what it did to the page at 0x1104e9000, under two addresses of one device.
  const rules = new Set(only!.findings.map(({ rule }) => rule));
  for (const rule of [
    'size-mismatch',
    'overlapping-map',
    'sync-unmapped',
    'sync-direction',
    'sync-outside',
    'leak-at-removal',
  ])
    assert.ok(rules.has(rule), rule);
  assert.ok(only!.names.some(({ space, addr }) => space === 'phys' && addr === '0x1104e9000'));
  assert.ok(only!.names.some(({ space, addr }) => space === 'dma' && addr === '0xfffdc000'));
  assert.equal(told(only!).slice(-5), [
    'device about to go',
    'device about to go',
    'device gone',
    'iommu still open',
    'dma still open',
  ]);
});

test('a page of a process: watched, mapped, invalidated, and never unmapped', () => {
  const [only] = sections(BUGGY, '7fa12efcb000');
  const words = told(only!).filter((word) => !/_ret$|^mir_/.test(word));
  assert.equal(words.slice(0, 4), ['watch watched', 'import mapped', 'invalidated', 'invalidation over']);
  assert.is(words.at(-1), 'import still open');
  assert.ok(words.indexOf('watch watch removed') > 3);
  assert.ok(only!.findings.some(({ rule }) => rule === 'stale-after-invalidate'));
  // Its mapping for the device, and the memory behind that.
  assert.ok(
    only!.names.some(
      ({ space, addr, device }) => space === 'dma' && addr === '0xffefc000' && device === '0000:00:05.0',
    ),
  );
  assert.ok(told(only!, 'dma').includes('dma still open'));
  assert.ok(only!.names.some(({ space, addr }) => space === 'phys' && addr === '0x10d4bd000'));
});

test('what the kernel’s pointer of an address space named before is not told', () => {
  const [only] = sections(BUGGY, '7fa12efcb000');
  const first = only!.events[0]!;
  assert.is(first.what, 'watched');
  assert.is(only!.events.filter(({ what }) => what === 'address space released').length, 1);
});

test('an address that was never mapped: the unmap, and the finding', () => {
  const [only] = sections(BUGGY, 'dead4000');
  assert.equal(told(only!), ['unmap_unknown', 'device about to go', 'device about to go', 'device gone']);
  assert.equal(
    only!.findings.map(({ rule }) => rule),
    ['unmap-unknown'],
  );
});

test('a registration: its pin, what the process did to its memory, its end', () => {
  const [only] = sections(sample('rdma', 'trace.txt.zst'), '7f8d64057000');
  assert.is(only!.space, 'va');
  const words = told(only!).filter((word) => !word.startsWith('sys_enter_'));
  assert.equal(words, [
    'pinned',
    'import registered',
    'moved',
    'moved',
    'process ended',
    'import deregistered',
  ]);
  assert.equal(
    only!.findings.map(({ rule }) => rule),
    ['stale-after-unmap-of-vma'],
  );
});

/** By hand, from the events of the page: each transfer pins, maps, unmaps, unpins; at the process's exit it is free. */
const TRANSFER = ['pinned', 'iova mapped', 'iova unmapped', 'unpinned'];
const chain = (words: readonly string[]): string[] =>
  words.filter((word) => !word.startsWith('iommu') && word !== 'p2p_update_state');
const words = ({ events }: Section): string[] =>
  events.map(({ layer, what }) => (layer === undefined ? String(what) : `${String(layer)} ${String(what)}`));

test('peer-to-peer memory: from its pool through a VMA, pins and DMA mappings to the last reference', () => {
  const capture = sample('p2p-host-bridge', 'trace.txt.zst');
  const [va] = sections(capture, '7f557f3b6000');
  const expected = [
    'pool mapped into a process',
    ...Array(8).fill(TRANSFER).flat(),
    'freed',
    'pool still open',
  ];
  assert.equal(chain(words(va!)), expected);
  // The same page by its physical address: beside it another process's, later.
  const [memory] = sections(capture, 'f8037000', '--phys');
  assert.equal(chain(words(memory!)).slice(0, 34), expected.slice(0, 34));
  // By the DMA address of its first transfer: that transfer, its pin and the VMA.
  const [dma] = sections(capture, 'fffb4400');
  const first = dma!.events.filter(({ ts }) => BigInt(String(ts)) < 14_750_000_000n);
  assert.equal(
    chain(words({ ...dma!, events: first })).filter(
      (word) => TRANSFER.includes(word) || word.startsWith('pool'),
    ),
    ['pool mapped into a process', ...TRANSFER],
  );
});

test('a thread names its address space, a device its addresses, --phys memory', () => {
  assert.is(sections(sample('rdma', 'trace.txt.zst'), '7f8d64057000', '--mm', '230').length, 1);
  assert.is(sections(BUGGY, '0xfffda000', '--device', '0000:00:05.0').length, 1);
  assert.is(sections(BUGGY, '0xfffda000', '--device', '0000:00:06.0').length, 0);
  const [memory] = sections(BUGGY, '0x1104e9123', '--phys');
  assert.is(memory!.space, 'phys');
  assert.ok(told(memory!).filter((word) => word === 'dma mapped').length > 10);
});

test('memory freed while it is mapped', () => {
  const found = sections(sample('buggy-driver-frees', 'trace.txt.zst'), '10d780000', '--phys');
  const words = told(found[0]!);
  assert.ok(words.includes('dma freed_mapped'), words.join());
  assert.ok(found[0]!.findings.some(({ rule }) => rule === 'stale-freed-page'));
});

test('a dma-buf’s object: attached, mapped, revoked', () => {
  const [only] = sections(sample('dma-buf-revoked', 'trace.txt.zst'), 'ffff88810ae772c0');
  assert.is(only!.space, 'object');
  const words = only!.events.map(({ what }) => String(what));
  for (const word of ['attached', 'mapped', 'revoked by its exporter'])
    assert.ok(words.includes(word), `${word}: ${words}`);
});

test('nothing there: the nearest mappings, in every sort of space', () => {
  const { code, out } = dmaspan('history', BUGGY, '0x12345678');
  assert.is(code, 0);
  assert.match(out, /^Nothing touched the page of 0x12345678 in this capture\.\nNearest to it:\n/);
  assert.match(out, /3\.7 GiB above it: DMA address 0xffe00000 of 0000:00:05\.0/);
});

test('a store answers the same, and so does every form of a capture', () => {
  const store = join(folder, 'buggy.duckdb');
  assert.is(dmaspan('ingest', sample('buggy-driver', 'trace.dat'), '-o', store).code, 0);
  const text = (capture: string): string => dmaspan('history', capture, '7fa12efcb000').out;
  assert.is(text(store), text(sample('buggy-driver', 'trace.dat')));
  assert.ok(text(store).length > 1000);
});

test('text: who, by which name, since when; Markdown: a table', () => {
  const { out } = dmaspan('history', BUGGY, '7fa12efcb000');
  assert.match(
    out,
    /^=+\nVirtual address 0x7fa12efcb000 of the address space 0xffff888103f2b700\n {2}page 0x7fa12efcb000\n {2}also DMA address 0xffefc000 of 0000:00:05\.0, from/,
  );
  assert.match(out, /\[by DMA 0xffefc000 of 0000:00:05\.0\] mir-228 in mir_fill via/);
  assert.match(
    dmaspan('history', BUGGY, '7fa12efcb000', '--format', 'markdown').out,
    /^### virtual address .*\n\n- also DMA.*\| time \| what \|/s,
  );
});

test('what docs/history.md shows is how the real one begins', () => {
  const shown =
    /<!-- history:begin -->\n```\n(.*?)\n```/s.exec(
      readFileSync(inPackage('docs', 'history.md'), 'utf8'),
    )?.[1] ?? '';
  assert.ok(shown.length > 500);
  assert.ok(
    dmaspan('history', sample('buggy-driver', 'trace.dat'), '7fa12efcb000').out.startsWith(`${shown}\n`),
  );
});

test('bad input: an address that is none, no capture, a device that is not there, two spaces at once', () => {
  for (const [args, says] of [
    [[BUGGY, 'xyz'], /xyz: expected an address in hex/],
    [[BUGGY], /no address given/],
    [['fffda000'], /no capture given, only an address/],
    [[BUGGY, '1ffffffffffffffff'], /at most 64 bits/],
    [[BUGGY, 'fffda000', '--device', 'nowhere'], /no event names it\nThey name: 0000:00:05\.0/],
    [[BUGGY, 'fffda000', '--mm', 'x'], /expected a kernel pointer/],
    [[BUGGY, 'fffda000', '--phys', '--mm', '1'], /mutually exclusive/],
  ] as const) {
    const { code, out, err } = dmaspan('history', ...args);
    assert.is(code, 2, err);
    assert.is(out, '');
    assert.match(err, says);
  }
});

test.run();
