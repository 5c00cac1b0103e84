/**
 * What stands around the records of a perf.data: header, attributes, features.
 *
 * In: a file by random access, or a pipe in order. Out: a `Head`.
 *
 *   "PERFILE2" | size u64 | attr_size u64 | attrs, data, event types: offset u64 | size u64 each | features: 256 bits
 *   attrs      ( perf_event_attr, attr_size − 16 bytes | ids: offset u64 | size u64 ) × n
 *   behind the data: offset u64 | size u64 of a section for each feature that has its bit
 *
 * A pipe's header ends after `size`, which is 16; attributes, features and tracing data are records.
 */
import { type Attribute, parseAttribute } from './perf-data-attributes.js';
import { type Features, isReadFeature, readFeature, TRACING_DATA } from './perf-data-features.js';
import { readTracingData, type TracingData } from './perf-data-tracing.js';
import { type Cursor, CutShort, cursor, memoryCursor, type ReadAt } from './trace-dat-cursor.js';

export interface Section {
  readonly offset: number;
  readonly size: number;
}

export interface Head {
  readonly bigEndian: boolean;
  readonly pipe: boolean;
  readonly attributes: readonly Attribute[];
  readonly features: Features;
  readonly tracing?: TracingData;
  /** Where the records are; of a pipe, from where on. */
  readonly data: Section;
  /** Feature sections that could not be read. */
  readonly skipped: readonly string[];
}

/** The bytes make no perf.data, and here is what to do. Never leaves this folder. */
export class Unreadable extends Error {
  constructor(
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

const PIPE_HEADER = 16;
const FILE_HEADER = 104;
const FEATURES_AT = 72;
const FEATURE_BITS = 256;
const SMALLEST_ATTRIBUTE = 64;
const LARGEST_ATTRIBUTE = 4096;
export const MOST_ATTRIBUTES = 16384;
const MOST_ID_BYTES = 64 << 20;
const LARGEST_FEATURE = 64 << 20;
const LARGEST_TRACING_DATA = 512 << 20;

const newFeatures = (): Features => ({ eventNames: new Map() });

/** Undefined where the magic is none of perf's. */
export function byteOrder(head: Uint8Array): 'little' | 'big' | 'old' | undefined {
  const magic = Array.from(head.subarray(0, 8), (byte) => String.fromCharCode(byte)).join('');
  if (magic === 'PERFILE2') return 'little';
  if (magic === '2ELIFREP') return 'big';
  return magic === 'PERFFILE' || magic === 'ELIFFREP' ? 'old' : undefined;
}

const sectionAt = async (at: Cursor, what: string): Promise<Section> => ({
  offset: await at.u64(`the offset of ${what}`),
  size: await at.u64(`the size of ${what}`),
});

async function readAttributes(at: Cursor, section: Section, attrSize: number): Promise<Attribute[]> {
  if (attrSize < SMALLEST_ATTRIBUTE + 16 || attrSize > LARGEST_ATTRIBUTE)
    throw new CutShort('the size of an attribute', 16, `${attrSize}`);
  const count = Math.floor(section.size / attrSize);
  if (count > MOST_ATTRIBUTES) throw new CutShort(`${MOST_ATTRIBUTES} attributes at most`, 24, `${count}`);
  const places: { bytes: Uint8Array; ids: Section }[] = [];
  at.position = section.offset;
  for (let i = 0; i < count; i++) {
    const bytes = (await at.bytes(attrSize - 16, 'an attribute')).slice();
    places.push({ bytes, ids: await sectionAt(at, 'the ids of an attribute') });
  }
  const attributes: Attribute[] = [];
  let idBytes = 0;
  for (const { bytes, ids } of places) {
    idBytes += ids.size;
    if (idBytes > MOST_ID_BYTES)
      throw new CutShort('the ids of the attributes', ids.offset, `${idBytes} bytes of them`);
    at.position = ids.offset;
    const found = (await at.bytes(ids.size & ~7, 'the ids of an attribute')).slice();
    const attribute = parseAttribute(bytes, found, at.bigEndian);
    if (attribute !== undefined) attributes.push(attribute);
  }
  return attributes;
}

async function featureBits(at: Cursor, headerSize: number): Promise<number[]> {
  if (headerSize < FILE_HEADER) return [];
  const numbers: number[] = [];
  at.position = FEATURES_AT;
  const bytes = await at.bytes(FEATURE_BITS / 8, 'the features');
  for (let bit = 0; bit < FEATURE_BITS; bit++) {
    // Words of 64 bits, in the capture's byte order.
    const byte = at.bigEndian ? (bit & ~63) / 8 + 7 - ((bit & 63) >> 3) : bit >> 3;
    if ((bytes[byte]! >> (bit & 7)) & 1) numbers.push(bit);
  }
  return numbers;
}

interface Sections {
  readonly features: Features;
  readonly tracing?: TracingData;
  readonly skipped: string[];
}

async function readSections(at: Cursor, table: number, numbers: readonly number[]): Promise<Sections> {
  const features = newFeatures();
  const skipped: string[] = [];
  let tracing: TracingData | undefined;
  const places: { number: number; section: Section }[] = [];
  at.position = table;
  for (const number of numbers) places.push({ number, section: await sectionAt(at, `feature ${number}`) });
  for (const { number, section } of places) {
    if (number === TRACING_DATA)
      tracing = await readTracingData(await sectionBytes(at, section, LARGEST_TRACING_DATA));
    else if (isReadFeature(number)) {
      try {
        const bytes = await sectionBytes(at, section, LARGEST_FEATURE);
        await readFeature(features, number, memoryCursor(bytes, at.bigEndian));
      } catch (error) {
        if (!(error instanceof CutShort)) throw error;
        skipped.push(`feature ${number}: ${error.message}`);
      }
    }
  }
  return { features, skipped, ...(tracing === undefined ? {} : { tracing }) };
}

async function sectionBytes(at: Cursor, section: Section, most: number): Promise<Uint8Array> {
  if (section.size > most) throw new CutShort('a section', section.offset, `${section.size} bytes`);
  at.position = section.offset;
  return (await at.bytes(section.size, 'a section')).slice();
}

/** A file, by random access. Throws CutShort and Unreadable. */
export async function readFileHead(read: ReadAt, bigEndian: boolean): Promise<Head> {
  const at = cursor(read, 8, bigEndian);
  const headerSize = await at.u64("the header's size");
  const attrSize = await at.u64("an attribute's size");
  const attrs = await sectionAt(at, 'the attributes');
  const data = await sectionAt(at, 'the data');
  const attributes = await readAttributes(at, attrs, attrSize);
  if (data.size === 0)
    throw new Unreadable(
      'the header says that there are no data: perf record was killed before it could finish the file',
      'Record again, and stop perf with Ctrl-C (SIGINT) so that it can write the formats of the events.',
    );
  const numbers = await featureBits(at, headerSize);
  const sections = await readSections(at, data.offset + data.size, numbers);
  return { bigEndian, pipe: false, attributes, data, ...sections };
}

const HEADER_ATTR = 64;
const HEADER_EVENT_TYPE = 65;
const HEADER_TRACING_DATA = 66;
const HEADER_BUILD_ID = 67;
const HEADER_FEATURE = 80;

interface PipeHead {
  attributes: Attribute[];
  features: Features;
  tracing?: TracingData;
  skipped: string[];
}

type ReadRecord = (head: PipeHead, record: Uint8Array, view: DataView, at: Cursor) => void | Promise<void>;

/** `record` begins behind the record's header. */
const RECORDS: Readonly<Record<number, ReadRecord>> = {
  [HEADER_ATTR](head, record, view, at) {
    const told = view.byteLength >= 8 ? view.getUint32(4, !at.bigEndian) : 0;
    const size = told === 0 ? SMALLEST_ATTRIBUTE : told;
    const ids = record.slice(size, size + ((record.length - size) & ~7));
    const attribute =
      size > record.length ? undefined : parseAttribute(record.slice(0, size), ids, at.bigEndian);
    if (attribute === undefined || head.attributes.length === MOST_ATTRIBUTES)
      head.skipped.push('an attribute');
    else head.attributes.push(attribute);
  },
  async [HEADER_TRACING_DATA](head, _record, view, at) {
    const size = view.byteLength >= 4 ? view.getUint32(0, !at.bigEndian) : 0;
    head.tracing = await readTracingData((await at.bytes(size, 'the tracing data')).slice());
    at.position += (8 - (size & 7)) & 7;
  },
  [HEADER_EVENT_TYPE]() {},
  [HEADER_BUILD_ID]() {},
  async [HEADER_FEATURE](head, record, view, at) {
    if (view.byteLength < 8) return;
    const number = Number(view.getBigUint64(0, !at.bigEndian));
    try {
      await readFeature(head.features, number, memoryCursor(record.slice(8), at.bigEndian));
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      head.skipped.push(`feature ${number}: ${error.message}`);
    }
  },
};

/** A pipe, from its beginning up to the first record that is not perf's introduction. Throws CutShort. */
export async function readPipeHead(bytes: ReadAt, bigEndian: boolean): Promise<Head> {
  const at = cursor(bytes, PIPE_HEADER, bigEndian);
  const head: PipeHead = { attributes: [], features: newFeatures(), skipped: [] };
  for (;;) {
    const start = at.position;
    const type = await at.u32('a record');
    await at.u16("a record's flags");
    const size = await at.u16("a record's size");
    const read = RECORDS[type];
    if (read === undefined) {
      return { ...head, bigEndian, pipe: true, data: { offset: start, size: Number.MAX_SAFE_INTEGER } };
    }
    if (size < 8) throw new CutShort('the size of a record', start + 6, `${size}`);
    const record = await at.bytes(size - 8, 'a record');
    await read(head, record, new DataView(record.buffer, record.byteOffset, record.byteLength), at);
  }
}

/** Whether the header, of which `head` has the beginning, is a pipe's. */
export function isPipe(head: Uint8Array, bigEndian: boolean): boolean {
  if (head.length < PIPE_HEADER) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getBigUint64(8, !bigEndian) === BigInt(PIPE_HEADER);
}
