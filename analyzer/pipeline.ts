/**
 * The road from inputs to an analysis: open, decode, replay.
 *
 * In: paths, an event dictionary, and which tables will be read as a whole. Out: an `Analysis`.
 */
import { type Dictionary, type DictionaryEntry, isReturnProbe } from '../traces/dictionary.js';
import {
  type Capture,
  CaptureError,
  type Counter,
  type EventBatch,
  type EventStream,
} from '../traces/format.js';
import { openCapture } from '../traces/open.js';
import { TableId, TYPE_FLAG_ASIDE, TYPE_FLAG_EXTRA, TYPE_FLAG_RETURN } from '../wasm/schema.js';
import type { Analysis, AnalyzedCapture, EventType } from './analysis.js';
import {
  type Core,
  CoreFull,
  type CoreType,
  createCore,
  KEEP_ALL,
  KEEP_LEAST,
  type Retention,
} from './core.js';
import { createNameRegistry, type NameRegistry, type StreamNames } from './name-registry.js';
import { twinCore } from './twin-core.js';

export interface AnalyzeOptions {
  readonly dictionary: Dictionary;
  /** Tables that will be read as a whole; all by default. */
  readonly keep?: Retention;
  /** Keeps beside whole tables what a report would have kept of them: `AnalyzedCapture.excerpt`. */
  readonly excerpt?: boolean;
  /** Takes all inputs for parts of one run, recorded with one clock: their events are merged by time. */
  readonly merge?: boolean;
  /** Names the addresses in call stacks of captures that carry no symbols. */
  readonly symbol?: (address: bigint) => string | undefined;
  /** Hears that the inputs of a run are open: what decodes ahead does so from now on, and this thread has time. */
  readonly onOpen?: () => void;
  /** Hears now and then how many bytes of which input have been read. */
  readonly onProgress?: (file: string, bytes: number) => void;
}

interface Opened {
  readonly file: string;
  readonly capture: Capture;
}

/** Reads and replays every input. Throws CaptureError for one that cannot be read, or cannot be merged. */
export async function analyze(files: readonly string[], options: AnalyzeOptions): Promise<Analysis> {
  const { entries } = options.dictionary;
  const names = createNameRegistry();
  const types = coreTypes(entries);
  const runs = options.merge === true ? [files] : files.map((file) => [file]);
  const captures: AnalyzedCapture[] = [];
  for (const run of runs) captures.push(await analyzeRun(run, options, types, names));
  const { comms, devices, stacks } = names;
  return { captures, comms, devices, stacks, types: entries.map(eventType) };
}

/** One run: one input, or several that are merged. */
async function analyzeRun(
  files: readonly string[],
  options: AnalyzeOptions,
  types: readonly CoreType[],
  names: NameRegistry,
): Promise<AnalyzedCapture> {
  const opened: Opened[] = [];
  try {
    for (const file of files) opened.push({ file, capture: await openOne(file, options) });
    checkClocks(opened);
    options.onOpen?.();
    const whole = createCore(types, options.keep ?? KEEP_ALL);
    const excerpt = options.excerpt === true ? createCore(types, KEEP_LEAST) : undefined;
    const core = excerpt === undefined ? whole : twinCore(whole, excerpt);
    const unnamed = new Set<bigint>();
    await replay(openStreams(opened, core, names, options.symbol, unnamed), core);
    return analyzed(opened, core, unnamed.size, excerpt);
  } catch (error) {
    throw error instanceof CoreFull ? tooLarge(files, error) : error;
  } finally {
    for (const { capture } of opened) await capture.close();
  }
}

function tooLarge(files: readonly string[], { events }: CoreFull): CaptureError {
  return new CaptureError(
    files.join(' + '),
    `whole tables of more than ${events} events do not fit the 4 GiB that a replay can use`,
    'dmaspan report keeps only what its rules read, and has no such limit. For SQL cut the capture by time (trace-cmd split, perf report --time).',
  );
}

function openOne(file: string, { dictionary, onProgress }: AnalyzeOptions): Promise<Capture> {
  const progress = onProgress === undefined ? {} : { onProgress: (bytes: number) => onProgress(file, bytes) };
  return openCapture(file, { dictionary, ...progress });
}

/** Times of different clocks cannot be merged. A capture that does not name its clock is taken at its user's word. */
function checkClocks(opened: readonly Opened[]): void {
  const told = opened.filter(({ capture }) => capture.info.clock !== undefined);
  const other = told.find(({ capture }) => capture.info.clock !== told[0]!.capture.info.clock);
  if (other === undefined) return;
  throw new CaptureError(
    other.file,
    `recorded with the clock ${other.capture.info.clock}, but ${told[0]!.file} with ${told[0]!.capture.info.clock}: their events cannot be merged by time`,
    'Record all parts of a run with one clock (trace-cmd record -C mono, perf record -k mono), or analyze them one by one.',
  );
}

function analyzed(
  opened: readonly Opened[],
  core: Core,
  unnamed: number,
  excerpt: Core | undefined,
): AnalyzedCapture {
  const { firstTs, lastTs } = core.span();
  const [first] = opened;
  const { info } = first!.capture;
  const others = opened.slice(1).map(({ file, capture }) => `merged with ${file} (${capture.info.format})`);
  return {
    file: opened.map(({ file }) => file).join(' + '),
    info: { ...info, notes: [...info.notes, ...others] },
    core: { ...core, prepare: (table) => prepare(core, table, info.pageSize) },
    ...(excerpt === undefined ? {} : { excerpt }),
    firstTs,
    lastTs,
    counters: [
      ...opened.flatMap(({ capture }) => capture.counters()),
      ...counted('event-repeated', core.repeats(), REPEATED),
      ...counted('address-unnamed', unnamed, UNNAMED),
    ],
    eventCounts: sumOf(opened.map(({ capture }) => capture.eventCounts())),
  };
}

const REPEATED =
  'Events that two buffers recorded; each counts once. Record an event in one buffer only, to spare the other.';
const UNNAMED =
  'Addresses in call stacks that the capture has no names for, so that call sites are missing. Give names with --kallsyms FILE, a copy of /proc/kallsyms of that boot.';

function counted(name: string, count: number, help: string): Counter[] {
  return count === 0 ? [] : [{ name, severity: 'info', count, help }];
}

function sumOf(counts: readonly Map<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const one of counts) for (const [name, count] of one) sum.set(name, (sum.get(name) ?? 0) + count);
  return sum;
}

interface Feed {
  readonly stream: EventStream;
  readonly name: StreamNames;
  /** The newest batch, and the first of its rows that the core has not been given. */
  batch?: EventBatch | undefined;
  from: number;
}

/** A stream of the core for each of the captures', by the core's number; `unnamed` collects addresses without a name. */
function openStreams(
  opened: readonly Opened[],
  core: Core,
  names: NameRegistry,
  named: AnalyzeOptions['symbol'],
  unnamed: Set<bigint>,
): Feed[] {
  const all = opened.flatMap(({ capture }) => capture.streams);
  const buffers = 1 + Math.max(0, ...all.map(({ buffer }) => buffer ?? 0));
  return opened.flatMap(({ capture }, part) => {
    const symbol = (address: bigint) => {
      const name = capture.symbol?.(address) ?? named?.(address);
      if (name === undefined) unnamed.add(address);
      return name;
    };
    return capture.streams.map((stream) => {
      const number = core.openStream(part * buffers + (stream.buffer ?? 0));
      return { stream, name: names.forStream(core, number, symbol), from: 0 };
    });
  });
}

/** Feeds the core whatever stream it asks for, until all have ended. */
async function replay(streams: readonly Feed[], core: Core): Promise<void> {
  for (let number = core.advance(); number >= 0; number = core.advance()) {
    const feed = streams[number]!;
    if (feed.batch === undefined || feed.from === feed.batch.rows) await nextBatch(feed);
    if (feed.batch === undefined) core.end(number);
    else feed.from = core.load(number, feed.batch, feed.from);
  }
  core.finish();
}

async function nextBatch(feed: Feed): Promise<void> {
  feed.batch = await feed.stream.next();
  feed.from = 0;
  if (feed.batch !== undefined) feed.name(feed.batch.names);
}

function prepare(core: Core, table: TableId, pageSize: number): void {
  if (table === TableId.page_lifetimes) core.computePages(pageSize);
}

const EXTRA_COLUMNS: ReadonlySet<string> = new Set(['mm', 'object', 'value', 'other']);

/** The dictionary's entries as the replay wants them; the entry and the return of one function are one call. */
export function coreTypes(entries: readonly DictionaryEntry[]): CoreType[] {
  const calls = new Map<string, number>();
  return entries.map(({ name, layer, op, kind, aside, fields, function: probed }) => {
    const extra = fields.some(({ column }) => EXTRA_COLUMNS.has(column));
    if (probed !== undefined && !calls.has(probed)) calls.set(probed, calls.size + 1);
    return {
      layer,
      op,
      kind,
      flags:
        (extra ? TYPE_FLAG_EXTRA : 0) |
        (probed !== undefined && isReturnProbe(name) ? TYPE_FLAG_RETURN : 0) |
        (aside === true ? TYPE_FLAG_ASIDE : 0),
      means: fields.reduce((all, field) => all | field.means, 0),
      call: probed === undefined ? 0 : calls.get(probed)!,
    };
  });
}

function eventType({ system, name, layer, op, kind, doc }: DictionaryEntry): EventType {
  return { name: system === undefined ? name : `${system}:${name}`, layer, op, kind, doc };
}
