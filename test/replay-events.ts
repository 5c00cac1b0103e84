/**
 * Events for the replay tests, each with facts that fit its fellows unless told otherwise.
 *
 * In: what is special about an event. Out: plain events, one microsecond apart where they name no time.
 */
import { Dir, Kind, Layer, Op } from '../wasm/schema.js';
import type { ReplayEvent, SgList } from './replay-rows.js';

export type Facts = Partial<ReplayEvent>;

const base = { cpu: 0, tid: 100, ts: -1n };
const dma = { ...base, layer: Layer.dma, device: 1 };
const single = { ...dma, kind: Kind.single, addr: 0x10000n, len: 0x1000n, dir: Dir.to_device, attrs: 0 };
const iommu = { ...base, layer: Layer.iommu, kind: Kind.translation, addr: 0x10000n, len: 0x1000n };

export const map = (facts: Facts = {}): ReplayEvent => ({ ...single, op: Op.open, ...facts });
export const unmap = (facts: Facts = {}): ReplayEvent => ({ ...single, op: Op.close, ...facts });
export const sync = (facts: Facts = {}): ReplayEvent => ({ ...single, op: Op.sync, ...facts });
export const iommuMap = (facts: Facts = {}): ReplayEvent => ({ ...iommu, op: Op.open, ...facts });
export const iommuUnmap = (facts: Facts = {}): ReplayEvent => ({ ...iommu, op: Op.close, ...facts });
/** Any event of no consequence. */
export const note = (facts: Facts = {}): ReplayEvent => ({
  ...base,
  layer: Layer.none,
  op: Op.note,
  kind: Kind.none,
  ...facts,
});
export const remove = (facts: Facts = {}): ReplayEvent => note({ op: Op.remove, device: 1, ...facts });
export const removed = (facts: Facts = {}): ReplayEvent => note({ op: Op.removed, device: 1, ...facts });
export const lost = (facts: Facts = {}): ReplayEvent => note({ op: Op.lost, ...facts });
export const stack = (id: number, facts: Facts = {}): ReplayEvent =>
  note({ op: Op.stack, stack: id, ...facts });

const sg = { ...dma, kind: Kind.sg, dir: Dir.to_device, attrs: 0 };
const sum = (lengths: readonly bigint[]) => lengths.reduce((a, b) => a + b, 0n);
/** Leaves out what is undefined: an absent fact is an absent property. */
function known(facts: { [K in keyof ReplayEvent]?: ReplayEvent[K] | undefined }): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** Opens a list; by default as many entries as segments, all of them shown. */
export function mapList(
  list: Pick<SgList, 'phys' | 'dma' | 'lengths'> & Partial<SgList>,
  facts: Facts = {},
): ReplayEvent {
  const whole = { nents: list.phys.length, ents: list.dma.length, truncated: false, ...list };
  const columns = known({ addr: list.dma[0], len: sum(list.lengths), phys: list.phys[0] });
  return { ...sg, op: Op.open, ...columns, list: whole, ...facts };
}

/** dma_unmap_sg tells the physical addresses only. */
export function unmapList(phys: readonly bigint[], facts: Facts = {}, nents = phys.length): ReplayEvent {
  const list = { phys, dma: [], lengths: [], nents, ents: 0, truncated: false };
  return { ...sg, op: Op.close, ...known({ phys: phys[0] }), list, ...facts };
}

/** dma_sync_sg_* tell the DMA addresses only. */
export function syncList(
  addrs: readonly bigint[],
  lengths: readonly bigint[],
  facts: Facts = {},
): ReplayEvent {
  const list = { phys: [], dma: addrs, lengths, nents: 0, ents: addrs.length, truncated: false };
  return { ...sg, op: Op.sync, ...known({ addr: addrs[0], len: sum(lengths) }), list, ...facts };
}

/** Gives events without a time one: the one before it and a microsecond, from 1000 on. */
export function timed(events: readonly ReplayEvent[]): ReplayEvent[] {
  let ts = 0n;
  return events.map((event) => {
    ts = event.ts >= 0n ? event.ts : ts + 1000n;
    return { ...event, ts };
  });
}
