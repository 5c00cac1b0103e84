/**
 * A worker's job: to decode a capture ahead of its reader, but for the parts that the reader itself decodes.
 *
 * In: a path, the dictionary, how many batches each stream may be ahead, and who has which parts. Out: messages: batches whose memory is
 * handed over, with the names that are new; at the end what was counted.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Dictionary } from '../dictionary.js';
import { CaptureError, type Counter, type EventBatch } from '../format.js';
import { openCapture } from '../open.js';
import {
  blockMemory,
  type NewNames,
  newNames,
  nothingSent,
  type PostedBatch,
  posted,
} from './posted-batch.js';
import { type SharedParts, sharedParts, WORKER } from './shared-parts.js';

export interface DecodeJob {
  readonly path: string;
  readonly dictionary: Dictionary;
  /** Word 0 counts how often credits were given, before which nothing is decoded; word 1 + n is how many more batches of stream n may be sent. */
  readonly credits: Int32Array;
  /** See shared-parts.ts. */
  readonly takers: Int32Array;
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
  /** The part of the stream is done. */
  | { readonly kind: 'ended'; readonly stream: number }
  /** There are no parts left, and this is known now. */
  | {
      readonly kind: 'told';
      readonly counters: readonly Counter[];
      readonly eventCounts: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'failed'; readonly problem: string; readonly advice: string };

interface Feeding {
  readonly number: number;
  readonly parts: SharedParts;
  /** The part being decoded, if any, and the first that may be taken then. */
  part?: number | undefined;
  from: number;
}

async function decode({ path, dictionary, credits, takers }: DecodeJob, port: MessagePort): Promise<void> {
  let position = 0;
  const capture = await openCapture(path, {
    dictionary,
    ahead: false,
    onProgress: (bytes) => {
      position = bytes;
    },
  });
  const sent = nothingSent();
  const send = (stream: number, batch: EventBatch): void => {
    const { block, side, rows } = posted(batch);
    const names = newNames(batch.names, sent);
    const message: Batch = { kind: 'batch', stream, position, rows, block, side, names };
    port.postMessage(message, [block, side]);
  };
  const open = new Set<Feeding>();
  let memory: ArrayBuffer | undefined;
  /** Sends the stream's next batch if it may; whether it did something. */
  const feed = async (one: Feeding): Promise<boolean> => {
    if (Atomics.load(credits, 1 + one.number) <= 0) return false;
    one.part ??= one.parts.take(one.from);
    if (one.part === undefined) return open.delete(one);
    memory ??= blockMemory();
    const batch = await one.parts.next(one.part, memory);
    if (batch !== undefined) {
      memory = undefined;
      Atomics.sub(credits, 1 + one.number, 1);
      send(one.number, batch);
    } else {
      port.postMessage({ kind: 'ended', stream: one.number } satisfies DecodeMessage);
      one.from = one.part + 1;
      one.part = undefined;
    }
    return true;
  };
  Atomics.wait(credits, 0, 0);
  for (const [number, stream] of capture.streams.entries())
    open.add({ number, parts: sharedParts(stream, number, takers, WORKER), from: 0 });
  while (open.size > 0) {
    const given = Atomics.load(credits, 0);
    let fed = false;
    for (const one of open) fed = (await feed(one)) || fed;
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
