/**
 * The whole files that mutated ones are made from: samples, and made-up captures, by format.
 *
 * In: a format's name. Out: bases; larger ones come up seldom, and texts in pieces of a few hundred lines.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readBytes } from '../scripts/lab-runs.js';
import { inPackage } from '../traces/package-root.js';
import { madeCompressed, madeDirectory, madePerf } from './made-perf-data.js';
import { type Made, madeVersion6, madeVersion7 } from './made-trace-dat.js';

/** One capture: a file, or the files of a directory by name. */
export interface Base {
  readonly name: string;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** How often it is taken, beside the others of its format. */
  readonly weight: number;
}

export interface MutatedFormat {
  readonly name: string;
  readonly what: 'bytes' | 'text';
  bases(): Promise<readonly Base[]>;
}

const SAMPLES = inPackage('traces', 'samples');

const oneFile = (name: string, bytes: Uint8Array, weight: number): Base => ({
  name,
  files: [{ name: 'capture', bytes }],
  weight,
});

const made = (list: Made, weight: number): Base[] =>
  list.map(([name, bytes]) => oneFile(name, bytes, weight));

interface Taken {
  readonly pattern: RegExp;
  readonly weight: number;
}

/** Samples by their path below traces/samples, unpacked. */
async function samples(taken: readonly Taken[]): Promise<Base[]> {
  const bases: Base[] = [];
  for (const path of (readdirSync(SAMPLES, { recursive: true }) as string[]).sort()) {
    const weight = taken.find(({ pattern }) => pattern.test(path))?.weight;
    if (weight !== undefined) bases.push(oneFile(path, await readBytes(join(SAMPLES, path)), weight));
  }
  return bases;
}

const PIECE = 48 << 10;
const PIECES_MOST = 5;

/** A text's head, and some of its lines; several pieces of a long one. */
function pieces({ name, files, weight }: Base): Base[] {
  const text = Buffer.from(files[0]!.bytes);
  const lineAt = (from: number) => text.indexOf('\n', from) + 1;
  const head = text.subarray(0, /^(?:[#c].*\n)*/.exec(text.toString('latin1', 0, 4096))![0].length);
  const count = Math.min(PIECES_MOST, Math.ceil(text.length / PIECE));
  return Array.from({ length: count }, (_, i) => {
    const from = i === 0 ? 0 : lineAt(Math.floor((text.length * i) / count));
    const body = text.subarray(from, lineAt(from + PIECE) || undefined);
    return oneFile(`${name}, piece ${i}`, i === 0 ? body : Buffer.concat([head, body]), weight / count);
  });
}

const texts = async (taken: readonly Taken[]): Promise<Base[]> => (await samples(taken)).flatMap(pieces);

const directory = (name: string, files: Base['files'], weight: number): Base => ({ name, files, weight });

async function directories(): Promise<Base[]> {
  const folder = join(SAMPLES, 'forms', 'perf-threads.data');
  const real = readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  const other = madeDirectory().map(([name, bytes]) => ({ name, bytes }));
  return [directory('forms/perf-threads.data', real, 1), directory('made', other, 1)];
}

/** Compressed files as they are, and others compressed here. */
async function packed(): Promise<Base[]> {
  const paths = [
    'slow-leak/trace.txt.zst',
    'forms/opt-verbose.txt.zst',
    'forms/perf-group.data.zst',
    'forms/clk-mono.txt.gz',
  ];
  const [dat] = madeVersion6();
  const text = readFileSync(join(SAMPLES, 'overlap-iommu', 'trace.txt'));
  return [
    ...paths.map((path) => oneFile(path, readFileSync(join(SAMPLES, path)), 1)),
    oneFile('made, trace.dat.gz', gzipSync(dat![1]), 1),
    oneFile('overlap-iommu/trace.txt, stored, gz', gzipSync(text, { level: 0 }), 1),
    oneFile('slow-leak/trace.txt.zst.gz', gzipSync(readFileSync(join(SAMPLES, paths[0]!))), 0.5),
  ];
}

const FORMATS: readonly MutatedFormat[] = [
  {
    name: 'ftrace-text',
    what: 'text',
    bases: () =>
      texts([
        { pattern: /^forms\/(clk|opt)-.*\.txt/, weight: 1 },
        { pattern: /^(?!forms).*\/(trace|trace-noirq|trace_pipe)\.txt/, weight: 2 },
      ]),
  },
  { name: 'perf-script', what: 'text', bases: () => texts([{ pattern: /\.script\.txt/, weight: 1 }]) },
  { name: 'trace-cmd-report', what: 'text', bases: () => texts([{ pattern: /report\.txt/, weight: 1 }]) },
  {
    name: 'trace-dat-v6',
    what: 'bytes',
    bases: async () => [
      ...made(madeVersion6(), 10),
      ...(await samples([{ pattern: /-v6\.dat/, weight: 0.5 }])),
    ],
  },
  {
    name: 'trace-dat-v7',
    what: 'bytes',
    bases: async () => [
      ...made(madeVersion7(), 5),
      ...(await samples([
        { pattern: /(buggy-driver\/trace|trace-buffers|trace-tsc-zlib)\.dat/, weight: 0.7 },
      ])),
    ],
  },
  {
    name: 'perf-data',
    what: 'bytes',
    bases: async () => [
      ...made(madePerf('file'), 2),
      ...(await samples([
        { pattern: /^forms\/.*[a-z]\.data\.zst/, weight: 2 },
        { pattern: /^(buggy-driver|lossy).*\.data\.zst/, weight: 0.3 },
      ])),
    ],
  },
  {
    name: 'perf-data-compressed',
    what: 'bytes',
    bases: async () => [
      ...made(madeCompressed(), 2),
      ...(await samples([{ pattern: /perf-compressed\.data/, weight: 3 }])),
    ],
  },
  {
    name: 'perf-data-pipe',
    what: 'bytes',
    bases: async () => [
      ...made(madePerf('pipe'), 2),
      ...(await samples([{ pattern: /perf-pipe\.data/, weight: 1 }])),
    ],
  },
  { name: 'perf-data-directory', what: 'bytes', bases: directories },
  { name: 'packed', what: 'bytes', bases: packed },
];

/** Each format loads its bases once. */
export const MUTATED_FORMATS: readonly MutatedFormat[] = FORMATS.map((format) => {
  let loaded: Promise<readonly Base[]> | undefined;
  return { ...format, bases: () => (loaded ??= format.bases()) };
});
