/**
 * Decompression: whole blocks at once (the chunks inside a trace.dat), and streams of any length (a whole file).
 *
 * In: compressed bytes. Out: plain bytes; damaged ones give false (blocks), or an end with a reason (streams).
 *
 * zstd is `zstddec` (the reference decoder as Wasm). A 13.9 MB ftrace text of 237 MB took it 0.27 s as a stream; `fzstd`
 * (plain JavaScript) 1.16 s; `zstd -d` 0.16 s. 16 KiB chunks of a trace.dat: 570 and 48 MB/s. Node's own
 * zlib has zstd from 22.15 only. gzip and zlib are Node's.
 */
import { constants, createGunzip, inflateSync } from 'node:zlib';
import type { ZSTDDecoder } from 'zstddec/stream';
import { loadZstd, type Zstd } from './zstd.js';

export type Inflate = Zstd['inflate'];

/** A zlib stream (RFC 1950), as trace-cmd's zlib chunks are. */
export const inflateZlib: Inflate = (block, plain) => {
  try {
    const inflated = inflateSync(block, { maxOutputLength: Math.max(plain.length, 1) });
    if (inflated.length !== plain.length) return false;
    plain.set(inflated);
    return true;
  } catch {
    return false;
  }
};

/** Await it once, then inflate many blocks, each of one or more zstd frames, with what it gives. */
export const loadInflateZstd = async (): Promise<Inflate> => (await loadZstd()).inflate;

/** A zstd stream that comes in pieces, as the compressed records of a perf.data do. */
export interface ZstdStream {
  /** Only once `next` has said that there is nothing more. */
  feed(piece: Uint8Array): void;
  /** The next bytes; undefined when it wants another piece, which may bring the last bytes of this one. */
  next(): Uint8Array | undefined;
  /** There are no more pieces; what `next` gives now is the rest. */
  end(): void;
  /** Why there is nothing more, where that is not the end. */
  readonly problem: string | undefined;
}

export async function openZstdStream(): Promise<ZstdStream> {
  const steps = new ZstdSteps((await loadZstd()).decoder);
  let over = false;
  return {
    feed: (piece) => steps.feed(piece),
    next() {
      while (!over && !steps.wantsInput) {
        const bytes = steps.next();
        if (bytes === undefined) over = true;
        else if (bytes.length > 0) return bytes;
      }
      return undefined;
    },
    end() {
      // The decoder may hold back what did not fit its output; it gives it when it is given any input. One byte is none.
      steps.feed(Uint8Array.of(0));
      steps.end();
    },
    get problem() {
      // Such a stream is never finished by its writer.
      return steps.problem === CUT_SHORT ? undefined : steps.problem;
    },
  };
}

/** How a decompressed stream ended before its time. */
export interface StreamEnd {
  problem?: string;
}

/**
 * A decompressor of streams: it yields what could be read, then sets `end.problem` where that was not all.
 * A cut costs nothing that was there; damage costs up to 256 KiB before it, which the decoder holds when it finds out.
 */
export type Decompress = (input: AsyncIterable<Uint8Array>, end: StreamEnd) => AsyncIterable<Uint8Array>;

const CUT_SHORT = 'the zstd data is cut short';

/**
 * zstddec's streaming decoder, one step at a time. It pulls its input from an iterable, does not report the decoder's
 * errors, and on one repeats an empty step for ever: so we count the empty steps since it last asked for input.
 */
class ZstdSteps {
  problem: string | undefined;
  private waiting: Uint8Array | undefined;
  private ended = false;
  private emptySteps = 0;
  private readonly output: Generator<Uint8Array>;

  constructor(decoder: ZSTDDecoder) {
    this.output = decoder.decodeStreaming(this.input());
  }

  /** Whether it may ask for input in its next step. */
  get wantsInput(): boolean {
    return this.waiting === undefined && !this.ended;
  }

  feed(bytes: Uint8Array): void {
    this.waiting = bytes;
  }

  end(): void {
    this.ended = true;
  }

  /** The next bytes, maybe none; undefined at the end. */
  next(): Uint8Array | undefined {
    try {
      const step = this.output.next();
      if (step.done) return undefined;
      this.emptySteps = step.value.length === 0 ? this.emptySteps + 1 : 0;
      if (this.emptySteps <= EMPTY_STEPS_MOST) return step.value;
      this.problem = 'the zstd data is damaged';
    } catch {
      // decodeStreaming throws one error of its own, after the last input: "Incomplete stream, more data expected."
      this.problem = CUT_SHORT;
    }
    return undefined;
  }

  private *input(): Generator<Uint8Array> {
    while (this.waiting !== undefined) {
      const bytes = this.waiting;
      this.waiting = undefined;
      this.emptySteps = 0;
      yield bytes;
    }
  }
}

/** Sound data gives one empty step for input without output, and one for each skippable frame. */
const EMPTY_STEPS_MOST = 4096;

export const decompressZstd: Decompress = async function* (input, end) {
  const steps = new ZstdSteps((await loadZstd()).decoder);
  const chunks = input[Symbol.asyncIterator]();
  for (;;) {
    if (steps.wantsInput) {
      const chunk = await chunks.next();
      if (chunk.done) steps.end();
      else steps.feed(chunk.value);
    }
    const bytes = steps.next();
    if (bytes === undefined) break;
    if (bytes.length > 0) yield bytes;
  }
  if (steps.problem !== undefined) end.problem = steps.problem;
};

export const decompressGzip: Decompress = async function* (input, end) {
  const gunzip = createGunzip({ chunkSize: 256 << 10 });
  let parts: Uint8Array[] = [];
  let problem: string | undefined;
  gunzip.on('data', (part: Uint8Array) => parts.push(part));
  const over = new Promise<void>((resolve) => {
    gunzip.once('end', resolve);
    gunzip.once('error', (error) => {
      problem = gzipProblem(error);
      resolve();
    });
  });
  try {
    // One input chunk at a time, so that what came before the damage is not thrown away with the stream's buffers.
    for await (const chunk of input) {
      if (problem !== undefined || gunzip.readableEnded) break;
      await Promise.race([over, new Promise<void>((resolve) => gunzip.write(chunk, () => resolve()))]);
      yield* parts;
      parts = [];
    }
    gunzip.end();
    await over;
    yield* parts;
    if (problem !== undefined) end.problem = problem;
  } finally {
    gunzip.destroy();
  }
};

const gzipProblem = (error: NodeJS.ErrnoException): string =>
  error.errno === constants.Z_BUF_ERROR
    ? 'the gzip data is cut short'
    : `the gzip data is damaged (${error.message})`;
