/**
 * What both replays of the tests speak: events that go in, rows that come out, as plain objects.
 *
 * In: nothing. Out: types. Absent facts are undefined; device, comm and stack are 0 where absent, as in the schema.
 */
import type { Anomaly, Dir, EndReason, Kind, Layer, Op } from '../wasm/schema.js';

/** A scatterlist as an event shows it. */
export interface SgList {
  readonly phys: readonly bigint[];
  readonly dma: readonly bigint[];
  readonly lengths: readonly bigint[];
  /** Entries of the caller's list. */
  readonly nents: number;
  /** DMA segments that it became. */
  readonly ents: number;
  readonly truncated: boolean;
}

export interface ReplayEvent {
  readonly layer: Layer;
  readonly op: Op;
  readonly kind: Kind;
  readonly ts: bigint;
  readonly cpu: number;
  readonly tid?: number;
  readonly comm?: number;
  readonly stack?: number;
  readonly device?: number;
  readonly addr?: bigint;
  readonly len?: bigint;
  readonly phys?: bigint;
  readonly attrs?: number;
  readonly dir?: Dir;
  readonly error?: number;
  readonly list?: SgList;
}

export interface EventRow {
  readonly seq: number;
  readonly ts: bigint;
  readonly cpu: number;
  stack: number;
  lifetime: number | undefined;
}

export interface Lifetime {
  readonly id: number;
  readonly layer: Layer;
  readonly kind: Kind;
  device: number;
  readonly dir: Dir | undefined;
  readonly attrs: number | undefined;
  addr: bigint;
  len: bigint;
  phys: bigint | undefined;
  readonly openedTs: bigint;
  readonly openSeq: number;
  readonly openTid: number | undefined;
  readonly openComm: number;
  openStack: number;
  closedTs: bigint | undefined;
  closeSeq: number | undefined;
  closeTid: number | undefined;
  closeStack: number;
  end: EndReason;
  readonly group: number | undefined;
  parent: number | undefined;
  syncs: number;
  passed: number;
  flags: number;
  readonly siblings: SiblingsRow;
}

export interface AnomalyRow {
  readonly kind: Anomaly;
  readonly seq: number;
  readonly ts: bigint;
  readonly device: number;
  readonly addr: bigint | undefined;
  readonly len: bigint | undefined;
  readonly expected: bigint | undefined;
  readonly actual: bigint | undefined;
  readonly lifetime: number | undefined;
  readonly other: number | undefined;
  afterLoss: boolean;
}

export interface LossRow {
  readonly cpu: number;
  readonly from: bigint | undefined;
  to: bigint;
  readonly count: bigint | undefined;
  readonly seq: number;
}

export interface SiblingsRow {
  readonly layer: Layer;
  readonly device: number;
  readonly kind: Kind;
  readonly dir: Dir | undefined;
  opened: bigint;
  closed: bigint;
  older: bigint;
  openedBytes: bigint;
  closedBytes: bigint;
  firstTs: bigint | undefined;
  lastTs: bigint | undefined;
  longest: bigint | undefined;
  mostPassed: number;
}

/** Lifetimes by id, events by seq; anomalies and siblings in no order that means anything. */
export interface Replayed {
  readonly events: EventRow[];
  readonly lifetimes: Lifetime[];
  readonly anomalies: AnomalyRow[];
  readonly losses: LossRow[];
  readonly siblings: SiblingsRow[];
}

/** One page, mapped from its first mapping's open to its last one's close. */
export interface PageLifetime {
  readonly layer: Layer;
  /** Device; 0 in the layer iommu. */
  readonly space: number;
  readonly page: bigint;
  readonly openedTs: bigint;
  readonly closedTs: bigint | undefined;
  readonly lifetime: number;
  readonly peak: number;
}
