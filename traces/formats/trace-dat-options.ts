/**
 * The options of a trace.dat: facts by id, each with its length, so that unknown ones are skipped.
 *
 * In: a cursor behind "options" (version 6) or in an options section (7). Out: what the options say.
 *
 *   option   id u16 | size u32 | data …          id 0 ends the list; in version 7 it holds the next list's offset
 */
import { type Cursor, CutShort, memoryCursor, plainText } from './trace-dat-cursor.js';

/** One CPU's ring buffer as it lies in the file. */
export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  /** Bytes in the file. */
  readonly size: number;
}

/** A trace instance; the top-level one has an empty name. */
export interface BufferOption {
  readonly name: string;
  /** Version 6: where its table of CPUs is. Version 7: its section's header. */
  readonly offset: number;
  readonly clock?: string;
  readonly pageSize?: number;
  readonly cpus: readonly CpuData[];
  /** It holds text (a latency trace) and no events. */
  readonly latency?: boolean;
}

/** `stats` of one CPU of an instance, where something got lost. */
export interface CpuLosses {
  readonly buffer: string;
  readonly cpu: number;
  /** The oldest events were overwritten by newer ones; the ring buffer marks where. */
  readonly overrun: number;
  /** New events found no room; nothing marks where. */
  readonly dropped: number;
}

/** What the options say. Absent facts are undefined. */
export interface Options {
  clock?: string;
  /** Added to every time stamp: from --date (µs in the file) and --ts-offset; ns. */
  offset: bigint;
  /** Ticks to nanoseconds: (ticks × multiplier) >> shift. */
  tsc?: { readonly multiplier: number; readonly shift: number };
  uname?: string;
  version?: string;
  cpus?: number;
  readonly buffers: BufferOption[];
  readonly losses: CpuLosses[];
  readonly notes: string[];
  /** Offsets of the sections in version 7, by section id. */
  readonly sections: Map<number, number>;
  readonly unknown: number[];
  /** Options whose data contradicts itself, and how. */
  readonly damaged: string[];
  /** The same of the options that say where a trace instance's events are. */
  readonly lostBuffers: string[];
  /** The instance that the CPUSTAT options are about: one names it, then come its CPUs. */
  statsOf: string;
}

export const newOptions = (): Options => ({
  offset: 0n,
  buffers: [],
  losses: [],
  notes: [],
  sections: new Map(),
  unknown: [],
  damaged: [],
  lostBuffers: [],
  statsOf: '',
});

type ReadOption = (
  options: Options,
  data: Uint8Array,
  cursor: Cursor,
  version: number,
) => void | Promise<void>;

const textOf = (data: Uint8Array): string => plainText(data).split('\0', 1)[0]!.trim();

/** A number as strtoll reads it: "0x660bab8ded4e2", "-1500". */
function numberOf(data: Uint8Array): bigint {
  const [, sign, digits] = /^([+-]?)(0x[0-9a-f]+|\d+)/i.exec(textOf(data)) ?? [];
  if (digits === undefined) return 0n;
  return BigInt.asIntN(64, sign === '-' ? -BigInt(digits) : BigInt(digits));
}

/** "local global [mono] boot": the one in brackets is in use. */
function readClock(options: Options, data: Uint8Array): void {
  const clock = /\[([^\]]+)\]/.exec(textOf(data))?.[1];
  if (clock !== undefined) options.clock ??= clock;
}

const statOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name}: (\\d{1,15})$`, 'm').exec(text)?.[1] ?? 0);

function readCpuStats(options: Options, data: Uint8Array): void {
  const text = textOf(data);
  const [, buffer] = /^Buffer: (.*)$/m.exec(text) ?? [];
  if (buffer !== undefined) options.statsOf = buffer.trim();
  const cpu = /^CPU: (\d{1,5})$/m.exec(text)?.[1];
  if (cpu === undefined) return;
  const overrun = statOf(text, 'overrun') + statOf(text, 'commit overrun');
  const dropped = statOf(text, 'dropped events');
  if (overrun + dropped > 0)
    options.losses.push({ buffer: options.statsOf, cpu: Number(cpu), overrun, dropped });
}

async function readCpus(cursor: Cursor): Promise<CpuData[]> {
  const cpus: CpuData[] = [];
  for (let left = await cursor.u32('the number of CPUs'); left > 0; left--) {
    const cpu = await cursor.u32("a CPU's number");
    const offset = await cursor.u64("a CPU's offset");
    const size = await cursor.u64("a CPU's size");
    // CPU numbers are 16 bits wide in the tables, and all ones is absent.
    if (cpu < 0xffff) cpus.push({ cpu, offset, size });
  }
  return cpus;
}

async function readBuffer(
  options: Options,
  _data: Uint8Array,
  cursor: Cursor,
  version: number,
): Promise<void> {
  const offset = await cursor.u64("the buffer's offset");
  const name = await cursor.string("the buffer's name");
  if (version === 6) {
    options.buffers.push({ name, offset, cpus: [] });
    return;
  }
  const clock = await cursor.string("the buffer's clock");
  const pageSize = await cursor.u32("the buffer's page size");
  options.buffers.push({ name, offset, clock, pageSize, cpus: await readCpus(cursor) });
}

async function readBufferText(options: Options, _data: Uint8Array, cursor: Cursor): Promise<void> {
  const offset = await cursor.u64("the buffer's offset");
  options.buffers.push({ name: await cursor.string("the buffer's name"), offset, cpus: [], latency: true });
}

async function readTsc(options: Options, _data: Uint8Array, cursor: Cursor): Promise<void> {
  const multiplier = await cursor.u32('the multiplier');
  const shift = await cursor.u32('the shift');
  if (multiplier === 0 || shift > 32) return;
  options.tsc = { multiplier, shift };
  options.notes.push('times: ticks of the clock, converted to ns as the capture says');
}

const readSection =
  (id: number): ReadOption =>
  async (options, _data, cursor) => {
    options.sections.set(id, await cursor.u64('the offset of a section'));
  };

export const SECTION_OPTIONS = 0;
export const SECTION_BUFFER = 3;
export const SECTION_HEADER_INFO = 16;
export const SECTION_FTRACE_FORMATS = 17;
export const SECTION_EVENT_FORMATS = 18;
export const SECTION_KALLSYMS = 19;
export const SECTION_CMDLINES = 21;

const nothing: ReadOption = () => {};

/** By id, as in `enum` of trace-cmd-private.h (TRACECMD_OPTION_*). */
const READERS: Readonly<Record<number, ReadOption>> = {
  // DATE: microseconds, the difference between the clock and the time of day
  1(options, data) {
    options.offset += numberOf(data) * 1000n;
    options.notes.push(
      'times of day: recorded with --date, which is added to every time stamp as trace-cmd report does',
    );
  },
  2: readCpuStats,
  [SECTION_BUFFER]: readBuffer,
  4: readClock,
  // UNAME: "Linux lab 7.2.13 x86_64"
  5(options, data) {
    options.uname = textOf(data);
  },
  // HOOK: pairs of events that trace-cmd profile joins
  6(options, data) {
    options.notes.push(`event hook ${textOf(data)}`);
  },
  // OFFSET: ns
  7(options, data) {
    options.offset += numberOf(data);
  },
  async 8(options, _data, cursor) {
    options.cpus = await cursor.u32('the number of CPUs');
  },
  // VERSION: "3.4.0 not-a-git-repo"
  9(options, data) {
    options.version = textOf(data).split(' ')[0]!;
  },
  // PROCMAPS: where user space libraries were
  10: nothing,
  async 11(options, _data, cursor) {
    const bytes = [...(await cursor.bytes(8, 'the trace id'))];
    const digits = (cursor.bigEndian ? bytes : bytes.reverse()).map((byte) =>
      byte.toString(16).padStart(2, '0'),
    );
    options.notes.push(`trace id 0x${digits.join('').replace(/^0+/, '')}`);
  },
  // TIME_SHIFT: how a guest's clock relates to its host's
  12(options) {
    options.notes.push("a guest's trace: times are the guest's own, not shifted to the host's");
  },
  13(options, data) {
    options.notes.push(`traced together with the guest ${textOf(data)}`);
  },
  14: readTsc,
  // STRINGS: names of sections, for people
  15: nothing,
  [SECTION_HEADER_INFO]: readSection(SECTION_HEADER_INFO),
  [SECTION_FTRACE_FORMATS]: readSection(SECTION_FTRACE_FORMATS),
  [SECTION_EVENT_FORMATS]: readSection(SECTION_EVENT_FORMATS),
  [SECTION_KALLSYMS]: readSection(SECTION_KALLSYMS),
  // PRINTK: formats of trace_printk
  20: nothing,
  [SECTION_CMDLINES]: readSection(SECTION_CMDLINES),
  22: readBufferText,
  // BTF_FILE, LAST_BOOT_INFO, MODULES_FILE
  23: nothing,
  24: nothing,
  25: nothing,
};

/** Reads one list. Returns the offset of the next list, 0 where there is none. Damaged options are skipped and counted. */
export async function readOptions(cursor: Cursor, version: number, options: Options): Promise<number> {
  for (;;) {
    const at = cursor.position;
    const id = await cursor.u16('an option');
    if (id === 0 && version === 6) return 0;
    const size = await cursor.u32("an option's size");
    const data = await cursor.bytes(size, `option ${id}`);
    const inside = memoryCursor(data, cursor.bigEndian);
    if (id === 0) return inside.u64('the offset of the next options');
    await readOption(options, id, data, inside, version, at);
  }
}

async function readOption(
  options: Options,
  id: number,
  data: Uint8Array,
  inside: Cursor,
  version: number,
  at: number,
) {
  const read = READERS[id];
  try {
    if (read === undefined) options.unknown.push(id);
    else await read(options, data, inside, version);
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    const damaged = id === SECTION_BUFFER ? options.lostBuffers : options.damaged;
    damaged.push(`option ${id} at byte ${at} of its list: ${error.message}`);
  }
}
