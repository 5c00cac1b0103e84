/** `dmaspan.config.json` for every command that it concerns: run in a folder that has one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPackage } from '../traces/package-root.js';
import { PerfettoTrace } from './perfetto-trace.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-config-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
mkdirSync(at('settings'));

const DICTIONARY = {
  events: [
    {
      event: 'mydrv:mydrv_buf',
      doc: 'A buffer of mine.',
      layer: 'dma',
      op: 'open',
      kind: 'single',
      fields: { device: 'device', addr: 'dma', len: 'size' },
    },
  ],
};
const CAPTURE = `# tracer: nop
#
             app-71      [001] .....    17.000100: mydrv_buf: device=0000:00:09.0 dma=0xfff0000 size=4096
             app-71      [001] .....    17.000200: mydrv_buf: device=0000:00:09.0 dma=0xfff1000 size=4096
`;
const SYMBOLS = 'ffffffff81000000 T one_half\nffffffff81800000 T other_half\n';
const RULE = `-- id: own-rule
-- title: Own
-- severity: warning
-- family: own
-- why: w
-- next: n
SELECT capture, device, NULL AS site, NULL AS close_site, 'seen ' || count(*) AS message, count(*) AS count, 0 AS bytes,
  min(opened_ts) AS first_ts, max(opened_ts) AS last_ts, min(id) AS lifetime, 'certain' AS confidence, 'seen' AS reason
FROM lifetimes WHERE layer = 'dma' GROUP BY capture, device ORDER BY capture, device
`;
const PACK = {
  pack: 'mydrv',
  version: 1,
  title: 'My driver',
  about: 'Mine.',
  cost: 'Little.',
  enables: { layers: ['dma'], rules: [] },
  events: [{ event: 'mydrv:*', doc: 'All.' }],
  probes: [],
};
const CONFIG = {
  events: ['mydrv.json'],
  kallsyms: 'symbols.txt',
  packs: ['mydrv-pack.json'],
  rules: 'rules',
  severity: { 'own-rule': 'error' },
};

mkdirSync(at('settings/rules'));
for (const [name, text] of [
  ['settings/dmaspan.config.json', JSON.stringify(CONFIG)],
  ['settings/mydrv.json', JSON.stringify(DICTIONARY)],
  ['settings/mydrv-pack.json', JSON.stringify(PACK)],
  ['settings/symbols.txt', SYMBOLS],
  ['settings/rules/own.sql', RULE],
  ['trace.txt', CAPTURE],
] as const)
  writeFileSync(at(name), text);

function run(cwd: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = inPackage('dist', 'command', 'index.js');
  return spawnSync(process.execPath, [command, ...args], { encoding: 'utf8', cwd });
}

function ok(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = run(cwd, ...args);
  assert.is(stderr, '', args.join(' '));
  assert.ok(status === 0 || status === 1, args.join(' '));
  return stdout;
}

const SETTLED = at('settings');
const ROWS = 'SELECT device, addr, len FROM lifetimes ORDER BY id';
const EXPECTED = 'device,addr,len\n0000:00:09.0,268369920,4096\n0000:00:09.0,268374016,4096\n';
/** perf records addresses, and no symbols. */
const STACKS = inPackage('traces', 'samples', 'buggy-driver', 'perf-stacks.data.zst');
const HALVES =
  "SELECT count(*) > 0 AS n FROM (SELECT unnest(frames) AS frame FROM stacks) WHERE frame LIKE 'one_half+0x%'";

test('captures are read with the dictionaries and symbols of the project, by every command', () => {
  assert.is(ok(SETTLED, 'sql', '../trace.txt', '--format', 'csv', ROWS), EXPECTED);
  assert.is(ok(SETTLED, 'sql', STACKS, '--format', 'csv', HALVES), 'n\ntrue\n');
  assert.match(ok(SETTLED, 'info', '../trace.txt'), /events +2 known to the dictionary/);
  assert.match(ok(SETTLED, 'report', '../trace.txt'), /ERROR: own-rule: seen 2/);
  ok(SETTLED, 'ingest', '../trace.txt', '-o', '../trace.duckdb');
  ok(SETTLED, 'export', '../trace.txt', '--to', 'csv', '-o', '../csv');
  assert.match(readFileSync(at('csv/events.csv'), 'utf8'), /mydrv:mydrv_buf/);
});

test('without it they are not, and --config has the same effect from elsewhere', () => {
  assert.match(ok(folder, 'info', 'trace.txt'), /events +0 known to the dictionary/);
  const asked = ['--config', 'settings/dmaspan.config.json'];
  assert.is(ok(folder, 'sql', 'trace.txt', ...asked, '--format', 'csv', ROWS), EXPECTED);
  assert.match(ok(folder, 'report', 'trace.txt', ...asked), /ERROR: own-rule: seen 2/);
});

test('options win', () => {
  writeFileSync(at('other.txt'), SYMBOLS.replace('one_half', 'renamed'));
  const asked = ['sql', STACKS, '--kallsyms', '../other.txt', '--format', 'csv', HALVES];
  assert.is(ok(SETTLED, ...asked), 'n\nfalse\n');
  writeFileSync(at('none.json'), '{"events": []}');
  assert.match(ok(SETTLED, 'info', '../trace.txt', '--events', '../none.json'), /events +0 known/);
});

test('a store was made with its settings, and is read in their presence', () => {
  assert.is(ok(SETTLED, 'sql', '../trace.duckdb', '--format', 'csv', ROWS), EXPECTED);
  assert.match(ok(SETTLED, 'report', '../trace.duckdb'), /ERROR: own-rule: seen 2/);
  assert.match(ok(SETTLED, 'info', '../trace.duckdb'), /events +2 known/);
});

test('rules, events, packs and findings of a trace are those of the project', () => {
  assert.match(ok(SETTLED, 'rules'), /^own-rule +warning +Own$/m);
  assert.match(ok(SETTLED, 'events'), /^mydrv:mydrv_buf: open of single in dma \(.*mydrv\.json\)$/m);
  assert.match(ok(SETTLED, 'probes', 'list'), /^mydrv, version 1: My driver$/m);
  assert.match(ok(SETTLED, 'probes', 'show', 'mydrv', '--kernel', '6.12'), /^for e in mydrv; do$/m);
  assert.match(ok(SETTLED, 'sql', '../trace.duckdb', '-c', '.rules'), /^own-rule +warning +Own$/m);
  ok(SETTLED, 'export', '../trace.txt', '--to', 'perfetto', '-o', '../trace.pftrace');
  const own = new PerfettoTrace(at('trace.pftrace')).events.filter(({ name }) => name === 'own-rule');
  assert.equal(
    own.map(({ args }) => [args.severity, args.message]),
    [['error', 'seen 2']],
  );
});

test('settings that cannot be used are told, by every command', () => {
  writeFileSync(at('wrong.json'), '{"colour": 1}');
  for (const args of [
    ['sql', 'trace.txt', 'SELECT 1'],
    ['info', 'trace.txt'],
    ['rules'],
    ['events'],
    ['probes', 'list'],
  ]) {
    const { status, stderr } = run(folder, ...args, '--config', 'wrong.json');
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, /wrong\.json: unknown key "colour"/);
  }
});

test.run();
