/** Bad input, the whole road: a clear message and exit code 2, or a report that counts what was lost; never a stack trace, a hang, a silent drop. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { judge } from '../analyzer/judge.js';
import { analyze } from '../analyzer/pipeline.js';
import { loadRules } from '../analyzer/rules.js';
import { withCapture } from '../scripts/lab-runs.js';
import { loadDictionary } from '../traces/dictionary.js';
import { CaptureError } from '../traces/format.js';
import { inPackage } from '../traces/package-root.js';
import { TableId } from '../wasm/schema.js';
import { randomFrom } from './random.js';

const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-bad-input-'));
test.after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

interface Outcome {
  readonly events: number;
  /** What was counted as lost or skipped, warnings and worse. */
  readonly losses: readonly string[];
  /** Undefined: it was refused. */
  readonly refused?: CaptureError;
}

const dictionary = await loadDictionary([]);
let reads = 0;

/** Reads and replays; every tenth time runs the rules too. Only a CaptureError may come out of it. */
async function outcomeOf(path: string): Promise<Outcome> {
  try {
    if (reads++ % 10 === 0) {
      await withCapture(path, async (db) => judge(db, loadRules(undefined)));
    }
    const [capture] = (await analyze([path], { dictionary })).captures;
    const counted = capture!.counters.filter(({ severity }) => severity !== 'info').map(({ name }) => name);
    const gaps = capture!.core.rows(TableId.losses) > 0 ? ['losses'] : [];
    const events = [...capture!.eventCounts.values()].reduce((a, b) => a + b, 0);
    return { events, losses: [...counted, ...gaps] };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { events: 0, losses: [], refused: error };
  }
}

/** A refusal names the file, says what was expected or wrong, and what to do. */
function isClear({ refused }: Outcome, at: string): void {
  if (refused === undefined) return;
  assert.match(refused.problem, /expected|found|cut short|damaged/, at);
  assert.ok(refused.advice.length > 10, at);
}

/** `count` places spread over `size`, the odd ones moved a little so that they fall anywhere. */
function places(size: number, count: number): number[] {
  const random = randomFrom(42);
  const step = Math.floor(size / count);
  return Array.from({ length: count }, (_, i) => i * step + random(step)).reverse();
}

/** Cuts one file shorter and shorter. */
async function cutAt(
  name: string,
  bytes: Uint8Array,
  cuts: readonly number[],
  check: (cut: number, outcome: Outcome) => void,
) {
  const path = file(name, bytes);
  for (const cut of cuts) {
    const handle = openSync(path, 'r+');
    ftruncateSync(handle, cut);
    closeSync(handle);
    check(cut, await outcomeOf(path));
  }
}

test('trace.dat version 7, cut at 200 places', async () => {
  const path = sample('buggy-driver', 'trace.dat');
  const whole = await outcomeOf(path);
  assert.is(whole.events, 5847);
  let refused = 0;
  const bytes = readFileSync(path);
  await cutAt('cut.dat', bytes, places(bytes.length, 200), (cut, outcome) => {
    isClear(outcome, `cut at ${cut}`);
    if (outcome.refused) refused++;
    else if (outcome.events < whole.events)
      assert.ok(outcome.losses.length > 0, `cut at ${cut}: ${outcome.events} events, nothing counted`);
  });
  assert.ok(refused > 0);
});

test('ftrace text, cut at 100 places: each whole event is there, the cut one is counted', async () => {
  const text = readFileSync(sample('overlap-iommu', 'trace.txt'));
  await cutAt('cut.txt', text, places(text.length, 100), (cut, outcome) => {
    isClear(outcome, `cut at ${cut}`);
    if (outcome.refused) return;
    const lines = text.subarray(0, cut).toString('latin1').split('\n');
    const last = lines.pop()!;
    const events = lines.filter((line) => line !== '' && !line.startsWith('#')).length;
    // Whether the last one is whole, nobody can tell: it counts, or the cut does.
    assert.ok(
      outcome.events === events || outcome.events === events + 1,
      `cut at ${cut}: ${outcome.events} of ${events}`,
    );
    if (outcome.events === events && last !== '' && !last.startsWith('#')) {
      assert.ok(outcome.losses.length > 0, `cut at ${cut}: nothing counted`);
    }
  });
});

test('compressed text, cut at 50 places', async () => {
  const bytes = readFileSync(sample('slow-leak', 'trace.txt.zst'));
  await cutAt('cut.zst', bytes, places(bytes.length, 50), (cut, outcome) => {
    isClear(outcome, `cut at ${cut}`);
    if (!outcome.refused)
      assert.ok(outcome.losses.length > 0, `cut at ${cut}: ${outcome.events} events, nothing counted`);
  });
});

test('damaged bytes end in words or in counters', async () => {
  for (const [name, seed] of [
    ['trace.dat', 7],
    ['trace.txt', 11],
  ] as const) {
    const bytes = readFileSync(
      name === 'trace.dat' ? sample('buggy-driver', name) : sample('overlap-no-iommu', name),
    );
    const random = randomFrom(seed);
    for (let round = 0; round < 40; round++) {
      const damaged = Buffer.from(bytes);
      for (let i = 0; i < 20; i++) damaged[random(damaged.length)] = random(256);
      isClear(await outcomeOf(file(`damaged-${name}`, damaged)), `${name}, round ${round}`);
    }
  }
});

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const COMMAND = inPackage('dist', 'command', 'index.js');

function dmaspan(args: readonly string[], input: string | Uint8Array = ''): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
    input,
    timeout: 60_000,
    maxBuffer: 1 << 28,
  });
  return { code: status, out: stdout.toString(), err: stderr.toString() };
}

const TRACE = /\n\s+at |node:internal|\bat Object\b|internal error|Unhandled|RuntimeError/;

const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb0043', 'hex');
const noise = Buffer.from(
  Array.from(
    { length: 50_000 },
    (
      (random) => () =>
        random(256)
    )(randomFrom(3)),
  ),
);
const cutDat = readFileSync(sample('buggy-driver', 'trace.dat')).subarray(0, 500_000);
const good = sample('overlap-iommu', 'trace.txt');

/** What a person may type, and a word of the answer; the exit code is 2 and stdout stays empty. */
const REFUSED: readonly (readonly [what: string, args: () => string[], says: RegExp, input?: Uint8Array])[] =
  [
    ['an empty file', () => ['report', file('empty', '')], /empty file: 0 bytes/],
    ['an empty stdin', () => ['report', '-'], /<stdin>: .*empty|0 bytes/],
    ['a directory', () => ['report', folder], /found a directory/],
    ['a JPEG', () => ['report', file('picture', jpeg)], /JPEG/],
    ['a JPEG on stdin', () => ['info', '-'], /JPEG/, jpeg],
    ['noise', () => ['report', file('noise', noise)], /expected .*trace\.dat.*found .*byte/],
    ['no such file', () => ['sql', join(folder, 'absent'), 'SELECT 1'], /no such file/],
    ['a cut trace.dat', () => ['report', file('short.dat', cutDat)], /cut short or damaged.*at byte \d+/s],
    [
      'a dictionary that is no JSON',
      () => ['report', good, '--events', file('d1.json', 'nope')],
      /d1\.json: expected JSON/,
    ],
    [
      'a dictionary that is wrong',
      () => ['report', good, '--events', file('d2.json', '{"events":[{"event":"x"}]}')],
      /events\[0\]\.layer: expected one of/,
    ],
    [
      'a dictionary that is not there',
      () => ['report', good, '--events', join(folder, 'd3.json')],
      /d3\.json/,
    ],
    ['bad SQL', () => ['sql', good, 'SELEC 1'], /syntax error.*SELEC/s],
    ['SQL of an unknown column', () => ['sql', good, 'SELECT nosuch FROM lifetimes'], /nosuch.*not found/s],
  ];

for (const [what, args, says, input] of REFUSED) {
  test(`the command, ${what}: exit code 2 and a word on it`, () => {
    const { code, out, err } = dmaspan(args(), input);
    assert.is(code, 2, err);
    assert.is(out, '');
    assert.match(err, says);
    assert.ok(err.trim().split('\n').length <= 12, err);
    assert.not.match(err, TRACE);
  });
}

test('the command, text cut mid-line: a report that counts the cut', () => {
  const text = readFileSync(good);
  const { code, out, err } = dmaspan(['report', '-', '--format', 'json'], text.subarray(0, 12_345));
  assert.ok(code === 0 || code === 1, err);
  const { counters } = JSON.parse(out) as { counters: { name: string; help: string }[] };
  assert.ok(counters.some(({ name, help }) => name === 'line-cut' && help.length > 20));
  assert.is(err, '');
});

test('names in a capture do not command the terminal', () => {
  const [event] = readFileSync(good, 'utf8')
    .split('\n')
    .filter((line) => / dma_map_phys: /.test(line));
  const hostile = '\u001b]0;owned\u0007\u001b[2J';
  const text = `${readFileSync(good, 'utf8')}${event!.replace('dma_map_phys', `any${hostile}`)}\n${event!.replace(/\S+-\d/, `${hostile}-1`)}\n`;
  const path = file('hostile.txt', text);
  for (const args of [
    ['info', path],
    ['report', path],
    ['sql', path, 'SELECT DISTINCT comm FROM events'],
  ]) {
    const { code, out, err } = dmaspan(args);
    assert.ok(code === 0 || code === 1, err);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.not.match(out + err, /[\u0000-\u0008\u000b-\u001f\u007f]/, args[0]);
    if (args[0] !== 'report') assert.match(out, /owned/, args[0]);
  }
});

test('numbers that no capture has: losses, sizes and times are told, and the rules run', () => {
  const text = readFileSync(sample('overlap-iommu', 'trace.txt'), 'utf8').split('\n');
  const absurd = text.map((line, i) => {
    if (i % 7 === 0) return line.replace(/size=\d+/g, 'size=18446744073709551614');
    if (i % 11 === 0) return line.replace(/ \d+\.(\d{6}): /, ' 9223372036.$1: ');
    return i % 13 === 0 ? line.replace(/ \d+\.(\d{6}): /, ' 11223372036.$1: ') : line;
  });
  absurd.splice(60, 0, 'CPU:1 [LOST 18446744073709551614 EVENTS]');
  const { code, out, err } = dmaspan(['report', file('absurd.txt', absurd.join('\n')), '--format', 'json']);
  assert.ok(code === 0 || code === 1, err);
  const { counters } = JSON.parse(out) as { counters: { name: string }[] };
  assert.ok(
    counters.some(({ name }) => name === 'losses'),
    out,
  );
});

test('names with zero bytes, and a machine of too many CPUs, do not stop the rules', () => {
  const text = readFileSync(good, 'utf8').replace(/#P:\d+/, '#P:18446744073709551615');
  const named = text
    .replace(/0000:00:05\.0 dir/, "0000:00:05\0'0 dir")
    .replace(/(\S+)-(\d+ +\[)/, "a\0'task-$2");
  assert.not.equal(named, text);
  const { code, out, err } = dmaspan(['sql', file('zero.txt', named), 'SELECT device FROM devices']);
  assert.is(code, 0, err);
  assert.match(out, /0000:00:05·'0/);
});

test.run();
