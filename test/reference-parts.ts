/**
 * The slow replay's ranges of which a part ends: the part becomes a row of its own, the rest stays.
 *
 * In: a live lifetime and a range. Out: the ledger's lifetimes as they are now.
 */
import { EndReason } from '../wasm/schema.js';
import { close, common, endOf, type Range, type State } from './reference-ledger.js';
import type { Lifetime } from './replay-rows.js';

type Part = Pick<Lifetime, 'addr' | 'len' | 'phys'>;

/** By address; what begins at one address oldest first. */
export const byAddress = (lifetimes: Lifetime[]) =>
  [...lifetimes].sort((a, b) => (a.addr === b.addr ? a.id - b.id : a.addr < b.addr ? -1 : 1));

/**
 * What the range covers of a lifetime: the lifetime itself when that is all of it, else a new row; the lifetime keeps
 * its first part left, and a second part left is one more row.
 */
export function carve(s: State, l: Lifetime, range: Range): Lifetime {
  const whole = { ...l };
  const covered = common(whole, range);
  if (covered.len === whole.len) return l;
  const before = partOf(whole, whole.addr, covered.addr);
  const after = partOf(whole, endOf(covered), endOf(whole));
  const part = splitOff(s, l, whole, partOf(whole, covered.addr, endOf(covered)));
  Object.assign(l, before.len > 0n ? before : after);
  if (before.len > 0n && after.len > 0n) splitOff(s, l, whole, after);
  return part;
}

/** Closes what the range covers of a lifetime. */
export function closePart(s: State, l: Lifetime, range: Range): Lifetime {
  const part = carve(s, l, range);
  close(s, part, part === l ? EndReason.closed : EndReason.split);
  return part;
}

function partOf({ addr, phys }: Lifetime, from: bigint, to: bigint): Part {
  return { addr: from, len: to - from, phys: phys === undefined ? undefined : phys + from - addr };
}

/** A part as a row of its own. It was opened with the whole: of its siblings' sums only the number of rows grows. */
function splitOff(s: State, original: Lifetime, whole: Lifetime, part: Part): Lifetime {
  const lifetime = { ...whole, ...part, id: s.lifetimes.length, group: whole.group ?? whole.id };
  s.lifetimes.push(lifetime);
  s.lossesAtOpen[lifetime.id] = s.lossesAtOpen[whole.id]!;
  s.plane[lifetime.id] = s.plane[whole.id]!;
  s.spaceOf[lifetime.id] = s.spaceOf[whole.id];
  if (s.weaklyMarked.has(original)) s.weaklyMarked.add(lifetime);
  lifetime.siblings.opened += 1n;
  return lifetime;
}
