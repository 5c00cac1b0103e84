/**
 * What the bench is asked for on its command line.
 *
 * In: arguments. Out: parts and options, checked; `--help` and mistakes end the process with text.
 */
import yargs from 'yargs';

export const PARTS = ['text', 'trace-dat', 'perf-data', 'store', 'replay', 'imports', 'sql'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: readonly Part[];
  /** A folder with large captures; without it samples are used. */
  readonly lab?: string;
  /** Bytes of the text that is made. */
  readonly size: number;
  readonly rounds: number;
  readonly gib: number;
  readonly perf: string;
}

export function benchOptions(args: readonly string[]): BenchOptions {
  const { _, lab, size, rounds, gib, perf } = yargs(args)
    .scriptName('node dist/bench/run.js')
    .usage(
      '$0 [PART…]\n\nHow fast dmaspan is, beside the tools one would use without it; docs/bench.md explains the figures.',
    )
    .usage(`Parts: ${PARTS.join(', ')}; all of them unless some are named.`)
    .option('lab', { type: 'string', requiresArg: true, describe: 'folder with large captures' })
    .option('size', { type: 'number', default: 1800, describe: 'MB of the text that is made' })
    .option('rounds', { type: 'number', default: 3, describe: 'how often each run is repeated' })
    .option('gib', { type: 'number', default: 16, describe: 'GiB of the import that is invalidated' })
    .option('perf', { type: 'string', default: 'perf', describe: 'the perf to compare with' })
    .check(({ _: named, ...numbers }) => {
      const unknown = named.find((part) => !(PARTS as readonly unknown[]).includes(part));
      if (unknown !== undefined) throw new Error(`No part is named ${unknown}.`);
      for (const name of ['size', 'rounds', 'gib'] as const)
        if (!(numbers[name] > 0)) throw new Error(`--${name} is a number above zero.`);
      return true;
    })
    .version(false)
    .strictOptions()
    .parseSync();
  return {
    parts: _.length === 0 ? PARTS : PARTS.filter((part) => _.includes(part)),
    ...(lab === undefined ? {} : { lab }),
    ...{ size: size * 1e6, rounds, gib, perf },
  };
}
