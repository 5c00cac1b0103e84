/**
 * One CPU's ring-buffer pages where trace-cmd has compressed them, in chunks of whole pages.
 *
 * In: where they are. Out: parts of them; each is read from the file at once.
 *
 *   chunks u32 | (compressed size u32 | size u32 | data …) × chunks
 */
import type { Inflate } from '../decompress.js';
import type { CpuData } from './trace-dat-options.js';
import { LOST, type PageSource, type Pages, type PagesPart } from './trace-dat-parts.js';

/** trace-cmd writes chunks of ten pages; a larger one than this is none, packed or not. */
const MOST_PAGES = 256;
const mostBytes = ({ pageSize }: PageSource): number => MOST_PAGES * pageSize;
/** trace-cmd 3.1 does not count the number of chunks itself in a CPU's size. */
const SLACK = 4;
const HEAD_BYTES = 8;
/** How far the last chunk of a part may go beyond it, that it is read with it. */
const BEYOND = 64 << 10;

interface ChunkSource extends PageSource {
  readonly inflate: Inflate;
}

/** Where a chunk begins: in the file, in what the pages hold, and how many chunks there are from it on. */
interface Place {
  readonly at: number;
  readonly offset: number;
  readonly left: number;
}

/** A part's chunks in memory. */
interface Chunks {
  readonly from: Place;
  /** The file from `from` on. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Where the next part begins. */
  readonly next: Place;
  /** Where a chunk should be, and is not: the rest of the CPU's data is lost. */
  readonly cutAt: number | undefined;
}

/** @param partBytes Bytes of the file in a part: a chunk belongs to the part that it begins in. */
export function compressedPages(source: ChunkSource, data: CpuData, partBytes: number): Pages {
  const parts = Math.max(1, Math.ceil(data.size / partBytes));
  const end = data.offset + data.size + SLACK;
  /** Where parts begin, as far as it is known. */
  const starts: Place[] = [];
  let memory = new Uint8Array(0);

  async function read(at: number, length: number): Promise<Uint8Array> {
    if (memory.length < length) memory = new Uint8Array(length);
    return memory.subarray(0, await source.readAt(memory.subarray(0, length), at));
  }
  async function first(): Promise<Place> {
    const bytes = await read(data.offset, SLACK);
    // One that is not there is met as a chunk that is not.
    return bytes.length < SLACK
      ? { at: data.offset, offset: 0, left: 1 }
      : { at: data.offset + SLACK, offset: 0, left: numberAt(source, bytes, 0) };
  }
  async function load(index: number): Promise<Chunks> {
    const from = starts[index]!;
    const to = index === parts - 1 ? end : data.offset + (index + 1) * partBytes;
    const most = to - from.at + HEAD_BYTES + mostBytes(source);
    for (let length = to - from.at + BEYOND; ; ) {
      const bytes = await read(from.at, Math.max(0, Math.min(length, end - from.at)));
      const chunks = { from, bytes, ...walk(source, bytes, from, to, end) };
      const needed = Math.min(chunks.next.at - from.at, most);
      if (needed <= length) return chunks;
      length = needed;
    }
  }
  async function part(index: number): Promise<PagesPart> {
    if (starts.length === 0) starts.push(await first());
    for (let at = starts.length - 1; at < index; at++) starts.push((await load(at)).next);
    const chunks = await load(index);
    if (starts.length === index + 1) starts.push(chunks.next);
    const { at, offset } = chunks.from;
    return { at, offset, fill: fillFrom(source, chunks, data.offset + data.size) };
  }
  return { parts, part };
}

function numberAt({ bigEndian }: PageSource, { buffer, byteOffset }: Uint8Array, at: number): number {
  return new DataView(buffer, byteOffset + at, 4).getUint32(0, !bigEndian);
}

/** Walks from chunk to chunk, to the first that begins at or behind `to`. Where there is none, none are left. */
function walk(
  source: PageSource,
  bytes: Uint8Array,
  from: Place,
  to: number,
  end: number,
): Pick<Chunks, 'count' | 'next' | 'cutAt'> {
  let { at, offset } = from;
  let count = 0;
  for (; count < from.left && at < to; count++) {
    const head = at - from.at;
    const isThere = head + HEAD_BYTES <= bytes.length;
    const packed = isThere ? numberAt(source, bytes, head) : 0;
    const size = isThere ? numberAt(source, bytes, head + 4) : 0;
    if (size === 0 || packed > end - at - HEAD_BYTES)
      return { count, next: { at, offset, left: 0 }, cutAt: at };
    at += HEAD_BYTES + packed;
    offset += size;
  }
  return { count, next: { at, offset, left: from.left - count }, cutAt: undefined };
}

function fillFrom(source: ChunkSource, chunks: Chunks, end: number): PagesPart['fill'] {
  const { from, bytes } = chunks;
  const most = mostBytes(source);
  let { count, cutAt } = chunks;
  let at = 0;
  /** Of a chunk that was larger than the target, what did not fit. */
  let rest: Uint8Array = new Uint8Array(0);

  const lose = (where: number): number => {
    count = 0;
    cutAt = undefined;
    source.trouble.missing(Math.max(0, end - where), where);
    return LOST;
  };
  const pass = (packed: number): void => {
    at += HEAD_BYTES + packed;
    count--;
    source.onProgress(HEAD_BYTES + packed);
  };
  const damaged = (packed: number): number => {
    source.trouble.chunk(from.at + at);
    pass(packed);
    return LOST;
  };
  const inflate = (packed: number, plain: Uint8Array): boolean =>
    source.inflate(bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + packed), plain);
  const takeRest = (target: Uint8Array): number => {
    const some = rest.subarray(0, target.length);
    target.set(some);
    rest = rest.subarray(some.length);
    return some.length;
  };

  /** What is lost behind chunks that fit is told by the next call. */
  function fill(target: Uint8Array): number {
    if (rest.length > 0) return takeRest(target);
    let filled = 0;
    while (count > 0) {
      const packed = numberAt(source, bytes, at);
      const size = numberAt(source, bytes, at + 4);
      const fits = size <= target.length - filled;
      if (filled > 0 && !fits) return filled;
      if (Math.max(size, packed) > most) return filled || damaged(packed);
      if (packed > bytes.length - at - HEAD_BYTES) return filled || lose(from.at + at + HEAD_BYTES);
      const plain = fits ? target.subarray(filled, filled + size) : new Uint8Array(size);
      if (!inflate(packed, plain)) return filled || damaged(packed);
      pass(packed);
      if (!fits) rest = plain;
      if (!fits) return takeRest(target);
      filled += size;
    }
    return filled === 0 && cutAt !== undefined ? lose(cutAt) : filled;
  }
  return async (target) => fill(target);
}
