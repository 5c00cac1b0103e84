/**
 * What a capture format is: bytes go in, streams of event batches come out.
 *
 * A format owns its framing (headers, sections, pages, lines) and nothing else: fields are decoded by the
 * Wasm modules `text` and `binary`, by plans compiled from the event dictionary, and what events mean is the replay's business.
 */

import type { Dictionary } from './dictionary.js';
import { printable } from './printable.js';
import type { ByteSource } from './source.js';

/** One format. `index.ts` in `formats/` is the only place that lists them. */
export interface Format {
  readonly name: string;
  /** What a person calls it, for messages: "ftrace text (trace, trace_pipe)". */
  readonly title: string;
  /** Whether the bytes look like this format; `head` is the first 64 KiB at most, decompressed. */
  sniff(head: Uint8Array): boolean;
  /** It reads its source from the beginning to the end: of a compressed one, nothing has to be kept. */
  readonly inOrder?: boolean;
  /** Whether it will read this source by worker threads of its own. */
  hasWorkers?(source: ByteSource): boolean;
  /** Reads what stands before the events. Throws CaptureError when the file can't be read as this format. */
  open(source: ByteSource, context: OpenContext): Promise<Capture>;
}

export interface OpenContext {
  readonly dictionary: Dictionary;
  /** Called now and then with the number of input bytes consumed so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** What a capture says of itself. Absent facts are undefined. */
export interface CaptureInfo {
  format: string;
  /** ftrace's or perf's clock name ("mono", "local", "tsc", …). */
  clock?: string;
  /** What one unit of a timestamp is: nanoseconds, or ticks of a clock that counts something else. */
  clockUnit: 'ns' | 'tick';
  cpus?: number;
  /** Bytes; 4096 unless the capture says otherwise. */
  pageSize: number;
  kernel?: string;
  host?: string;
  /** Event names the capture knows how to record or says it recorded, as "system:name", where it tells. */
  recordedEvents?: string[];
  /** Anything else worth showing in `info`, in order. */
  notes: string[];
}

export interface Capture {
  readonly info: CaptureInfo;
  /** Each in its own time order; the replay merges them by timestamp. */
  readonly streams: EventStream[];
  /** Everything skipped so far, by reason. Complete once every stream has ended. */
  counters(): Counter[];
  /** Events seen so far by name ("system:name", or the bare name where the format prints no system), rows or not. */
  eventCounts(): Map<string, number>;
  /** A name for a kernel address from the capture's own symbols, "function+0x1c [module]", where it has them. */
  symbol?(address: bigint): string | undefined;
  close(): Promise<void>;
}

export interface EventStream {
  /** The recorder's buffer that it comes from (0 when absent): one operation may stand in several, and counts once. */
  readonly buffer?: number;
  /** The next batch, or undefined at the end. The batch is valid until the next call. */
  next(): Promise<EventBatch | undefined>;
  /** Where parts of it can be decoded apart, without regard to the other streams: they are what `next` gives, by `inOrder` (parts.ts). */
  readonly parts?: StreamParts;
}

/** A stream in parts that know nothing of each other. */
export interface StreamParts {
  /** At most MOST_PARTS. */
  readonly count: number;
  /**
   * The next batch of a part, its block written into `memory` (EVENT_BYTES), its side in memory of its own; undefined at the end. Parts are
   * read in their order, each to its end; some may be left out. Losses before the first event of a part, but for the first part, have the time 0.
   */
  next(part: number, memory: ArrayBuffer): Promise<EventBatch | undefined>;
  /** So many events of a part were earlier than the part before it, and got its last time. */
  wentBack(events: number): void;
}

/** Room for who decodes which part of a stream. */
export const MOST_PARTS = 1024;

/**
 * Up to ROWS events. `block` has the event block's layout of `wasm/schema.ts` (EVENT_BYTES bytes);
 * EVENT_TYPE, EVENT_COMM, EVENT_DEVICE and EVENT_STACK hold ids of `names`.
 * Lost events and call stacks that are records of their own are rows with the reserved types below.
 */
export interface EventBatch {
  readonly rows: number;
  readonly block: Uint8Array;
  /** The side heap: u64 words, as bytes. Word 0 is unused. */
  readonly side: Uint8Array;
  /** Shared by all batches of one decoder; it only ever grows. */
  readonly names: NameTables;
}

/** The ids that a decoder gives to strings, event types and stacks; index = id, entry 0 of the first three = none. */
export interface NameTables {
  readonly comms: string[];
  readonly devices: string[];
  /** Each stack is its frames, innermost first: a name from the capture's text, or a kernel address. */
  readonly stacks: Frame[][];
  /** Ids are the dictionary's own (Dictionary.entries index); no entry is needed here. */
}

export type Frame = string | bigint;

/** Reserved event types: ids 0 and 1 of every dictionary. */
export const TYPE_LOST = 0;
export const TYPE_STACK = 1;

/** One reason for which something in the input did not become an event, and how often. */
export interface Counter {
  /** kebab-case, stable: "line-not-understood". */
  readonly name: string;
  readonly severity: 'info' | 'warning' | 'error';
  readonly count: number;
  /** One sentence: what it means, and what to do about it. */
  readonly help: string;
  /** Where it was first seen, for a person: "line 1204: …", "byte 0x3f000 of cpu 1". */
  readonly first?: string;
  /** Where that is in the input, for who has several to choose from: the lowest is the first. */
  readonly firstAt?: number;
}

/** The one error of this folder: the input as a whole cannot be read. */
export class CaptureError extends Error {
  /** What was expected, what was found, at which byte. Words of the file are in it only as far as a terminal may show them. */
  readonly problem: string;
  constructor(
    readonly file: string,
    problem: string,
    /** What to do about it. */
    readonly advice: string,
  ) {
    super(`${file}: ${printable(problem)}\n${advice}`);
    this.name = 'CaptureError';
    this.problem = printable(problem);
  }
}
