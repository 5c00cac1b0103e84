/**
 * A plain text file read by worker threads and, while it waits for them, by this one; handed over in file order.
 *
 * In: a path, and the plan. Out: batches with one set of names, and totals as if one scanner had read all of it.
 * Whoever is free takes the next segment; each is a few batches ahead at most, so memory is bounded.
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { EVENT_COMM, EVENT_DEVICE, EVENT_STACK, type TextTool } from '../../wasm/schema.js';
import { readError } from '../file-source.js';
import type { EventBatch } from '../format.js';
import { compiledText, type TextCount, type TextTotals } from '../text-core.js';
import type { SharedText } from './segments.js';
import { type SegmentsHere, segmentsHere } from './segments-here.js';
import type { SegmentsMessage } from './segments-job.js';
import { noTakers, takerOf } from './takers.js';
import { streamNames, type WorkerNames } from './text-names.js';
import { segmentsOf } from './text-segments.js';
import { startWorker } from './workers.js';

/** Batches that a worker may be ahead, and this thread: what it reads it cannot replay meanwhile. */
const CREDITS = 12;
const AHEAD = 6;
/** This thread among the takers of segments; workers are 2, 3, … */
const HERE = 1;

/** Who reads segments. */
interface Reader {
  readonly names: WorkerNames;
  /** The segments that it has read, in order. */
  readonly segments: number[];
  /** Its next message; while it has none, `meanwhile` is called as long as that has something to do. */
  next(meanwhile: () => boolean): Promise<SegmentsMessage>;
  giveBack(block: ArrayBuffer): void;
  /** Complete at the end. */
  totals(): Promise<TextTotals | undefined>;
  close(): Promise<void>;
}

export interface ParallelText {
  next(): Promise<EventBatch | undefined>;
  /** Bytes of the file that were read when the batch handed out last was full. */
  position(): number;
  /** Complete once `next` has said undefined. */
  totals(): TextTotals;
  close(): Promise<void>;
}

/** What a worker has sent, or how it failed. */
interface Mail {
  readonly queue: SegmentsMessage[];
  failure?: Error;
  wake?: () => void;
}

function receive(worker: Worker, path: string): Mail {
  const mail: Mail = { queue: [] };
  worker.on('message', (message: SegmentsMessage) => {
    mail.queue.push(message);
    mail.wake?.();
  });
  worker.on('error', (error: Error) => {
    mail.failure = readError(path, 0, error);
    mail.wake?.();
  });
  return mail;
}

const mailIn = (mail: Mail): Promise<void> =>
  new Promise((resolve) => {
    mail.wake = resolve;
  });

function workerReader(text: SharedText, me: number, names: WorkerNames): Reader {
  const credits = new Int32Array(new SharedArrayBuffer(4));
  credits[0] = CREDITS;
  const worker = startWorker({ kind: 'segments', ...text, me, credits });
  const mail = receive(worker, text.path);
  const next = async (meanwhile: () => boolean): Promise<SegmentsMessage> => {
    for (;;) {
      const message = mail.queue.shift();
      if (message !== undefined) return message;
      if (mail.failure !== undefined) throw mail.failure;
      if (meanwhile()) await otherWork();
      else await mailIn(mail);
    }
  };
  return {
    names,
    segments: [],
    next,
    giveBack: (block) => {
      worker.postMessage(block, [block]);
      Atomics.add(credits, 0, 1);
      Atomics.notify(credits, 0);
    },
    totals: async () => {
      const message = await next(() => false);
      return message.kind === 'end' ? message.totals : undefined;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** Runs what reads the file here; its errors are a worker's. */
function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw readError(path, 0, error as Error);
  }
}

function hereReader(here: SegmentsHere, path: string, names: WorkerNames): Reader {
  return {
    names,
    segments: [],
    next: async () => reading(path, here.next),
    giveBack: here.giveBack,
    totals: async () => here.totals(),
    close: async () => here.close(),
  };
}

export function openParallelText(
  path: string,
  size: number,
  plan: Uint8Array,
  tool: TextTool,
  workers: number,
): ParallelText {
  const names = streamNames();
  const takers = noTakers(segmentsOf(size));
  const text: SharedText = { path, size, plan, tool, module: compiledText(), takers };
  const here = segmentsHere(text, HERE, AHEAD);
  const readers = [hereReader(here, path, names.forWorker())];
  for (let i = 0; i < Math.min(workers, takers.length); i++)
    readers.push(workerReader(text, HERE + 1 + i, names.forWorker()));
  const lines: number[] = [];
  let totals: readonly TextTotals[] = [];
  let position = 0;
  let lent: { reader: Reader; block: ArrayBuffer } | undefined;

  /** Who reads the segment whose turn it is: this thread, if nobody does. */
  const readerNow = (): Reader => {
    const isNew = takers[lines.length] === 0;
    const taker = takerOf(takers, lines.length, HERE);
    if (isNew && taker === HERE) here.begin(lines.length);
    return readers[taker - HERE]!;
  };
  const meanwhile = (): boolean => reading(path, () => here.use(lines.length + 1));
  const next = async (): Promise<EventBatch | undefined> => {
    if (lent !== undefined) lent.reader.giveBack(lent.block);
    lent = undefined;
    while (lines.length < takers.length) {
      const reader = readerNow();
      const message = await reader.next(meanwhile);
      if (message.kind === 'segment') {
        reader.segments.push(lines.length);
        lines.push(message.lines);
      }
      if (message.kind !== 'batch') continue;
      reader.names.learn(message.names);
      lent = { reader, block: message.block };
      position = message.position;
      return translated(message, reader.names);
    }
    if (totals.length === 0)
      totals = await Promise.all(readers.map(async (reader) => (await reader.totals()) ?? NOTHING));
    return undefined;
  };
  return {
    next,
    position: () => position,
    totals: () => sumOf(readers, totals, lines),
    close: async () => {
      await Promise.all(readers.map((reader) => reader.close()));
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

function sumOf(
  readers: readonly Reader[],
  totals: readonly TextTotals[],
  lines: readonly number[],
): TextTotals {
  const parts = totals.map((part, number) => {
    const { segments } = readers[number]!;
    const inFile = (count: TextCount): TextCount => ({
      ...count,
      line: lineInFile(count.line, segments, lines),
    });
    return { ...part, counts: part.counts.map(inFile) };
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

/** A reader counts the lines of its own segments only; this finds the line's number in the file. */
function lineInFile(line: number, segments: readonly number[], lines: readonly number[]): number {
  let left = line;
  for (const segment of segments) {
    if (left <= lines[segment]! || segment === segments.at(-1))
      return lines.slice(0, segment).reduce((total, count) => total + count, 0) + left;
    left -= lines[segment]!;
  }
  return line;
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
