/**
 * Events of the layers beyond the DMA API for the replay tests, each with facts that fit its fellows unless told otherwise.
 *
 * In: what is special about an event. Out: plain events, without a time where they name none.
 */
import { Kind, Layer, Op } from '../wasm/schema.js';
import type { Facts } from './replay-events.js';
import type { ReplayEvent } from './replay-rows.js';

const base = { cpu: 0, tid: 100, ts: -1n };
const make =
  (defaults: Omit<ReplayEvent, keyof typeof base>) =>
  (facts: Facts = {}): ReplayEvent => ({ ...base, ...defaults, ...facts });

export const MM = 0xffff888100000000n;
const range = { addr: 0x7000_0000n, len: 0x4000n, mm: MM };
const { open, close, call, exit, free, invalidate_begin, invalidate_end } = Op;
const { import_, watch, dmabuf, pool, page, iova } = Layer;

const p2p = { layer: import_, kind: Kind.p2p, device: 1, ...range };
/** An importer's device maps a range of a process. */
export const importMap = make({ ...p2p, op: open });
export const importUnmap = make({ ...p2p, op: close });
const granted = { ...p2p, kind: Kind.grant };
export const grant = make({ ...granted, op: open });
export const takeBack = make({ ...granted, op: close });

const notifier = { layer: watch, kind: Kind.notifier, object: 0xa0n, ...range };
export const insert = make({ ...notifier, op: open });
export const dismiss = make({ ...notifier, op: close });

const order = { layer: import_, kind: Kind.none, ...range };
export const invalidate = make({ ...order, op: invalidate_begin });
export const invalidated = make({ ...order, op: invalidate_end });
export const releaseMm = make({ layer: import_, kind: Kind.none, op: exit, mm: MM });

const umem = { layer: import_, kind: Kind.odp, object: 0xb0n, addr: range.addr, len: range.len };
/** A registration; `register` is where its call returns. */
export const register = make({ ...umem, op: open });
export const deregister = make({ ...umem, op: close });
const pages = { layer: import_, kind: Kind.mirror, object: 0xb0n, ...range };
export const fault = make({ ...pages, op: open, value: 4n, other: 1n });
export const unfault = make({ ...pages, op: close });

const attachment = { layer: dmabuf, kind: Kind.attachment, device: 1, object: 0xc0n, value: 0xd0n };
export const attach = make({ ...attachment, op: open });
export const detach = make({ ...attachment, op: close });
const attached = { ...attachment, kind: Kind.attachment_map, object: 0xc8n };
export const mapBuffer = make({ ...attached, op: open });
export const unmapBuffer = make({ ...attached, op: close });
export const revokeBuffer = make({ layer: dmabuf, kind: Kind.none, op: invalidate_begin, object: 0xd0n });

/** Where the kernel has physical address 0. */
export const DIRECT_MAP = 0xffff888000000000n;
const memory = { layer: pool, kind: Kind.pool, device: 2, addr: DIRECT_MAP + 0x700000n, len: 0x2000n };
export const takePool = make({ ...memory, op: open });
export const givePool = make({ ...memory, op: close });
const shown = { layer: pool, kind: Kind.vma, device: 2, ...range };
export const mmapPool = make({ ...shown, op: open });

export const freePages = make({ layer: page, kind: Kind.none, op: free, phys: 0x700000n, len: 0x1000n });

const link = { layer: iova, kind: Kind.iova, device: 1, addr: 0x20000n, len: 0x4000n };
export const linkIova = make({ ...link, op: open });
export const unlinkIova = make({ ...link, op: close });

/** A probed function is entered; the event that returns from it names the same number. */
export const enter = (number: number, facts: Facts = {}): ReplayEvent =>
  make({ layer: import_, kind: Kind.none, op: call, call: number })(facts);
/** The same event, traced where the function returns. */
export const returning = (number: number, event: ReplayEvent): ReplayEvent => ({
  ...event,
  call: number,
  returns: true,
});
