/**
 * A trace.dat up to its events.
 *
 * In: a function that reads the file. Out: what the file says of itself, and where the ring buffers are.
 *
 *   17 08 44 "tracing" "7\0" | endianness u8 | long size u8 | page size u32 | …
 */
import { type Cursor, CutShort, cursor, type ReadAt } from './trace-dat-cursor.js';
import { type Head, soundPageSize, type TraceDatFile, Unreadable } from './trace-dat-facts.js';
import { readVersion6 } from './trace-dat-v6.js';
import { readVersion7 } from './trace-dat-v7.js';

export const MAGIC = Uint8Array.of(0x17, 0x08, 0x44, ...new TextEncoder().encode('tracing'));

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
