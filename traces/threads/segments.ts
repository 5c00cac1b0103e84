/**
 * Segments of a text capture, read by whoever has taken them.
 *
 * In: a plain file, the plan, and the table of takers. Out: what a taker reads, message by message.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { TextTool } from '../../wasm/schema.js';
import { openTextCore, type TextCore, type TextTotals } from '../text-core.js';
import { copyInto, type NewNames, newNames, nothingSent, type PostedBatch, posted } from './posted-batch.js';
import { segmentRange } from './text-segments.js';

/** What all takers need to know. */
export interface SharedText {
  readonly path: string;
  readonly size: number;
  readonly plan: Uint8Array;
  readonly tool: TextTool;
  readonly module: WebAssembly.Module;
  /** Who reads which segment; see takers.ts. */
  readonly takers: Int32Array;
}

export type SegmentMessage =
  | ({ kind: 'batch'; names: NewNames; position: number } & PostedBatch)
  /** A segment is done; `lines` it had. */
  | { kind: 'segment'; lines: number };

export interface SegmentReader {
  /** Reads a segment, one message at a time. */
  read(segment: number): Generator<SegmentMessage, void>;
  /** Of all segments read so far. */
  totals(): TextTotals;
  close(): void;
}

/** @param memory Gives memory for a batch's block. */
export function segmentReader(
  { path, size, plan, tool, module }: SharedText,
  memory: () => ArrayBuffer,
): SegmentReader {
  const core = openTextCore(plan, tool, module);
  const fd = openSync(path, 'r');
  const sent = nothingSent();
  function message(position: number): SegmentMessage {
    const batch = copyInto(core.batch(), memory());
    core.empty();
    return { kind: 'batch', ...posted(batch), position, names: newNames(batch.names, sent) };
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
