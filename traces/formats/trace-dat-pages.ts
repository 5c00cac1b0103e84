/**
 * One CPU's ring-buffer pages, out of the file, in parts that can be read apart.
 *
 * In: where they are, plain or in compressed chunks. Out: the pages of each part in order; what could not be read is told.
 */
import { MOST_PARTS } from '../format.js';
import { compressedPages } from './trace-dat-chunks.js';
import type { CpuData } from './trace-dat-options.js';
import { LOST, type PageSource, type Pages, type PagesPart } from './trace-dat-parts.js';

/** Bytes of the file in a part: so many that it fills a few batches. */
const PLAIN_PART = 2 << 20;
const COMPRESSED_PART = 256 << 10;

/** Bytes of a part, so that there are no more parts than may be. */
const partBytes = (size: number, least: number): number =>
  least * Math.max(1, Math.ceil(size / least / MOST_PARTS));

function plainPages(source: PageSource, { offset, size }: CpuData, least: number): Pages {
  const bytes = source.pageSize * Math.ceil(least / source.pageSize);
  return {
    parts: Math.ceil(size / bytes),
    part: async (index) => {
      const from = offset + index * bytes;
      const to = Math.min(from + bytes, offset + size);
      return { at: from, offset: from - offset, fill: plainFill(source, from, to, index === 0) };
    },
  };
}

function plainFill(source: PageSource, from: number, to: number, first: boolean): PagesPart['fill'] {
  let at = from;
  /** Whether the file ended in a part before, which has told of the loss. */
  const wasCut = async (): Promise<boolean> =>
    !first && at === from && (await source.readAt(new Uint8Array(1), at - 1)) === 0;
  return async (target) => {
    if (at === to) return 0;
    const bytes = await source.readAt(target.subarray(0, to - at), at);
    if (bytes > 0) {
      source.onProgress(bytes);
      at += bytes;
      return bytes;
    }
    source.trouble.missing(to - at, at);
    const isTold = await wasCut();
    at = to;
    return isTold ? 0 : LOST;
  };
}

export function pagesOf(source: PageSource, data: CpuData): Pages {
  const { inflate } = source;
  return inflate === undefined
    ? plainPages(source, data, partBytes(data.size, PLAIN_PART))
    : compressedPages({ ...source, inflate }, data, partBytes(data.size, COMPRESSED_PART));
}
