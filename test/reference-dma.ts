/**
 * The slow replay's layer dma: docs/lifetimes.md, "Layer dma", sentence by sentence.
 *
 * In: the event under way. Out: changes to the ledger.
 */
import * as schema from '../wasm/schema.js';
import { Anomaly, Dir, EndReason, Kind, Layer } from '../wasm/schema.js';
import {
  anomaly,
  best,
  close,
  common,
  compare,
  countOlder,
  deviceOf,
  endOf,
  kindsFit,
  type List,
  likeliest,
  live,
  mapped,
  open,
  PAGE,
  type Range,
  remembered,
  type State,
  unmapped,
  wide,
} from './reference-ledger.js';
import { poolOf } from './reference-objects.js';
import { openedHere } from './reference-tasks.js';
import type { AnomalyRow, Lifetime, SgList } from './replay-rows.js';

const COMPARED_ATTRS = 0x400 | 0x1000 | 0x2000;

// ---- Open ----------------------------------------------------------------------------------------

export function openDma(s: State): void {
  const { list, addr, len } = s.event;
  if (list === undefined) openMapping(s, { addr: addr!, len: len! }, []);
  else openList(s, list);
}

function openList(s: State, { phys, dma, lengths, nents, ents, truncated }: SgList): void {
  const long = nents >= schema.SG_UNRECORDABLE ? schema.FLAG_UNRECORDABLE_UNMAP : 0;
  const flags = long | (truncated ? schema.FLAG_TRUNCATED : 0);
  const list: List = { device: deviceOf(s), firstPhys: phys[0], nents, segments: [], mapped: true };
  s.lists.push(list);
  dma.forEach((addr, i) => {
    const own = nents === ents || i === 0 ? phys[i] : undefined;
    const group = list.segments[0]?.id ?? s.lifetimes.length;
    openMapping(s, { addr, len: lengths[i]!, phys: own, group, flags }, list.segments);
  });
}

/** Opens one mapping, or the next segment of a list. */
function openMapping(s: State, facts: Parameters<typeof open>[1], list: Lifetime[]): void {
  const lost = mapped(s).filter((l) => l.addr === facts.addr && s.lossesAtOpen[l.id]! < s.losses.length);
  for (const old of lost) {
    close(s, old, EndReason.inferred_lost);
    s.anomalies.push(anomaly(s, Anomaly.inferred_lost, old, { other: s.lifetimes.length }));
  }
  const others = mapped(s).filter((l) => !list.includes(l));
  const newer = open(s, facts);
  newer.parent = poolOf(s, newer.phys)?.id;
  openedHere(s, newer);
  list.push(newer);
  const memory = memoryOf(newer);
  const older = others.findLast((l) => memoryOf(l) && memory && common(memoryOf(l)!, memory).len > 0n);
  if (older === undefined || s.pairs.filter((pair) => pair.older === older).length === PAIRS) return;
  newer.flags |= schema.FLAG_OVERLAP;
  const { len } = common(memoryOf(older)!, memory!);
  const about = { other: older.id, len, expected: wide(older.dir), actual: wide(newer.dir) };
  s.pairs.push({ older, newer, anomaly: anomaly(s, Anomaly.overlapping_map, newer, about) });
}

/** Of one older mapping so many pairs are remembered. */
const PAIRS = 16;

function memoryOf({ phys, len }: Lifetime): Range | undefined {
  return phys === undefined ? undefined : { addr: phys, len };
}

// ---- Close of one mapping ------------------------------------------------------------------------

export function closeOne(s: State): void {
  const { addr, len, kind, dir } = s.event;
  const score = (l: Lifetime) => Number(l.len === len) + Number(l.kind === kind) + Number(l.dir === dir);
  const candidates = mapped(s).filter((l) => l.addr === addr);
  const found = likeliest(s, candidates, score, (l) => l);
  if (found === undefined) {
    closeNothing(s);
    return;
  }
  if (oneMapping(s) && asked(s)) s.translating.add(deviceOf(s));
  close(s, found);
  compare(s, Anomaly.size_mismatch, found, found.len, len);
  compare(s, Anomaly.direction_mismatch, found, wide(found.dir), wide(dir));
  if (kindsFit(found.kind, kind)) compareAttrs(s, found);
  else compare(s, Anomaly.kind_mismatch, found, BigInt(found.kind), BigInt(kind));
}

function compareAttrs(s: State, l: Lifetime): void {
  const { attrs } = s.event;
  if (((l.attrs ?? 0) ^ (attrs ?? 0)) & COMPARED_ATTRS)
    compare(s, Anomaly.attrs_mismatch, l, wide(l.attrs), wide(attrs));
}

const oneMapping = ({ event: { kind } }: State) => kind === Kind.single || kind === Kind.resource;

/** Whether the CPU's last iommu:unmap was of this thread and covered the address's page. */
function asked(s: State): boolean {
  const { addr, cpu, tid } = s.event;
  const page = { addr: addr! - (addr! % PAGE), len: PAGE };
  const last = s.asked.findLast((u) => u.cpu === cpu);
  return last !== undefined && last.tid === tid && common(page, last as Range).len === PAGE;
}

function closeNothing(s: State): void {
  const { addr, len, dir } = s.event;
  const device = deviceOf(s);
  const otherwise = judge(s);
  const there = s.lifetimes.filter((l) => l.layer === Layer.dma && live(l) && l.addr === addr);
  const onOther = there.find((l) => l.device !== device && l.len === len && l.dir === dir);
  if (onOther === undefined) {
    s.anomalies.push(otherwise);
    return;
  }
  const devices = { expected: BigInt(onOther.device), actual: BigInt(device) };
  const mismatch = anomaly(s, Anomaly.device_mismatch, onOther, devices);
  // It may have a mapping of its own there that is older than the capture: with an IOMMU each device has addresses of its own.
  const mayBeOlder = otherwise.kind === Anomaly.before_capture;
  const isPhysical = onOther.phys === addr && !asked(s);
  const unasked = mayBeOlder && !isPhysical;
  if (unasked && (!oneMapping(s) || asked(s))) s.anomalies.push(otherwise);
  else s.undecided.push({ onOther, mismatch, otherwise, unasked });
}

/** The last close at an address, if that was all there was: at its own address memory may have been mapped twice before the capture. */
function unmappedBefore(s: State, device: number, addr: bigint) {
  const before = s.closed.findLast((c) => c.device === device && c.addr === addr);
  return before?.lifetime !== undefined || hasOwnAddresses(s, device) ? before : undefined;
}

function hasOwnAddresses(s: State, device: number): boolean {
  const told = s.lifetimes.filter(
    (l) => l.layer === Layer.dma && l.device === device && l.phys !== undefined,
  );
  return s.translating.has(device) || (told.length > 0 && told.every((l) => l.phys !== l.addr));
}

/** What a close without a candidate is, unless it was for another device. */
function judge(s: State): AnomalyRow {
  const { addr, len } = s.event;
  const device = deviceOf(s);
  const before = unmappedBefore(s, device, addr!);
  const unasked = oneMapping(s) && s.translating.has(device) && !asked(s);
  const kind = before ? Anomaly.double_unmap : unasked ? Anomaly.unmap_unknown : Anomaly.before_capture;
  if (kind === Anomaly.before_capture) {
    s.closed.push({ device, addr: addr! });
    countOlder(s);
  }
  return anomaly(s, kind, remembered(s, before?.lifetime), { addr, len });
}

// ---- Close of a scatterlist ----------------------------------------------------------------------

export function closeList(s: State): void {
  const { list: unmap, dir } = s.event;
  const { nents, phys } = unmap!;
  const [device, firstPhys] = [deviceOf(s), phys[0]];
  const score = (list: List) => Number(list.nents === nents) + Number(list.segments[0]!.dir === dir);
  const candidates = s.lists.filter((l) => l.mapped && l.device === device && l.firstPhys === firstPhys);
  const list = likeliest(s, candidates, score, ({ segments }) => segments[0]!);
  const lone = mapped(s).findLast((l) => l.group === undefined && l.phys === firstPhys);
  if (list !== undefined) closeSegments(s, list);
  else if (lone !== undefined) {
    close(s, lone);
    compare(s, Anomaly.kind_mismatch, lone, BigInt(lone.kind), BigInt(Kind.sg));
  } else closeNoList(s, firstPhys);
}

function closeSegments(s: State, list: List): void {
  const { segments, nents } = list;
  const count = s.event.list!.nents;
  const first = segments[0]!;
  unmapped(s, list);
  for (const l of segments.slice(0, count)) if (live(l)) close(s, l);
  const rest = segments.slice(count).filter(live);
  for (const l of rest) l.flags |= schema.FLAG_REMAINDER;
  const leftOpen = rest.reduce((sum, l) => sum + l.len, 0n);
  compare(s, Anomaly.sg_count_mismatch, first, BigInt(nents), BigInt(count), leftOpen);
  compare(s, Anomaly.direction_mismatch, first, wide(first.dir), wide(s.event.dir));
  compareAttrs(s, first);
}

function closeNoList(s: State, firstPhys: bigint | undefined): void {
  const device = deviceOf(s);
  const before = s.closedLists.findLast((c) => c.device === device && c.firstPhys === firstPhys);
  const twice = before?.lifetime !== undefined;
  const kind = twice ? Anomaly.double_unmap : Anomaly.before_capture;
  s.anomalies.push(anomaly(s, kind, remembered(s, before?.lifetime), { addr: undefined, len: 0n }));
  if (twice) return;
  s.closedLists.push({ device, firstPhys });
  countOlder(s);
}

// ---- Sync ----------------------------------------------------------------------------------------

export function sync(s: State): void {
  const { addr, dir, list } = s.event;
  const target = { addr: addr!, len: list === undefined ? s.event.len! : 0n };
  const around = mapped(s).filter((l) => l.addr <= target.addr && target.addr < endOf(l));
  const startsThere = (l: Lifetime) => Number(l.addr === addr);
  const whole = around.filter((l) => endOf(target) <= endOf(l));
  const found = best(whole, startsThere) ?? best(around, startsThere);
  if (found === undefined) {
    syncNothing(s);
    return;
  }
  s.row.lifetime ??= found.id;
  if (whole.includes(found)) {
    found.syncs += 1;
    const known = found.dir !== undefined && dir !== undefined;
    if (!known || found.dir === Dir.bidirectional || found.dir === dir) return;
    const dirs = { expected: wide(found.dir), actual: wide(dir) };
    s.anomalies.push(anomaly(s, Anomaly.sync_direction, found, dirs));
  } else {
    const ends = { expected: found.len, actual: endOf(target) - found.addr };
    s.anomalies.push(anomaly(s, Anomaly.sync_outside, found, ends));
  }
}

function syncNothing(s: State): void {
  const { addr, len } = s.event;
  const device = deviceOf(s);
  const before = unmappedBefore(s, device, addr!);
  const key = `${device} ${addr}`;
  if (before !== undefined) {
    const about = remembered(s, before.lifetime);
    s.anomalies.push(anomaly(s, Anomaly.sync_unmapped, about, { addr, len }));
  } else if (!s.syncedUnknown.has(key)) {
    s.syncedUnknown.add(key);
    s.anomalies.push(anomaly(s, Anomaly.sync_unknown));
  }
}
