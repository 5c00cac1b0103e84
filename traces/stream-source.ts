/**
 * A stream as a ByteSource: a pipe, or what comes out of a decompressor.
 *
 * In: chunks of bytes of any size, once. Out: the same bytes in order with one chunk in memory; or, from the first
 * `readAt` on, out of a temporary file that no longer has a name.
 */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamEnd } from './decompress.js';
import { fileSource, reasonOf } from './file-source.js';
import { CaptureError, type Counter } from './format.js';
import { type ByteSource, HEAD_BYTES } from './source.js';

export interface ChunkStream {
  /** The stream's chunks; the iterator is closed with the source. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Says after the last chunk whether the stream ended before its time. */
  readonly end: StreamEnd;
  /** Closes what the chunks come from. */
  close(): Promise<void>;
}

/** A file for reading and writing that disappears with its descriptor. */
function openSpool(): number {
  const folder = mkdtempSync(join(tmpdir(), 'dmaspan-'));
  try {
    return openSync(join(folder, 'spool'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function spoolError(name: string, error: unknown): CaptureError {
  return new CaptureError(
    name,
    `needs to be read at random, and copying it to a temporary file in ${tmpdir()} failed: ${reasonOf(error)}`,
    'Set TMPDIR to a folder with room, or decompress the file and give its path.',
  );
}

class StreamSource implements ByteSource {
  size?: number;
  /** Bytes that were taken from the stream and not yet handed out. */
  private pending: Uint8Array = new Uint8Array(0);
  private handedOut = 0;
  private received = 0;
  private spool?: ByteSource;
  private readonly iterator: AsyncIterator<Uint8Array>;

  constructor(
    readonly name: string,
    private readonly stream: ChunkStream,
  ) {
    this.iterator = stream.chunks[Symbol.asyncIterator]();
  }

  async head(): Promise<Uint8Array> {
    if (this.spool !== undefined) return this.spool.head();
    if (this.pending.length < HEAD_BYTES) {
      const parts = [this.pending];
      for (let bytes = this.pending.length; bytes < HEAD_BYTES; bytes += parts.at(-1)!.length) {
        const next = await this.nextChunk();
        if (next === undefined) break;
        parts.push(next);
      }
      this.pending = Buffer.concat(parts);
    }
    return this.pending.subarray(0, HEAD_BYTES);
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.spool !== undefined) return this.spool.read(target);
    let done = 0;
    while (done < target.length) {
      if (this.pending.length === 0) {
        const next = await this.nextChunk();
        if (next === undefined) break;
        this.pending = next;
      }
      const part = this.pending.subarray(0, target.length - done);
      target.set(part, done);
      this.pending = this.pending.subarray(part.length);
      done += part.length;
    }
    this.handedOut += done;
    return done;
  }

  async readAt(target: Uint8Array, offset: number): Promise<number> {
    this.spool ??= await this.fillSpool();
    return this.spool.readAt(target, offset);
  }

  counters(): Counter[] {
    const { problem } = this.stream.end;
    if (problem === undefined) return [];
    const help = `The input ends early: ${problem}. What came before is in the report; copy the file again, or record again.`;
    const first = `after ${this.received} bytes of decompressed data`;
    return [{ name: 'input-cut-short', severity: 'error', count: 1, help, first }];
  }

  async close(): Promise<void> {
    await this.spool?.close();
    await this.iterator.return?.();
    await this.stream.close();
  }

  private async nextChunk(): Promise<Uint8Array | undefined> {
    const next = await this.iterator.next();
    if (next.done) return undefined;
    this.received += next.value.length;
    return next.value;
  }

  private async fillSpool(): Promise<ByteSource> {
    if (this.handedOut > 0) throw new Error('readAt after read on a stream: what was read is gone');
    let fd: number | undefined;
    try {
      fd = openSpool();
      for (
        let chunk: Uint8Array | undefined = this.pending;
        chunk !== undefined;
        chunk = await this.nextChunk()
      ) {
        for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
      }
    } catch (error) {
      throw error instanceof CaptureError ? error : spoolError(this.name, error);
    }
    this.pending = new Uint8Array(0);
    const spool = fileSource(fd, this.name);
    this.size = spool.size!;
    return spool;
  }
}

export const streamSource = (name: string, stream: ChunkStream): ByteSource => new StreamSource(name, stream);
