/**
 * A worker's job: to decode a capture ahead of its reader, but for the streams that the reader itself decodes.
 *
 * In: a path, the dictionary, and how many batches each stream may be ahead, which tells whose it is. Out: messages: batches whose memory is handed over, with
 * the names that are new; at the end what was counted.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Dictionary } from './dictionary.js';
import { CaptureError, type Counter, type EventBatch, type EventStream } from './format.js';
import { openCapture } from './open.js';
import { copyOf, type NewNames, newNames, nothingSent, type PostedBatch } from './posted-batch.js';

export interface DecodeJob {
  readonly path: string;
  readonly dictionary: Dictionary;
  /**
   * Word 0 counts how often credits were given; word 1 + n is how many more batches of stream n may be sent. The first time, before
   * which nothing is decoded, all streams that are the worker's get some.
   */
  readonly credits: Int32Array;
}

export interface Batch extends PostedBatch {
  readonly kind: 'batch';
  readonly stream: number;
  readonly names: NewNames;
  /** Bytes of the input that were read then. */
  readonly position: number;
}

export type DecodeMessage =
  | Batch
  | { readonly kind: 'ended'; readonly stream: number }
  /** All streams of the worker have ended, and this is known now. */
  | {
      readonly kind: 'told';
      readonly counters: readonly Counter[];
      readonly eventCounts: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'failed'; readonly problem: string; readonly advice: string };

interface Feeding {
  readonly stream: EventStream;
  readonly number: number;
}

async function decode({ path, dictionary, credits }: DecodeJob, port: MessagePort): Promise<void> {
  let position = 0;
  const capture = await openCapture(path, {
    dictionary,
    ahead: false,
    onProgress: (bytes) => {
      position = bytes;
    },
  });
  const sent = nothingSent();
  const send = (stream: number, { names, ...batch }: EventBatch): void => {
    const copy = copyOf(batch);
    const message: Batch = { kind: 'batch', stream, position, ...copy, names: newNames(names, sent) };
    port.postMessage(message, [copy.block, copy.side]);
  };
  /** Sends the stream's next batch if it may; whether it did something. */
  const feed = async ({ stream, number }: Feeding, ended: () => void): Promise<boolean> => {
    if (Atomics.load(credits, 1 + number) <= 0) return false;
    Atomics.sub(credits, 1 + number, 1);
    const batch = await stream.next();
    if (batch !== undefined) send(number, batch);
    else {
      ended();
      port.postMessage({ kind: 'ended', stream: number } satisfies DecodeMessage);
    }
    return true;
  };
  Atomics.wait(credits, 0, 0);
  const all = capture.streams.map((stream, number) => ({ stream, number }));
  const open = new Set<Feeding>(all.filter(({ number }) => Atomics.load(credits, 1 + number) > 0));
  while (open.size > 0) {
    const given = Atomics.load(credits, 0);
    let fed = false;
    for (const one of open) fed = (await feed(one, () => open.delete(one))) || fed;
    if (!fed) Atomics.wait(credits, 0, given);
  }
  const told = { counters: capture.counters(), eventCounts: capture.eventCounts() };
  await capture.close();
  port.postMessage({ kind: 'told', ...told } satisfies DecodeMessage);
}

/** Does the job; a capture that cannot be read is a message. */
export async function decodeAhead(job: DecodeJob, port: MessagePort): Promise<void> {
  try {
    await decode(job, port);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const { problem, advice } = error;
    port.postMessage({ kind: 'failed', problem, advice } satisfies DecodeMessage);
  }
}
