/**
 * Segments of a text capture, shared out among those who read them: whoever is free takes the first that nobody has.
 *
 * In: a plain file, the plan, and the table of takers. Out: what a taker reads, message by message.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { TextTool } from '../wasm/schema.js';
import type { EventBatch } from './format.js';
import { type NewNames, newNames, nothingSent, type PostedBatch } from './posted-batch.js';
import { openTextCore, type TextCore, type TextTotals } from './text-core.js';
import { segmentRange, segmentsOf } from './text-segments.js';

/** What all takers need to know. */
export interface SharedText {
  readonly path: string;
  readonly size: number;
  readonly plan: Uint8Array;
  readonly tool: TextTool;
  readonly module: WebAssembly.Module;
  /** Shared, an int32 a segment: who reads it, 0 = nobody yet. */
  readonly takers: Int32Array;
}

export type SegmentMessage =
  | ({ kind: 'batch'; names: NewNames; position: number } & PostedBatch)
  /** A segment is done; `lines` it had. */
  | { kind: 'segment'; lines: number };

export const noTakers = (size: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(4 * segmentsOf(size)));

/** Who reads a segment; `me` if nobody did. */
export function takerOf(takers: Int32Array, segment: number, me: number): number {
  const taker = Atomics.compareExchange(takers, segment, 0, me);
  return taker === 0 ? me : taker;
}

/** The first segment from `from` on that nobody had, now `me`'s; undefined when all are taken. */
export function takeSegment(takers: Int32Array, me: number, from: number): number | undefined {
  for (let segment = from; segment < takers.length; segment++)
    if (Atomics.compareExchange(takers, segment, 0, me) === 0) return segment;
  return undefined;
}

export interface SegmentReader {
  /** Reads a segment, one message at a time. */
  read(segment: number): Generator<SegmentMessage, void>;
  /** Of all segments read so far. */
  totals(): TextTotals;
  close(): void;
}

/** @param copyOf Makes of a batch one that stays what it is. */
export function segmentReader(
  { path, size, plan, tool, module }: SharedText,
  copyOf: (batch: Omit<EventBatch, 'names'>) => PostedBatch,
): SegmentReader {
  const core = openTextCore(plan, tool, module);
  const fd = openSync(path, 'r');
  const sent = nothingSent();
  function message(position: number): SegmentMessage {
    const { names, ...batch } = core.batch();
    const copy = copyOf(batch);
    core.empty();
    return { kind: 'batch', ...copy, position, names: newNames(names, sent) };
  }
  function* read(segment: number): Generator<SegmentMessage, void> {
    const lines = core.lines();
    for (const position of batchesIn(core, fd, segmentRange(fd, size, segment, tool)))
      yield message(position);
    yield { kind: 'segment', lines: core.lines() - lines };
  }
  return { read, totals: core.totals, close: () => closeSync(fd) };
}

/** Fills one batch after another; yields how far the file has been read. */
function* batchesIn(
  core: TextCore,
  fd: number,
  { from, to }: { from: number; to: number },
): Generator<number, void> {
  for (let at = from; ; ) {
    while (core.run()) yield at;
    const room = core.room();
    const count = at < to ? readSync(fd, room, 0, Math.min(room.length, to - at), at) : 0;
    if (count === 0) break;
    core.fed(count);
    at += count;
  }
  while (core.finish()) yield to;
  if (core.rows() > 0) yield to;
}
