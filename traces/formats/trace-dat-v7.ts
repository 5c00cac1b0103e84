/**
 * trace.dat version 7: sections, found through options, some compressed.
 *
 * In: a cursor behind the first bytes, and a function that reads the file. Out: the facts.
 *
 *   "zstd\0" "1.5.7\0" | offset of the first options section u64
 *   section      id u16 | flags u16 (1: compressed) | name u32 | size u64 | data …
 *   compressed   compressed size u32 | size u32 | data …
 */
import { type Inflate, inflateZlib, loadInflateZstd } from '../decompress.js';
import { type Cursor, CutShort, cursor, memoryCursor, type ReadAt } from './trace-dat-cursor.js';
import {
  attempt,
  type Head,
  latency,
  soundPageSize,
  type TraceBuffer,
  type TraceDatFile,
  Unreadable,
} from './trace-dat-facts.js';
import { readCmdlines, readEventFormats, readFtraceFormats, readHeaderInfo } from './trace-dat-metadata.js';
import {
  type BufferOption,
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

const COMPRESSED = 1;
/** The size field of a damaged file must not make us allocate gigabytes. */
const LARGEST_SECTION = 256 << 20;

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
    const plain = new Uint8Array(size <= LARGEST_SECTION ? size : 0);
    if (plain.length < size || (size > 0 && sections.inflate?.(bytes, plain) !== true))
      throw new CutShort(`section ${id}`, offset, 'damaged compressed data');
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
  try {
    return await read(memoryCursor(plain, sections.bigEndian));
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    throw new CutShort(`${error.what} (byte ${error.at} inside section ${id})`, offset, error.problem);
  }
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

export async function readVersion7(read: ReadAt, at: Cursor, head: Head): Promise<TraceDatFile> {
  const name = await at.string('the compression');
  const algorithm = `${name} ${await at.string("the compression's version")}`;
  const inflate = await inflateOf(name);
  const sections: Sections = { read, bigEndian: head.bigEndian, inflate };
  const options = newOptions();
  const skipped = options.damaged;
  const first = await at.u64('the offset of the options');
  // What has been read of a broken chain may be enough.
  const broken = await attemptOptions(sections, first, options);
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
    buffers: await readBuffers(sections, options, head),
    inflate,
    ...(name === 'none' ? {} : { compression: algorithm }),
    skipped,
  };
}

async function attemptOptions(
  sections: Sections,
  first: number,
  options: Options,
): Promise<CutShort | undefined> {
  try {
    await readOptionSections(sections, first, options);
    return undefined;
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    options.lostBuffers.push(`whatever is told after the options that could be read: ${error.message}`);
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

async function readBuffers(sections: Sections, options: Options, head: Head): Promise<TraceBuffer[]> {
  const buffers: TraceBuffer[] = [];
  for (const option of options.buffers) {
    const what = option.name === '' ? 'the top-level buffer' : `instance ${option.name}`;
    if (option.latency) {
      options.damaged.push(`${what}: the text of a latency tracer; trace-cmd report prints it`);
      continue;
    }
    const buffer = await attempt(options.lostBuffers, what, () => readBuffer(sections, option, head));
    if (buffer !== undefined) buffers.push(buffer);
  }
  if (buffers.length > 0) return buffers;
  if (options.buffers.some((option) => option.latency)) throw latency();
  throw new CutShort('a trace buffer', 0, options.lostBuffers[0] ?? 'none');
}

async function readBuffer(sections: Sections, option: BufferOption, head: Head): Promise<TraceBuffer> {
  const at = cursor(sections.read, option.offset, sections.bigEndian);
  const section = await sectionHead(at, SECTION_BUFFER);
  const pageSize = option.pageSize ?? head.pageSize;
  if (!soundPageSize(pageSize)) throw new CutShort("a buffer's page size", option.offset, String(pageSize));
  const { name, clock, cpus } = option;
  return { name, ...(clock === undefined ? {} : { clock }), pageSize, compressed: section.compressed, cpus };
}
