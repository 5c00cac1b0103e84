/**
 * Parts of streams that a thread decodes when it is asked for a batch, and in time in which it would only wait for another thread.
 *
 * In: streams' parts, shared out. Out: batches of those that were taken here, some of them ahead; a batch that was handed out stays what it is
 * while time is used.
 */
import { EVENT_BYTES } from '../../wasm/schema.js';
import type { EventBatch } from '../format.js';
import type { SharedParts } from './shared-parts.js';

export interface SpareTime {
  /** A stream, of which parts are taken from now on whenever there is time. */
  share(parts: SharedParts): PartsHere;
  /** Decodes one batch of the stream that is the least ahead; false when nothing is left to do ahead. No stream may be asked meanwhile. */
  use(): Promise<boolean>;
}

export interface PartsHere {
  /** The next batch of a part that was taken here, undefined at its end: of each part, in their order. It stays what it is until the next call. */
  next(part: number): Promise<EventBatch | undefined>;
}

interface Shared {
  readonly parts: SharedParts;
  /** What was decoded ahead, `undefined` where a part ended. */
  readonly queue: (EventBatch | undefined)[];
  /** The part being decoded, if any, and the first that may be taken then. */
  part?: number | undefined;
  from: number;
  /** All parts are taken. */
  done: boolean;
}

/** @param most Batches that all streams together may be ahead. */
export function spareTime(most: number): SpareTime {
  const all: Shared[] = [];
  const free: ArrayBuffer[] = [];

  async function decode(one: Shared, part: number): Promise<EventBatch | undefined> {
    const memory = free.pop() ?? new ArrayBuffer(EVENT_BYTES);
    const batch = await one.parts.next(part, memory);
    if (batch === undefined) free.push(memory);
    one.part = batch === undefined ? undefined : part;
    one.from = part + 1;
    return batch;
  }
  /** Of the streams that have a part to decode, the least ahead. */
  function leastAhead(): Shared | undefined {
    for (;;) {
      const open = all.filter(({ done }) => !done);
      if (open.length === 0) return undefined;
      const least = open.reduce((a, b) => (b.queue.length < a.queue.length ? b : a));
      least.part ??= least.parts.take(least.from);
      if (least.part !== undefined) return least;
      least.done = true;
    }
  }
  async function use(): Promise<boolean> {
    if (all.reduce((sum, { queue }) => sum + queue.length, 0) >= most) return false;
    const least = leastAhead();
    if (least === undefined) return false;
    least.queue.push(await decode(least, least.part!));
    return true;
  }
  function share(parts: SharedParts): PartsHere {
    const one: Shared = { parts, queue: [], from: 0, done: false };
    all.push(one);
    let lent: EventBatch | undefined;
    const next = async (part: number): Promise<EventBatch | undefined> => {
      if (lent !== undefined) free.push(lent.block.buffer as ArrayBuffer);
      lent = undefined;
      lent = one.queue.length > 0 ? one.queue.shift() : await decode(one, part);
      return lent;
    };
    return { next };
  }
  return { share, use };
}
