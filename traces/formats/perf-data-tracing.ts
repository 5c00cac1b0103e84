/**
 * The tracing data inside a perf.data: the formats of the events that were recorded.
 *
 * In: the section's bytes, laid out like the beginning of a trace.dat of version 6 (tools/perf/util/trace-event-info.c).
 * Out: formats, names of tasks, kernel symbols where perf has written any.
 *
 *   17 08 44 "tracing" "0.6\0" | endianness u8 | long size u8 | page size u32 | header_page, header_event |
 *   ftrace's formats | formats by system | kallsyms | printk formats | saved_cmdlines (0.6 and later)
 */
import type { EventFormat } from '../event-format.js';
import { type Cursor, CutShort, memoryCursor } from './trace-dat-cursor.js';
import { soundPageSize } from './trace-dat-facts.js';
import {
  readCmdlines,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readSized32,
} from './trace-dat-metadata.js';

export interface TracingData {
  /** Bytes of the kernel's long. */
  readonly longSize: number;
  readonly pageSize: number;
  readonly formats: readonly EventFormat[];
  readonly kallsyms: Uint8Array;
  readonly cmdlines: string;
}

const MAGIC_BYTES = 10;
const MAGIC = '\x17\x08\x44tracing';

const isMagic = (bytes: Uint8Array): boolean =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join('') === MAGIC;

/** What stands behind the formats is worth having, but nothing depends on it. */
async function readRest(cursor: Cursor): Promise<Pick<TracingData, 'kallsyms' | 'cmdlines'>> {
  let kallsyms: Uint8Array = new Uint8Array(0);
  try {
    kallsyms = (await readSized32(cursor, 'the kernel symbols')).slice();
    await readSized32(cursor, 'the printk formats');
    return { kallsyms, cmdlines: await readCmdlines(cursor) };
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    return { kallsyms, cmdlines: '' };
  }
}

/** Throws CutShort. */
export async function readTracingData(bytes: Uint8Array): Promise<TracingData> {
  const cursor = memoryCursor(bytes, false);
  if (!isMagic(await cursor.bytes(MAGIC_BYTES, 'the magic of tracing data')))
    throw new CutShort('the magic of tracing data', 0, 'something else');
  await cursor.string('the version of the tracing data');
  cursor.bigEndian = (await cursor.u8('the byte order')) === 1;
  const longSize = await cursor.u8('the size of a long');
  if (longSize !== 4 && longSize !== 8)
    throw new CutShort('a long of 4 or 8 bytes', cursor.position - 1, `${longSize}`);
  const pageAt = cursor.position;
  const pageSize = await cursor.u32('the page size');
  if (!soundPageSize(pageSize)) throw new CutShort('a page size', pageAt, String(pageSize));
  await readHeaderInfo(cursor);
  const formats = [...(await readFtraceFormats(cursor)), ...(await readEventFormats(cursor))];
  return { longSize, pageSize, formats, ...(await readRest(cursor)) };
}
