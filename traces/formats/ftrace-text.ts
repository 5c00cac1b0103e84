/**
 * ftrace's text: what `trace` and `trace_pipe` in tracefs print.
 *
 * In: bytes of text. Out: one stream of event batches. Lines are read by text.wasm; here are the framing and the counts.
 *
 *   # tracer: nop
 *               nc-181     (    181) [001] b..6.    11.338764: map: IOMMU: iova=0x00000000ffefa000 - …
 */
import { availableParallelism } from 'node:os';
import type { DictionaryEntry } from '../dictionary.js';
import type {
  Capture,
  CaptureInfo,
  Counter,
  EventBatch,
  EventStream,
  Format,
  OpenContext,
} from '../format.js';
import { CaptureError } from '../format.js';
import type { ByteSource } from '../source.js';
import { openTextCore, type TextCore, type TextTotals } from '../text-core.js';
import { openParallelText } from '../text-parallel.js';
import { textPlan } from '../text-plan.js';
import { overwritten, textCounters } from './ftrace-text-counters.js';
import { looksLikeFtrace, readTextHead, type TextHead, unreadableForm } from './ftrace-text-head.js';

export const ftraceText: Format = {
  name: 'ftrace-text',
  title: 'ftrace text (trace, trace_pipe)',
  sniff: (head) => looksLikeFtrace(readTextHead(head)),
  open: openFtraceText,
};

async function openFtraceText(source: ByteSource, context: OpenContext): Promise<Capture> {
  const head = readTextHead(await source.head());
  const unreadable = unreadableForm(head);
  if (unreadable !== undefined)
    throw new CaptureError(
      source.name,
      `expected an event such as "task-123 [000] ..... 12.345678: event: …", found "${unreadable.found}" at byte ${unreadable.byte}`,
      unreadable.advice,
    );
  const plan = textPlan(context.dictionary);
  const workers = workersFor(source);
  const reading =
    workers > 0 ? inWorkers(source, plan, workers, context) : inThisThread(source, plan, context);
  return {
    info: infoOf(head),
    streams: [{ next: reading.next }],
    counters: () => countersOf(head, reading.totals()),
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

/** How many workers read the source: one a core beside this thread's, for a large plain file. DMASPAN_WORKERS says otherwise. */
function workersFor(source: ByteSource): number {
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

function inWorkers(source: ByteSource, plan: Uint8Array, workers: number, context: OpenContext): Reading {
  const text = openParallelText(source.path!, source.size!, plan, workers);
  const next = async (): Promise<EventBatch | undefined> => {
    const batch = await text.next();
    context.onProgress?.(batch === undefined ? source.size! : text.position());
    return batch;
  };
  return { next, totals: text.totals, close: text.close };
}

function inThisThread(source: ByteSource, plan: Uint8Array, context: OpenContext): Reading {
  const core = openTextCore(plan);
  const stream = streamOf(core, source, context.onProgress);
  return { next: stream.next, totals: core.totals };
}

function infoOf(head: TextHead): CaptureInfo {
  const stamp = head.firstEvent?.[1] ?? '0.0';
  const notes = ['The text does not name its clock.'];
  if (head.written !== undefined)
    notes.push(`${head.inBuffer} of ${head.written} events were still in the buffers.`);
  return {
    format: ftraceText.name,
    clockUnit: stamp.includes('.') ? 'ns' : 'tick',
    ...(head.cpus === undefined ? {} : { cpus: head.cpus }),
    pageSize: 4096,
    notes,
  };
}

function countersOf(head: TextHead, totals: TextTotals): Counter[] {
  const counters = textCounters(totals);
  const gone = (head.written ?? 0) - (head.inBuffer ?? 0);
  return gone > 0 ? [overwritten(gone), ...counters] : counters;
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
