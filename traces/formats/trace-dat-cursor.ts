/**
 * Reading numbers and strings in order, from a file or from a section held in memory.
 *
 * In: a function that reads bytes at an offset. Out: values in the capture's byte order; where the bytes end too
 * early, a CutShort that its caller turns into a CaptureError or a counter.
 */
import { shortened } from '../printable.js';

/** Fewer bytes than asked only at the end. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/** What is quoted from a damaged file may have any length. */
const QUOTED = 160;

/** Something was expected where the data had already ended, or made no sense. Never leaves this folder. */
export class CutShort extends Error {
  constructor(
    readonly what: string,
    /** Where it was to begin. */
    readonly at: number,
    readonly problem: string,
  ) {
    super(`expected ${shortened(what, QUOTED)} at byte ${at}, found ${shortened(problem, QUOTED)}`);
  }
}

export interface Cursor {
  position: number;
  bigEndian: boolean;
  u8(what: string): Promise<number>;
  u16(what: string): Promise<number>;
  u32(what: string): Promise<number>;
  /** Sizes and offsets: those beyond 2^53 are no sizes of this world, and CutShort. */
  u64(what: string): Promise<number>;
  bytes(length: number, what: string): Promise<Uint8Array>;
  /** `length` bytes as text, without a NUL at its end. */
  text(length: number, what: string): Promise<string>;
  /** Up to a NUL, which is consumed. */
  string(what: string): Promise<string>;
}

const WINDOW = 64 << 10;
const LONGEST_STRING = 4096;
/** Large pieces are read in steps, so that an absurd length ends at the file's end and not in an allocation. */
const STEP = 4 << 20;

const decoder = new TextDecoder();
export const plainText = (bytes: Uint8Array): string => decoder.decode(bytes);

export function cursor(read: ReadAt, position: number, bigEndian: boolean): Cursor {
  let window = new Uint8Array(0);
  let start = 0;

  async function large(length: number, what: string, at: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let done = 0; done < length; ) {
      const part = await read(at + done, Math.min(STEP, length - done));
      if (part.length === 0) throw new CutShort(what, at, `${done} of its ${length} bytes`);
      parts.push(part);
      done += part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async function bytes(length: number, what: string): Promise<Uint8Array> {
    const at = self.position;
    self.position += length;
    if (length > WINDOW) return large(length, what, at);
    if (at < start || at + length > start + window.length) {
      window = (await read(at, WINDOW)).slice();
      start = at;
    }
    const found = window.subarray(at - start, at - start + length);
    if (found.length < length) throw new CutShort(what, at, `${found.length} of its ${length} bytes`);
    return found;
  }

  async function number(size: 1 | 2 | 4 | 8, what: string): Promise<number> {
    const at = self.position;
    const found = await bytes(size, what);
    const view = new DataView(found.buffer, found.byteOffset, size);
    const little = !self.bigEndian;
    if (size === 1) return view.getUint8(0);
    if (size === 2) return view.getUint16(0, little);
    if (size === 4) return view.getUint32(0, little);
    const value = Number(view.getBigUint64(0, little));
    if (value > Number.MAX_SAFE_INTEGER) throw new CutShort(what, at, `the impossible number ${value}`);
    return value;
  }

  async function string(what: string): Promise<string> {
    const at = self.position;
    const codes: number[] = [];
    for (;;) {
      const code = (await bytes(1, what))[0]!;
      if (code === 0) return plainText(Uint8Array.from(codes));
      if (codes.length === LONGEST_STRING)
        throw new CutShort(what, at, `no end within ${LONGEST_STRING} bytes`);
      codes.push(code);
    }
  }

  const self: Cursor = {
    position,
    bigEndian,
    u8: (what) => number(1, what),
    u16: (what) => number(2, what),
    u32: (what) => number(4, what),
    u64: (what) => number(8, what),
    bytes,
    text: async (length, what) => plainText(await bytes(length, what)).replace(/\0$/, ''),
    string,
  };
  return self;
}

/** A cursor over bytes in memory. */
export const memoryCursor = (bytes: Uint8Array, bigEndian: boolean): Cursor =>
  cursor(async (offset, length) => bytes.subarray(offset, offset + length), 0, bigEndian);
