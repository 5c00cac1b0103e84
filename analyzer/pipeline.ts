/**
 * The road from inputs to an analysis: open, decode, replay, one capture after another.
 *
 * In: paths, an event dictionary, and which tables will be read as a whole. Out: an `Analysis`.
 */
import type { Dictionary, DictionaryEntry } from '../traces/dictionary.js';
import type { Capture } from '../traces/format.js';
import { openCapture } from '../traces/open.js';
import { TableId, TYPE_FLAG_EXTRA } from '../wasm/schema.js';
import type { Analysis, AnalyzedCapture, EventType } from './analysis.js';
import { type Core, type CoreType, createCore, KEEP_ALL, type Retention } from './core.js';
import { createNameRegistry, type NameRegistry } from './name-registry.js';

export interface AnalyzeOptions {
  readonly dictionary: Dictionary;
  /** Tables that will be read as a whole; all by default. */
  readonly keep?: Retention;
  /** Hears now and then how many bytes of which input have been read. */
  readonly onProgress?: (file: string, bytes: number) => void;
}

/** Reads and replays every input. Throws CaptureError for one that cannot be read. */
export async function analyze(files: readonly string[], options: AnalyzeOptions): Promise<Analysis> {
  const { entries } = options.dictionary;
  const names = createNameRegistry();
  const types = entries.map(coreType);
  const captures: AnalyzedCapture[] = [];
  for (const file of files) captures.push(await analyzeOne(file, options, types, names));
  const { comms, devices, stacks } = names;
  return { captures, comms, devices, stacks, types: entries.map(eventType) };
}

async function analyzeOne(
  file: string,
  { dictionary, keep = KEEP_ALL, onProgress }: AnalyzeOptions,
  types: readonly CoreType[],
  names: NameRegistry,
): Promise<AnalyzedCapture> {
  const progress = onProgress === undefined ? {} : { onProgress: (bytes: number) => onProgress(file, bytes) };
  const capture = await openCapture(file, { dictionary, ...progress });
  try {
    const core = await createCore(types, keep);
    await replay(capture, core, names);
    const { firstTs, lastTs } = core.span();
    return {
      file,
      info: capture.info,
      core: { ...core, prepare: (table) => prepare(core, table, capture.info.pageSize) },
      firstTs,
      lastTs,
      counters: capture.counters(),
      eventCounts: capture.eventCounts(),
    };
  } finally {
    await capture.close();
  }
}

/** Feeds the core whatever stream it asks for, until all have ended. */
async function replay(capture: Capture, core: Core, names: NameRegistry): Promise<void> {
  const symbol = (address: bigint) => capture.symbol?.(address);
  const told = capture.streams.map(() => {
    const stream = core.openStream();
    return names.forStream(core, stream, symbol);
  });
  for (let stream = core.advance(); stream >= 0; stream = core.advance()) {
    const batch = await capture.streams[stream]!.next();
    if (batch === undefined) {
      core.end(stream);
      continue;
    }
    told[stream]!(batch.names);
    core.load(stream, batch);
  }
  core.finish();
}

function prepare(core: Core, table: TableId, pageSize: number): void {
  if (table === TableId.page_lifetimes) core.computePages(pageSize);
}

const EXTRA_COLUMNS: ReadonlySet<string> = new Set(['mm', 'object', 'value', 'other']);

function coreType({ layer, op, kind, fields }: DictionaryEntry): CoreType {
  const extra = fields.some(({ column }) => EXTRA_COLUMNS.has(column));
  return { layer, op, kind, flags: extra ? TYPE_FLAG_EXTRA : 0 };
}

function eventType({ system, name, layer, op, kind, doc }: DictionaryEntry): EventType {
  return { name: system === undefined ? name : `${system}:${name}`, layer, op, kind, doc };
}
