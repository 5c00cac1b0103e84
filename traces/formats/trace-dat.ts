/**
 * trace.dat, as trace-cmd writes it (file versions 6 and 7).
 *
 * In: a file by random access. Out: a capture with one stream for each trace instance and CPU that has data.
 */

import { ROWS } from '../../wasm/schema.js';
import { type BinaryCore, loadBinaryCore } from '../binary-core.js';
import { planEvent } from '../binary-plan.js';
import type { Dictionary } from '../dictionary.js';
import { type Capture, CaptureError, type CaptureInfo, type Format, type OpenContext } from '../format.js';
import { kallsymsLookup, type SymbolLookup } from '../kallsyms.js';
import type { ByteSource } from '../source.js';
import { newTrouble, type Trouble } from './trace-dat-counters.js';
import { CutShort, type ReadAt } from './trace-dat-cursor.js';
import { type TraceBuffer, type TraceDatFile, Unreadable } from './trace-dat-facts.js';
import { MAGIC, readTraceDat } from './trace-dat-file.js';
import { tasksOf } from './trace-dat-metadata.js';
import type { CpuData } from './trace-dat-options.js';
import { pagesOf } from './trace-dat-pages.js';
import type { PageSource } from './trace-dat-parts.js';
import { pageStream } from './trace-dat-stream.js';

const startsWithMagic = (head: Uint8Array): boolean => MAGIC.every((byte, i) => head[i] === byte);

const readAtOf =
  (source: ByteSource): ReadAt =>
  async (offset, length) => {
    const target = new Uint8Array(length);
    return target.subarray(0, await source.readAt(target, offset));
  };

async function readFile(source: ByteSource): Promise<TraceDatFile> {
  try {
    return await readTraceDat(readAtOf(source));
  } catch (error) {
    if (error instanceof Unreadable) throw new CaptureError(source.name, error.message, error.advice);
    if (!(error instanceof CutShort)) throw error;
    throw new CaptureError(
      source.name,
      `the trace.dat is cut short or damaged: ${error.message}`,
      'Copy it again from where it was recorded. If the recording itself was interrupted, run trace-cmd restore there; or record again.',
    );
  }
}

/** Clocks that count nanoseconds (trace_clocks[] in kernel/trace/trace.c); the others count something else. */
const NS_CLOCKS = ['local', 'global', 'perf', 'mono', 'mono_raw', 'boot', 'tai', 'tsc2nsec'];

function clockOf(file: TraceDatFile): Pick<CaptureInfo, 'clock' | 'clockUnit'> {
  // The option TRACECLOCK is what was asked for with -C; what an instance's own option says may be the top level's.
  const clock =
    file.options.clock ?? file.buffers.find((buffer) => buffer.cpus.some(({ size }) => size > 0))?.clock;
  const inNs = clock === undefined || NS_CLOCKS.includes(clock) || file.options.tsc !== undefined;
  return { ...(clock === undefined ? {} : { clock }), clockUnit: inNs ? 'ns' : 'tick' };
}

/** "Linux lab 7.2.13-tracelab x86_64" */
function unameOf(uname: string | undefined): Pick<CaptureInfo, 'host' | 'kernel'> {
  const [, host, kernel] = /^\S+ (\S+) (\S+)/.exec(uname ?? '') ?? [];
  return host === undefined || kernel === undefined ? {} : { host, kernel };
}

function infoOf(file: TraceDatFile): CaptureInfo {
  const { options, buffers } = file;
  const cpus = options.cpus ?? Math.max(0, ...buffers.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu + 1)));
  const withData = buffers.filter((buffer) => buffer.cpus.some(({ size }) => size > 0));
  return {
    format: 'trace-dat',
    ...clockOf(file),
    ...(cpus > 0 ? { cpus } : {}),
    pageSize: file.pageSize,
    ...unameOf(options.uname),
    recordedEvents: file.formats
      .filter(({ system }) => system !== 'ftrace')
      .map(({ system, name }) => `${system}:${name}`)
      .sort(),
    notes: [
      `trace.dat version ${file.version}${file.compression === undefined ? '' : `, ${file.compression}`}`,
      ...(options.version === undefined ? [] : [`recorded by trace-cmd ${options.version}`]),
      ...withData.map(({ name }) => (name === '' ? 'top-level buffer' : `instance ${name}`)),
      ...options.notes,
    ],
  };
}

function setUp(core: BinaryCore, file: TraceDatFile, dictionary: Dictionary, symbol: SymbolLookup): void {
  const { wasm } = core;
  wasm.setByteOrder(Number(file.bigEndian));
  wasm.setClock(file.options.tsc?.multiplier ?? 0, file.options.tsc?.shift ?? 0, file.options.offset);
  const common = file.formats[0]?.common ?? [];
  const offsetOf = (name: string, size: number, otherwise: number) =>
    common.find((field) => field.name === name && field.size === size)?.offset ?? otherwise;
  wasm.setCommonFields(offsetOf('common_type', 2, 0), offsetOf('common_pid', 4, 4));
  for (const [pid, name] of tasksOf(file.cmdlines)) core.setTaskName(pid, name);
  const { longSize } = file.layout;
  for (const format of file.formats) planEvent({ core, dictionary, longSize, symbol }, format);
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const nameOf = (buffer: TraceBuffer, cpu: number): string =>
  buffer.name === '' ? `cpu ${cpu}` : `cpu ${cpu} of instance ${buffer.name}`;

/** Streams share a budget: with hundreds of CPUs each has a smaller run of pages and smaller batches. */
const RUN_BUDGET = 64 << 20;
const LARGEST_RUN = 1 << 20;
const ROW_BUDGET = 64 * ROWS;

function runBytes(pageSize: number, streams: number): number {
  const share = Math.min(LARGEST_RUN, RUN_BUDGET / streams);
  return pageSize * Math.max(1, Math.floor(share / pageSize));
}

interface Opened {
  readonly source: ByteSource;
  readonly file: TraceDatFile;
  readonly core: BinaryCore;
  readonly trouble: Trouble;
  readonly onProgress: (bytes: number) => void;
}

function pageSource(opened: Opened, buffer: TraceBuffer, cpu: number): PageSource {
  const { source, file, trouble, onProgress } = opened;
  const name = nameOf(buffer, cpu);
  return {
    readAt: source.readAt.bind(source),
    bigEndian: file.bigEndian,
    pageSize: buffer.pageSize,
    inflate: buffer.compressed ? file.inflate : undefined,
    trouble: {
      missing: (bytes, at) =>
        trouble.add('data-cut-short', Math.max(1, bytes), `byte ${hex(at)} of the file, ${name}`, at),
      chunk: (at) => trouble.add('chunk-damaged', 1, `byte ${hex(at)} of the file, ${name}`, at),
    },
    onProgress,
  };
}

function openStream(opened: Opened, buffer: TraceBuffer, data: CpuData, streams: number) {
  const { core, file, trouble } = opened;
  const { stamp, commit, longSize, data: dataAt } = file.layout;
  const { cpu } = data;
  return pageStream({
    core,
    cpu,
    pages: pagesOf(pageSource(opened, buffer, cpu), data),
    runBytes: runBytes(buffer.pageSize, streams),
    rowLimit: Math.min(ROWS, Math.max(256, Math.floor(ROW_BUDGET / streams))),
    usePages: () => core.wasm.setPageLayout(buffer.pageSize, stamp, commit, longSize, dataAt),
    onDamage: (offset, part) =>
      trouble.where('page-damaged', `byte ${hex(offset)} of ${nameOf(buffer, cpu)}`, part),
    onWentBack: (events) => trouble.add('time-went-back', events),
    lossAtStart: file.options.losses.some(
      (loss) => loss.buffer === buffer.name && loss.cpu === cpu && loss.dropped > 0,
    ),
  });
}

function tellLosses(file: TraceDatFile, trouble: Trouble): void {
  for (const { buffer, cpu, overrun, dropped } of file.options.losses) {
    const where = buffer === '' ? `cpu ${cpu}` : `cpu ${cpu} of instance ${buffer}`;
    if (overrun > 0) trouble.add('events-overwritten', overrun, where);
    if (dropped > 0) trouble.add('events-dropped', dropped, where);
  }
  for (const id of file.options.unknown) trouble.add('option-skipped', 1, `option ${id}`);
}

async function open(source: ByteSource, context: OpenContext): Promise<Capture> {
  const file = await readFile(source);
  const core = loadBinaryCore();
  const symbol = kallsymsLookup(file.kallsyms);
  setUp(core, file, context.dictionary, symbol);
  const trouble = newTrouble();
  tellLosses(file, trouble);
  let consumed = 0;
  const onProgress = (bytes: number) => {
    consumed += bytes;
    context.onProgress?.(consumed);
  };
  const opened = { source, file, core, trouble, onProgress };
  const parts = file.buffers.flatMap((buffer, number) =>
    buffer.cpus.filter(({ size }) => size > 0).map((data) => ({ buffer, number, data })),
  );
  const streams = parts.map(({ buffer, number, data }) => ({
    buffer: number,
    ...openStream(opened, buffer, data, parts.length),
  }));
  return {
    info: infoOf(file),
    streams,
    symbol,
    counters() {
      trouble.set('buffer-skipped', file.options.lostBuffers.length, file.options.lostBuffers[0]);
      // Inflating kallsyms may have added one since.
      trouble.set('section-skipped', file.skipped.length, file.skipped[0]);
      return trouble.counters(core.wasm);
    },
    eventCounts: () => countsOf(core, file),
    async close() {
      for (const stream of streams) stream.close();
    },
  };
}

function countsOf(core: BinaryCore, file: TraceDatFile): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { id, system, name } of file.formats) {
    const count = core.wasm.eventCount(id) >>> 0;
    if (count > 0) counts.set(`${system}:${name}`, count);
  }
  return counts;
}

export const traceDat: Format = {
  name: 'trace-dat',
  title: 'trace.dat (trace-cmd record)',
  sniff: startsWithMagic,
  open,
};
