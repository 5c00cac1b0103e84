/**
 * The parts of a capture's streams, shared out between the worker that decodes ahead and the thread that reads.
 *
 * In: streams, as both have opened them. Out: for each the parts, and who has which.
 */
import { type EventStream, MOST_PARTS, type StreamParts } from '../format.js';
import { copyInto } from './posted-batch.js';
import { noTakers, takePiece, takerOf } from './takers.js';

/** With more, the batches that wait would need more memory than the time is worth. */
export const MOST_STREAMS = 64;

/** Takers of parts. */
export const READER = 1;
export const WORKER = 2;

/** Room for all streams there may be: a worker starts before it is known how many there are. */
export const partTakers = (): Int32Array => noTakers(MOST_STREAMS * MOST_PARTS);

export interface SharedParts extends Pick<StreamParts, 'next'> {
  /** Takes the first part from `from` on that nobody had; undefined when there is none left. */
  take(from: number): number | undefined;
  /** Who has a part: from now on the one who asks, if nobody had. */
  takerOf(part: number): number;
}

/** A stream's parts, as `me` sees them. A stream that has none is one part, and the worker's: it is decoded with regard to others. */
export function sharedParts(
  { parts, next }: EventStream,
  number: number,
  takers: Int32Array,
  me: number,
): SharedParts {
  const first = number * MOST_PARTS;
  const own = takers.subarray(first, first + (parts?.count ?? 1));
  const isWorkers = parts === undefined;
  const nextOfWhole: StreamParts['next'] = async (_part, memory) => {
    const batch = await next();
    return batch === undefined ? undefined : copyInto(batch, memory);
  };
  return {
    next: parts?.next ?? nextOfWhole,
    take: (from) => (isWorkers && me !== WORKER ? undefined : takePiece(own, me, from)),
    takerOf: (part) => (isWorkers ? WORKER : takerOf(own, part, me)),
  };
}
