/**
 * The slow replay's objects: docs/lifetimes.md, "Layers watch, dmabuf, pool; registrations of the layer import".
 *
 * In: the event under way. Out: changes to the ledger.
 */
import { EndReason, Kind, Layer } from '../wasm/schema.js';
import { freeRange } from './reference-frees.js';
import { endPagesOf, isRegistration } from './reference-imports.js';
import { enterSpace } from './reference-invalidations.js';
import { close, deviceOf, live, open, type State } from './reference-ledger.js';
import { flagOutlived } from './reference-spaces.js';
import { openedHere, takeReturned } from './reference-tasks.js';
import type { Lifetime, ReplayEvent } from './replay-rows.js';

/** Where x86-64 maps all of physical memory (page_offset_base). */
const DIRECT_MAP = { from: 0xffff888000000000n, to: 0xffffc88000000000n };

type Named = Pick<ReplayEvent, 'layer' | 'kind'> &
  Pick<Lifetime, 'object' | 'mm'> & { addr?: bigint | undefined };

/** Whether this is about one kernel object, not about a range. */
export const isObject = (one: { layer: Layer; kind: Kind }) =>
  one.layer !== Layer.iova && (one.layer !== Layer.import_ || isRegistration(one));

/** What an object is known by; undefined where the event does not tell it. */
function nameOf({ layer, kind, object, addr, mm }: Named): string | undefined {
  const sort = layer === Layer.import_ ? '' : kind;
  const name = layer === Layer.pool ? addr : object;
  return name === undefined
    ? undefined
    : `${layer} ${sort} ${name} ${layer === Layer.pool ? (mm ?? '') : ''}`;
}

const named = ({ event: { layer, kind, object, addr, mm } }: State): Named => ({
  layer,
  kind,
  object,
  addr,
  mm,
});

/** The live object of a name. */
function liveObject(s: State, name: string | undefined): Lifetime | undefined {
  return name === undefined
    ? undefined
    : s.lifetimes.find((l) => live(l) && isObject(l) && nameOf(l) === name);
}

/** The registration that an event about its pages names. */
export function registrationNow(s: State): Lifetime | undefined {
  return liveObject(s, nameOf({ ...named(s), layer: Layer.import_ }));
}

// ---- Open ----------------------------------------------------------------------------------------

export function openObject(s: State): void {
  const name = nameOf(named(s));
  if (name === undefined) return;
  const early = seenInCall(s, name);
  const standing = liveObject(s, name);
  if (standing !== undefined && standing !== early) end(s, standing);
  const l = early ?? openNew(s);
  if (early !== undefined) addFacts(s, early);
  s.row.lifetime = l.id;
  takeReturned(s, l);
  openedHere(s, l);
}

/** The object that this return tells of, when an event in its call told of it already. */
function seenInCall(s: State, name: string): Lifetime | undefined {
  const { layer, kind } = s.event;
  const alike = s.returned.filter(
    (l) => live(l) && l.layer === layer && l.kind === kind && l.device === deviceOf(s),
  );
  const same = alike.filter((l) => layer !== Layer.pool || nameOf(l) === name);
  return same.sort((a, b) => a.id - b.id).at(-1);
}

/** It is gone, and its pages are; nobody saw it go. */
function end(s: State, l: Lifetime): void {
  const reason = s.lossesAtOpen[l.id]! < s.losses.length ? EndReason.inferred_lost : EndReason.replaced;
  endPagesOf(s, l, reason);
  flagOutlived(s, l);
  close(s, l, reason);
}

function openNew(s: State): Lifetime {
  const { layer, kind, addr, len, phys } = s.event;
  const place = kind === Kind.pool ? physicalOf(addr) : phys;
  const l = open(s, { addr: addr!, len: len!, phys: place });
  if (layer === Layer.watch) s.spaceOf[l.id] = enterSpace(s);
  if (kind === Kind.odp) enterRegistration(s, l);
  return l;
}

/** Its space is the one of the youngest notifier that was inserted for it. */
function enterRegistration(s: State, l: Lifetime): void {
  const watches = s.returned.filter((one) => one.layer === Layer.watch && live(one));
  const watch = watches.sort((a, b) => a.id - b.id).at(-1);
  if (watch === undefined) return;
  l.mm = watch.mm;
  const space = s.spaceOf[watch.id];
  s.spaceOf[l.id] = space === s.spaces[0] ? undefined : space;
}

function addFacts(s: State, l: Lifetime): void {
  const { mm = l.mm, object = l.object, value = l.value, other = l.other } = s.event;
  Object.assign(l, { mm, object, value, other });
}

// ---- Close ---------------------------------------------------------------------------------------

export function closeObject(s: State): void {
  const { layer, addr, len } = s.event;
  const l = liveObject(s, nameOf(named(s)));
  if (l !== undefined) {
    endPagesOf(s, l);
    const { mm, object, value, other } = s.event;
    Object.assign(l, {
      mm: l.mm ?? mm,
      object: l.object ?? object,
      value: l.value ?? value,
      other: l.other ?? other,
    });
    flagOutlived(s, l);
    close(s, l);
    s.row.lifetime = l.id;
  }
  const phys = physicalOf(addr);
  if (layer === Layer.pool && phys !== undefined && len) freeRange(s, { addr: phys, len });
}

// ---- Pools ---------------------------------------------------------------------------------------

function physicalOf(addr: bigint | undefined): bigint | undefined {
  if (addr === undefined || addr < DIRECT_MAP.from || addr >= DIRECT_MAP.to) return undefined;
  return addr - DIRECT_MAP.from;
}

/** The youngest pool memory in which a new DMA mapping's memory begins. */
export function poolOf(s: State, phys: bigint | undefined): Lifetime | undefined {
  if (phys === undefined) return undefined;
  return s.lifetimes.findLast(
    (l) =>
      live(l) &&
      l.layer === Layer.pool &&
      l.kind === Kind.pool &&
      l.phys !== undefined &&
      l.len !== undefined &&
      l.phys <= phys &&
      phys < l.phys + l.len,
  );
}
