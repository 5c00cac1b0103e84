/**
 * Feature sections of a perf.data: what perf says of the machine and of the recording.
 *
 * In: a cursor over one section, and its number (enum in tools/perf/util/header.h; layouts in
 * tools/perf/Documentation/perf.data-file-format.txt). Out: facts. In a pipe the same bytes come as records.
 *
 *   string   len u32 | len bytes, with zeros at its end
 */
import type { Cursor } from './trace-dat-cursor.js';

/** What the sections say. Absent facts are undefined. */
export interface Features {
  host?: string;
  kernel?: string;
  version?: string;
  arch?: string;
  cpus?: number;
  cpu?: string;
  command?: string;
  /** Name of an event by one of its ids. */
  readonly eventNames: Map<bigint, string>;
  compressed?: boolean;
  /** A directory: the events are in files of their own. */
  directory?: boolean;
  /** What time of day it was on the capture's clock. */
  wallClock?: { readonly wall: bigint; readonly clock: bigint };
}

export const TRACING_DATA = 1;
const MOST_STRINGS = 65536;

const stringOf = async (cursor: Cursor, what: string): Promise<string> =>
  (await cursor.text(await cursor.u32(`the length of ${what}`), what)).replace(/\0[\s\S]*$/, '');

const text =
  (key: 'host' | 'kernel' | 'version' | 'arch' | 'cpu'): ReadFeature =>
  async (features, cursor) => {
    features[key] = await stringOf(cursor, key);
  };

type ReadFeature = (features: Features, cursor: Cursor) => Promise<void> | void;

/** nr u32 | attr_size u32 | ( perf_event_attr | nr_ids u32 | name string | ids u64 × nr_ids ) × nr */
async function readEventDescriptions(features: Features, cursor: Cursor): Promise<void> {
  const events = await cursor.u32('the number of event descriptions');
  const attrSize = await cursor.u32("an attribute's size");
  for (let i = 0; i < events && i < MOST_STRINGS; i++) {
    await cursor.bytes(attrSize, 'an attribute');
    const ids = await cursor.u32('the number of ids');
    const name = await stringOf(cursor, "an event's name");
    const bytes = await cursor.bytes(ids * 8, 'the ids of an event');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (ids > 0) features.eventNames.set(view.getBigUint64(0, !cursor.bigEndian), name);
  }
}

async function readCommand(features: Features, cursor: Cursor): Promise<void> {
  const words: string[] = [];
  const count = await cursor.u32('the number of words of the command');
  for (let i = 0; i < count && i < MOST_STRINGS; i++)
    words.push(await stringOf(cursor, 'a word of the command'));
  features.command = words.join(' ');
}

/** By feature number. Those that dmaspan has no use for are not here. */
const READERS: Readonly<Record<number, ReadFeature>> = {
  3: text('host'),
  4: text('kernel'),
  5: text('version'),
  6: text('arch'),
  async 7(features, cursor) {
    await cursor.u32('the number of available CPUs');
    features.cpus = await cursor.u32('the number of CPUs that are online');
  },
  8: text('cpu'),
  11: readCommand,
  12: readEventDescriptions,
  24(features) {
    features.directory = true;
  },
  27(features) {
    features.compressed = true;
  },
  async 29(features, cursor) {
    await cursor.u32('the version of the clock data');
    await cursor.u32('the clock');
    const pair = await cursor.bytes(16, 'the clock data');
    const view = new DataView(pair.buffer, pair.byteOffset, 16);
    features.wallClock = {
      wall: view.getBigUint64(0, !cursor.bigEndian),
      clock: view.getBigUint64(8, !cursor.bigEndian),
    };
  },
};

/** Adds what one section says. Throws CutShort where it ends too early. */
export async function readFeature(features: Features, number: number, cursor: Cursor): Promise<void> {
  await READERS[number]?.(features, cursor);
}

export const isReadFeature = (number: number): boolean => READERS[number] !== undefined;
