/**
 * One CPU of one trace instance as a stream of event batches.
 *
 * In: its ring buffer's pages, in parts. Out: batches of each part; the module `binary` decodes runs of whole pages.
 */
import { EVENT_BYTES } from '../../wasm/schema.js';
import type { BinaryCore } from '../binary-core.js';
import type { EventBatch, EventStream } from '../format.js';
import { inOrder } from '../parts.js';
import { LOST, type Pages, type PagesPart } from './trace-dat-parts.js';

export interface PageStreamSettings {
  readonly core: BinaryCore;
  readonly cpu: number;
  readonly pages: Pages;
  /** Bytes of a run: a multiple of the page size. */
  readonly runBytes: number;
  readonly rowLimit: number;
  /** Makes the module's page layout this stream's: instances may differ in page size. */
  readonly usePages: () => void;
  /** Called with the offset, in what this CPU's ring buffer holds, of a page that could not be read whole, and where its part is in the file. */
  readonly onDamage: (offset: number, part: number) => void;
  /** Called with the number of events that were earlier than those of the part before. */
  readonly onWentBack: (events: number) => void;
  /** Events were dropped on this CPU, nobody knows when: as good as at its start. */
  readonly lossAtStart: boolean;
}

const NO_DAMAGE = 0xffffffff;

/** A part being read. */
interface Reading extends PagesPart {
  readonly index: number;
  /** Bytes that were fed before the run under way, and in it. */
  done: number;
  fed: number;
  ended: boolean;
}

export function pageStream(settings: PageStreamSettings): EventStream & { close(): void } {
  const { core, pages, runBytes, usePages } = settings;
  const { wasm } = core;
  const stream = wasm.openStream(settings.cpu, runBytes);
  let reading: Reading | undefined;

  async function begin(index: number): Promise<Reading> {
    const part = await pages.part(index);
    wasm.beginPart(stream, Number(index === 0));
    if (index === 0 && settings.lossAtStart) wasm.loseEvents(stream);
    return { ...part, index, done: 0, fed: 0, ended: false };
  }

  /** Decodes until the batch is full or the run done; nothing waits between here and taking the batch. */
  function decode(part: Reading, memory: ArrayBuffer): EventBatch | undefined {
    usePages();
    wasm.decodePages(stream, settings.rowLimit);
    const damage = wasm.firstDamage(stream) >>> 0;
    if (damage !== NO_DAMAGE) settings.onDamage(part.offset + part.done + damage, part.at);
    return core.takeBatch(memory);
  }

  /** Feeds the next run, or tells of pages that are lost there; false at the end. */
  async function feed(part: Reading): Promise<boolean> {
    part.done += part.fed;
    const bytes = await part.fill(core.bytes(wasm.streamInput(stream), runBytes));
    part.fed = Math.max(0, bytes);
    if (bytes === LOST) wasm.loseEvents(stream);
    else wasm.feedStream(stream, part.fed);
    return bytes !== 0;
  }

  async function next(index: number, memory: ArrayBuffer): Promise<EventBatch | undefined> {
    if (reading?.index !== index) reading = await begin(index);
    const part = reading;
    for (;;) {
      const batch = decode(part, memory);
      if (batch !== undefined || part.ended) return batch;
      part.ended = !(await feed(part));
      if (part.ended) wasm.endPart(stream);
    }
  }

  const parts = { count: pages.parts, next, wentBack: settings.onWentBack };
  const memory = new ArrayBuffer(EVENT_BYTES);
  return {
    parts,
    next: inOrder(parts, (part) => next(part, memory)),
    close: () => wasm.closeStream(stream),
  };
}
