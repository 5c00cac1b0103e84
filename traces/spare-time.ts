/**
 * Streams that a thread decodes when it is asked for a batch, and in time in which it would only wait for another thread.
 *
 * In: streams. Out: the same streams, some batches ahead; a batch that was handed out stays what it is while time is used.
 */
import type { EventBatch, EventStream } from './format.js';
import { copyInto } from './posted-batch.js';

export interface SpareTime {
  /** The stream, decoded ahead from now on whenever there is time. */
  share(stream: EventStream): EventStream;
  /** Decodes one batch of the stream that is the least ahead; false when nothing is left to do ahead. No stream may be asked meanwhile. */
  use(): Promise<boolean>;
}

interface Shared {
  readonly stream: EventStream;
  readonly queue: EventBatch[];
  ended: boolean;
}

/** @param most Batches that all streams together may be ahead. */
export function spareTime(most: number): SpareTime {
  const all: Shared[] = [];
  const free: ArrayBuffer[] = [];

  function kept(batch: EventBatch): EventBatch {
    const { rows, block, side } = copyInto(batch, free.pop());
    return { rows, block: new Uint8Array(block), side: new Uint8Array(side), names: batch.names };
  }
  async function use(): Promise<boolean> {
    const open = all.filter(({ ended }) => !ended);
    if (open.length === 0 || all.reduce((sum, { queue }) => sum + queue.length, 0) >= most) return false;
    const least = open.reduce((a, b) => (b.queue.length < a.queue.length ? b : a));
    const batch = await least.stream.next();
    if (batch === undefined) least.ended = true;
    else least.queue.push(kept(batch));
    return true;
  }
  function share(stream: EventStream): EventStream {
    const one: Shared = { stream, queue: [], ended: false };
    all.push(one);
    let lent: EventBatch | undefined;
    const next = async (): Promise<EventBatch | undefined> => {
      if (lent !== undefined) free.push(lent.block.buffer as ArrayBuffer);
      lent = one.queue.shift();
      if (lent !== undefined || one.ended) return lent;
      const batch = await stream.next();
      lent = batch === undefined ? undefined : kept(batch);
      return lent;
    };
    return { ...stream, next };
  }
  return { share, use };
}
