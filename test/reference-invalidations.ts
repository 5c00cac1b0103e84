/**
 * The slow replay's invalidations: docs/lifetimes.md, "Invalidations".
 *
 * In: the event under way. Out: rows of `invalidations`; imports marked that did not obey.
 */
import {
  Cause,
  FLAG_UNWATCHED,
  INVALIDATION_FLAG_INFERRED,
  INVALIDATION_FLAG_NON_BLOCKING,
  Kind,
  Layer,
} from '../wasm/schema.js';
import { common, endOf, live, type Range, type State } from './reference-ledger.js';
import { carve } from './reference-parts.js';
import {
  flagLeft,
  flagOutlived,
  importsIn,
  type Order,
  type Space,
  spaceNow,
  spaceOfNew,
} from './reference-spaces.js';
import type { InvalidationRow, Lifetime } from './replay-rows.js';

const BLOCKABLE = 1n;
const EVERYTHING = 2n ** 64n - 1n;
/** A mapping that only reads may survive these, an owner's own mapping its migration. */
const WEAK: readonly (Cause | undefined)[] = [
  Cause.protection_vma,
  Cause.protection_page,
  Cause.soft_dirty,
  Cause.migrate,
  Cause.exclusive,
];

/** The space of something new in the event's mm; a release of an mm of the same name is over. */
export const enterSpace = (s: State) => spaceOfNew(s, endRelease);

const rangeOf = ({ from, to = EVERYTHING }: Order): Range => ({ addr: from, len: to - from });
/** What an exporter granted is taken back by itself. */
const obeysNotifiers = ({ kind }: Lifetime) => kind !== Kind.grant;
const touches = (order: Order, range: Range) => common(rangeOf(order), range).len > 0n;

function addRow(s: State, facts: Partial<InvalidationRow>): InvalidationRow {
  const { ts: beginTs, tid, mm } = s.event;
  const none = { object: undefined, addr: undefined, len: undefined, cause: undefined };
  const begin = { layer: Layer.import_, mm, tid, beginTs, beginSeq: s.row.seq };
  const end = { endTs: undefined, endSeq: undefined, imports: 0, obeyed: 0, remaining: 0, flags: 0 };
  const row = { id: s.invalidations.length, ...none, ...begin, ...end, ...facts };
  s.invalidations.push(row);
  return row;
}

// ---- Begin ---------------------------------------------------------------------------------------

export function beginInvalidation(s: State): void {
  const { addr, len, value = 8n, other = BLOCKABLE } = s.event;
  const space = spaceNow(s);
  if (space === undefined || addr === undefined) return;
  if (space.released) endRelease(s, space);
  const flags = other & BLOCKABLE ? 0 : INVALIDATION_FLAG_NON_BLOCKING;
  const row = addRow(s, { addr, len, cause: value < 8n ? Number(value) : undefined, flags });
  start(s, space, { row, from: addr, to: len === undefined ? undefined : addr + len });
}

/** An mm is released: everything in it is told to go. */
export function release(s: State): void {
  const space = spaceNow(s);
  if (space === undefined || space.released) return;
  space.released = true;
  space.releaseSeq = s.row.seq;
  start(s, space, { row: addRow(s, { addr: 0n, cause: Cause.release }), from: 0n, to: undefined });
}

function start(s: State, space: Space, order: Order): void {
  order.row.imports = importsIn(s, space).filter((l) => obeysNotifiers(l) && touches(order, l)).length;
  space.orders.push(order);
}

// ---- End -----------------------------------------------------------------------------------------

export function endInvalidation(s: State): void {
  const { addr, len } = s.event;
  const space = spaceNow(s);
  const order = space?.orders.findLast(({ row }) => row.addr === addr && row.len === len);
  if (space === undefined || order === undefined) return;
  finish(s, space, order);
  if (len === undefined && space.released) space.gone = true;
}

/** What comes next shows that a release is over. */
function endRelease(s: State, space: Space): void {
  const order = space.orders.find(({ row }) => row.cause === Cause.release);
  if (order === undefined) return;
  order.row.flags |= INVALIDATION_FLAG_INFERRED;
  finish(s, space, order);
}

function finish(s: State, space: Space, order: Order): void {
  if (order.row.cause === Cause.release) flagLeft(s, space);
  space.orders = space.orders.filter((other) => other !== order);
  Object.assign(order.row, { endTs: s.event.ts, endSeq: s.row.seq });
  for (const l of importsIn(s, space)) {
    if (obeysNotifiers(l) && touches(order, l) && l.openSeq < order.row.beginSeq) judge(s, space, order, l);
  }
}

/** A mapping that should have gone is still there, or a part of it. */
function judge(s: State, space: Space, order: Order, l: Lifetime): void {
  const covered = common(rangeOf(order), l);
  const watched = isWatched(s, space, l, covered, order.row.beginSeq);
  if (watched) order.row.remaining += 1;
  const weak = WEAK.includes(order.row.cause);
  const marked = l.invalidation !== undefined;
  if (watched && (!marked || (s.weaklyMarked.has(l) && !weak))) {
    const part = carve(s, l, covered);
    part.invalidation = order.row.id;
    if (weak) s.weaklyMarked.add(part);
    else s.weaklyMarked.delete(part);
  } else if (!watched && !marked && (l.flags & FLAG_UNWATCHED) === 0) {
    carve(s, l, covered).flags |= FLAG_UNWATCHED;
  }
}

/** Whether a notifier that was there before would have told this mapping's importer. */
function isWatched(s: State, space: Space, l: Lifetime, covered: Range, before: number): boolean {
  return watchesOf(s, space, covered).some(
    (watch) =>
      watch.openSeq < before &&
      (watch.parent !== undefined
        ? watch.parent === l.parent
        : watch.device === 0 || watch.device === l.device),
  );
}

/** The live notifiers that cover a range; those of a whole mm have none. */
export function watchesOf(s: State, space: Space, range: Range): Lifetime[] {
  return s.lifetimes.filter((l) => {
    if (l.layer !== Layer.watch || !live(l) || s.spaceOf[l.id] !== space) return false;
    const to = l.addr === undefined || l.len === undefined ? EVERYTHING : endOf(l);
    return (l.addr ?? 0n) <= range.addr && endOf(range) <= to;
  });
}

// ---- Obedience -----------------------------------------------------------------------------------

/** Of the mapping, the range is about to be closed: the newest invalidation under way there is obeyed. Returns its id. */
export function obey(space: Space, range: Range): number | undefined {
  const order = space.orders.findLast((one) => touches(one, range));
  if (order !== undefined) order.row.obeyed += 1;
  return order?.row.id;
}

/** A dma-buf's exporter tells its importers to let go, in their own time. */
export function revoke(s: State): void {
  const { object } = s.event;
  const mappings = s.lifetimes.filter(
    (l) => l.kind === Kind.attachment_map && live(l) && object !== undefined && l.value === object,
  );
  const { id } = addRow(s, { layer: Layer.dmabuf, mm: undefined, object, imports: mappings.length });
  for (const l of mappings) l.invalidation ??= id;
}

/** At the end: what is left in a released space outlived it. */
export function finishSpaces(s: State): void {
  for (const space of s.spaces) if (space.released) flagLeft(s, space);
  for (const l of s.lifetimes) if (live(l)) flagOutlived(s, l);
}
