/**
 * Damages thousands of captures of every format and watches what becomes of them:
 * `node dist/scripts/mutate.js [--files N] [--seed N] [--only FORMAT] [--one INDEX] [--judge N] [--silent]`.
 *
 * In: the bases of `test/mutation-bases.ts`; the rules run over every Nth capture. Out: a line a format; failures with their recipes, and exit code 1 when there
 * are any. Children do the work, each a batch, with bounds on time and memory: an endless loop in Wasm can be ended
 * from outside only.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutationOf, writeFiles } from '../test/mutation.js';
import { MUTATED_FORMATS, type MutatedFormat } from '../test/mutation-bases.js';
import type { BatchJob, BatchMessage } from './mutate-batch.js';

/** For one capture; a process starts and loads its bases in less, too. */
const LIMIT_MS = 5000;
const START_MS = 30_000;
const LIMIT_BYTES = 700 << 20;
const HEAP_MB = 256;
const BATCH = 500;

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    one: { type: 'string' },
    judge: { type: 'string', default: '40' },
    silent: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const scratch = mkdtempSync(join(tmpdir(), 'mutate-'));
const kept = join(tmpdir(), 'mutated-failures');

interface Tally {
  files: number;
  reports: number;
  refused: number;
  silent: number;
  failures: number;
  slowest: number;
  peak: number;
}

interface BatchEnd {
  /** The capture that it ended at, where it ended before its time. */
  readonly failedAt?: number;
  readonly why?: string;
}

/** Runs one child; `hear` gets what it says. */
function runBatch(job: BatchJob, hear: (message: BatchMessage) => void): Promise<BatchEnd> {
  const child: ChildProcess = fork(
    fileURLToPath(new URL('mutate-batch.js', import.meta.url)),
    [JSON.stringify(job)],
    {
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      silent: true,
    },
  );
  let current = job.from;
  let running = false;
  let late = false;
  let words = '';
  for (const pipe of [child.stdout!, child.stderr!])
    pipe.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-2000);
    });
  return new Promise((resolve) => {
    const stop = () => {
      late = true;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(stop, START_MS);
    child.on('message', (message: BatchMessage) => {
      clearTimeout(timer);
      timer = setTimeout(stop, message.kind === 'begin' ? LIMIT_MS : START_MS);
      current = message.index;
      running = message.kind === 'begin';
      hear(message);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const done = code === 0 && current === job.to - 1 && !running;
      const how = late
        ? `took more than ${LIMIT_MS} ms`
        : `the process ended with ${signal ?? `code ${code}`}`;
      resolve(done ? {} : { failedAt: running ? current : current + 1, why: `${how}\n${words}` });
    });
  });
}

const jobOf = (format: string, from: number, to: number): BatchJob => ({
  ...{ format, seed, from, to },
  ...{ folder: scratch, judgeEvery: Number(values.judge) },
});

/** Makes the failing capture again, to be looked at, with what was done to it. */
async function keep(format: MutatedFormat, index: number, why: string): Promise<void> {
  const { base, files, recipe } = await mutationOf(format, seed, index);
  const folder = join(kept, `${format.name}-${seed}-${index}`);
  writeFiles(folder, files);
  const again = `node dist/scripts/mutate.js --only ${format.name} --seed ${seed} --one ${index}`;
  writeFileSync(join(folder, 'recipe.txt'), [why, base.name, ...recipe, again, ''].join('\n'));
  console.log(`${format.name} ${index}: ${why.trim()}`);
  console.log(`  ${[base.name, ...recipe, `kept in ${folder}; again: ${again}`].join('\n  ')}`);
}

async function runFormat(format: MutatedFormat, first: number, last: number): Promise<Tally> {
  const tally: Tally = { files: 0, reports: 0, refused: 0, silent: 0, failures: 0, slowest: 0, peak: 0 };
  let begin: BatchMessage | undefined;
  const failed: [index: number, why: string][] = [];
  const fail = (index: number, why: string) => failed.push([index, why]);
  const hear = (message: BatchMessage): void => {
    if (message.kind === 'begin') {
      begin = message;
      return;
    }
    const { index, outcome, silent, ms, peak } = message;
    if (peak > LIMIT_BYTES && tally.peak <= LIMIT_BYTES)
      fail(index, `${(peak / 2 ** 20).toFixed(0)} MB of memory`);
    tally.files++;
    tally[outcome.kind === 'report' ? 'reports' : 'refused']++;
    tally.slowest = Math.max(tally.slowest, ms);
    tally.peak = Math.max(tally.peak, peak);
    if (ms > LIMIT_MS) fail(index, `took ${ms.toFixed(0)} ms`);
    if (outcome.problems.length > 0) fail(index, outcome.problems.join('\n'));
    if (silent) tally.silent++;
    if (silent && values.silent && begin?.kind === 'begin')
      console.log(`silent: ${format.name} ${index} (${begin.base}): ${begin.recipe.join('; ')}`);
  };
  for (let from = first; from < last; ) {
    const to = Math.min(from + BATCH, last);
    const { failedAt, why } = await runBatch(jobOf(format.name, from, to), hear);
    if (failedAt !== undefined) {
      tally.files++;
      fail(failedAt, why ?? '');
    }
    from = failedAt === undefined ? to : failedAt + 1;
    for (const [index, reason] of failed.splice(0)) {
      tally.failures++;
      await keep(format, index, reason);
    }
  }
  return tally;
}

const COLUMNS = ['format', 'files', 'reports', 'refused', 'silent', 'failures', 'slowest ms', 'peak MB'];

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => (i === 0 ? String(cell).padEnd(22) : String(cell).padStart(11))).join('');
}

const [first, last] =
  values.one === undefined ? [0, Number(values.files)] : [Number(values.one), Number(values.one) + 1];
let failures = 0;
console.log(`seed ${seed}\n${row(COLUMNS)}`);
for (const format of MUTATED_FORMATS) {
  if (values.only !== undefined && format.name !== values.only) continue;
  const tally = await runFormat(format, first, last);
  const { files, reports, refused, silent, slowest, peak } = tally;
  console.log(
    row([
      format.name,
      files,
      reports,
      refused,
      silent,
      tally.failures,
      Math.round(slowest),
      Math.round(peak / 2 ** 20),
    ]),
  );
  failures += tally.failures;
}
rmSync(scratch, { recursive: true });
process.exitCode = failures === 0 ? 0 : 1;
