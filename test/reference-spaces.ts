/**
 * The slow replay's address spaces: docs/lifetimes.md, "Address spaces".
 *
 * In: mm pointers. Out: spaces; a pointer's newest space is the one that goes by it.
 */
import { FLAG_AFTER_EXIT, Kind, Layer } from '../wasm/schema.js';
import { live, type State } from './reference-ledger.js';
import { byAddress } from './reference-parts.js';
import type { InvalidationRow, Lifetime } from './replay-rows.js';

export interface Order {
  readonly row: InvalidationRow;
  /** The range, without an end where it is of everything. */
  readonly from: bigint;
  readonly to: bigint | undefined;
}

export interface Space {
  readonly mm: bigint | undefined;
  /** Its importers have been told to let go of everything; `gone`: and nothing can be in it any more. */
  released: boolean;
  releaseSeq: number | undefined;
  gone: boolean;
  /** Invalidations under way, oldest first. */
  orders: Order[];
}

export function newSpace(mm: bigint | undefined): Space {
  return { mm, released: false, releaseSeq: undefined, gone: false, orders: [] };
}

/** The space that goes by the event's mm, be it released or gone. */
export function findSpace(s: State): Space | undefined {
  return s.event.mm === undefined ? undefined : s.spaces.findLast(({ mm }) => mm === s.event.mm);
}

function addSpace(s: State): Space {
  const space = newSpace(s.event.mm);
  s.spaces.push(space);
  return space;
}

/** The space that an invalidation in the event's mm is of; none where no mm is told. */
export function spaceNow(s: State): Space | undefined {
  if (s.event.mm === undefined) return undefined;
  const space = findSpace(s);
  return space === undefined || space.gone ? addSpace(s) : space;
}

/** The space that something new in the event's mm is in; that of no mm is the first. */
export function spaceOfNew(s: State, endRelease: (s: State, space: Space) => void): Space {
  if (s.event.mm === undefined) return s.spaces[0]!;
  const space = findSpace(s);
  if (space?.released) endRelease(s, space);
  return space === undefined || space.released ? addSpace(s) : space;
}

/** Whether the lifetime is a mapping by range, in a space. */
export const isRangeImport = ({ layer, kind }: Lifetime) =>
  layer === Layer.import_ && kind !== Kind.mr && kind !== Kind.odp;

/** The live mappings of a space, by address. */
export function importsIn(s: State, space: Space): Lifetime[] {
  return byAddress(s.lifetimes.filter((l) => live(l) && isRangeImport(l) && s.spaceOf[l.id] === space));
}

/** A registration that is still there after its address space was released: the process did not take it back. */
export function flagOutlived(s: State, l: Lifetime): void {
  if (l.layer !== Layer.import_ || isRangeImport(l)) return;
  const space = s.spaceOf[l.id] ?? s.spaces.findLast(({ mm }) => mm !== undefined && mm === l.mm);
  if (space?.releaseSeq !== undefined && l.openSeq < space.releaseSeq) l.flags |= FLAG_AFTER_EXIT;
}

/** What is still in a space whose release is over. */
export function flagLeft(s: State, space: Space): void {
  for (const l of importsIn(s, space)) l.flags |= FLAG_AFTER_EXIT;
}
