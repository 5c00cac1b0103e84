/**
 * trace.dat version 6: one block after the other, nothing compressed.
 *
 * In: a cursor behind the first bytes. Out: the facts.
 *
 *   header_page, header_event | ftrace's formats | event formats | kallsyms | printk formats | command lines
 *   CPUs u32 | "options  \0" options | "flyrecord\0" | (offset u64 | size u64) × CPUs
 *   An instance's option holds the offset of its own "flyrecord\0" and table.
 */
import { type Cursor, CutShort } from './trace-dat-cursor.js';
import { attempt, type Head, latency, type TraceBuffer, type TraceDatFile } from './trace-dat-facts.js';
import {
  readCmdlines,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readSized32,
} from './trace-dat-metadata.js';
import { type CpuData, newOptions, type Options, readOptions } from './trace-dat-options.js';

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

async function readInstance(
  at: Cursor,
  name: string,
  cpus: number,
  kind: string,
  pageSize: number,
): Promise<TraceBuffer | undefined> {
  if (kind !== 'flyrecord') return undefined;
  return { name, pageSize, compressed: false, cpus: await readCpuTable(at, cpus) };
}

export async function readVersion6(at: Cursor, head: Head): Promise<TraceDatFile> {
  const layout = await readHeaderInfo(at);
  const ftrace = await readFtraceFormats(at);
  const events = await readEventFormats(at);
  const kallsyms = await readSized32(at, 'kallsyms');
  await readSized32(at, 'the printk formats');
  const cmdlines = await readCmdlines(at);
  const options = newOptions();
  const buffers = await readBuffers(at, head, options);
  return {
    ...head,
    layout,
    formats: [...ftrace, ...events],
    cmdlines,
    kallsyms: () => kallsyms,
    options,
    buffers,
    inflate: undefined,
    skipped: options.damaged,
  };
}

async function readBuffers(at: Cursor, head: Head, options: Options): Promise<TraceBuffer[]> {
  const cpusAt = at.position;
  const found = await at.u32('the number of CPUs');
  const kind = await readKind(at, options);
  const cpus = options.cpus ?? found;
  if (cpus > MOST_CPUS) throw new CutShort('the number of CPUs', cpusAt, String(cpus));
  const top = await readInstance(at, '', cpus, kind, head.pageSize);
  const buffers = top === undefined ? [] : [top];
  for (const option of options.buffers) {
    at.position = option.offset;
    const buffer = await attempt(options.lostBuffers, `instance ${option.name}`, async () =>
      readInstance(at, option.name, cpus, await readKind(at, newOptions()), head.pageSize),
    );
    if (buffer !== undefined) buffers.push(buffer);
  }
  if (buffers.length === 0) throw latency();
  return buffers;
}
