/**
 * Where the bytes of a perf.data come from: a file at any offset, a pipe in order, a directory's further files.
 *
 * In: a ByteSource. Out: the head, and a function that gives the records' bytes in order; or a CaptureError.
 */
import { openSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSource, readError } from '../file-source.js';
import { CaptureError } from '../format.js';
import type { ByteSource } from '../source.js';
import type { Trouble } from './perf-data-counters.js';
import { byteOrder, type Head, isPipe, readFileHead, readPipeHead, Unreadable } from './perf-data-head.js';
import type { ReadNext } from './perf-data-input.js';
import { CutShort, type ReadAt } from './trace-dat-cursor.js';

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

export interface Opened {
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

export async function openHead(source: ByteSource, onProgress: (bytes: number) => void): Promise<Opened> {
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

/** The numbers of a directory's files data.0, data.1, …: perf gives each thread that writes one, from 0 on. */
function fileNumbers(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => /^data\.(0|[1-9]\d{0,8})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function openDataFile(path: string): ByteSource {
  try {
    return fileSource(openSync(path, 'r'), path, path);
  } catch (error) {
    throw readError(path, 0, error);
  }
}

/** Files of a directory: data.0, data.1, … beside `data`. */
export function dataFiles(source: ByteSource, trouble: Trouble): ByteSource[] {
  if (source.path === undefined) {
    trouble.add('data-file-missing', 1, 'no directory is known');
    return [];
  }
  const folder = dirname(source.path);
  const numbers = fileNumbers(folder);
  const missing = numbers.findIndex((number, i) => number !== i);
  if (missing >= 0 || numbers.length === 0)
    trouble.add('data-file-missing', 1, join(folder, `data.${Math.max(missing, 0)}`));
  return numbers.map((number) => openDataFile(join(folder, `data.${number}`)));
}
