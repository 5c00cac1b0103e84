/**
 * What the reader of a trace.dat has found before the first event, whichever the file's version.
 *
 * In: nothing. Out: the types that versions 6 and 7 fill in, and the ways in which reading ends early.
 */
import type { Inflate } from '../decompress.js';
import type { EventFormat } from '../event-format.js';
import { CutShort } from './trace-dat-cursor.js';
import type { PageLayout } from './trace-dat-metadata.js';
import type { CpuData, Options } from './trace-dat-options.js';

/** A trace instance with events. */
export interface TraceBuffer {
  readonly name: string;
  readonly clock?: string;
  readonly pageSize: number;
  readonly compressed: boolean;
  readonly cpus: readonly CpuData[];
}

export interface TraceDatFile {
  readonly version: number;
  readonly bigEndian: boolean;
  readonly pageSize: number;
  readonly layout: PageLayout;
  readonly formats: readonly EventFormat[];
  readonly cmdlines: string;
  /** The text of kallsyms; inflated when asked for. */
  readonly kallsyms: () => Uint8Array | undefined;
  readonly options: Options;
  readonly buffers: readonly TraceBuffer[];
  readonly inflate: Inflate | undefined;
  /** "zstd 1.5.7"; absent in version 6. */
  readonly compression?: string;
  /** Sections that could not be read, and why. */
  readonly skipped: string[];
}

/** The file cannot be read at all; `advice` says what to do about it. */
export class Unreadable extends Error {
  constructor(
    problem: string,
    readonly advice: string,
  ) {
    super(problem);
  }
}

/** The first bytes of the file. */
export interface Head {
  readonly version: number;
  readonly bigEndian: boolean;
  readonly pageSize: number;
}

const SMALLEST_PAGE = 256;
export const LARGEST_PAGE = 4 << 20;

export const soundPageSize = (size: number): boolean =>
  size >= SMALLEST_PAGE && size <= LARGEST_PAGE && (size & (size - 1)) === 0;

export const latency = () =>
  new Unreadable(
    'expected ring buffers, found the text of a latency tracer (the file has no events in binary form)',
    'Give that text itself: trace-cmd report FILE > trace.txt.',
  );

/** Runs what may fail without making the rest unreadable. */
export async function attempt<T>(
  skipped: string[],
  what: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    skipped.push(`${what}: ${error.message}`);
    return undefined;
  }
}
