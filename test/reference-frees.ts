/**
 * The slow replay's freed memory: docs/lifetimes.md, "Frees".
 *
 * In: a range of physical memory that is free. Out: an anomaly for each DMA mapping of it, once a mapping.
 */
import { Anomaly, Layer } from '../wasm/schema.js';
import { anomaly, common, endOf, live, PAGE, type Range, type State } from './reference-ledger.js';

export function freeRange(s: State, freed: Range): void {
  for (const l of s.lifetimes) {
    if (l.layer !== Layer.dma || !live(l) || l.phys === undefined || s.freed.has(l)) continue;
    const shared = common({ addr: l.phys, len: l.len }, freed);
    if (shared.len <= 0n) continue;
    s.freed.add(l);
    const range = { expected: shared.addr, actual: endOf(shared), len: shared.len };
    s.anomalies.push(anomaly(s, Anomaly.freed_mapped, l, range));
  }
}

/** A page, or as much as the event tells. */
export function freePages(s: State): void {
  const { layer, phys, len = PAGE } = s.event;
  if (layer !== Layer.page && layer !== Layer.pool) return;
  if (phys !== undefined && len > 0n) freeRange(s, { addr: phys, len });
}
