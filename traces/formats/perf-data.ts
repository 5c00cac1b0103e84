/**
 * perf.data, as perf record writes it: a file, a pipe (-o -), or a directory (--threads).
 *
 * In: bytes by random access, or a pipe in order. Out: a capture with one stream, in order of time.
 */
import { openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BinaryCore, loadBinaryCore } from '../binary-core.js';
import { planEvent } from '../binary-plan.js';
import type { EventFormat } from '../event-format.js';
import { fileSource } from '../file-source.js';
import { type Capture, CaptureError, type CaptureInfo, type Format, type OpenContext } from '../format.js';
import { kallsymsLookup } from '../kallsyms.js';
import type { ByteSource } from '../source.js';
import { clockOf } from './perf-data-attributes.js';
import { newTrouble, type Trouble } from './perf-data-counters.js';
import { type PerfExports, perfExports } from './perf-data-exports.js';
import { byteOrder, type Head, isPipe, readFileHead, readPipeHead, Unreadable } from './perf-data-head.js';
import { openInput, type ReadNext } from './perf-data-input.js';
import { perfStream } from './perf-data-stream.js';
import { CutShort, type ReadAt } from './trace-dat-cursor.js';
import { tasksOf } from './trace-dat-metadata.js';

const RECORD_AGAIN =
  'Copy it again from where it was recorded, or record again; perf record writes the formats of the events at the end of the file.';

/** A pipe read in order, kept as long as the head is being read. */
interface Kept {
  readonly read: ReadAt;
  /** All that has been read. */
  bytes(): Uint8Array;
}

const LARGEST_HEAD = 512 << 20;

function keeping(source: ByteSource): Kept {
  let kept: Uint8Array = new Uint8Array(1 << 20);
  let length = 0;
  async function readTo(end: number): Promise<void> {
    while (length < end && length < LARGEST_HEAD) {
      if (length === kept.length) {
        const larger = new Uint8Array(kept.length * 2);
        larger.set(kept);
        kept = larger;
      }
      const got = await source.read(
        kept.subarray(length, Math.min(kept.length, Math.max(end, length + 4096))),
      );
      if (got === 0) return;
      length += got;
    }
  }
  return {
    async read(offset, wanted) {
      await readTo(offset + wanted);
      return kept.subarray(Math.min(offset, length), Math.min(offset + wanted, length));
    },
    bytes: () => kept.subarray(0, length),
  };
}

interface Opened {
  readonly head: Head;
  readonly read: ReadNext;
}

async function openPipe(
  source: ByteSource,
  bigEndian: boolean,
  onProgress: (bytes: number) => void,
): Promise<Opened> {
  const kept = keeping(source);
  const head = await readPipeHead(kept.read, bigEndian);
  let rest = kept.bytes().slice(head.data.offset);
  let consumed = kept.bytes().length;
  const read: ReadNext = async (target) => {
    if (rest.length > 0) {
      const part = rest.subarray(0, target.length);
      target.set(part);
      rest = rest.subarray(part.length);
      return part.length;
    }
    const got = await source.read(target);
    consumed += got;
    onProgress(consumed);
    return got;
  };
  return { head, read };
}

const readAtOf =
  (source: ByteSource): ReadAt =>
  async (offset, length) => {
    const target = new Uint8Array(length);
    return target.subarray(0, await source.readAt(target, offset));
  };

async function openFile(
  source: ByteSource,
  bigEndian: boolean,
  onProgress: (bytes: number) => void,
): Promise<Opened> {
  const head = await readFileHead(readAtOf(source), bigEndian);
  let at = head.data.offset;
  const end = head.data.offset + head.data.size;
  const read: ReadNext = async (target) => {
    const got = await source.readAt(target.subarray(0, Math.max(0, Math.min(target.length, end - at))), at);
    at += got;
    onProgress(at);
    return got;
  };
  return { head, read };
}

async function openHead(source: ByteSource, onProgress: (bytes: number) => void): Promise<Opened> {
  const first = await source.head();
  const order = byteOrder(first);
  if (order === 'old')
    throw new CaptureError(
      source.name,
      'expected PERFILE2 at byte 0, found PERFFILE: a perf.data of before 2012',
      'Record again with a newer perf.',
    );
  const bigEndian = order === 'big';
  try {
    const open = isPipe(first, bigEndian) ? openPipe : openFile;
    return await open(source, bigEndian, onProgress);
  } catch (error) {
    if (error instanceof Unreadable) throw new CaptureError(source.name, error.message, error.advice);
    if (!(error instanceof CutShort)) throw error;
    throw new CaptureError(
      source.name,
      `the perf.data is cut short or damaged: ${error.message}`,
      RECORD_AGAIN,
    );
  }
}

/** Files of a directory: data.0, data.1, … beside `data`. */
function dataFiles(source: ByteSource, trouble: Trouble): ByteSource[] {
  if (source.path === undefined) {
    trouble.add('data-file-missing', 1, 'no directory is known');
    return [];
  }
  const folder = dirname(source.path);
  const names = readdirSync(folder).filter((name) => /^data\.\d+$/.test(name));
  if (names.length === 0) trouble.add('data-file-missing', 1, join(folder, 'data.0'));
  names.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  return names.map((name) => {
    const path = join(folder, name);
    return fileSource(openSync(path, 'r'), path, path);
  });
}

function setUp(
  core: BinaryCore,
  head: Head,
  context: OpenContext,
  symbol: (address: bigint) => string | undefined,
) {
  const { wasm } = core;
  const perf = perfExports(core);
  wasm.setByteOrder(Number(head.bigEndian));
  for (const attribute of head.attributes) {
    const { tracepoint, sampleType, readFormat, sampleIdAll, ids } = attribute;
    const number = perf.addAttribute(tracepoint, sampleType, readFormat, Number(sampleIdAll));
    const at = wasm.scratch(ids.length);
    core.bytes(at, ids.length).set(ids);
    perf.addIds(number, at, ids.length / 8);
  }
  // Every kernel has this one, and perf makes its name up itself.
  core.setTaskName(0, 'swapper');
  const { tracing } = head;
  if (tracing === undefined) return;
  const common = tracing.formats[0]?.common ?? [];
  const offsetOf = (name: string, size: number, otherwise: number) =>
    common.find((field) => field.name === name && field.size === size)?.offset ?? otherwise;
  wasm.setCommonFields(offsetOf('common_type', 2, 0), offsetOf('common_pid', 4, 4));
  for (const [pid, name] of tasksOf(tracing.cmdlines)) if (pid !== 0) core.setTaskName(pid, name);
  for (const format of tracing.formats)
    planEvent({ core, dictionary: context.dictionary, longSize: tracing.longSize, symbol }, format);
}

/** Names of the attributes, in order. */
function attributeNames(head: Head): string[] {
  const formats = new Map((head.tracing?.formats ?? []).map((format) => [format.id, format]));
  return head.attributes.map((attribute) => {
    const format = formats.get(attribute.tracepoint);
    if (format !== undefined) return `${format.system}:${format.name}`;
    const view = new DataView(attribute.ids.buffer, attribute.ids.byteOffset, attribute.ids.byteLength);
    const id = view.byteLength >= 8 ? view.getBigUint64(0, !head.bigEndian) : undefined;
    const name = id === undefined ? undefined : head.features.eventNames.get(id);
    return name ?? `event ${attribute.type}:${attribute.config}`;
  });
}

function add(counts: Map<string, number>, name: string, count: number): void {
  if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
}

/** Samples by event; by attribute where samples name theirs, else by the record's own id. */
function countsOf(perf: PerfExports, head: Head): Map<string, number> {
  const counts = new Map<string, number>();
  if (perf.samplesHaveIds() !== 0 || head.attributes.length === 1)
    for (const [i, name] of attributeNames(head).entries()) add(counts, name, perf.attributeSamples(i) >>> 0);
  else
    for (const { id, system, name } of head.tracing?.formats ?? ([] as EventFormat[]))
      add(counts, `${system}:${name}`, perf.eventCount(id) >>> 0);
  return counts;
}

function notesOf(head: Head, timeless: boolean): string[] {
  const { features } = head;
  return [
    ...(features.version === undefined ? [] : [`recorded by perf ${features.version}`]),
    // Some versions of perf write its path alone.
    ...(features.command?.includes(' ') === true ? [`command: ${features.command}`] : []),
    ...(features.cpu === undefined ? [] : [`CPU: ${features.cpu}`]),
    ...(head.pipe ? ['written to a pipe'] : []),
    ...(features.compressed === true ? ['compressed records'] : []),
    ...(features.directory === true ? ['a directory of files'] : []),
    ...(timeless ? ['The samples have no times: events are numbered in the order of the file.'] : []),
    ...(head.tracing === undefined ? ['It has no formats of tracepoints.'] : []),
  ];
}

function infoOf(head: Head, timeless: boolean): CaptureInfo {
  const { features, tracing } = head;
  const { host, kernel, cpus } = features;
  return {
    format: 'perf-data',
    ...(timeless ? {} : { clock: clockOf(head.attributes) }),
    clockUnit: timeless ? 'tick' : 'ns',
    ...(cpus === undefined ? {} : { cpus }),
    pageSize: tracing?.pageSize ?? 4096,
    ...(host === undefined ? {} : { host }),
    ...(kernel === undefined ? {} : { kernel }),
    recordedEvents: attributeNames(head).filter((_, i) => head.attributes[i]!.tracepoint !== 0),
    notes: notesOf(head, timeless),
  };
}

/** Without formats a capture of tracepoints says nothing. */
function checkFormats(source: ByteSource, head: Head): void {
  if (head.tracing !== undefined || head.attributes.every(({ tracepoint }) => tracepoint === 0)) return;
  throw new CaptureError(
    source.name,
    'expected the formats of its tracepoints (tracing data), found none',
    'Record again as root, with /sys/kernel/tracing mounted; stop perf with Ctrl-C.',
  );
}

async function open(source: ByteSource, context: OpenContext): Promise<Capture> {
  const { head, read } = await openHead(source, context.onProgress ?? (() => {}));
  checkFormats(source, head);
  const core = await loadBinaryCore();
  const perf = perfExports(core);
  const symbols = head.tracing?.kallsyms;
  const symbol = kallsymsLookup(() => symbols);
  setUp(core, head, context, symbol);
  const trouble = newTrouble();
  for (const what of head.skipped) trouble.add('section-skipped', 1, what);
  const files = head.features.directory === true ? dataFiles(source, trouble) : [];
  const inputs = [
    read,
    ...files.map(
      (file): ReadNext =>
        (target) =>
          file.read(target),
    ),
  ].map((next) => openInput(core, head.bigEndian, next));
  const { bigEndian } = head;
  const { eventNames } = head.features;
  return {
    info: infoOf(head, perf.isTimeless() !== 0),
    streams: [perfStream({ core, bigEndian, inputs, trouble, eventNames })],
    counters: () => trouble.counters(perf),
    eventCounts: () => countsOf(perf, head),
    ...(symbols !== undefined && symbols.length > 0 ? { symbol } : {}),
    async close() {
      for (const file of files) await file.close();
    },
  };
}

export const perfData: Format = {
  name: 'perf-data',
  title: 'perf.data (perf record)',
  sniff: (head) => byteOrder(head) !== undefined,
  open,
};
