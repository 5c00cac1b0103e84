/**
 * What one CPU's ring-buffer pages are to who decodes them: parts of the file that can be read apart, plain or in compressed chunks.
 */
import type { Inflate } from '../decompress.js';
import type { ByteSource } from '../source.js';

/** What happened to the data of one CPU on the way. */
export interface PageTrouble {
  /** Bytes that the file should have had. */
  missing(bytes: number, at: number): void;
  /** A chunk at `at` that cannot be inflated; the pages before and after it can be read. */
  chunk(at: number): void;
}

export interface PageSource {
  readonly readAt: ByteSource['readAt'];
  readonly bigEndian: boolean;
  readonly pageSize: number;
  /** Set where the data is compressed. */
  readonly inflate: Inflate | undefined;
  readonly trouble: PageTrouble;
  readonly onProgress: (bytes: number) => void;
}

export interface PagesPart {
  /** Where it begins: in the file, and in what the CPU's ring buffer holds. */
  readonly at: number;
  readonly offset: number;
  /** Puts the next pages into `target`, as many as fit, and says how many bytes these are. 0: there are no more; LOST: pages are lost here. */
  fill(target: Uint8Array): Promise<number>;
}

export const LOST = -1;

export interface Pages {
  /** How many parts there are, at most MOST_PARTS. */
  readonly parts: number;
  /** Valid until the next part is asked for. */
  part(index: number): Promise<PagesPart>;
}
