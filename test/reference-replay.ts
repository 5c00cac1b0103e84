/**
 * The slow, obvious replay: docs/lifetimes.md in plain objects and linear search.
 *
 * In: streams of plain events, each in time order. Out: lifetimes by id, event rows by seq, anomalies, losses, siblings.
 * It shares nothing with the Wasm core but the words of the schema, so that each can show the other wrong.
 */
import {
  Anomaly,
  EndReason,
  FLAG_BEFORE_REMOVAL,
  FLAG_OVERLAP,
  FLAG_UNRECORDABLE_UNMAP,
  Layer,
  Op,
} from '../wasm/schema.js';
import { closeList, closeOne, openDma, sync } from './reference-dma.js';
import { finishSpaces } from './reference-invalidations.js';
import { mapIommu, settleCpu, unmapIommu } from './reference-iommu.js';
import { actBeyondDma } from './reference-layers.js';
import { anomaly, best, live, lossSeen, markLoss, newState, type State } from './reference-ledger.js';
import { workOut } from './reference-meaning.js';
import { numberParts } from './reference-numbers.js';
import { afterReturn, returnFrom } from './reference-tasks.js';
import type { EventFacts, ReplayEvent, Replayed } from './replay-rows.js';

/** Records of one event in several buffers are no further apart in time, nor in events of their CPU. */
const APART = 1_000_000_000n;
const RECENT = 64;

type Streams = readonly (readonly ReplayEvent[])[];

/** Merges streams by time; at the same time the lower stream comes first. */
export function inOrder(
  streams: Streams,
  buffers: readonly number[] = [],
): { event: ReplayEvent; buffer: number }[] {
  const rest = streams.map((events, i) => events.map((event) => ({ event, buffer: buffers[i] ?? 0 })));
  const merged: { event: ReplayEvent; buffer: number }[] = [];
  for (;;) {
    const heads = rest.filter(({ length }) => length > 0);
    const stream = best(heads, ([first]) => -Number(first!.event.ts));
    if (stream === undefined) return merged;
    merged.push(stream.shift()!);
  }
}

/** `buffers`: each stream's recorder; 0 where not told. */
export function referenceReplay(streams: Streams, buffers: readonly number[] = []): Replayed {
  const s = newState();
  const several = new Set(buffers).size > 1;
  for (const { event, buffer } of inOrder(streams, buffers)) {
    s.event = event;
    if (event.op === Op.stack) giveStack(s, buffer);
    else if (event.op === Op.lost) lose(s);
    else if (several) takeUnlessRepeated(s, buffer);
    else take(s, buffer);
  }
  finish(s);
  const { events, lifetimes, anomalies, losses, siblings, invalidations } = s;
  return { events, lifetimes, anomalies, losses, siblings, invalidations };
}

/** Ends that an event tells; the others only show in an event of something else. */
const SEEN_TO_END = [EndReason.closed, EndReason.split];

function giveStack(s: State, buffer: number): void {
  const { cpu, stack = 0 } = s.event;
  const rows = s.newest.filter((r) => r.cpu === cpu && r.buffer === buffer).map(({ row }) => row);
  const row = rows.slice(-4).findLast((r) => r.stack === 0);
  if (row === undefined) return;
  row.stack = stack;
  for (const l of s.lifetimes) {
    if (l.openSeq === row.seq) l.openStack = stack;
    if (l.closeSeq === row.seq && SEEN_TO_END.includes(l.end)) l.closeStack = stack;
  }
}

function lose(s: State): void {
  const { cpu, ts, len } = s.event;
  const loss = { cpu, from: s.lastOn.get(cpu), to: ts, count: len, seq: s.events.length };
  s.losses.push(loss);
  s.openLosses.push(loss);
}

/** What another buffer has shown is a repeat; stacks that follow it here are for the event that it repeats. */
function takeUnlessRepeated(s: State, buffer: number): void {
  const { event } = s;
  const recent = s.shown.filter((one) => one.event.cpu === event.cpu).slice(-RECENT);
  const original = recent.find(
    (one) => !one.by.has(buffer) && event.ts - one.event.ts <= APART && sameEvent(one.event, event),
  );
  if (original === undefined) {
    take(s, buffer);
    s.shown.push({ event, row: s.row, by: new Set([buffer]) });
  } else {
    original.by.add(buffer);
    s.newest.push({ buffer, cpu: event.cpu, row: original.row });
  }
}

function take(s: State, buffer: number): void {
  replayRow(s);
  s.newest.push({ buffer, cpu: s.event.cpu, row: s.row });
}

function sameEvent(a: ReplayEvent, b: ReplayEvent): boolean {
  const type = ['layer', 'op', 'kind', 'probe', 'call', 'returns', 'means'] as const;
  const facts = [...type, 'cpu', 'tid', 'device', 'addr', 'len', 'phys', 'dir'] as const;
  return facts.every((fact) => a[fact] === b[fact]);
}

function replayRow(s: State): void {
  const { ts, cpu, stack = 0, layer } = s.event;
  for (const loss of s.openLosses) if (loss.cpu === cpu) loss.to = ts;
  s.openLosses = s.openLosses.filter((loss) => loss.cpu !== cpu);
  s.lastOn.set(cpu, ts);
  s.event = workOut(s.event);
  returnFrom(s);
  s.row = { seq: s.events.length, ts, cpu, stack, lifetime: undefined, ...factsOf(s.event) };
  s.events.push(s.row);
  const opened = s.lifetimes.length;
  act(s);
  if (layer === Layer.dma) settleCpu(s, s.lifetimes.slice(opened));
  afterReturn(s);
}

function factsOf(event: ReplayEvent): EventFacts {
  const { device = 0, error = 0, addr, len, phys, attrs, dir, mm, object, value, other } = event;
  return { device, error, addr, len, phys, attrs, dir, mm, object, value, other };
}

function act(s: State): void {
  const { layer, op, addr, len, error = 0, list } = s.event;
  const opens = op === Op.open && addr !== undefined && error === 0;
  const closes = op === Op.close && len !== 0n;
  if (op === Op.remove || op === Op.removed) {
    remove(s);
  } else if (layer === Layer.dma) {
    if (opens) openDma(s);
    else if (closes) (list === undefined ? closeOne : closeList)(s);
    else if (op === Op.sync) sync(s);
  } else if (layer === Layer.iommu) {
    if (opens && len) mapIommu(s);
    else if (closes && len) unmapIommu(s);
  } else actBeyondDma(s);
}

/** What the device has now, it will not give back if it has not by the end. */
function remove(s: State): void {
  const { device = 0 } = s.event;
  for (const l of s.lifetimes) {
    if (device !== 0 && l.device === device && l.layer !== Layer.iommu && live(l))
      l.flags |= FLAG_BEFORE_REMOVAL;
  }
}

function finish(s: State): void {
  const afterLoss = lossSeen(s);
  for (const { onOther, mismatch, otherwise, unasked } of s.undecided) {
    const isMismatch = live(onOther) && (!unasked || s.translating.size > 0);
    s.anomalies.push(isMismatch ? { ...mismatch, afterLoss } : otherwise);
  }
  for (const { newer } of s.pairs) newer.flags &= ~FLAG_OVERLAP;
  for (const { segments, mapped: stillMapped } of s.lists) {
    const { openSeq: seq, openedTs: ts, device, flags } = segments[0]!;
    if (!stillMapped || (flags & FLAG_UNRECORDABLE_UNMAP) === 0) continue;
    s.anomalies.push(anomaly(s, Anomaly.unmap_unrecordable, segments[0], { seq, ts, device }));
  }
  finishSpaces(s);
  for (const l of s.lifetimes) if (live(l)) markLoss(s, l);
  numberParts(s);
}
