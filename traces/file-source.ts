/**
 * A plain file as a ByteSource.
 *
 * In: an open file descriptor. Out: its bytes, read straight into the caller's memory (which may be a Wasm module's).
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { CaptureError } from './format.js';
import { type ByteSource, HEAD_BYTES } from './source.js';

/** What the system said: "EIO: i/o error, read". */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function readError(name: string, at: number, error: unknown): CaptureError {
  return new CaptureError(
    name,
    `reading failed at byte ${at}: ${reasonOf(error)}`,
    'Check the disk or the pipe, then copy the capture and try again.',
  );
}

/** Fills `target` from `offset`; less than asked only at the end of the file. */
export function readFully(fd: number, target: Uint8Array, offset: number, name: string): number {
  let done = 0;
  try {
    while (done < target.length) {
      const got = readSync(fd, target, done, target.length - done, offset + done);
      if (got === 0) break;
      done += got;
    }
  } catch (error) {
    throw readError(name, offset + done, error);
  }
  return done;
}

/** Takes the descriptor over, but does not close standard input. `path` as in ByteSource. */
export function fileSource(fd: number, name: string, path?: string): ByteSource {
  let position = 0;
  let closed = false;
  return {
    name,
    size: fstatSync(fd).size,
    ...(path === undefined ? {} : { path }),
    async head() {
      const head = new Uint8Array(HEAD_BYTES);
      return head.subarray(0, readFully(fd, head, 0, name));
    },
    async read(target) {
      const got = readFully(fd, target, position, name);
      position += got;
      return got;
    },
    async readAt(target, offset) {
      return readFully(fd, target, offset, name);
    },
    counters: () => [],
    async close() {
      if (!closed && fd !== 0) closeSync(fd);
      closed = true;
    },
  };
}
