/**
 * Probe packs: what to record for a question.
 *
 * In: the built-in `probes/*.json`, and the user's files. Out: packs, each with tracepoints to enable and probes to define
 * for what has no tracepoint; or a DictionaryError that names the file and the place in it.
 * `probes/pack.schema.json` says the same to editors; a test holds both together.
 */
import { readdir, readFile } from 'node:fs/promises';
import { Layer } from '../wasm/schema.js';
import {
  checkObject,
  checkText,
  checkWord,
  DictionaryError,
  enumWords,
  fail,
  inside,
  optionalText,
  type Place,
} from './dictionary-check.js';
import { inPackage } from './package-root.js';

/** Fields of a probe's event by name, as the kernel's FETCHARG with a type: `range->mm:x64`, `+8(%di):u64`. */
export type ProbeArguments = Readonly<Record<string, string>>;

export interface Probe {
  /** The event's name; `NAME_ret` at the return. */
  readonly name: string;
  readonly function: string;
  readonly at: 'entry' | 'both';
  readonly doc: string;
  /** The module that has the function, when it is not always part of the kernel. */
  readonly module?: string;
  /** "6.16 …": first and last kernel that has it. */
  readonly kernels?: string;
  /** By the names that BTF knows. */
  readonly args: ProbeArguments;
  /** By x86-64 registers, with offsets of the pack's kernel. */
  readonly registers?: ProbeArguments;
}

export interface PackEvent {
  /** "dma:dma_map_phys", or "dma:*" for all of a system. */
  readonly event: string;
  readonly doc: string;
  readonly kernels?: string;
}

export interface ProbePack {
  readonly pack: string;
  readonly version: number;
  readonly title: string;
  readonly about: string;
  readonly cost: string;
  readonly layers: readonly string[];
  /** Rules that use what it records; some may belong to other versions of dmaspan. */
  readonly rules: readonly string[];
  /** The kernel version, "7.2", from which the offsets in `registers` were taken. */
  readonly offsets?: string;
  readonly events: readonly PackEvent[];
  readonly probes: readonly Probe[];
}

const SCHEMA_FILE = 'pack.schema.json';
const ADVICE = 'See "A pack of your own" in docs/probes.md; `dmaspan probes list` shows what is there.';
const LAYERS = [...enumWords(Layer).keys()];
const KEYS = [
  '$schema',
  'pack',
  'version',
  'title',
  'about',
  'cost',
  'enables',
  'offsets',
  'events',
  'probes',
];
const PROBE_KEYS = ['name', 'function', 'at', 'doc', 'module', 'kernels', 'args', 'registers'];

const PACK_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const RULE_NAME = /^[a-z][a-z0-9-]*$/;
const EVENT_NAME = /^[A-Za-z_][A-Za-z0-9_-]*:(\*|[A-Za-z_][A-Za-z0-9_]*)$/;
const PROBE_NAME = /^[a-z_][a-z0-9_]*$/;
const FUNCTION_NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;
const MODULE_NAME = /^[A-Za-z0-9_]+$/;
const VERSION = /^[0-9]+\.[0-9]+$/;
const KERNELS = /^([0-9]+\.[0-9]+ )?…( [0-9]+\.[0-9]+)?$/;
/** "dma:dma_map_phys", or "dma:*" for all of a system. */
export const isEventName = (text: string): boolean => EVENT_NAME.test(text);

/** No blank and no quote: it is written into one word of a shell command. */
const ARGUMENT = /^[^\s']+:(x|u|s|b)[0-9@/]+$|^[^\s']+:string$/;

/** `files` are the user's; a pack of theirs replaces one of ours of the same name. Throws DictionaryError. */
export async function loadPacks(files: readonly string[] = []): Promise<readonly ProbePack[]> {
  const packs = new Map<string, ProbePack>();
  const names = (await readdir(inPackage('traces', 'probes'))).filter((name) => name !== SCHEMA_FILE);
  const paths = [...names.map((name) => inPackage('traces', 'probes', name)), ...files];
  for (const pack of await Promise.all(paths.map(readPack))) packs.set(pack.pack, pack);
  return [...packs.values()].sort((a, b) => (a.pack < b.pack ? -1 : 1));
}

async function readPack(file: string): Promise<ProbePack> {
  const place = { file, path: '', advice: ADVICE };
  try {
    return checkPack(place, JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof DictionaryError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DictionaryError(file, '', `expected a probe pack in JSON, cannot read it: ${reason}`, ADVICE);
  }
}

export function checkPack(place: Place, value: unknown): ProbePack {
  const given = checkObject(place, value, KEYS);
  const text = (key: string, what: string, pattern?: RegExp): string =>
    checkText(inside(place, key), given[key], what, pattern);
  const enablesPlace = inside(place, 'enables');
  const enables = checkObject(enablesPlace, given.enables, ['layers', 'rules']);
  const offsets = optionalText(inside(place, 'offsets'), given.offsets, 'a kernel version, "7.2"', VERSION);
  return {
    pack: text('pack', 'a name in kebab-case', PACK_NAME),
    version: checkVersion(inside(place, 'version'), given.version),
    title: text('title', 'a title'),
    about: text('about', 'a sentence or two'),
    cost: text('cost', 'how often its events come'),
    layers: checkList(inside(enablesPlace, 'layers'), enables.layers, (at, word) =>
      checkWord(at, word, LAYERS),
    ),
    rules: checkList(inside(enablesPlace, 'rules'), enables.rules, (at, word) =>
      checkText(at, word, "a rule's id", RULE_NAME),
    ),
    ...(offsets === undefined ? {} : { offsets }),
    events: checkList(inside(place, 'events'), given.events, checkEvent),
    probes: checkList(inside(place, 'probes'), given.probes, checkProbe),
  };
}

function checkVersion(place: Place, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1)
    fail(place, 'a whole number from 1 on', value);
  return value;
}

function checkList<T>(place: Place, value: unknown, check: (place: Place, item: unknown) => T): readonly T[] {
  if (!Array.isArray(value)) fail(place, 'a list', value);
  return value.map((item, index) => check(inside(place, index), item));
}

function checkKernels(place: Place, value: unknown): { kernels?: string } {
  const kernels = optionalText(inside(place, 'kernels'), value, 'kernel versions, "6.12 … 6.17"', KERNELS);
  return kernels === undefined ? {} : { kernels };
}

function checkEvent(place: Place, value: unknown): PackEvent {
  const given = checkObject(place, value, ['event', 'doc', 'kernels']);
  return {
    event: checkText(inside(place, 'event'), given.event, 'system:event or system:*', EVENT_NAME),
    doc: checkText(inside(place, 'doc'), given.doc, 'one sentence'),
    ...checkKernels(place, given.kernels),
  };
}

function checkProbe(place: Place, value: unknown): Probe {
  const given = checkObject(place, value, PROBE_KEYS);
  const module = optionalText(inside(place, 'module'), given.module, "a module's name", MODULE_NAME);
  return {
    name: checkText(inside(place, 'name'), given.name, 'a name', PROBE_NAME),
    function: checkText(inside(place, 'function'), given.function, 'a function', FUNCTION_NAME),
    at: checkWord(inside(place, 'at'), given.at, ['entry', 'both'] as const),
    doc: checkText(inside(place, 'doc'), given.doc, 'one sentence'),
    ...(module === undefined ? {} : { module }),
    ...checkKernels(place, given.kernels),
    args: checkArguments(inside(place, 'args'), given.args),
    ...(given.registers === undefined
      ? {}
      : { registers: checkArguments(inside(place, 'registers'), given.registers) }),
  };
}

function checkArguments(place: Place, value: unknown): ProbeArguments {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(place, 'an object', value);
  const entries = Object.entries(value).map(([name, text]) => {
    if (!PROBE_NAME.test(name)) fail(place, 'names in small letters', name);
    return [name, checkText(inside(place, name), text, 'an expression with a type, "dev:x64"', ARGUMENT)];
  });
  return Object.fromEntries(entries) as ProbeArguments;
}
