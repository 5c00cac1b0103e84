/**
 * A folder of recorded runs, laid out like traces/samples: one folder a run, in it the same load in several forms.
 *
 * In: the folder. Out: its runs, the forms of each, and what the kernel and the reference tools said of them.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openDatabase } from '../analyzer/database.js';
import type { Queryable } from '../analyzer/findings.js';
import { analyze } from '../analyzer/pipeline.js';
import { loadDictionary } from '../traces/dictionary.js';
import { openSource } from '../traces/open-source.js';

/** One way in which a run was recorded. A new format is a new row. */
interface FormName {
  readonly form: string;
  /** File names, without .zst or .gz. */
  readonly file: RegExp;
  /** Its timestamps are those of the ground truth (clock mono, nanoseconds). */
  readonly mono?: true;
  /** It has every event of the run. Others are only counted. */
  readonly partial?: true;
}

const FORM_NAMES: readonly FormName[] = [
  { form: 'trace', file: /^(text|trace)\.txt$/, mono: true },
  { form: 'trace, no irq-info', file: /^(noirq|trace-noirq)\.txt$/ },
  { form: 'trace_pipe', file: /^trace_pipe\.txt$/ },
  { form: 'trace.dat v7', file: /^(tc-v7-zstd|trace)\.dat$/, mono: true },
  { form: 'trace.dat v6', file: /^(tc-v6|trace-v6)\.dat$/ },
  { form: 'perf.data', file: /^perf\.data$/, mono: true },
  { form: 'perf.data, call chains', file: /^(perfg|perf-stacks)\.data$/, mono: true },
  { form: 'perf.data, compressed', file: /^(perfz|perf-compressed)\.data$/, mono: true },
  { form: 'perf.data, pipe', file: /^(perfpipe|perf-pipe)\.data$/, mono: true },
  { form: 'perf.data, threads', file: /^perf-threads\.data$/ },
  // One small load under many clocks and options. percpu0 is one of two CPUs; the other options leave out names or times.
  { form: 'clock', file: /^clk-.*\.txt$/ },
  { form: 'option', file: /^opt-(?!raw|hex|bin|latency-format|verbose|nocontext-info).*\.txt$/ },
  { form: 'trace.dat v7, three buffers', file: /^(tc-multi-v7|trace-buffers)\.dat$/ },
  { form: 'trace.dat v6, clock boot', file: /^(tc-boot-v6|trace-boot-v6)\.dat$/ },
  { form: 'trace.dat v7, dma events only', file: /^(tc-tsc-date-v7|trace-tsc-zlib)\.dat$/, partial: true },
  // What the tools print of these files. Those of perf in other layouts of its fields have some of the events only.
  { form: 'trace-cmd report', file: /^(tc-v7-zstd|trace)\.report\.txt$/, mono: true },
  { form: 'trace-cmd report of v6', file: /^(tc-v6|trace-v6)\.report\.txt$/ },
  { form: 'perf script', file: /^(perf|perf-ns)\.script\.txt$/, mono: true },
  { form: 'perf script, call chains', file: /^(perfg|perf-stacks)\.script\.txt$/, mono: true },
  {
    form: 'trace-cmd report, layout',
    file: /^(tc-multi-v7|trace-buffers|tc-boot-v6|trace-boot-v6)\.([a-z-]+-)?report\.txt$/,
  },
  {
    form: 'trace-cmd report, dma events only',
    file: /^(tc-tsc-date-v7|trace-tsc-zlib)\.report\.txt$/,
    partial: true,
  },
];

export interface Form extends FormName {
  /** The file's name without .zst or .gz. */
  readonly name: string;
  readonly path: string;
}

export interface Run {
  readonly name: string;
  readonly folder: string;
  readonly forms: readonly Form[];
}

const withoutPacking = (name: string): string => name.replace(/\.(zst|gz)$/, '');

/** The first form is what the others are compared with: the kernel's own text, where there is one. */
const rankOf = ({ form }: FormName): number => FORM_NAMES.findIndex((name) => name.form === form);

function runAt(folder: string): Run {
  const forms = readdirSync(folder)
    .sort()
    .flatMap((file): Form[] => {
      const name = withoutPacking(file);
      const known = FORM_NAMES.find((form) => form.file.test(name));
      return known === undefined ? [] : [{ ...known, name, path: join(folder, file) }];
    })
    .sort((one, other) => rankOf(one) - rankOf(other));
  return { name: basename(folder), folder, forms };
}

/** The runs in a folder, or the one run that the folder is. */
export function runsIn(folder: string): Run[] {
  const self = runAt(folder);
  if (self.forms.length > 0) return [self];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory())
    .map(runAt)
    .filter((run) => run.forms.length > 0);
}

/** A file of a run, packed or not; undefined when the run has none. */
export function fileOf(run: Run, name: string): string | undefined {
  return [name, `${name}.zst`, `${name}.gz`]
    .map((file) => join(run.folder, file))
    .find((path) => existsSync(path));
}

/** The whole content of a file, unpacked. */
export async function readBytes(path: string): Promise<Buffer> {
  const { source } = await openSource(path);
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const part = Buffer.allocUnsafe(1 << 20);
      const bytes = await source.read(part);
      if (bytes === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, bytes));
    }
  } finally {
    await source.close();
  }
}

/** The same as text. */
export const readText = async (path: string): Promise<string> => (await readBytes(path)).toString('utf8');

export interface Counts {
  /** Events by bare name. */
  readonly names: ReadonlyMap<string, number>;
  /** Lines that are neither a comment nor an event that the counting script could name: call stacks, one a stack, or others. */
  readonly unnamed: number;
}

/** Event names without their system: text gives none. */
export function bareCounts(counts: Iterable<readonly [string, number]>): Map<string, number> {
  const bare = new Map<string, number>();
  for (const [name, count] of counts) {
    const key = name.slice(name.indexOf(':') + 1);
    bare.set(key, (bare.get(key) ?? 0) + count);
  }
  return bare;
}

/** Events as the reference tools count them; undefined where nobody counted. */
export function countsOf(run: Run, form: Form): Counts | undefined {
  const path = join(run.folder, 'counts.json');
  if (!existsSync(path)) return undefined;
  const all = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, number>>;
  const counted =
    all[form.name] ??
    all[form.name.replace(/\.dat$/, '.report.txt')] ??
    Object.entries(all).find(([name]) => name.startsWith(`${form.name} (perf script`))?.[1];
  if (counted === undefined || (counted['(total)'] ?? 0) === 0) return undefined;
  const names = bareCounts(Object.entries(counted).filter(([name]) => !name.startsWith('(')));
  return { names, unnamed: counted['(other lines)'] ?? 0 };
}

export interface Opened extends Queryable {
  /** Events seen, by name as the capture gives it. */
  readonly eventCounts: ReadonlyMap<string, number>;
  readonly analysis: Awaited<ReturnType<typeof analyze>>;
}

/** Analyzes one file, keeping every table, and lends its database. Throws CaptureError. */
export async function withCapture<T>(path: string, use: (opened: Opened) => Promise<T>): Promise<T> {
  const analysis = await analyze([path], { dictionary: await loadDictionary([]) });
  const database = await openDatabase(analysis);
  try {
    return await use({
      query: (sql, parameters) => database.query(sql, parameters),
      eventCounts: analysis.captures[0]!.eventCounts,
      analysis,
    });
  } finally {
    database.close();
  }
}

/** A multiset of lines. */
export function tally(lines: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** What `one` has beyond `other`, line by line. */
export function beyond(
  one: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>,
): Map<string, number> {
  const left = [...one].map(([line, count]): [string, number] => [line, count - (other.get(line) ?? 0)]);
  return new Map(left.filter(([, count]) => count > 0));
}

export const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((a, b) => a + b, 0);
