/**
 * One mutated capture: which it is, what is in it, and what became of it.
 *
 * In: a format, a seed and a number, which are all it takes to make the same one again. Out: its files and its recipe;
 * and of a run over it, whether it ended in a report or in a refusal, or what went wrong.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Analysis } from '../analyzer/analysis.js';
import { openDatabase } from '../analyzer/database.js';
import { analysisEvidence } from '../analyzer/evidence.js';
import { judge } from '../analyzer/judge.js';
import { analyze } from '../analyzer/pipeline.js';
import { jsonReport } from '../analyzer/report/json.js';
import { makeReport } from '../analyzer/report/report.js';
import { textReport } from '../analyzer/report/text.js';
import { loadRules } from '../analyzer/rules.js';
import { TABLES } from '../analyzer/tables.js';
import { readViews } from '../analyzer/views.js';
import { infoText } from '../cli/info-text.js';
import { loadDictionary } from '../traces/dictionary.js';
import { CaptureError } from '../traces/format.js';
import { TableId } from '../wasm/schema.js';
import { mutate } from './mutate.js';
import type { Base, MutatedFormat } from './mutation-bases.js';
import { type Random, randomFrom, seedOf } from './random.js';
import { tableProblems } from './table-problems.js';

export interface Mutation {
  readonly base: Base;
  readonly files: Base['files'];
  /** What was done, in words. */
  readonly recipe: readonly string[];
}

function pick(random: Random, bases: readonly Base[]): Base {
  const total = bases.reduce((sum, { weight }) => sum + weight, 0);
  let at = (random(1e6) / 1e6) * total;
  for (const base of bases) {
    at -= base.weight;
    if (at < 0) return base;
  }
  return bases[0]!;
}

/** Number `index` of this format and seed. */
export async function mutationOf(format: MutatedFormat, seed: number, index: number): Promise<Mutation> {
  const random = randomFrom(seedOf(seed, format.name, index));
  const bases = await format.bases();
  const base = pick(random, bases);
  const donors = bases
    .flatMap(({ files }) => files.map(({ bytes }) => bytes))
    .filter(({ length }) => length > 0);
  const target = random(base.files.length);
  if (base.files.length > 1 && random(40) === 0) {
    const files = base.files.filter((_, i) => i !== target || i === 0);
    return { base, files, recipe: [`left out ${base.files[target]!.name}`] };
  }
  const { bytes, recipe } = mutate(base.files[target]!.bytes, donors, format.what, random);
  const files = base.files.map((file, i) => (i === target ? { ...file, bytes } : file));
  return { base, files, recipe: recipe.map((did) => `${base.files[target]!.name}: ${did}`) };
}

/** Writes it into a folder, which it empties first; returns the path to analyze. */
export function writeFiles(folder: string, files: Base['files']): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  return files.length === 1 && files[0]!.name === 'capture' ? join(folder, 'capture') : folder;
}

export interface Outcome {
  readonly kind: 'report' | 'refused';
  readonly events: number;
  /** Something was counted as lost or skipped. */
  readonly told: boolean;
  /** Names of the counters, for who looks closer. */
  readonly counters: readonly string[];
  /** What is wrong with it; empty when all is well. */
  readonly problems: readonly string[];
}

export interface RunOptions {
  /** Which tables are kept; the rules run only where all are. */
  readonly keep: 'all' | 'none';
  readonly judge: boolean;
}

const dictionary = await loadDictionary([]);
const KEEP = { all: { events: true, lifetimes: true }, none: { events: false, lifetimes: false } };

/** Analyzes one path. Whatever it throws but CaptureError is a problem; a trap in Wasm is one. */
export async function runOver(path: string, options: RunOptions): Promise<Outcome> {
  const open = openDescriptors();
  try {
    const analysis = await analyze([path], { dictionary, keep: KEEP[options.keep] });
    const problems = options.judge ? await judgeAll(analysis) : [];
    const left = openDescriptors() - open;
    return outcomeOf(analysis, [...problems, ...(left > 0 ? [`${left} files were left open`] : [])]);
  } catch (error) {
    const left = openDescriptors() - open;
    return failedWith(error, left > 0 ? [`${left} files were left open`] : []);
  }
}

/** `pages` has a row a page: of a damaged length there may be any number. */
const VIEWS = readViews().filter(({ kind, name }) => kind === 'view' && name !== 'pages');

/** All that a report and `dmaspan info` do, and every column of every table and view once. */
async function judgeAll(analysis: Analysis): Promise<string[]> {
  const database = await openDatabase(analysis, { threads: 1, terse: true });
  try {
    const results = await judge(database, loadRules(undefined));
    const report = await makeReport(database, results);
    JSON.parse(jsonReport(report));
    const evidence = analysisEvidence(analysis);
    const [captures = [], counts = []] = await evidence.list('captures', 'event_counts');
    const infos = captures.map((one) => infoText(one, [], counts));
    const texts = [textReport(report, true), ...infos];
    for (const { name } of [...TABLES, ...VIEWS]) await database.query(`SELECT max(COLUMNS(*)) FROM ${name}`);
    return texts.some((text) => COMMAND.test(text)) ? ['a text commands the terminal'] : [];
  } finally {
    database.close();
  }
}

function outcomeOf(analysis: Analysis, problems: readonly string[]): Outcome {
  const [capture] = analysis.captures;
  const { counters, core, eventCounts } = capture!;
  const counted = counters.filter(({ severity }) => severity !== 'info').map(({ name }) => name);
  return {
    kind: 'report',
    events: [...eventCounts.values()].reduce((a, b) => a + b, 0),
    told: counted.length > 0 || core.rows(TableId.losses) > 0,
    counters: counters.map(({ name }) => name),
    problems: [...problems, ...counterProblems(counters), ...tableProblems(analysis)],
  };
}

type Counters = Analysis['captures'][number]['counters'];

function counterProblems(counters: Counters): string[] {
  return counters.flatMap(({ name, count, help, first = '' }) => [
    ...(Number.isSafeInteger(count) && count > 0 ? [] : [`counter ${name} is ${count}`]),
    ...(help.length > 20 ? [] : [`counter ${name} does not say what it means`]),
    ...(first.length < 400 ? [] : [`counter ${name}: first is ${first.length} characters`]),
    ...(UNPRINTABLE.test(first) ? [`counter ${name}: first has control characters`] : []),
  ]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const COMMAND = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]|\x1b(?!\[\d{1,3}m)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f]/;

function failedWith(error: unknown, problems: readonly string[]): Outcome {
  const refused = { kind: 'refused', events: 0, told: true, counters: [] } as const;
  if (!(error instanceof CaptureError)) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...refused, problems: [...problems, `not a CaptureError: ${what}`] };
  }
  const { problem, advice } = error;
  return {
    ...refused,
    problems: [
      ...problems,
      ...(/expected|found|says|cut short|damaged/.test(problem)
        ? []
        : [`the refusal is not clear: ${problem}`]),
      ...(problem.length < 1000 && !UNPRINTABLE.test(problem)
        ? []
        : [`the refusal cannot be printed: ${JSON.stringify(problem.slice(0, 300))}`]),
      ...(advice.length > 10 ? [] : [`the refusal does not say what to do: ${problem}`]),
    ],
  };
}

/** Where the system tells; elsewhere always 0. */
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
