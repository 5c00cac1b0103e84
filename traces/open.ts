/**
 * A capture, opened: the one way from a path to events.
 *
 * In: a path or "-", and an event dictionary. Out: a Capture of whichever format the bytes look like, or a CaptureError.
 */
import type { Dictionary } from './dictionary.js';
import type { Capture, Counter, Format, OpenContext } from './format.js';
import { formats as registered } from './formats/index.js';
import { notACapture } from './not-a-capture.js';
import { openSource } from './open-source.js';
import { shortened } from './printable.js';
import type { ByteSource } from './source.js';
import { canBeAhead, type DecodingAhead, startDecoding } from './threads/decode-ahead.js';
import { isWorthwhile } from './threads/workers.js';

export interface OpenOptions {
  readonly dictionary: Dictionary;
  /** Hears now and then how many bytes of the input, as it lies on disk, have been read. */
  readonly onProgress?: (bytes: number) => void;
  /** Whether a worker thread decodes; by default where that is worth while. */
  readonly ahead?: boolean;
}

/** Throws CaptureError. Closing the capture closes the input. */
export async function openCapture(
  pathOrDash: string,
  options: OpenOptions,
  formats: readonly Format[] = registered,
): Promise<Capture> {
  const { source, compressed } = await openSource(pathOrDash, options.onProgress);
  const { dictionary, onProgress } = options;
  const read = { here: 0, ahead: 0 };
  const tell = (more: Partial<typeof read>): void => {
    Object.assign(read, more);
    onProgress?.(read.here + read.ahead);
  };
  // The format counts decompressed bytes; of a compressed input the source tells how much was read.
  const context: OpenContext = compressed
    ? { dictionary }
    : { dictionary, onProgress: (here) => tell({ here }) };
  let decoding: DecodingAhead | undefined;
  try {
    const head = await source.head();
    const format = formats.find((candidate) => candidate.sniff(head));
    if (format === undefined) throw notACapture(source.name, head, formats);
    if (isForWorker(pathOrDash, source, format, options)) decoding = startDecoding(pathOrDash, dictionary);
    const capture = withSource(await format.open(source, context), source);
    if (decoding === undefined) return capture;
    // What was read to open the capture, the worker has read too.
    const opening = read.here;
    if (canBeAhead(capture)) return decoding.over(capture, (bytes) => tell({ ahead: bytes - opening }));
    await decoding.stop();
    return capture;
  } catch (error) {
    await decoding?.stop();
    await source.close();
    throw error;
  }
}

/** A worker opens the input again by its path. What must be kept to be read at any offset (compressed, a pipe) is not kept twice. */
function isForWorker(path: string, source: ByteSource, format: Format, { ahead }: OpenOptions): boolean {
  if (path === '-' || (source.path === undefined && format.inOrder !== true)) return false;
  if (ahead !== undefined) return ahead;
  return format.hasWorkers?.(source) !== true && isWorthwhile(path);
}

/** Where a counter was first seen may quote a damaged file, of which anything may come. */
const FIRST_SHOWN = 300;

const shown = (counter: Counter): Counter =>
  counter.first === undefined ? counter : { ...counter, first: shortened(counter.first, FIRST_SHOWN) };

/** The format's capture, with what the source itself has to say. */
function withSource(capture: Capture, source: ByteSource): Capture {
  return {
    info: capture.info,
    streams: capture.streams,
    counters: () => [...capture.counters(), ...source.counters()].map(shown),
    eventCounts: () => capture.eventCounts(),
    ...(capture.symbol === undefined ? {} : { symbol: capture.symbol.bind(capture) }),
    async close() {
      await capture.close();
      await source.close();
    },
  };
}
