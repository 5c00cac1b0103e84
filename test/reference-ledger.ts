/**
 * The slow replay's ledger: what is mapped, what was closed, and how a lifetime begins and ends in any layer.
 *
 * In: events, from the files of the layers. Out: rows in the state, which is plain arrays to search through.
 */

import {
  type Anomaly,
  EndReason,
  FLAG_AFTER_LOSS,
  FLAG_MISMATCH,
  FLAG_OVERLAP,
  Kind,
  Layer,
} from '../wasm/schema.js';
import { newSpace, type Space } from './reference-spaces.js';
import type { Task } from './reference-tasks.js';
import type {
  AnomalyRow,
  EventRow,
  Lifetime,
  LossRow,
  ReplayEvent,
  Replayed,
  SiblingsRow,
} from './replay-rows.js';

export interface Range {
  readonly addr: bigint;
  readonly len: bigint;
}

/** A scatterlist: what its caller's list was, and its segments' lifetimes. */
export interface List {
  readonly device: number;
  readonly firstPhys: bigint | undefined;
  readonly nents: number;
  readonly segments: Lifetime[];
  /** Whether a dma_unmap_sg may still be its. */
  mapped: boolean;
}

/** Two mappings of the same memory, and the anomaly that they are if it is one. */
interface Pair {
  readonly older: Lifetime;
  readonly newer: Lifetime;
  readonly anomaly: AnomalyRow;
}

/** An event that other buffers may show again. */
interface Shown {
  readonly event: ReplayEvent;
  readonly row: EventRow;
  readonly by: Set<number>;
}

export interface State extends Replayed {
  /** The event under way and its row. */
  event: ReplayEvent;
  row: EventRow;
  /** Each CPU's newest event's time. */
  readonly lastOn: Map<number, bigint>;
  /** Losses whose CPU has had no event since. */
  openLosses: LossRow[];
  /** Losses seen when a lifetime was opened, by its id. */
  readonly lossesAtOpen: number[];
  readonly lists: List[];
  /** What was unmapped as a list, in order; without a lifetime: what is older than the capture. */
  readonly closedLists: { device: number; firstPhys: bigint | undefined; lifetime?: Lifetime }[];
  /** Every lifetime that has ended, in order; but the IOMMU's, which nothing names. */
  readonly ended: Lifetime[];
  readonly shown: Shown[];
  /** Rows by buffer and CPU, as stacks look for them. */
  readonly newest: { buffer: number; cpu: number; row: EventRow }[];
  /** What was closed in the layer dma, in order; without a lifetime: what is older than the capture. */
  readonly closed: { device: number; addr: bigint; lifetime?: Lifetime }[];
  pairs: Pair[];
  /** Closes whose address is live on another device. */
  readonly undecided: {
    onOther: Lifetime;
    mismatch: AnomalyRow;
    otherwise: AnomalyRow;
    /** Nothing but that the IOMMU was not asked tells that the device had nothing of its own there. */
    unasked: boolean;
  }[];
  /** The iommu's unmaps and maps since the last dma-layer event of their CPU. */
  asked: ReplayEvent[];
  waiting: { cpu: number; tid: number | undefined; lifetime: Lifetime }[];
  readonly translating: Set<number>;
  readonly syncedUnknown: Set<string>;
  /** Planes of the layer iommu's lifetimes, by id. */
  readonly plane: number[];
  readonly tasks: Map<string, Task>;
  /** What was opened in the call that the event under way ends, until somebody takes it. */
  returned: Lifetime[];
  /** Address spaces; the first is that of whatever tells no mm. */
  readonly spaces: Space[];
  /** The spaces of imports, notifiers and registrations, by lifetime id. */
  readonly spaceOf: (Space | undefined)[];
  /** Imports that did not obey an invalidation which not every importer must obey. */
  readonly weaklyMarked: Set<Lifetime>;
  /** DMA mappings whose memory was freed under them. */
  readonly freed: Set<Lifetime>;
}

export const PAGE = 4096n;
/** A closed lifetime can be named until so many others have ended after it. */
const REMEMBERED = 1024;
const LATE_TRACE = 10_000_000n;

export const live = (l: Lifetime) => l.closedTs === undefined;
export const endOf = ({ addr, len }: Range) => addr + len;
export const lossSeen = ({ losses }: State) => losses.length > 0;
export const wide = (value: number | undefined) => (value === undefined ? undefined : BigInt(value));
export const deviceOf = ({ event }: State) => event.device ?? 0;

export function newState(): State {
  const rows = { events: [], lifetimes: [], anomalies: [], losses: [], siblings: [], invalidations: [] };
  const memory = { lists: [], closedLists: [], closed: [], ended: [], shown: [], newest: [], plane: [] };
  const pending = { openLosses: [], lossesAtOpen: [], pairs: [], undecided: [], asked: [], waiting: [] };
  const sets = { lastOn: new Map(), translating: new Set<number>(), syncedUnknown: new Set<string>() };
  const marks = { weaklyMarked: new Set<Lifetime>(), freed: new Set<Lifetime>() };
  const beyond = { tasks: new Map(), returned: [], spaces: [newSpace(undefined)], spaceOf: [], ...marks };
  const now = { event: undefined as never, row: undefined as never };
  return { ...now, ...rows, ...memory, ...pending, ...sets, ...beyond };
}

/** What two ranges have in common; at most 0 bytes when they do not intersect. */
export function common(a: Range, b: Range): Range {
  const first = a.addr > b.addr ? a : b;
  const ending = endOf(a) < endOf(b) ? a : b;
  return { addr: first.addr, len: endOf(ending) - first.addr };
}

/** The best by score; among equals the first, and rows come oldest first. */
export function best<T>(candidates: T[], score: (candidate: T) => number): T | undefined {
  return candidates.find((candidate) => candidates.every((other) => score(other) <= score(candidate)));
}

/** Of the best by score, what the event's own thread opened, the youngest such; else the oldest. */
export function likeliest<T>(
  s: State,
  candidates: T[],
  score: (candidate: T) => number,
  opened: (candidate: T) => Lifetime,
): T | undefined {
  const most = Math.max(...candidates.map(score));
  const alike = candidates.filter((candidate) => score(candidate) === most);
  const mine = (candidate: T) => Boolean(s.event.tid) && opened(candidate).openTid === s.event.tid;
  return alike.findLast(mine) ?? alike[0];
}

/** The live lifetimes of the layer dma, oldest first. */
export function mapped(s: State, device = deviceOf(s)): Lifetime[] {
  return s.lifetimes.filter((l) => l.layer === Layer.dma && l.device === device && live(l));
}

export function siblingsOf(s: State): SiblingsRow {
  const { layer, kind, dir } = s.event;
  const device = deviceOf(s);
  const found = s.siblings.find(
    (r) => r.layer === layer && r.device === device && r.kind === kind && r.dir === dir,
  );
  if (found !== undefined) return found;
  const none = { opened: 0n, closed: 0n, older: 0n, openedBytes: 0n, closedBytes: 0n, mostPassed: 0 };
  const row = {
    layer,
    device,
    kind,
    dir,
    ...none,
    firstTs: undefined,
    lastTs: undefined,
    longest: undefined,
  };
  s.siblings.push(row);
  return row;
}

const beyondDma = (layer: Layer) => layer !== Layer.dma && layer !== Layer.iommu;
const NOTHING = { mm: undefined, object: undefined, value: undefined, other: undefined };
const furtherFacts = ({ mm, object, value, other }: ReplayEvent) => ({ mm, object, value, other });

/** What has no address or no length (a notifier of a whole mm) is opened all the same. */
export function open(s: State, facts: Range & Partial<Lifetime>): Lifetime {
  const { ts, tid, layer, kind, dir, attrs, phys, comm = 0 } = s.event;
  const siblings = siblingsOf(s);
  const opening = { openedTs: ts, openSeq: s.row.seq, openTid: tid, openComm: comm, openStack: s.row.stack };
  const closing = {
    closedTs: undefined,
    closeSeq: undefined,
    closeTid: undefined,
    closeStack: 0,
    end: EndReason.capture_end,
  };
  const none = { group: undefined, parent: undefined, syncs: 0, passed: 0, flags: 0 };
  const further = { ...(beyondDma(layer) ? furtherFacts(s.event) : NOTHING), invalidation: undefined };
  const id = s.lifetimes.length;
  const lifetime = {
    id,
    layer,
    kind,
    device: deviceOf(s),
    dir,
    attrs,
    phys,
    ...opening,
    ...closing,
    ...none,
    ...further,
    siblings,
    ...facts,
  };
  s.lifetimes.push(lifetime);
  s.lossesAtOpen.push(s.losses.length);
  s.row.lifetime ??= id;
  siblings.opened += 1n;
  siblings.openedBytes += lifetime.len ?? 0n;
  siblings.firstTs ??= ts;
  siblings.lastTs = ts;
  return lifetime;
}

/** Ends a lifetime by the event under way, which closed it or only showed it gone. */
export function close(s: State, l: Lifetime, end = EndReason.closed): void {
  Object.assign(l, { closedTs: s.event.ts, closeSeq: s.row.seq, end });
  if (end === EndReason.closed || end === EndReason.split) {
    Object.assign(l, { closeTid: s.event.tid, closeStack: s.row.stack });
    s.row.lifetime ??= l.id;
  }
  if (l.layer !== Layer.iommu) s.ended.push(l);
  markLoss(s, l);
  countClosed(s, l);
  if (l.layer !== Layer.dma) return;
  s.closed.push({ device: l.device, addr: l.addr, lifetime: l });
  const list = s.lists.find(({ segments }) => segments.includes(l));
  if (list?.mapped && !list.segments.some(live)) unmapped(s, list);
  judgePairs(s, l);
}

/** The list is no candidate any more. */
export function unmapped(s: State, list: List): void {
  list.mapped = false;
  s.closedLists.push({ ...list, lifetime: list.segments[0]! });
}

/** A closed lifetime, if it can still be named. */
export function remembered(s: State, l: Lifetime | undefined): Lifetime | undefined {
  const inList = s.lists.some(({ mapped, segments }) => mapped && segments[0] === l);
  const inPair = s.pairs.some(({ older, newer }) => older === l || newer === l);
  if (inList || inPair || s.undecided.some(({ onOther }) => onOther === l)) return l;
  return l !== undefined && (live(l) || s.ended.lastIndexOf(l) >= s.ended.length - REMEMBERED)
    ? l
    : undefined;
}

function countClosed(s: State, { siblings, len, openedTs, passed }: Lifetime): void {
  const { ts } = s.event;
  pass(s, siblings);
  siblings.closed += 1n;
  siblings.closedBytes += len ?? 0n;
  siblings.lastTs = ts;
  if (siblings.longest === undefined || ts - openedTs > siblings.longest) siblings.longest = ts - openedTs;
  siblings.mostPassed = Math.max(siblings.mostPassed, passed);
}

function pass(s: State, siblings: SiblingsRow): void {
  for (const l of s.lifetimes) if (live(l) && l.siblings === siblings) l.passed += 1;
}

/** Something older than the capture was closed. */
export function countOlder(s: State): void {
  const siblings = siblingsOf(s);
  pass(s, siblings);
  siblings.older += 1n;
  siblings.lastTs = s.event.ts;
}

/** The older of a pair has ended: is it memory mapped twice, or an unmap traced late? */
function judgePairs(s: State, closed: Lifetime): void {
  for (const { newer, anomaly } of s.pairs.filter(({ older }) => older === closed)) {
    const sameThread = Boolean(closed.closeTid) && closed.closeTid === newer.openTid;
    const sure = sameThread || s.event.ts - newer.openedTs > LATE_TRACE;
    if (sure && closed.end !== EndReason.inferred_lost)
      s.anomalies.push({ ...anomaly, afterLoss: lossSeen(s) });
    else newer.flags &= ~FLAG_OVERLAP;
  }
  s.pairs = s.pairs.filter(({ older }) => older !== closed);
}

/** For a lifetime that ends, or at the end. */
export function markLoss(s: State, l: Lifetime): void {
  if (s.lossesAtOpen[l.id]! < s.losses.length) l.flags |= FLAG_AFTER_LOSS;
}

/** An anomaly of the event under way, not reported yet. */
export function anomaly(
  s: State,
  kind: Anomaly,
  about?: Lifetime,
  more: Partial<AnomalyRow> = {},
): AnomalyRow {
  const { ts, addr, len } = s.event;
  const facts = { expected: undefined, actual: undefined, lifetime: about?.id, other: undefined };
  const where = { device: deviceOf(s), addr: about?.addr ?? addr, len: about?.len ?? len };
  return { kind, seq: s.row.seq, ts, ...where, ...facts, afterLoss: lossSeen(s), ...more };
}

/** Reports a mismatch of a close where both sides are known and differ. */
export function compare(
  s: State,
  kind: Anomaly,
  l: Lifetime,
  expected: bigint | undefined,
  actual: bigint | undefined,
  len = l.len,
): void {
  if (expected === undefined || actual === undefined || expected === actual) return;
  s.anomalies.push(anomaly(s, kind, l, { expected, actual, len }));
  l.flags |= FLAG_MISMATCH;
}

export const kindsFit = (a: Kind, b: Kind) => a === b || a === Kind.none || b === Kind.none;
