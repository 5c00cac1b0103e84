/**
 * What both replays of the tests speak: events that go in, rows that come out, as plain objects.
 *
 * In: nothing. Out: types. Absent facts are undefined; device, comm and stack are 0 where absent, as in the schema.
 */
import type { Anomaly, Cause, Dir, EndReason, Kind, Layer, Op } from '../wasm/schema.js';

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
  readonly mm?: bigint;
  readonly object?: bigint;
  readonly value?: bigint;
  readonly other?: bigint;
  /** Tells types apart that are alike otherwise: probes that see one operation. 0 where not told. */
  readonly probe?: number;
  /** MEANS_*: columns that hold something else. */
  readonly means?: number;
  /** Number of the probed function, and whether this is traced where it returns. */
  readonly call?: number;
  readonly returns?: boolean;
}

/** What an event tells, once its columns are worked out and its call's entry has added to it. */
export interface EventFacts {
  readonly addr: bigint | undefined;
  readonly len: bigint | undefined;
  readonly phys: bigint | undefined;
  readonly attrs: number | undefined;
  readonly dir: Dir | undefined;
  readonly device: number;
  readonly error: number;
  readonly mm: bigint | undefined;
  readonly object: bigint | undefined;
  readonly value: bigint | undefined;
  readonly other: bigint | undefined;
}

export interface EventRow extends EventFacts {
  readonly seq: number;
  readonly ts: bigint;
  readonly cpu: number;
  stack: number;
  lifetime: number | undefined;
}

export interface Lifetime {
  id: number;
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
  group: number | undefined;
  parent: number | undefined;
  syncs: number;
  passed: number;
  flags: number;
  readonly siblings: SiblingsRow;
  /** Beyond the DMA API only; what a close may still tell is not readonly. */
  mm: bigint | undefined;
  object: bigint | undefined;
  value: bigint | undefined;
  other: bigint | undefined;
  invalidation: number | undefined;
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

export interface InvalidationRow {
  readonly id: number;
  readonly layer: Layer;
  readonly mm: bigint | undefined;
  readonly object: bigint | undefined;
  readonly addr: bigint | undefined;
  readonly len: bigint | undefined;
  readonly cause: Cause | undefined;
  readonly tid: number | undefined;
  readonly beginTs: bigint;
  readonly beginSeq: number;
  endTs: bigint | undefined;
  endSeq: number | undefined;
  imports: number;
  obeyed: number;
  remaining: number;
  flags: number;
}

/** Lifetimes and invalidations by id, events by seq; anomalies and siblings in no order that means anything. */
export interface Replayed {
  readonly events: EventRow[];
  readonly lifetimes: Lifetime[];
  readonly anomalies: AnomalyRow[];
  readonly losses: LossRow[];
  readonly siblings: SiblingsRow[];
  readonly invalidations: InvalidationRow[];
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
