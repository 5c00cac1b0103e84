/**
 * Which streams of a capture are decoded by the thread that reads them, rather than by the worker that decodes ahead.
 *
 * In: the streams, as the reader sees them. Out: their numbers.
 */
import type { EventStream } from './format.js';

/** The reader replays what is decoded as well, which takes less time than to decode it. */
const SHARE = 0.5;

/** The smallest streams, up to half of all bytes; none where streams are decoded with regard to each other. */
export function decodedByReader(streams: readonly EventStream[]): ReadonlySet<number> {
  const sized = streams.flatMap(({ bytes }, number) => (bytes === undefined ? [] : [{ bytes, number }]));
  if (sized.length < streams.length) return new Set();
  let left = SHARE * sized.reduce((sum, { bytes }) => sum + bytes, 0);
  const own = new Set<number>();
  for (const { bytes, number } of sized.sort((a, b) => a.bytes - b.bytes || a.number - b.number)) {
    left -= bytes;
    if (left < 0) break;
    own.add(number);
  }
  return own;
}
