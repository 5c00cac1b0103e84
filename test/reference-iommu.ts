/**
 * The slow replay's layer iommu: docs/lifetimes.md, "Layer iommu".
 *
 * In: the event under way. Out: changes to the ledger.
 */
import { Layer } from '../wasm/schema.js';
import { common, endOf, live, open, PAGE, type Range, type State } from './reference-ledger.js';
import { byAddress, closePart } from './reference-parts.js';
import type { Lifetime } from './replay-rows.js';

const LAST_PLANE = 63;

/** The live mappings of a plane that the event's range touches, by address. */
function touchedIn(s: State, plane: number): Lifetime[] {
  const there = s.lifetimes.filter((l) => l.layer === Layer.iommu && live(l) && s.plane[l.id] === plane);
  const touched = there.filter((l) => common(l, s.event as Range).len > 0n);
  return byAddress(touched);
}

export function mapIommu(s: State): void {
  const { addr, len, cpu, tid } = s.event;
  let plane = 0;
  while (plane < LAST_PLANE && touchedIn(s, plane).length > 0) plane++;
  const lifetime = open(s, { addr: addr!, len: len! });
  s.plane[lifetime.id] = plane;
  s.waiting.push({ cpu, tid, lifetime });
}

export function unmapIommu(s: State): void {
  s.asked.push(s.event);
  const planes = [...new Set(s.plane)]
    .map((plane) => touchedIn(s, plane))
    .filter((touched) => touched.length > 0);
  const bytes = (touched: Lifetime[]) =>
    touched.reduce((sum, l) => sum + common(l, s.event as Range).len, 0n);
  const oldest = (touched: Lifetime[]) => Math.min(...touched.map(({ openSeq }) => openSeq));
  const [most] = planes.sort((a, b) => Number(bytes(b) - bytes(a)) || oldest(a) - oldest(b));
  for (const l of most ?? []) closePart(s, l, s.event as Range);
}

/** The iommu's events on this CPU belong to this dma-layer event, or to none. */
export function settleCpu(s: State, opened: Lifetime[]): void {
  settleWaiting(s, opened);
  s.asked = s.asked.filter((u) => u.cpu !== s.event.cpu);
}

/** The iommu's maps on this CPU belong to what the event under way opened, or to nothing. */
export function settleWaiting(s: State, opened: Lifetime[]): void {
  const { cpu, tid, device = 0 } = s.event;
  const ours = s.waiting.filter((w) => w.cpu === cpu && w.tid === tid);
  for (const { lifetime } of ours.filter((w) => live(w.lifetime))) {
    if (opened.some((l) => common(pagesOf(l), lifetime).len === lifetime.len)) {
      Object.assign(lifetime, { device, parent: opened[0]!.id });
    }
  }
  s.waiting = s.waiting.filter((w) => w.cpu !== cpu);
}

function pagesOf(l: Lifetime): Range {
  const addr = l.addr - (l.addr % PAGE);
  return { addr, len: ((endOf(l) + PAGE - 1n) / PAGE) * PAGE - addr };
}
