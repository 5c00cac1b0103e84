/**
 * A text capture read from its source, by worker threads where that pays.
 *
 * In: bytes of text, and which tool printed them. Out: event batches in the text's order, and what was counted.
 */
import { availableParallelism } from 'node:os';
import type { TextTool } from '../wasm/schema.js';
import type { DictionaryEntry } from './dictionary.js';
import type { EventBatch, EventStream, OpenContext } from './format.js';
import type { ByteSource } from './source.js';
import { openTextCore, type TextCore, type TextTotals } from './text-core.js';
import { textPlan } from './text-plan.js';
import { openParallelText } from './threads/text-parallel.js';

export interface TextReading extends EventStream {
  /** What has been counted; complete once the stream has ended. */
  totals(): TextTotals;
  eventCounts(): Map<string, number>;
  /** Closes the source too. */
  close(): Promise<void>;
}

export function readText(source: ByteSource, tool: TextTool, context: OpenContext): TextReading {
  const plan = textPlan(context.dictionary);
  const workers = workersFor(source);
  const reading =
    workers > 0 ? inWorkers(source, plan, tool, workers, context) : inThisThread(source, plan, tool, context);
  return {
    next: reading.next,
    totals: reading.totals,
    eventCounts: () => eventCountsOf(context.dictionary.entries, reading.totals()),
    close: async () => {
      await reading.close?.();
      await source.close();
    },
  };
}

/** Smaller files are read before a worker has started. */
const PARALLEL_BYTES = 32 << 20;

/** The replay, in this thread, keeps up with a few workers; more would only wait for it. */
const WORKERS_MAX = 4;

/**
 * How many workers read the source beside this thread, which reads too when it has nothing to replay: one for each other core, for a
 * large plain file. DMASPAN_WORKERS says otherwise.
 */
export function workersFor(source: ByteSource): number {
  if (source.path === undefined || (source.size ?? 0) < PARALLEL_BYTES) return 0;
  const asked = Number.parseInt(process.env.DMASPAN_WORKERS ?? '', 10);
  const workers = Number.isNaN(asked) ? availableParallelism() - 1 : asked;
  return Math.min(Math.max(workers, 0), WORKERS_MAX);
}

interface Reading {
  next(): Promise<EventBatch | undefined>;
  totals(): TextTotals;
  close?(): Promise<void>;
}

function inWorkers(
  source: ByteSource,
  plan: Uint8Array,
  tool: TextTool,
  workers: number,
  context: OpenContext,
): Reading {
  const text = openParallelText(source.path!, source.size!, plan, tool, workers);
  const next = async (): Promise<EventBatch | undefined> => {
    const batch = await text.next();
    context.onProgress?.(batch === undefined ? source.size! : text.position());
    return batch;
  };
  return { next, totals: text.totals, close: text.close };
}

function inThisThread(source: ByteSource, plan: Uint8Array, tool: TextTool, context: OpenContext): Reading {
  const core = openTextCore(plan, tool);
  const stream = streamOf(core, source, context.onProgress);
  return { next: stream.next, totals: core.totals };
}

function eventCountsOf(entries: readonly DictionaryEntry[], totals: TextTotals): Map<string, number> {
  const counts = new Map(totals.names);
  for (const [type, count] of totals.types) {
    const entry = entries[type]!;
    const name = entry.system === undefined ? entry.name : `${entry.system}:${entry.name}`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return counts;
}

/** A batch is handed out when it is full or when the input has ended, and emptied only when the next one is asked for. */
function streamOf(core: TextCore, source: ByteSource, onProgress?: (bytes: number) => void): EventStream {
  let handedOut = false;
  let bytes = 0;
  let state: 'reading' | 'ending' | 'ended' = 'reading';

  const read = async (): Promise<void> => {
    const count = await source.read(core.room());
    core.fed(count);
    bytes += count;
    if (count === 0) state = 'ending';
    else onProgress?.(bytes);
  };
  const fill = async (): Promise<void> => {
    while (state === 'reading') {
      if (core.run()) return;
      await read();
    }
    if (state === 'ending' && !core.finish()) state = 'ended';
  };
  const next = async (): Promise<EventBatch | undefined> => {
    if (handedOut) core.empty();
    handedOut = false;
    await fill();
    if (core.rows() === 0) return undefined;
    handedOut = true;
    return core.batch();
  };
  return { next };
}
