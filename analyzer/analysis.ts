/**
 * What an analysis is: captures that were replayed, and the names that they share.
 *
 * In: what `pipeline.ts` made of the inputs. Out: everything that tables, rules and reports are made from.
 * It is data; nothing here reads a file or computes.
 */
import type { KernelLog } from '../traces/dmesg/kernel-log.js';
import type { KernelMessage } from '../traces/dmesg/message.js';
import type { CaptureInfo, Counter } from '../traces/format.js';
import type { Kind, Layer, Op, TableId } from '../wasm/schema.js';
import type { Alignment } from './kernel-log/align.js';

/** The replayed tables of one capture, as blocks of ROWS rows in one linear memory (layouts: `wasm/schema.ts`). */
export interface CoreTables {
  /** The memory as it is now. Any call that computes may replace it, and detaches the old one: take it afresh. */
  memory(): ArrayBuffer;
  rows(table: TableId): number;
  /** Events seen: numbers (`seq`) in the table are below it. Not all of them need be rows. */
  events(): number;
  /** Lifetimes opened. */
  opened(): number;
  /** Ids in the table are below it; parts of IOMMU ranges have some too. Not all of them need be rows. */
  lifetimes(): number;
  /** Invalidations begun: ids in the table are below it. Not all of them need be rows. */
  invalidations(): number;
  /** Byte offset of block `index`, which holds the rows from `index` * ROWS on; 0 when it was not kept. */
  block(table: TableId, index: number): number;
  /** Computes a table that is only made on demand (page_lifetimes). Called at most once a table, before its first row is read. */
  prepare?(table: TableId): void;
}

/** What the replay knows of an event type; its index in `Analysis.types` is the id in EVENT_TYPE. */
export interface EventType {
  /** "dma:dma_map_phys"; the bare name where the dictionary names no system. */
  readonly name: string;
  readonly layer: Layer;
  readonly op: Op;
  readonly kind: Kind;
  readonly doc: string;
}

export interface StackRow {
  /** As in EVENT_STACK; 0 is never used. */
  readonly id: number;
  /** Innermost first. */
  readonly frames: readonly string[];
  /** The first frame outside the DMA, IOMMU and MM core: "cmd_write [dmabug]". */
  readonly site?: string;
  /** The core function that the site called: "dma_map_page_attrs". */
  readonly via?: string;
}

export interface AnalyzedCapture {
  /** As the user gave it; "-" is stdin. */
  readonly file: string;
  /** Of the bytes as they are in the file, in lower-case hex. */
  readonly sha256?: string;
  readonly info: CaptureInfo;
  readonly core: CoreTables;
  /** What a report keeps of whole tables, when it was asked for beside them: all that rules read which read no whole table. */
  readonly excerpt?: CoreTables;
  /** Times of the first and the last event, on the capture's clock. */
  readonly firstTs?: bigint | undefined;
  readonly lastTs?: bigint | undefined;
  readonly counters: readonly Counter[];
  /** Events seen by name, rows or not. */
  readonly eventCounts: ReadonlyMap<string, number>;
}

/** A kernel log on the clock of the capture that it stands beside. */
export interface PlacedLog {
  readonly log: KernelLog;
  readonly alignment: Alignment;
  /** Devices as the capture names them. */
  readonly messages: readonly KernelMessage[];
}

/** Ids of names, types and stacks are shared by all captures; index 0 of `comms` and `devices` means none. */
export interface Analysis {
  readonly captures: readonly AnalyzedCapture[];
  readonly comms: readonly string[];
  readonly devices: readonly string[];
  readonly stacks: readonly StackRow[];
  readonly types: readonly EventType[];
  /** Of the only capture. */
  readonly kernelLog?: PlacedLog;
}
