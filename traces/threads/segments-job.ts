/**
 * A worker's job: to read segments of a text capture as long as there are any.
 *
 * In: the text, and who the worker is among its takers. Out: messages with batches whose memory is handed over, and with the names that are new.
 * It runs ahead of its reader by the number of its credits; the reader gives one back, with the memory, for each batch it is done with.
 */
import type { MessagePort } from 'node:worker_threads';
import type { TextTotals } from '../text-core.js';
import { blockMemory } from './posted-batch.js';
import { type SegmentMessage, type SharedText, segmentReader } from './segments.js';
import { takePiece } from './takers.js';

export interface SegmentsJob extends SharedText {
  readonly me: number;
  /** One int32: how many more batches may be sent. */
  readonly credits: Int32Array;
}

export type SegmentsMessage = SegmentMessage | { kind: 'end'; totals: TextTotals };

function takeCredit(credits: Int32Array): void {
  while (Atomics.load(credits, 0) <= 0) Atomics.wait(credits, 0, 0);
  Atomics.sub(credits, 0, 1);
}

export function readSegments(job: SegmentsJob, port: MessagePort): void {
  const reader = segmentReader(job, () => {
    takeCredit(job.credits);
    return blockMemory();
  });
  const { takers, me } = job;
  for (let at = takePiece(takers, me, 0); at !== undefined; at = takePiece(takers, me, at + 1)) {
    for (const message of reader.read(at))
      port.postMessage(message, message.kind === 'batch' ? [message.block, message.side] : []);
  }
  reader.close();
  port.postMessage({ kind: 'end', totals: reader.totals() } satisfies SegmentsMessage);
}
