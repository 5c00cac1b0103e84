/**
 * A trace.dat up to its events: version 6, one block after the other, and version 7, in sections.
 *
 * In: a cursor at the file's start. Out: what the file says of itself, and where the ring buffers are.
 *
 *   17 08 44 "tracing" "7\0" | endianness u8 | long size u8 | page size u32
 *   version 7:  compression "zstd\0" "1.5.7\0" | offset of the first options section u64
 *   section:    id u16 | flags u16 (1: compressed) | name u32 | size u64 | data …
 *   compressed: compressed size u32 | size u32 | data …
 */
import { type Inflate, inflateZlib, loadInflateZstd } from '../decompress.js';
import type { EventFormat } from '../event-format.js';
import { type Cursor, CutShort, cursor, memoryCursor, type ReadAt } from './trace-dat-cursor.js';
import {
  type PageLayout,
  readCmdlines,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readSized32,
} from './trace-dat-metadata.js';
import {
  type BufferOption,
  type CpuData,
  newOptions,
  type Options,
  readOptions,
  SECTION_BUFFER,
  SECTION_CMDLINES,
  SECTION_EVENT_FORMATS,
  SECTION_FTRACE_FORMATS,
  SECTION_HEADER_INFO,
  SECTION_KALLSYMS,
  SECTION_OPTIONS,
} from './trace-dat-options.js';

export const MAGIC = Uint8Array.of(0x17, 0x08, 0x44, ...new TextEncoder().encode('tracing'));

/** A trace instance with events. */
export interface TraceBuffer {
  readonly name: string;
  readonly clock?: string;
  readonly pageSize: number;
  readonly compressed: boolean;
  readonly cpus: readonly CpuData[];
}

export interface TraceDatFile {
  readonly version: number;
  readonly bigEndian: boolean;
  readonly pageSize: number;
  readonly layout: PageLayout;
  readonly formats: readonly EventFormat[];
  readonly cmdlines: string;
  /** The text of kallsyms; inflated when asked for. */
  readonly kallsyms: () => Uint8Array | undefined;
  readonly options: Options;
  readonly buffers: readonly TraceBuffer[];
  readonly inflate: Inflate | undefined;
  /** "zstd 1.5.7"; absent in version 6. */
  readonly compression?: string;
  /** Sections that could not be read, and why. */
  readonly skipped: string[];
}

/** The file cannot be read at all; `advice` says what to do about it. */
export class Unreadable extends Error {
  constructor(
    problem: string,
    readonly advice: string,
  ) {
    super(problem);
  }
}

interface Head {
  readonly version: number;
  readonly bigEndian: boolean;
  readonly pageSize: number;
}

const SMALLEST_PAGE = 256;
export const LARGEST_PAGE = 4 << 20;

export const soundPageSize = (size: number): boolean =>
  size >= SMALLEST_PAGE && size <= LARGEST_PAGE && (size & (size - 1)) === 0;

async function readHead(at: Cursor): Promise<Head> {
  at.position = MAGIC.length;
  const version = await at.string("the file's version");
  if (version !== '6' && version !== '7') {
    throw new Unreadable(
      `expected version 6 or 7 of trace.dat at byte ${MAGIC.length}, found ${JSON.stringify(version.slice(0, 20))}`,
      'Convert it with a newer trace-cmd: trace-cmd convert --file-version 7 -i OLD -o NEW.',
    );
  }
  const endianness = await at.u8('the byte order');
  await at.u8('the long size of user space');
  if (endianness > 1) throw new CutShort('0 or 1, the byte order', at.position - 2, String(endianness));
  at.bigEndian = endianness === 1;
  const pageAt = at.position;
  const pageSize = await at.u32('the page size');
  if (!soundPageSize(pageSize)) throw new CutShort('a page size', pageAt, String(pageSize));
  return { version: Number(version), bigEndian: at.bigEndian, pageSize };
}

export async function readTraceDat(read: ReadAt): Promise<TraceDatFile> {
  const at = cursor(read, 0, false);
  const head = await readHead(at);
  return head.version === 6 ? readVersion6(at, head) : readVersion7(read, at, head);
}

// Version 6 ---------------------------------------------------------------------------------------

const WHAT_BYTES = 10; // "options  \0", "latency  \0", "flyrecord\0"

/** What comes next: options, then how the events are stored; leaves the cursor at the table of CPUs. */
async function readKind(at: Cursor, options: Options): Promise<string> {
  let kind = (await at.text(WHAT_BYTES, 'the kind of the data')).trim();
  if (kind === 'options') {
    await readOptions(at, 6, options);
    kind = (await at.text(WHAT_BYTES, 'the kind of the data')).trim();
  }
  return kind;
}

async function readCpuTable(at: Cursor, cpus: number): Promise<CpuData[]> {
  const table: CpuData[] = [];
  for (let cpu = 0; cpu < cpus; cpu++) {
    const offset = await at.u64("a CPU's offset");
    table.push({ cpu, offset, size: await at.u64("a CPU's size") });
  }
  return table;
}

const MOST_CPUS = 0xffff;

async function instance6(
  at: Cursor,
  name: string,
  cpus: number,
  kind: string,
  pageSize: number,
): Promise<TraceBuffer | undefined> {
  if (kind !== 'flyrecord') return undefined;
  return { name, pageSize, compressed: false, cpus: await readCpuTable(at, cpus) };
}

async function readVersion6(at: Cursor, head: Head): Promise<TraceDatFile> {
  const layout = await readHeaderInfo(at);
  const ftrace = await readFtraceFormats(at);
  const events = await readEventFormats(at);
  const kallsyms = await readSized32(at, 'kallsyms');
  await readSized32(at, 'the printk formats');
  const cmdlines = await readCmdlines(at);
  const options = newOptions();
  const skipped: string[] = [];
  const buffers = await readBuffers6(at, head, options, skipped);
  return {
    ...head,
    layout,
    formats: [...ftrace, ...events],
    cmdlines,
    kallsyms: () => kallsyms,
    options,
    buffers,
    inflate: undefined,
    skipped,
  };
}

async function readBuffers6(
  at: Cursor,
  head: Head,
  options: Options,
  skipped: string[],
): Promise<TraceBuffer[]> {
  const cpusAt = at.position;
  const found = await at.u32('the number of CPUs');
  const kind = await readKind(at, options);
  const cpus = options.cpus ?? found;
  if (cpus > MOST_CPUS) throw new CutShort('the number of CPUs', cpusAt, String(cpus));
  const top = await instance6(at, '', cpus, kind, head.pageSize);
  const buffers = top === undefined ? [] : [top];
  for (const option of options.buffers) {
    at.position = option.offset;
    const buffer = await attempt(skipped, `instance ${option.name}`, async () =>
      instance6(at, option.name, cpus, await readKind(at, newOptions()), head.pageSize),
    );
    if (buffer !== undefined) buffers.push(buffer);
  }
  if (buffers.length === 0) throw latency();
  return buffers;
}

const latency = () =>
  new Unreadable(
    'expected ring buffers, found the text of a latency tracer (the file has no events in binary form)',
    'Give that text itself: trace-cmd report FILE > trace.txt.',
  );

/** Runs what may fail without making the rest unreadable. */
async function attempt<T>(skipped: string[], what: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    skipped.push(`${what}: ${error.message}`);
    return undefined;
  }
}

// Version 7 ---------------------------------------------------------------------------------------

const COMPRESSED = 1;

interface Section {
  readonly id: number;
  readonly compressed: boolean;
  readonly size: number;
}

interface Sections {
  readonly read: ReadAt;
  readonly bigEndian: boolean;
  readonly inflate: Inflate | undefined;
}

async function sectionHead(at: Cursor, id: number): Promise<Section> {
  const start = at.position;
  const found = await at.u16('a section');
  const flags = await at.u16("a section's flags");
  await at.u32("a section's name");
  const size = await at.u64("a section's size");
  if (found !== id) throw new CutShort(`section ${id}`, start, `section ${found}`);
  return { id, compressed: (flags & COMPRESSED) !== 0, size };
}

/** A section's bytes as stored, and how to get what they hold. */
async function loadSection(sections: Sections, offset: number, id: number): Promise<() => Uint8Array> {
  const at = cursor(sections.read, offset, sections.bigEndian);
  const section = await sectionHead(at, id);
  if (!section.compressed) {
    const bytes = await at.bytes(section.size, `section ${id}`);
    return () => bytes;
  }
  const packed = await at.u32('a compressed size');
  const size = await at.u32('an uncompressed size');
  const bytes = await at.bytes(packed, `section ${id}`);
  return () => {
    const plain = size === 0 ? new Uint8Array(0) : sections.inflate?.(bytes, size);
    if (plain === undefined) throw new CutShort(`section ${id}`, offset, 'damaged compressed data');
    return plain;
  };
}

async function readSection<T>(
  sections: Sections,
  options: Options,
  id: number,
  read: (at: Cursor) => Promise<T>,
): Promise<T> {
  const offset = options.sections.get(id);
  if (offset === undefined) throw new CutShort(`section ${id}`, 0, 'no option that says where it is');
  const plain = (await loadSection(sections, offset, id))();
  return read(memoryCursor(plain, sections.bigEndian));
}

/** Every list of options, each in a section of its own, chained by offset. */
async function readOptionSections(sections: Sections, first: number, options: Options): Promise<void> {
  const seen = new Set<number>();
  for (let offset = first; offset !== 0; ) {
    if (seen.has(offset)) throw new CutShort('another options section', offset, 'one that was there before');
    seen.add(offset);
    const plain = (await loadSection(sections, offset, SECTION_OPTIONS))();
    offset = await readOptions(memoryCursor(plain, sections.bigEndian), 7, options);
  }
}

async function inflateOf(name: string): Promise<Inflate | undefined> {
  if (name === 'none') return undefined;
  if (name === 'zlib') return inflateZlib;
  if (name === 'zstd') return loadInflateZstd();
  throw new Unreadable(
    `expected the compression zstd, zlib or none, found ${JSON.stringify(name)}`,
    'Convert it where it was recorded: trace-cmd convert --compression none -i FILE -o PLAIN.',
  );
}

async function readVersion7(read: ReadAt, at: Cursor, head: Head): Promise<TraceDatFile> {
  const name = await at.string('the compression');
  const algorithm = `${name} ${await at.string("the compression's version")}`;
  const inflate = await inflateOf(name);
  const sections: Sections = { read, bigEndian: head.bigEndian, inflate };
  const options = newOptions();
  const skipped: string[] = [];
  const first = await at.u64('the offset of the options');
  // What has been read of a broken chain may be enough.
  const broken = await attemptOptions(sections, first, options, skipped);
  if (broken !== undefined && options.buffers.length === 0) throw broken;
  const layout = await readSection(sections, options, SECTION_HEADER_INFO, readHeaderInfo);
  const events = await readSection(sections, options, SECTION_EVENT_FORMATS, readEventFormats);
  const optional = <T>(id: number, what: string, read: (at: Cursor) => Promise<T>) =>
    options.sections.has(id)
      ? attempt(skipped, what, () => readSection(sections, options, id, read))
      : undefined;
  const ftrace = await optional(SECTION_FTRACE_FORMATS, "ftrace's own formats", readFtraceFormats);
  const cmdlines = await optional(SECTION_CMDLINES, 'the command lines', readCmdlines);
  return {
    ...head,
    layout,
    formats: [...(ftrace ?? []), ...events],
    cmdlines: cmdlines ?? '',
    kallsyms: await lazyKallsyms(sections, options, skipped),
    options,
    buffers: await readBuffers7(sections, options, head, skipped),
    inflate,
    ...(name === 'none' ? {} : { compression: algorithm }),
    skipped,
  };
}

async function attemptOptions(
  sections: Sections,
  first: number,
  options: Options,
  skipped: string[],
): Promise<CutShort | undefined> {
  try {
    await readOptionSections(sections, first, options);
    return undefined;
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    skipped.push(`options: ${error.message}`);
    return error;
  }
}

/** Symbols are inflated (megabytes) only when a stack is to be named. */
async function lazyKallsyms(
  sections: Sections,
  options: Options,
  skipped: string[],
): Promise<() => Uint8Array | undefined> {
  const offset = options.sections.get(SECTION_KALLSYMS);
  if (offset === undefined) return () => undefined;
  const load = await attempt(skipped, 'kallsyms', () => loadSection(sections, offset, SECTION_KALLSYMS));
  return () => {
    try {
      // The text follows its 32-bit size, which the section's own size makes needless.
      return load?.().subarray(4);
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      skipped.push(`kallsyms: ${error.message}`);
      return undefined;
    }
  };
}

async function readBuffers7(
  sections: Sections,
  options: Options,
  head: Head,
  skipped: string[],
): Promise<TraceBuffer[]> {
  const buffers: TraceBuffer[] = [];
  for (const option of options.buffers) {
    const what = option.name === '' ? 'the top-level buffer' : `instance ${option.name}`;
    if (option.latency) {
      skipped.push(`${what}: the text of a latency tracer; trace-cmd report prints it`);
      continue;
    }
    const buffer = await attempt(skipped, what, () => readBuffer7(sections, option, head));
    if (buffer !== undefined) buffers.push(buffer);
  }
  if (buffers.length === 0 && options.buffers.some((option) => option.latency)) throw latency();
  return buffers;
}

async function readBuffer7(sections: Sections, option: BufferOption, head: Head): Promise<TraceBuffer> {
  const at = cursor(sections.read, option.offset, sections.bigEndian);
  const section = await sectionHead(at, SECTION_BUFFER);
  const pageSize = option.pageSize ?? head.pageSize;
  if (!soundPageSize(pageSize)) throw new CutShort("a buffer's page size", option.offset, String(pageSize));
  const { name, clock, cpus } = option;
  return { name, ...(clock === undefined ? {} : { clock }), pageSize, compressed: section.compressed, cpus };
}
