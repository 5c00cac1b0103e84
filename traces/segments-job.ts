/**
 * A worker's job: to read every nth segment of a text capture.
 *
 * In: a plain file, the plan, which segments. Out: messages with batches whose memory is handed over, and with the names that are new.
 * It runs ahead of its reader by the number of its credits; the reader gives one back, with the memory, for each batch it is done with.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import type { TextTool } from '../wasm/schema.js';
import { copyOf, type NewNames, newNames, nothingSent, type PostedBatch } from './posted-batch.js';
import { openTextCore, type TextCore, type TextTotals } from './text-core.js';
import { segmentRange, segmentsOf } from './text-segments.js';

export interface SegmentsJob {
  readonly path: string;
  readonly size: number;
  readonly plan: Uint8Array;
  readonly tool: TextTool;
  readonly module: WebAssembly.Module;
  /** This worker reads the segments first, first + step, … */
  readonly first: number;
  readonly step: number;
  /** One int32: how many more batches may be sent. */
  readonly credits: Int32Array;
}

export type SegmentsMessage =
  | ({ kind: 'batch'; names: NewNames; position: number } & PostedBatch)
  /** A segment is done; `lines` it had. */
  | { kind: 'segment'; lines: number }
  | { kind: 'end'; totals: TextTotals };

function takeCredit(credits: Int32Array): void {
  while (Atomics.load(credits, 0) <= 0) Atomics.wait(credits, 0, 0);
  Atomics.sub(credits, 0, 1);
}

export function readSegments(job: SegmentsJob, port: MessagePort): void {
  const core = openTextCore(job.plan, job.tool, job.module);
  const fd = openSync(job.path, 'r');
  const sent = nothingSent();
  const send = (position: number): void => {
    takeCredit(job.credits);
    const { names, ...batch } = core.batch();
    const copy = copyOf(batch);
    const message: SegmentsMessage = { kind: 'batch', ...copy, position, names: newNames(names, sent) };
    port.postMessage(message, [copy.block, copy.side]);
    core.empty();
  };
  for (let index = job.first; index < segmentsOf(job.size); index += job.step) {
    const lines = core.lines();
    readSegment(core, fd, segmentRange(fd, job.size, index, job.tool), send);
    port.postMessage({ kind: 'segment', lines: core.lines() - lines } satisfies SegmentsMessage);
  }
  closeSync(fd);
  port.postMessage({ kind: 'end', totals: core.totals() } satisfies SegmentsMessage);
}

function readSegment(
  core: TextCore,
  fd: number,
  { from, to }: { from: number; to: number },
  send: (position: number) => void,
): void {
  for (let at = from; ; ) {
    while (core.run()) send(at);
    const room = core.room();
    const count = at < to ? readSync(fd, room, 0, Math.min(room.length, to - at), at) : 0;
    if (count === 0) break;
    core.fed(count);
    at += count;
  }
  while (core.finish()) send(to);
  if (core.rows() > 0) send(to);
}
