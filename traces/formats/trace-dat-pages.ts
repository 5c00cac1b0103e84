/**
 * One CPU's ring-buffer pages, out of the file.
 *
 * In: where they are, plain or in compressed chunks. Out: pieces of them in order; what could not be read is told.
 *
 *   plain        page | page | …
 *   compressed   chunks u32 | (compressed size u32 | size u32 | data …) × chunks        a chunk is whole pages
 */
import type { Inflate } from '../decompress.js';
import { CutShort, cursor, type ReadAt } from './trace-dat-cursor.js';
import type { CpuData } from './trace-dat-options.js';

/** What happened to the data of one CPU on the way. */
export interface PageTrouble {
  /** Bytes that the file should have had. */
  missing(bytes: number, at: number): void;
  /** A chunk at `at` that cannot be inflated; the pages before and after it can be read. */
  chunk(at: number): void;
}

export interface PageSource {
  readonly read: ReadAt;
  readonly bigEndian: boolean;
  readonly pageSize: number;
  /** Set where the data is compressed. */
  readonly inflate: Inflate | undefined;
  readonly trouble: PageTrouble;
  readonly onProgress: (bytes: number) => void;
}

/** `undefined` stands for pages that are lost. */
export type Pieces = AsyncGenerator<Uint8Array | undefined, void>;

const PIECE = 256 << 10;
/** trace-cmd writes chunks of ten pages. */
const MOST_PAGES = 256;
/** trace-cmd 3.1 does not count the number of chunks itself in a CPU's size. */
const SLACK = 4;

async function* plainPages(source: PageSource, data: CpuData): Pieces {
  const end = data.offset + data.size;
  for (let at = data.offset; at < end; ) {
    const piece = await source.read(at, Math.min(PIECE, end - at));
    if (piece.length === 0) {
      source.trouble.missing(end - at, at);
      yield undefined;
      return;
    }
    source.onProgress(piece.length);
    yield piece;
    at += piece.length;
  }
}

async function* compressedPages(source: PageSource, data: CpuData, inflate: Inflate): Pieces {
  const at = cursor(source.read, data.offset, source.bigEndian);
  const end = data.offset + data.size;
  try {
    for (let left = await at.u32('the number of chunks'); left > 0; left--) {
      const start = at.position;
      const packed = await at.u32("a chunk's compressed size");
      const size = await at.u32("a chunk's size");
      if (packed > end + SLACK - at.position)
        throw new CutShort('a chunk', start, `${packed} bytes where ${end - at.position} are left`);
      if (size === 0) throw new CutShort('a chunk', start, 'one without pages');
      const sound = size <= MOST_PAGES * source.pageSize;
      const plain = sound ? inflate(await at.bytes(packed, 'a chunk'), size) : undefined;
      at.position = start + 8 + packed;
      if (plain === undefined) source.trouble.chunk(start);
      source.onProgress(packed + 8);
      yield plain;
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    source.trouble.missing(Math.max(0, end - error.at), error.at);
    yield undefined;
  }
}

export const pagesOf = (source: PageSource, data: CpuData): Pieces =>
  source.inflate === undefined ? plainPages(source, data) : compressedPages(source, data, source.inflate);
