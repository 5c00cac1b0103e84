/** `dmaspan record` on a made tracefs with made recorders: what it sets, runs and takes back, however it ends. The real ones are tried in a virtual machine. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ownForm } from '../cli/recording/machine.js';
import { removeProbes, setProbes } from '../cli/recording/probe-set.js';
import { argumentsOf } from '../cli/recording/recorders.js';
import { selectionOf } from '../cli/recording/selection.js';
import { inPackage } from '../traces/package-root.js';
import { loadPacks } from '../traces/probe-pack.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-record-test-'));
test.after(() => rmSync(folder, { recursive: true }));

interface Place {
  readonly tracefs: string;
  readonly out: string;
  readonly env: NodeJS.ProcessEnv;
  /** The arguments that the recorder got. */
  readonly args: () => string[];
  readonly dynamicEvents: () => string[];
}

/** Writes down its arguments, makes the instance that a real one makes, and runs the command behind its options. */
const RECORDER = (log: string, tracefs: string, instance: boolean, end: string): string => `#!/bin/sh
echo noise
for word; do echo "$word"; done > ${log}
while [ "$1" != sh ]; do [ "$1" = -o ] && out=$2; shift; done
${instance ? `mkdir ${tracefs}/instances/dmaspan` : ''}
"$@"
echo recorded > "$out"
${end}
`;

/** All that is on PATH beside the recorders: the machine's own recorders are not to be found. */
const TOOLS = ['sh', 'mkdir', 'rm', 'sleep', 'true'];

let places = 0;
function newPlace({ programs = ['trace-cmd'], end = '' }: { programs?: string[]; end?: string } = {}): Place {
  const root = join(folder, String(places++));
  const [tracefs, bin, log] = [join(root, 'tracing'), join(root, 'bin'), join(root, 'args')];
  for (const event of ['dma/dma_map_phys', 'nvme/nvme_sq'])
    mkdirSync(join(tracefs, 'events', event), { recursive: true });
  mkdirSync(join(tracefs, 'instances'));
  mkdirSync(bin);
  for (const file of ['dynamic_events', 'set_event']) writeFileSync(join(tracefs, file), '');
  for (const program of programs) {
    const text = RECORDER(log, tracefs, program === 'trace-cmd', end);
    writeFileSync(join(bin, program), text);
    chmodSync(join(bin, program), 0o755);
  }
  for (const tool of TOOLS)
    symlinkSync(['/bin', '/usr/bin'].map((place) => join(place, tool)).find(existsSync)!, join(bin, tool));
  const lines = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');
  return {
    tracefs,
    out: join(root, 'out.dat'),
    env: { ...process.env, PATH: bin },
    args: () => lines(log),
    dynamicEvents: () => lines(join(tracefs, 'dynamic_events')),
  };
}

const wordsOf = (
  { tracefs, out }: Place,
  options: readonly string[],
  command: readonly string[],
): string[] => [
  ...[
    COMMAND,
    'record',
    '--tracefs',
    tracefs,
    '--form',
    'fprobe',
    '--pack',
    'removal',
    '-e',
    'dma:*',
    '-o',
    out,
  ],
  ...options,
  ...(command.length === 0 ? [] : ['--', ...command]),
];

const record = (place: Place, options: readonly string[], ...command: string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, wordsOf(place, options, command), { encoding: 'utf8', env: place.env });

/** Every probe was set, and taken away again. */
function assertTakenBack({ tracefs, dynamicEvents }: Place): void {
  const lines = dynamicEvents();
  const set = lines.filter((line) => !line.startsWith('-:')).map((line) => line.slice(2).split(' ')[0]!);
  assert.ok(set.length > 3, 'probes were set');
  assert.equal(lines.slice(set.length).sort(), set.map((name) => `-:${name}`).sort());
  assert.not(existsSync(join(tracefs, 'instances', 'dmaspan')));
}

test('a command is recorded: its output, its input and its exit code are its own, the rest is taken back', () => {
  const place = newPlace();
  const { status, stdout, stderr } = record(place, [], 'sh', '-c', 'echo "$1"; exit 7', 'x', 'a  b -- c');
  assert.is(stdout, 'a  b -- c\n');
  assert.is(status, 7);
  assert.match(stderr, /^dmaspan: recording with trace-cmd, dma:\*, \d+ probes$/m);
  assert.match(stderr, /^noise$/m);
  assert.match(stderr, /^dmaspan: \S+out\.dat: 9 bytes\. Next: dmaspan report \S+out\.dat$/m);
  const [args] = [place.args().join(' ')];
  assert.match(args, /^record -B dmaspan -C mono -b 8192 -T -o \S+ -e dma -e dmaspan sh -c /);
  assertTakenBack(place);
});

test('perf is taken where trace-cmd is not there, and options reach the recorder', () => {
  const place = newPlace({ programs: ['perf'] });
  const { status, stderr } = record(
    place,
    ['--without-stacks', '--buffer', '32M', '-e', 'nvme:nvme_sq'],
    'true',
  );
  assert.is(status, 0);
  assert.match(
    place.args().join(' '),
    /^record -a -k mono -m 32768K -o \S+ -e dma:\* -e nvme:nvme_sq -e dmaspan:\* -- sh /,
  );
  assert.match(stderr, /Next: dmaspan report \S+ --kallsyms \/proc\/kallsyms/);
  assertTakenBack(place);
  const both = newPlace({ programs: ['perf', 'trace-cmd'] });
  assert.is(record(both, ['--with', 'perf'], 'true').status, 0);
  assert.match(both.args().join(' '), / -a /);
});

test('an interrupted recording ends its command, keeps what was recorded, and takes everything back', async () => {
  for (const [signal, command, code] of [
    ['SIGTERM', ['sleep', '60'], 143],
    ['SIGINT', ['sleep', '60'], 130],
    ['SIGTERM', ['sh', '-c', 'trap "exit 3" TERM; echo on; while :; do sleep 0.1; done'], 3],
  ] as const) {
    const place = newPlace();
    const child = spawn(process.execPath, wordsOf(place, [], command), {
      env: place.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      const before = said.includes('noise');
      said += part.toString();
      if (!before && said.includes('noise')) child.kill(signal);
    });
    const ended = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    assert.is(ended, code, `${signal}: ${said}`);
    assert.match(said, /Next: dmaspan report/);
    assertTakenBack(place);
  }
});

test('a recorder that fails is told, and takes nothing with it', () => {
  const fails = newPlace({ end: 'exit 5' });
  const { status, stderr } = record(fails, [], 'true');
  assert.is(status, 0);
  assert.match(stderr, /trace-cmd ended with 5: what it recorded may not be all/);
  assertTakenBack(fails);
  const nothing = newPlace({ end: 'rm "$out"; exit 1' });
  const none = record(nothing, [], 'true');
  assert.is(none.status, 2);
  assert.match(none.stderr, /trace-cmd has left no \S+out\.dat/);
  assertTakenBack(nothing);
});

test('all that is missing is said at once', () => {
  const place = newPlace({ programs: [] });
  rmSync(join(place.tracefs, 'dynamic_events'));
  const { status, stderr } = record({ ...place, env: { ...process.env, PATH: '/nowhere' } }, [], 'true');
  assert.is(status, 2);
  assert.match(stderr, /^dmaspan: cannot record on this machine:\n/);
  assert.match(stderr, / {2}- neither trace-cmd nor perf is on PATH/);
  assert.match(stderr, / {2}- this kernel takes no probes \(CONFIG_FPROBE_EVENTS/);
  const elsewhere = record({ ...newPlace(), tracefs: folder }, [], 'true');
  assert.match(elsewhere.stderr, /is no tracefs: there is no folder "events" in it/);
});

test('what another recording has set is not touched', () => {
  const instance = newPlace();
  mkdirSync(join(instance.tracefs, 'instances', 'dmaspan'));
  const there = record(instance, [], 'true');
  assert.is(there.status, 2);
  assert.match(
    there.stderr,
    /instances\/dmaspan is there already\nIs another recording under way\?.* rmdir /,
  );
  const probes = newPlace();
  const line = 'f:dmaspan/pci_remove pci_device_remove device=dev->kobj.name:string';
  writeFileSync(join(probes.tracefs, 'dynamic_events'), `p:mine/other some_function\n${line}\n`);
  const set = record(probes, [], 'true');
  assert.is(set.status, 2);
  assert.match(set.stderr, /there are probes of the group dmaspan already: dmaspan\/pci_remove\n/);
  assert.equal(probes.dynamicEvents().length, 2);
});

test('events that the kernel has not are left out, and nothing at all is an error', () => {
  const some = newPlace();
  const { status, stderr } = record(some, ['-e', 'xe:*'], 'true');
  assert.is(status, 0);
  assert.match(stderr, /this kernel has no such events, left out: xe:\*/);
  const none = newPlace();
  rmSync(join(none.tracefs, 'events', 'dma'), { recursive: true });
  const words = [
    COMMAND,
    'record',
    '--tracefs',
    none.tracefs,
    '--pack',
    'userland',
    '-e',
    'dma:*',
    '--',
    'true',
  ];
  const nothing = spawnSync(process.execPath, words, { encoding: 'utf8', env: none.env });
  assert.is(nothing.status, 2, nothing.stderr);
  assert.match(nothing.stderr, /nothing to record: this kernel has none of it/);
});

test('bad usage is told', () => {
  const cases: [options: string[], command: string[], says: RegExp][] = [
    [[], [], /no command given.*\nPut it after "--"/],
    [['--pack', 'dam'], ['true'], /no probe pack is called "dam"/],
    [['-e', 'dma'], ['true'], /--event dma: expected SYSTEM:NAME or SYSTEM:\*/],
    [['--buffer', 'much'], ['true'], /--buffer much: expected a number of bytes/],
    [['--buffer', '1K'], ['true'], /--buffer 1K: expected 4K or more/],
    [['sleep', '1'], [], /Unknown argument/],
  ];
  for (const [options, command, says] of cases) {
    const { status, stderr } = record(newPlace(), options, ...command);
    assert.is(status, 2, options.join(' '));
    assert.match(stderr, says);
  }
});

test('--dry-run prints a script with the command in it, and touches nothing', () => {
  const place = newPlace();
  const { status, stdout } = record(place, ['--dry-run'], 'fio', 'my job.fio');
  assert.is(status, 0);
  assert.match(stdout, /^set -- fio 'my job\.fio'\n/);
  assert.match(stdout, /\nprobe 'f:dmaspan\/pci_remove /);
  assert.is(spawnSync('sh', ['-n'], { input: stdout }).status, 0);
  assert.equal(place.dynamicEvents(), ['']);
});

test('what the kernel refuses is told apart, and what stays is told', async () => {
  const tracefs = mkdtempSync(join(folder, 'refusing-'));
  mkdirSync(join(tracefs, 'dynamic_events'));
  const definition = { name: 'x', function: 'some_function', line: 'f:dmaspan/x some_function' };
  assert.equal(setProbes(tracefs, [definition]), { set: [], refused: [{ definition, why: 'EISDIR' }] });
  assert.equal(await removeProbes(tracefs, [definition]), [definition]);
});

test('the form follows what the kernel says of itself', () => {
  const { tracefs } = newPlace();
  assert.is(ownForm(tracefs, [7, 2]), 'fprobe');
  writeFileSync(join(tracefs, 'README'), '\t   Format: p[:[<group>/][<event>]] <place> [<args>]\n');
  assert.is(ownForm(tracefs, [7, 2]), 'kprobe');
  assert.is(ownForm(tracefs, [6, 1]), 'registers');
  writeFileSync(
    join(tracefs, 'README'),
    '\t           f[:[<group>/][<event>]] <func-name>[%return] [<args>]\n',
  );
  assert.is(ownForm(tracefs, [7, 2]), 'fprobe');
});

test('probes that read at offsets of another kernel are known as such', async () => {
  const packs = (await loadPacks()).filter(({ pack }) => pack === 'removal');
  const { offsets, formless, probes } = selectionOf(packs, [6, 1], 'registers');
  assert.ok(offsets.length > 0 && offsets.length + formless.length <= probes.length);
  assert.equal(selectionOf(packs, [7, 2], 'fprobe').offsets, []);
});

test('tracepoints of another kernel are known as such', async () => {
  const packs = (await loadPacks()).filter(({ pack }) => pack === 'dma');
  assert.equal(selectionOf(packs, [6, 1], 'registers').elsewhere, ['dma:*']);
  assert.equal(selectionOf(packs, [6, 12], 'fprobe').elsewhere, []);
});

test('the arguments of a recorder are the words of its script', () => {
  const recording = {
    root: '/t',
    events: ['dma:*', 'iommu:map'],
    definitions: [],
    out: 'o',
    bufferKb: 4,
    stacks: true,
  };
  assert.is(
    argumentsOf('perf', recording).join(' '),
    'record -a -k mono -m 4K -g -o o -e dma:* -e iommu:map --',
  );
  assert.is(
    argumentsOf('trace-cmd', recording).join(' '),
    'record -B dmaspan -C mono -b 4 -T -o o -e dma -e iommu:map',
  );
});

test.run();
