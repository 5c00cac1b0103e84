/**
 * Runs over some mutated captures of one format, as the child of `mutate.ts`.
 *
 * In: a job on the command line, as JSON. Out: a message before and after each capture.
 */
import { join } from 'node:path';
import { mutationOf, type Outcome, runOver, writeFiles } from '../test/mutation.js';
import { type Base, MUTATED_FORMATS } from '../test/mutation-bases.js';

export interface BatchJob {
  readonly format: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Where the captures are written. */
  readonly folder: string;
  /** The rules run over every nth capture. */
  readonly judgeEvery: number;
}

export type BatchMessage =
  | {
      readonly kind: 'begin';
      readonly index: number;
      readonly base: string;
      readonly recipe: readonly string[];
    }
  | {
      readonly kind: 'end';
      readonly index: number;
      readonly outcome: Outcome;
      /** Fewer events than its base has, and no word about it. */
      readonly silent: boolean;
      readonly ms: number;
      /** Most that this process has had so far, bytes. */
      readonly peak: number;
    };

const job = JSON.parse(process.argv[2]!) as BatchJob;
const send = (message: BatchMessage) => process.send!(message);
const format = MUTATED_FORMATS.find(({ name }) => name === job.format)!;
const folder = join(job.folder, 'mutated');
const whole = new Map<string, Outcome>();

/** What its base says, undamaged. */
async function wholeOf(base: Base): Promise<Outcome> {
  const known = whole.get(base.name);
  if (known !== undefined) return known;
  const outcome = await runOver(writeFiles(join(job.folder, 'whole'), base.files), {
    keep: 'none',
    judge: false,
  });
  whole.set(base.name, outcome);
  return outcome;
}

for (let index = job.from; index < job.to; index++) {
  const { base, files, recipe } = await mutationOf(format, job.seed, index);
  const { events, counters } = await wholeOf(base);
  const path = writeFiles(folder, files);
  send({ kind: 'begin', index, base: base.name, recipe });
  const began = performance.now();
  const judge = index % job.judgeEvery === 0;
  const outcome = await runOver(path, { keep: judge || index % 2 === 0 ? 'all' : 'none', judge });
  const ms = performance.now() - began;
  const news = outcome.counters.some((name) => !counters.includes(name));
  const silent = outcome.kind === 'report' && outcome.events < events && !outcome.told && !news;
  send({ kind: 'end', index, outcome, silent, ms, peak: process.resourceUsage().maxRSS * 1024 });
}
process.disconnect();
