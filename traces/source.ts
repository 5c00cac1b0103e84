/** Bytes of one input, wherever they come from: read in order, and at any offset where the input allows it. */

import type { Counter } from './format.js';

/** Read in order, or at offsets; a format does one or the other. Errors while reading are CaptureErrors. */
export interface ByteSource {
  /** What to call it in messages: the path as the user gave it, or "<stdin>". */
  readonly name: string;
  /** Bytes after decompression, where known before reading. */
  readonly size?: number;
  /** A path whose bytes are the capture as they are (a plain file), so that workers can read parts of it themselves. */
  readonly path?: string;
  /** The first bytes (at most 64 KiB), without consuming them. */
  head(): Promise<Uint8Array>;
  /** Fills `target` with the next bytes in order; returns how many, 0 at the end. */
  read(target: Uint8Array): Promise<number>;
  /**
   * Fills `target` from `offset`; returns how many, less than asked only at the end. A stream (a pipe, compressed data) is
   * first spooled to a temporary file, whole; so the first `readAt` has to come before any `read`. Then `size` is known.
   */
  readAt(target: Uint8Array, offset: number): Promise<number>;
  /** What of the input itself could not be read: it ended inside compressed data. `openCapture` adds it to the capture's. */
  counters(): Counter[];
  /** May be called more than once. */
  close(): Promise<void>;
}

/** `head()` gives at most this many bytes. */
export const HEAD_BYTES = 64 << 10;
