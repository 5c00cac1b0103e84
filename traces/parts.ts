/**
 * A stream out of its parts, whoever decodes them.
 *
 * In: the parts' batches, in the parts' order. Out: the same batches, in which no time is before the one above it: the replay merges streams by time.
 */
import { EVENT_TS, EVENT_TYPE } from '../wasm/schema.js';
import { type EventBatch, type StreamParts, TYPE_LOST } from './format.js';
import { copyInto } from './threads/posted-batch.js';

type Next = () => Promise<EventBatch | undefined>;

const timesOf = ({ block, rows }: EventBatch): BigInt64Array =>
  new BigInt64Array(block.buffer, block.byteOffset + EVENT_TS, rows);
const typesOf = ({ block, rows }: EventBatch): Uint16Array =>
  new Uint16Array(block.buffer, block.byteOffset + EVENT_TYPE, rows);

/** Gives rows whose times are before `time` that time; how many of them are events. */
function raise(batch: EventBatch, time: bigint): number {
  const times = timesOf(batch);
  const types = typesOf(batch);
  let events = 0;
  for (let row = 0; row < times.length && times[row]! < time; row++) {
    times[row] = time;
    if (types[row] !== TYPE_LOST) events++;
  }
  return events;
}

/** Gives losses at the batch's top that have no time the time of what comes below them; false when nothing does. */
function timeLosses(batch: EventBatch): boolean {
  const times = timesOf(batch);
  const types = typesOf(batch);
  let row = 0;
  while (row < times.length && types[row] === TYPE_LOST && times[row] === 0n) row++;
  if (row === times.length) return false;
  times.fill(times[row]!, 0, row);
  return true;
}

/** @param next The next batch of a part, undefined at its end; each is valid until the next call. */
export function inOrder(
  { count, wentBack }: Pick<StreamParts, 'count' | 'wentBack'>,
  next: (part: number) => Promise<EventBatch | undefined>,
): Next {
  let part = 0;
  let last: bigint | undefined;
  /** What was lost before anything could be read. */
  let lost: EventBatch | undefined;
  /** What comes behind `lost`, which was handed out. */
  let waiting: EventBatch | undefined;

  async function read(): Promise<EventBatch | undefined> {
    for (; part < count; part++) {
      const batch = await next(part);
      if (batch !== undefined) return batch;
    }
    return undefined;
  }
  function placed(batch: EventBatch): EventBatch {
    const times = timesOf(batch);
    if (last !== undefined && times[0]! < last) wentBack(raise(batch, last));
    last = times.at(-1);
    return batch;
  }
  /** `lost` first, at the time of what comes then. */
  function afterLost(first: EventBatch, then: EventBatch | undefined): EventBatch {
    lost = undefined;
    waiting = then;
    if (then !== undefined) raise(first, timesOf(then)[0]!);
    return first;
  }
  return async () => {
    const before = waiting;
    waiting = undefined;
    if (before !== undefined) return placed(before);
    for (;;) {
      const batch = await read();
      if (batch !== undefined && last === undefined && !timeLosses(batch)) lost ??= copyInto(batch);
      else if (lost !== undefined) return afterLost(lost, batch);
      else return batch === undefined ? undefined : placed(batch);
    }
  };
}
