/**
 * The slow replay's imports by range: docs/lifetimes.md, "Layer import, by range".
 *
 * In: the event under way. Out: changes to the ledger.
 */
import { EndReason, Kind, Layer } from '../wasm/schema.js';
import { enterSpace, obey, watchesOf } from './reference-invalidations.js';
import {
  close,
  common,
  deviceOf,
  endOf,
  lossSeen,
  mapped,
  open,
  PAGE,
  type Range,
  type State,
} from './reference-ledger.js';
import { byAddress, carve } from './reference-parts.js';
import { findSpace, importsIn, type Space } from './reference-spaces.js';
import { openedHere, takeReturned } from './reference-tasks.js';
import type { Lifetime } from './replay-rows.js';

/** The event's range; undefined when it tells none, or an empty one. */
export function rangeOf({ event: { addr, len } }: State): Range | undefined {
  return addr === undefined || !len ? undefined : { addr, len };
}

/** What lives in a range of the event's sort: its kind, its device, its object where it names one. */
function ofMySort(s: State, space: Space, range: Range): Lifetime[] {
  const { kind, object } = s.event;
  return importsIn(s, space).filter(
    (l) =>
      l.kind === kind &&
      l.device === deviceOf(s) &&
      (object === undefined || l.object === object) &&
      common(l, range).len > 0n,
  );
}

// ---- Open ----------------------------------------------------------------------------------------

export function openImport(s: State): void {
  const range = rangeOf(s);
  if (range === undefined) return;
  const space = enterSpace(s);
  if (lossSeen(s)) loseHidden(s, ofMySort(s, space, range), range);
  const watch = takeWatch(s, space, range);
  const l = enter(s, space, range, watch);
  const newest = mapped(s).findLast(({ addr }) => addr === s.event.other);
  if (newest !== undefined) newest.parent = l.id;
  takeReturned(s, l);
  openedHere(s, l);
}

function enter(s: State, space: Space, range: Range, parent: Lifetime | undefined): Lifetime {
  const l = open(s, { ...range, phys: undefined, attrs: s.event.attrs, parent: parent?.id });
  s.spaceOf[l.id] = space;
  return l;
}

/** What stands where something new is mapped, and is older than the newest loss, has been unmapped in the dark. */
export function loseHidden(s: State, standing: Lifetime[], range: Range): void {
  for (const l of standing) {
    if (s.lossesAtOpen[l.id]! < s.losses.length) close(s, carve(s, l, range), EndReason.inferred_lost);
  }
}

/** The device's own notifier, else one that is nobody's yet, and is the device's from now on. */
function takeWatch(s: State, space: Space, range: Range): Lifetime | undefined {
  if (space.mm === undefined) return undefined;
  const device = deviceOf(s);
  const watches = watchesOf(s, space, range).filter(({ parent }) => parent === undefined);
  const mine = device === 0 ? undefined : watches.findLast((watch) => watch.device === device);
  const watch = mine ?? watches.findLast((one) => one.device === 0);
  if (watch !== undefined && device !== 0) watch.device = device;
  return watch;
}

// ---- Pages of a registration ---------------------------------------------------------------------

const up = (address: bigint) => ((address + PAGE - 1n) / PAGE) * PAGE;

/** The pages that the event says were mapped. */
function mirrored(s: State): Range | undefined {
  const { value, other } = s.event;
  const range = rangeOf(s);
  if (range === undefined || !value || other === 0n) return undefined;
  const addr = range.addr - (range.addr % PAGE);
  return common({ addr, len: value * PAGE }, { addr, len: up(endOf(range)) - addr });
}

export function openPages(s: State, registration: Lifetime | undefined): void {
  const { mm } = s.event;
  if (registration !== undefined && s.spaceOf[registration.id] === undefined && mm !== undefined) {
    registration.mm = mm;
    s.spaceOf[registration.id] = enterSpace(s);
  }
  const own = registration && (s.spaceOf[registration.id] ?? s.spaces[0]!);
  const space = own ?? enterSpace(s);
  const range = mirrored(s);
  const gaps = range === undefined ? [] : gapsIn(range, ofMySort(s, space, range));
  for (const gap of gaps) openedHere(s, enter(s, space, gap, registration));
  if (registration !== undefined) takeReturned(s, registration);
}

function gapsIn(range: Range, taken: Lifetime[]): Range[] {
  const gaps: Range[] = [];
  let at = range.addr;
  for (const { addr, len } of [...taken, { addr: endOf(range), len: 0n }]) {
    if (addr > at) gaps.push({ addr: at, len: addr - at });
    if (addr + len > at) at = addr + len;
  }
  return gaps;
}

// ---- Close ---------------------------------------------------------------------------------------

/** Without an mm, in the first space that has any. */
export function closeImport(s: State): void {
  const range = rangeOf(s);
  if (range === undefined) return;
  const space =
    s.event.mm === undefined ? s.spaces.find((one) => ofMySort(s, one, range).length > 0) : findSpace(s);
  if (space !== undefined) for (const l of ofMySort(s, space, range)) closeIn(s, space, l, range);
}

function closeIn(s: State, space: Space, l: Lifetime, range: Range, end?: EndReason): void {
  const order = obey(space, common(l, range));
  const part = carve(s, l, range);
  part.invalidation ??= order;
  close(s, part, end ?? (part === l ? EndReason.closed : EndReason.split));
}

/** The pages of a registration that touch its range end with it. */
export function endPagesOf(s: State, registration: Lifetime, end = EndReason.closed): void {
  const space = s.spaceOf[registration.id];
  if (registration.kind !== Kind.odp || space === undefined) return;
  const known = registration.addr !== undefined && registration.len !== undefined;
  const pages = importsIn(s, space).filter(
    (l) =>
      l.kind === Kind.mirror && l.parent === registration.id && (!known || common(l, registration).len > 0n),
  );
  for (const l of byAddress(pages)) {
    if (end === EndReason.closed) closeIn(s, space, l, l);
    else close(s, l, end);
  }
}

export const isRegistration = ({ layer, kind }: { layer: Layer; kind: Kind }) =>
  layer === Layer.import_ && (kind === Kind.mr || kind === Kind.odp);
