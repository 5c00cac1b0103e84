/**
 * One CPU of one trace instance as a stream of event batches.
 *
 * In: pieces of its ring buffer. Out: batches; the module `binary` decodes runs of whole pages.
 */
import { type BinaryCore, batchMemory } from '../binary-core.js';
import type { EventBatch, EventStream } from '../format.js';
import type { Pieces } from './trace-dat-pages.js';

export interface PageStreamSettings {
  readonly core: BinaryCore;
  readonly cpu: number;
  readonly pieces: Pieces;
  /** Bytes of a run: a multiple of the page size. */
  readonly runBytes: number;
  readonly rowLimit: number;
  /** Makes the module's page layout this stream's: instances may differ in page size. */
  readonly usePages: () => void;
  /** Called with the offset, in what this CPU's ring buffer holds, of a page that could not be read whole. */
  readonly onDamage: (offset: number) => void;
  /** Events were dropped on this CPU, nobody knows when: as good as at its start. */
  readonly lossAtStart: boolean;
}

const NO_DAMAGE = 0xffffffff;

export function pageStream(settings: PageStreamSettings): EventStream & { close(): void } {
  const { core, pieces, runBytes, usePages } = settings;
  const { wasm } = core;
  const stream = wasm.openStream(settings.cpu, runBytes);
  const memory = batchMemory();
  let rest: Uint8Array = new Uint8Array(0);
  let done = 0;
  let state: 'open' | 'lost' | 'ended' = 'open';
  if (settings.lossAtStart) wasm.loseEvents(stream);

  /** Copies pieces into the module until the run is full; 0: there are no more. Stops before pages that are lost. */
  async function fillRun(): Promise<number> {
    let filled = 0;
    while (filled < runBytes) {
      if (rest.length === 0) {
        const piece = await pieces.next();
        if (piece.done) break;
        if (piece.value === undefined) {
          state = 'lost';
          break;
        }
        rest = piece.value;
      }
      const part = rest.subarray(0, runBytes - filled);
      core.bytes(wasm.streamInput(stream) + filled, part.length).set(part);
      rest = rest.subarray(part.length);
      filled += part.length;
    }
    return filled;
  }

  /** Decodes until the batch is full or the run done; nothing waits between here and taking the batch. */
  function decode(): EventBatch | undefined {
    usePages();
    wasm.decodePages(stream, settings.rowLimit);
    const damage = wasm.firstDamage(stream) >>> 0;
    if (damage !== NO_DAMAGE) settings.onDamage(done + damage);
    return core.takeBatch(memory);
  }

  function lost(): EventBatch | undefined {
    wasm.loseEvents(stream);
    return core.takeBatch(memory);
  }

  function end(): EventBatch | undefined {
    state = 'ended';
    wasm.endStream(stream);
    return core.takeBatch(memory);
  }

  let fed = 0;

  async function next(): Promise<EventBatch | undefined> {
    while (state !== 'ended') {
      const batch = decode();
      if (batch !== undefined) return batch;
      if (state === 'lost') {
        state = 'open';
        return lost();
      }
      done += fed;
      fed = await fillRun();
      if (fed > 0) wasm.feedStream(stream, fed);
      else if (state === 'open') return end();
    }
    return undefined;
  }

  return {
    next,
    close: () => wasm.closeStream(stream),
  };
}
