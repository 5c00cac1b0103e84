/** Probe packs: they fit their schema, become lines that the kernel takes, and scripts that a shell reads. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { choosePacks } from '../cli/probes.js';
import { showText } from '../cli/probes-text.js';
import { probeDocs } from '../scripts/probe-docs.js';
import { enumWords } from '../traces/dictionary-check.js';
import { inPackage } from '../traces/package-root.js';
import {
  argumentsAtReturn,
  covers,
  definitionsOf,
  FORMS,
  formFor,
  kernelVersion,
  readsOffsets,
} from '../traces/probe-definition.js';
import { checkPack, loadPacks, type Probe } from '../traces/probe-pack.js';
import { Layer } from '../wasm/schema.js';

const json = (file: string): unknown => JSON.parse(readFileSync(inPackage('traces', 'probes', file), 'utf8'));
const files = readdirSync(inPackage('traces', 'probes')).filter((file) => file !== 'pack.schema.json');
const bySchema = new Ajv().compile(json('pack.schema.json') as object);
const packs = await loadPacks();
const probes = packs.flatMap((pack) => pack.probes);

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-probes-'));
test.after(() => rmSync(folder, { recursive: true }));

test('the built-in packs fit the JSON schema, and are called like their files', () => {
  for (const file of files) assert.ok(bySchema(json(file)), `${file}: ${JSON.stringify(bySchema.errors)}`);
  assert.equal(packs.map(({ pack }) => `${pack}.json`).sort(), files.sort());
});

test('the schema knows the layers that the code knows', () => {
  const schema = json('pack.schema.json') as {
    properties: { enables: { properties: { layers: { items: { enum: string[] } } } } };
  };
  assert.equal(schema.properties.enables.properties.layers.items.enum, [...enumWords(Layer).keys()]);
});

test('every name stands for one probe', () => {
  const names = probes.map(({ name }) => name);
  assert.equal(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test('names fit the columns of the kernel: 63 letters a group, an event, a field', () => {
  for (const { name, args } of probes) {
    assert.ok(`${name}_ret`.length < 64, name);
    assert.ok(Object.keys(args).length > 0, name);
  }
});

test('register forms bring the fields of the forms by name', () => {
  for (const { name, args, registers } of probes) {
    assert.equal(Object.keys(registers ?? {}), Object.keys(args), name);
  }
});

const GOOD = {
  pack: 'mine',
  version: 1,
  title: 'Mine',
  about: 'Mine.',
  cost: 'Little.',
  enables: { layers: ['dma'], rules: ['leak-at-removal'] },
  offsets: '7.2',
  events: [{ event: 'dma:*', doc: 'All.', kernels: '6.12 …' }],
  probes: [
    { name: 'one', function: 'one_fn', at: 'both', doc: 'One.', module: 'mine', args: { dev: 'dev:x64' } },
  ],
};
const [ONE] = GOOD.probes;

test('what the schema refuses is refused when it is read, with the place', () => {
  assert.ok(bySchema(GOOD), JSON.stringify(bySchema.errors));
  checkPack({ file: 'mine.json', path: '' }, GOOD);
  const cases: [change: object, says: string][] = [
    [{ pack: 'My Pack' }, 'mine.json: pack: expected'],
    [{ version: 0 }, 'version: expected'],
    [{ title: ' ' }, 'title: expected'],
    [{ cost: undefined }, 'cost: expected'],
    [{ more: 1 }, 'unknown key "more"'],
    [{ enables: { layers: ['gpu'], rules: [] } }, 'enables.layers[0]: expected one of none, dma'],
    [{ enables: { layers: [], rules: 'all' } }, 'enables.rules: expected a list'],
    [{ offsets: '7' }, 'offsets: expected'],
    [{ events: [{ event: 'dma', doc: 'x' }] }, 'events[0].event: expected system:event'],
    [{ events: [{ event: 'dma:*', doc: 'x', kernels: 'new' }] }, 'events[0].kernels: expected'],
    [{ probes: [{ ...ONE, at: 'exit' }] }, 'probes[0].at: expected one of entry, both'],
    [{ probes: [{ ...ONE, name: 'a b' }] }, 'probes[0].name: expected'],
    [{ probes: [{ ...ONE, function: "f'; rm" }] }, 'probes[0].function: expected'],
    [{ probes: [{ ...ONE, args: { dev: 'dev' } }] }, 'probes[0].args.dev: expected'],
    [{ probes: [{ ...ONE, args: { dev: "d'x:u8" } }] }, 'probes[0].args.dev: expected'],
    [{ probes: [{ ...ONE, args: { 'dev=': 'dev:x64' } }] }, 'probes[0].args: expected'],
    [{ probes: [{ ...ONE, args: [] }] }, 'probes[0].args: expected an object'],
  ];
  for (const [change, says] of cases) {
    const pack = JSON.parse(JSON.stringify({ ...GOOD, ...change })) as unknown;
    assert.not(bySchema(pack), `the schema takes ${JSON.stringify(change)}`);
    assert.throws(
      () => checkPack({ file: 'mine.json', path: '', advice: 'do this' }, pack),
      (error: Error) => error.message.includes(says) && error.message.endsWith('do this'),
      says,
    );
  }
});

test("packs of one's own come beside ours, or in their place", async () => {
  const file = join(folder, 'mine.json');
  writeFileSync(file, JSON.stringify(GOOD));
  assert.equal((await loadPacks([file])).length, packs.length + 1);
  writeFileSync(file, JSON.stringify({ ...GOOD, pack: 'removal' }));
  const replaced = await loadPacks([file]);
  assert.is(replaced.length, packs.length);
  assert.is(choosePacks(replaced, ['removal'])[0]?.title, 'Mine');
});

test('a file that is no pack, and a name that is none, are told', async () => {
  const file = join(folder, 'no.json');
  writeFileSync(file, '{');
  const message = await loadPacks([file]).then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(
    message,
    /no\.json: expected a probe pack in JSON, cannot read it: .*\nSee "A pack of your own"/,
  );
  assert.throws(() => choosePacks(packs, ['dam']), /no probe pack is called "dam"\nThere are: dma, /);
});

const PROBE: Probe = {
  name: 'odp_get',
  function: 'ib_umem_odp_get',
  at: 'both',
  doc: '',
  args: { addr: 'addr:x64', size: 'size:u64' },
  registers: { addr: '%si:x64' },
};
const lines = (...args: Parameters<typeof definitionsOf>): string[] =>
  definitionsOf(...args).map(({ line }) => line);

test('each form is written as the kernel reads it', () => {
  assert.equal(lines(PROBE, 'fprobe', true), [
    'f:dmaspan/odp_get ib_umem_odp_get addr=addr:x64 size=size:u64',
    'f:dmaspan/odp_get_ret ib_umem_odp_get%return addr=addr:x64 size=size:u64 ret=$retval:x64',
  ]);
  assert.equal(lines(PROBE, 'kprobe', false), [
    'p:dmaspan/odp_get ib_umem_odp_get addr=addr:x64 size=size:u64',
    'r:dmaspan/odp_get_ret ib_umem_odp_get ret=$retval:x64',
  ]);
  assert.equal(lines(PROBE, 'registers', true), [
    'p:dmaspan/odp_get ib_umem_odp_get addr=%si:x64',
    'r:dmaspan/odp_get_ret ib_umem_odp_get ret=$retval:x64',
  ]);
  assert.equal(lines({ ...PROBE, at: 'entry' }, 'fprobe', true).length, 1);
});

test('a kernel version chooses form, return arguments and probes', () => {
  const version = (text: string): readonly [number, number] => kernelVersion(text)!;
  assert.equal(kernelVersion('7.2.13-tracelab'), [7, 2]);
  assert.equal(kernelVersion('6.12'), [6, 12]);
  for (const text of ['', 'new', '6', '6.x']) assert.is(kernelVersion(text), undefined, text);
  assert.equal(['6.5', '6.6', '7.0', '5.19'].map(version).map(formFor), [
    'registers',
    'fprobe',
    'fprobe',
    'registers',
  ]);
  assert.equal(['6.8', '6.9', '7.0'].map(version).map(argumentsAtReturn), [false, true, true]);
  const ranges: [kernels: string | undefined, inside: string[], outside: string[]][] = [
    [undefined, ['2.6', '7.2'], []],
    ['6.12 … 6.17', ['6.12', '6.17'], ['6.11', '6.18', '7.0', '5.13']],
    ['6.16 …', ['6.16', '7.0'], ['6.9']],
    ['… 7.0', ['6.19', '7.0'], ['7.1']],
  ];
  for (const [kernels, inside, outside] of ranges) {
    for (const text of inside) assert.ok(covers(kernels, version(text)), `${kernels} ${text}`);
    for (const text of outside) assert.not(covers(kernels, version(text)), `${kernels} ${text}`);
  }
});

test('registers with offsets are told from registers alone', () => {
  assert.ok(readsOffsets({ a: '%di:x64', b: '+8(%di):x64' }));
  assert.not(readsOffsets({ a: '%di:x64', b: '$stack1:x64' }));
});

test('every pack as a script is one that sh reads, with every definition in it', () => {
  for (const pack of packs) {
    for (const form of FORMS) {
      for (const target of ['trace-cmd', 'perf', 'tracefs'] as const) {
        const script = showText([pack], { target, form, version: [7, 2] });
        const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
        assert.is(status, 0, `${pack.pack} ${form} ${target}: ${stderr}`);
        const here = pack.probes.filter(({ kernels }) => covers(kernels, [7, 2]));
        for (const { line, name } of here.flatMap((probe) => definitionsOf(probe, form, true))) {
          assert.ok(script.includes(`\nprobe '${line}'\n`), line);
          assert.match(script, new RegExp(`-:dmaspan/${name}\\b`));
        }
      }
    }
  }
});

test('a script leaves out what the kernel version does not have, and warns of offsets', () => {
  const rdma = choosePacks(packs, ['rdma']);
  const old = showText(rdma, { target: 'perf', form: 'fprobe', version: [6, 12] });
  assert.match(old, /dmaspan\/umem_get ib_umem_get /);
  assert.not.match(old, /__ib_umem_get_va |CAUTION/);
  const registers = showText(rdma, { target: 'perf', form: 'registers', version: [6, 1] });
  assert.match(
    registers,
    /CAUTION: umem_release.* at\n?# ?offsets of Linux 7\.2|CAUTION: [\s\S]*offsets of Linux 7\.2/,
  );
});

test('bpftrace: lines of ftrace, and a word on what is not in them', () => {
  const shown = { target: 'bpftrace', form: 'fprobe', version: [7, 2] } as const;
  const rdma = showText(choosePacks(packs, ['rdma']), shown);
  assert.match(
    rdma,
    /kfunc:ib_umem_odp_get \{ printf\(".*odp_get: \(ib_umem_odp_get\+0x0\/0x0\) addr=0x%llx/,
  );
  assert.match(rdma, /kretfunc:ib_umem_odp_get .*odp_get_ret: \(0x0 <- ib_umem_odp_get\)/);
  assert.match(rdma, /rdma_core:mr_alloc[\s\S]* are\s+(\/\/ )?not in it/);
  assert.match(showText(choosePacks(packs, ['dma']), shown), /only tracepoints/);
  assert.match(showText(choosePacks(packs, ['p2pmem']), shown), /\/\/ without device: read by offsets/);
});

test('docs/probes.md is what the packs say', async () => {
  assert.is(readFileSync(inPackage('docs', 'probes.md'), 'utf8'), await probeDocs());
});

const COMMAND = inPackage('dist', 'command', 'index.js');
const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [COMMAND, 'probes', ...args], { encoding: 'utf8' });

test('the command lists and shows, and refuses what it does not know', () => {
  const list = run('list');
  assert.is(list.status, 0);
  for (const { pack, title } of packs) assert.match(list.stdout, `${pack}, version 1: ${title}`);
  const show = run('show', 'dma', 'removal', '--kernel', '6.12', '--for', 'tracefs');
  assert.is(show.status, 0);
  assert.match(show.stdout, /\nmkdir "\$I" /);
  const cases: [args: string[], says: RegExp][] = [
    [['show', 'dam'], /no probe pack is called "dam"/],
    [['show', 'dma', '--kernel', 'new'], /--kernel: expected a version as "6\.12", found "new"/],
    [['show', 'dma', '--for', 'lttng'], /Invalid values/],
    [['show'], /Not enough non-option arguments/],
    [[], /list or show/],
    [['list', '--packs', join(folder, 'none.json')], /cannot read it: ENOENT/],
  ];
  for (const [args, says] of cases) {
    const { status, stderr, stdout } = run(...args);
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, says);
    assert.is(stdout, '');
  }
});

test.run();
