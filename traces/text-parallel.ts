/**
 * A plain text file read by worker threads, handed over in file order.
 *
 * In: a path, and the plan. Out: batches with one set of names, and totals as if one scanner had read all of it.
 * Segment i is read by worker i % workers; each worker is a few batches ahead at most, so memory is bounded.
 */
import type { Worker } from 'node:worker_threads';
import { EVENT_COMM, EVENT_DEVICE, EVENT_STACK, type TextTool } from '../wasm/schema.js';
import { readError } from './file-source.js';
import type { EventBatch } from './format.js';
import type { SegmentsJob, SegmentsMessage } from './segments-job.js';
import { compiledText, type TextCount, type TextTotals } from './text-core.js';
import { streamNames, type WorkerNames } from './text-names.js';
import { segmentsOf } from './text-segments.js';
import { startWorker } from './workers.js';

/** Batches that a worker may be ahead. */
const CREDITS = 6;

interface Reader {
  readonly worker: Worker;
  readonly credits: Int32Array;
  readonly queue: SegmentsMessage[];
  readonly names: WorkerNames;
  totals?: TextTotals;
  failure?: Error;
  wake?: () => void;
}

export interface ParallelText {
  next(): Promise<EventBatch | undefined>;
  /** Bytes of the file that were read when the batch handed out last was full. */
  position(): number;
  /** Complete once `next` has said undefined. */
  totals(): TextTotals;
  close(): Promise<void>;
}

function startReader(job: Omit<SegmentsJob, 'credits'>, names: WorkerNames): Reader {
  const credits = new Int32Array(new SharedArrayBuffer(4));
  credits[0] = CREDITS;
  const worker = startWorker({ kind: 'segments', ...job, credits });
  const reader: Reader = { worker, credits, queue: [], names };
  worker.on('message', (message: SegmentsMessage) => {
    reader.queue.push(message);
    reader.wake?.();
  });
  worker.on('error', (error: Error) => {
    reader.failure = readError(job.path, 0, error);
    reader.wake?.();
  });
  return reader;
}

/** The reader's next message; its failure is thrown. */
async function nextMessage(reader: Reader): Promise<SegmentsMessage> {
  for (;;) {
    const message = reader.queue.shift();
    if (message !== undefined) return message;
    if (reader.failure !== undefined) throw reader.failure;
    await new Promise<void>((resolve) => {
      reader.wake = resolve;
    });
  }
}

export function openParallelText(
  path: string,
  size: number,
  plan: Uint8Array,
  tool: TextTool,
  workers: number,
): ParallelText {
  const names = streamNames();
  const segments = segmentsOf(size);
  const step = Math.min(workers, segments);
  const readers = Array.from({ length: step }, (_, first) =>
    startReader({ path, size, plan, tool, module: compiledText(), first, step }, names.forWorker()),
  );
  const lines: number[] = [];
  let position = 0;
  let lent: { reader: Reader; block: ArrayBuffer } | undefined;

  const giveBack = (): void => {
    if (lent === undefined) return;
    const { reader, block } = lent;
    reader.worker.postMessage(block, [block]);
    Atomics.add(reader.credits, 0, 1);
    Atomics.notify(reader.credits, 0);
    lent = undefined;
  };
  const collectTotals = async (): Promise<void> => {
    for (const reader of readers) {
      if (reader.totals !== undefined) continue;
      const message = await nextMessage(reader);
      if (message.kind === 'end') reader.totals = message.totals;
    }
  };
  const next = async (): Promise<EventBatch | undefined> => {
    giveBack();
    while (lines.length < segments) {
      const reader = readers[lines.length % step]!;
      const message = await nextMessage(reader);
      if (message.kind === 'segment') lines.push(message.lines);
      if (message.kind !== 'batch') continue;
      reader.names.learn(message.names);
      lent = { reader, block: message.block };
      position = message.position;
      return translated(message, reader.names);
    }
    await collectTotals();
    return undefined;
  };
  return {
    next,
    position: () => position,
    totals: () => sumOf(readers, lines),
    close: async () => {
      await Promise.all(readers.map((reader) => reader.worker.terminate()));
    },
  };
}

type BatchMessage = Extract<SegmentsMessage, { kind: 'batch' }>;

/** The batch with the worker's ids changed to the stream's, in place. */
function translated({ rows, block, side }: BatchMessage, names: WorkerNames): EventBatch {
  translate(new Uint32Array(block, EVENT_COMM, rows), names.comms);
  translate(new Uint16Array(block, EVENT_DEVICE, rows), names.devices);
  translate(new Uint32Array(block, EVENT_STACK, rows), names.stacks);
  return { rows, block: new Uint8Array(block), side: new Uint8Array(side), names: names.tables };
}

function translate(column: Uint32Array | Uint16Array, ids: readonly number[]): void {
  if (ids.every((id, i) => id === i)) return;
  for (let i = 0; i < column.length; i++) column[i] = ids[column[i]!]!;
}

const NOTHING: TextTotals = {
  ...{ lines: 0, secondStamps: 0, countStamps: 0, counts: [], unknownAttributes: [] },
  ...{ types: new Map(), names: new Map() },
};

function sumOf(readers: readonly Reader[], lines: readonly number[]): TextTotals {
  const parts = readers.map((reader, first) => {
    const totals = reader.totals ?? NOTHING;
    const inFile = (count: TextCount): TextCount => ({
      ...count,
      line: lineInFile(count.line, first, readers.length, lines),
    });
    return { ...totals, counts: totals.counts.map(inFile) };
  });
  const sum = (of: (totals: TextTotals) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    lines: sum((part) => part.lines),
    secondStamps: sum((part) => part.secondStamps),
    countStamps: sum((part) => part.countStamps),
    counts: sumCounts(parts.flatMap((part) => part.counts)),
    types: sumMaps(parts.map((part) => part.types)),
    names: sumMaps(parts.map((part) => part.names)),
    unknownAttributes: [...new Set(parts.flatMap((part) => part.unknownAttributes))],
  };
}

/** A worker counts the lines of its own segments only; this finds the line's number in the file. */
function lineInFile(line: number, first: number, step: number, lines: readonly number[]): number {
  let segment = first;
  let left = line;
  while (segment + step < lines.length && left > lines[segment]!) {
    left -= lines[segment]!;
    segment += step;
  }
  return lines.slice(0, segment).reduce((total, count) => total + count, 0) + left;
}

/** One count a counter; the excerpt is that of the first line. */
function sumCounts(counts: readonly TextCount[]): TextCount[] {
  const byCounter = new Map<number, TextCount>();
  for (const count of counts) {
    const other = byCounter.get(count.counter);
    const first = other === undefined || count.line < other.line ? count : other;
    byCounter.set(count.counter, { ...first, count: count.count + (other?.count ?? 0) });
  }
  return [...byCounter.values()].sort((a, b) => a.counter - b.counter);
}

function sumMaps<K>(maps: readonly ReadonlyMap<K, number>[]): Map<K, number> {
  const sum = new Map<K, number>();
  for (const map of maps) for (const [key, value] of map) sum.set(key, (sum.get(key) ?? 0) + value);
  return sum;
}
