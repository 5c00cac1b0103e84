/**
 * A capture's batches in memory, so that the replay can be fed without decoding.
 *
 * In: a path. Out: batches in the order in which the replay asks for them, and the replay of them.
 */
import { type Core, createCore, type Retention } from '../analyzer/core.js';
import { createNameRegistry } from '../analyzer/name-registry.js';
import { coreTypes } from '../analyzer/pipeline.js';
import { type Dictionary, loadDictionary } from '../traces/dictionary.js';
import type { EventBatch } from '../traces/format.js';
import { openCapture } from '../traces/open.js';
import { EVENT_TS, ROWS } from '../wasm/schema.js';

export interface Recorded {
  readonly dictionary: Dictionary;
  readonly streams: readonly (readonly EventBatch[])[];
  readonly events: number;
}

/** Decodes a capture; stops after about `most` events. */
export async function recordBatches(path: string, most: number): Promise<Recorded> {
  const dictionary = await loadDictionary([]);
  const capture = await openCapture(path, { dictionary });
  let events = 0;
  const streams: EventBatch[][] = [];
  for (const stream of capture.streams) {
    const batches: EventBatch[] = [];
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
      batches.push({ ...batch, block: batch.block.slice(), side: batch.side.slice() });
      events += batch.rows;
      if (events >= most) break;
    }
    streams.push(batches);
  }
  await capture.close();
  return { dictionary, streams, events };
}

/** Adds to every time, in place. */
export function shiftTimes({ streams }: Recorded, ns: bigint): void {
  for (const { block, rows } of streams.flat()) {
    const ts = new BigInt64Array(block.buffer, block.byteOffset + EVENT_TS, ROWS);
    for (let row = 0; row < rows; row++) ts[row] = ts[row]! + ns;
  }
}

/** Time from the first to the last event of the only stream, ns. */
export function spanOf({ streams: [batches] }: Recorded): bigint {
  const at = ({ block }: EventBatch, row: number) =>
    new BigInt64Array(block.buffer, block.byteOffset + EVENT_TS, ROWS)[row]!;
  const last = batches!.at(-1)!;
  return at(last, last.rows - 1) - at(batches![0]!, 0);
}

export interface Fed {
  /** Of the replay itself. */
  readonly seconds: number;
  /** Of the copies into its memory. */
  readonly loading: number;
}

export interface Replaying {
  readonly core: Core;
  readonly names: ReturnType<typeof createNameRegistry>;
  /** Feeds all batches, and returns what it took. Once only. */
  feed(): Fed;
}

/** A core whose streams are `rounds` times the recorded ones, one after the other; `next` is called before a stream begins again. */
export async function createReplaying(
  recorded: Recorded,
  keep: Retention,
  rounds: number,
  next: () => void,
): Promise<Replaying> {
  const core = await createCore(coreTypes(recorded.dictionary.entries), keep);
  const names = createNameRegistry();
  const tells = recorded.streams.map(() => names.forStream(core, core.openStream(), () => undefined));
  const at = recorded.streams.map(() => ({ number: 0, from: 0 }));

  function load(stream: number): void {
    const batches = recorded.streams[stream]!;
    const { number, from } = at[stream]!;
    if (number >= batches.length * rounds) {
      core.end(stream);
      return;
    }
    const batch = batches[number % batches.length]!;
    if (from === 0) {
      if (number > 0 && number % batches.length === 0) next();
      tells[stream]!(batch.names);
    }
    const to = core.load(stream, batch, from);
    at[stream] = to < batch.rows ? { number, from: to } : { number: number + 1, from: 0 };
  }

  function feed(): Fed {
    let loading = 0;
    const begin = performance.now();
    for (let stream = core.advance(); stream >= 0; stream = core.advance()) {
      const paused = performance.now();
      load(stream);
      loading += performance.now() - paused;
    }
    core.finish();
    return { seconds: (performance.now() - begin - loading) / 1000, loading: loading / 1000 };
  }

  return { core, names, feed };
}
