/**
 * Segments of a text capture read by the thread that replays it, in time in which it would only wait for others.
 *
 * In: the text. Out: messages as a worker would send them, some of them before they are asked for.
 */
import { EVENT_BYTES } from '../../wasm/schema.js';
import type { TextTotals } from '../text-core.js';
import { type SegmentMessage, type SharedText, segmentReader } from './segments.js';
import { takePiece } from './takers.js';

export interface SegmentsHere {
  /** The next message of the segments that were taken here. */
  next(): SegmentMessage;
  /** Begins a segment, taken for this thread; all that were taken before have been read. */
  begin(segment: number): void;
  /** Reads on by a message, in a segment from `from` on that nobody reads if in none; false when there is none, or enough has been read. */
  use(from: number): boolean;
  /** A batch's memory that nobody uses any more. */
  giveBack(block: ArrayBuffer): void;
  /** Of what was read here; undefined when nothing was. */
  totals(): TextTotals | undefined;
  close(): void;
}

/** @param most Messages that may be ahead. */
export function segmentsHere(text: SharedText, me: number, most: number): SegmentsHere {
  const free: ArrayBuffer[] = [];
  const queue: SegmentMessage[] = [];
  let reader: ReturnType<typeof segmentReader> | undefined;
  let reading: Generator<SegmentMessage, void> | undefined;

  const begin = (segment: number): void => {
    reader ??= segmentReader(text, () => free.pop() ?? new ArrayBuffer(EVENT_BYTES));
    reading = reader.read(segment);
  };
  /** Reads on in the segment that was begun; false when there is none, or no more of it. */
  const readOn = (): boolean => {
    const step = reading?.next();
    if (step === undefined || step.done) {
      reading = undefined;
      return false;
    }
    queue.push(step.value);
    return true;
  };
  const use = (from: number): boolean => {
    if (queue.length >= most) return false;
    if (readOn()) return true;
    const segment = takePiece(text.takers, me, from);
    if (segment === undefined) return false;
    begin(segment);
    return readOn();
  };
  const next = (): SegmentMessage => {
    if (queue.length === 0) readOn();
    return queue.shift()!;
  };
  return {
    next,
    begin,
    use,
    giveBack: (block) => free.push(block),
    totals: () => reader?.totals(),
    close: () => reader?.close(),
  };
}
