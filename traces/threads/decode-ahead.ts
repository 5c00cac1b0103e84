/**
 * A capture decoded by a worker thread, while its reader is busy with what it has got, or decodes the rest.
 *
 * In: a path, and the capture as this thread opened it. Out: the same capture, whose batches come from the worker; those of parts that can
 * be decoded apart, from whoever took the part first.
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Dictionary } from '../dictionary.js';
import { readError } from '../file-source.js';
import {
  type Capture,
  CaptureError,
  type Counter,
  type EventBatch,
  type EventStream,
  type Frame,
} from '../format.js';
import { inOrder } from '../parts.js';
import type { Batch, DecodeMessage } from './decode-job.js';
import { MOST_STREAMS, partTakers, READER, sharedParts } from './shared-parts.js';
import { type SpareTime, spareTime } from './spare-time.js';
import { startWorker } from './workers.js';

/** Batches that all streams of a thread together may be ahead. */
const AHEAD = 24;
export const canBeAhead = ({ streams }: Capture): boolean =>
  streams.length > 0 && streams.length <= MOST_STREAMS;

export interface DecodingAhead {
  /** The capture with the worker's batches, and this thread's symbols. */
  over(capture: Capture, onProgress?: (bytes: number) => void): Capture;
  stop(): Promise<void>;
}

type Told = Extract<DecodeMessage, { kind: 'told' }>;

/** What the worker has sent; its reader waits for one thing at a time. */
interface Mail {
  /** Batches by stream, `undefined` where a part ended. */
  readonly queues: (Batch | undefined)[][];
  readonly names: { readonly comms: string[]; readonly devices: string[]; readonly stacks: Frame[][] };
  told?: Told;
  failure?: Error;
  wake?: () => void;
}

function deliver(mail: Mail, path: string, message: DecodeMessage): void {
  if (message.kind === 'told') mail.told = message;
  else if (message.kind === 'failed') mail.failure = new CaptureError(path, message.problem, message.advice);
  else if (message.kind === 'ended') mail.queues[message.stream]!.push(undefined);
  else {
    // One by one: a call has room for some ten thousand arguments, and a capture may name more tasks at once.
    for (const name of message.names.comms) mail.names.comms.push(name);
    for (const name of message.names.devices) mail.names.devices.push(name);
    for (const frames of message.names.stacks) mail.names.stacks.push(frames);
    mail.queues[message.stream]!.push(message);
  }
  mail.wake?.();
}

/** Waits until `ready` says so, and uses the time; the worker's failure is thrown. */
async function until({ mail, spare }: Pick<Reading, 'mail' | 'spare'>, ready: () => boolean): Promise<void> {
  while (!ready()) {
    if (mail.failure !== undefined) throw mail.failure;
    if (await spare.use()) await otherWork();
    else await nextMail(mail);
  }
}

const nextMail = (mail: Mail): Promise<void> =>
  new Promise((resolve) => {
    mail.wake = resolve;
  });

/** Starts a worker that opens the capture at once, and decodes when `over` has told it how many streams there are. */
export function startDecoding(path: string, dictionary: Dictionary): DecodingAhead {
  const credits = new Int32Array(new SharedArrayBuffer((1 + MOST_STREAMS) << 2));
  const queues = Array.from({ length: MOST_STREAMS }, () => []);
  const mail: Mail = { queues, names: { comms: [], devices: [], stacks: [] } };
  const takers = partTakers();
  const worker = startWorker({ kind: 'decode', path, dictionary, credits, takers });
  worker.on('message', (message: DecodeMessage) => deliver(mail, path, message));
  worker.on('error', (error: Error) => {
    mail.failure = readError(path, 0, error);
    mail.wake?.();
  });
  worker.on('exit', () => {
    // Nobody waits for a worker that has gone.
    if (mail.told === undefined) mail.failure ??= readError(path, 0, new Error('its decoder ended early'));
    mail.wake?.();
  });
  const give = (numbers: Iterable<number>, count: number): void => {
    for (const number of numbers) Atomics.add(credits, 1 + number, count);
    Atomics.add(credits, 0, 1);
    Atomics.notify(credits, 0);
  };
  const stop = async (): Promise<void> => {
    await worker.terminate();
  };
  const over = (capture: Capture, onProgress: (bytes: number) => void = () => {}): Capture => {
    const { streams, info } = capture;
    give(streams.keys(), Math.ceil(AHEAD / streams.length));
    const spare = spareTime(AHEAD);
    const reading = { worker, mail, takers, spare, give, onProgress, open: streams.length };
    // Both threads have met what the capture's beginning has to tell.
    const atOpening = new Map(capture.counters().map(({ name, count }) => [name, count]));
    const here = (): Counter[] =>
      capture.counters().map((one) => ({ ...one, count: one.count - (atOpening.get(one.name) ?? 0) }));
    return {
      info,
      streams: streams.map((stream, number) => aheadStream(stream, number, reading)),
      counters: () =>
        mail.told === undefined ? capture.counters() : summed([...mail.told.counters, ...here()]),
      eventCounts: () => summedCounts(capture.eventCounts(), mail.told?.eventCounts ?? new Map()),
      ...(capture.symbol === undefined ? {} : { symbol: capture.symbol.bind(capture) }),
      close: async () => {
        await Promise.all([stop(), capture.close()]);
      },
    };
  };
  return { over, stop };
}

interface Reading {
  readonly worker: Worker;
  readonly mail: Mail;
  readonly takers: Int32Array;
  readonly spare: SpareTime;
  give(numbers: Iterable<number>, count: number): void;
  onProgress(bytes: number): void;
  /** Streams that have not ended. */
  open: number;
}

function aheadStream(stream: EventStream, number: number, reading: Reading): EventStream {
  const { buffer } = stream;
  const { worker, mail, takers, spare } = reading;
  const parts = sharedParts(stream, number, takers, READER);
  const here = spare.share(parts);
  const queue = mail.queues[number]!;
  let lent: ArrayBuffer | undefined;
  let ended = false;
  const giveBack = (): void => {
    if (lent === undefined) return;
    worker.postMessage(lent, [lent]);
    reading.give([number], 1);
    lent = undefined;
  };
  const fromWorker = async (): Promise<EventBatch | undefined> => {
    giveBack();
    await until(reading, () => queue.length > 0);
    const batch = queue.shift();
    if (batch === undefined) return undefined;
    reading.onProgress(batch.position);
    lent = batch.block;
    const { rows, block, side } = batch;
    return { rows, block: new Uint8Array(block), side: new Uint8Array(side), names: mail.names };
  };
  /** What the worker has to tell comes after the last batch of all. */
  const end = async (): Promise<undefined> => {
    ended = true;
    reading.open--;
    if (reading.open === 0) await until(reading, () => mail.told !== undefined);
  };
  // A stream that does not come in parts is as it is, with times that go back.
  const batches =
    stream.parts === undefined
      ? fromWorker
      : inOrder(stream.parts, (part) => (parts.takerOf(part) === READER ? here.next(part) : fromWorker()));
  const next = async (): Promise<EventBatch | undefined> =>
    ended ? undefined : ((await batches()) ?? end());
  return { ...(buffer === undefined ? {} : { buffer }), next };
}

const placeOf = ({ first, firstAt }: Counter): number =>
  first === undefined ? Number.POSITIVE_INFINITY : (firstAt ?? 0);
const earlier = (a: Counter, b: Counter): Counter => (placeOf(b) < placeOf(a) ? b : a);

/** One counter a name, with all that was counted of it. */
function summed(counters: readonly Counter[]): Counter[] {
  const byName = new Map<string, Counter>();
  for (const counter of counters) {
    const known = byName.get(counter.name);
    byName.set(counter.name, {
      ...earlier(known ?? counter, counter),
      count: counter.count + (known?.count ?? 0),
    });
  }
  return [...byName.values()].filter(({ count }) => count > 0);
}

function summedCounts(
  some: ReadonlyMap<string, number>,
  others: ReadonlyMap<string, number>,
): Map<string, number> {
  const all = new Map(some);
  for (const [name, count] of others) all.set(name, count + (all.get(name) ?? 0));
  return all;
}
