/**
 * Places a kernel log on a capture's clock.
 *
 * In: the capture's clock, and marks: messages that name a device and an address, with the times at which events named the same.
 * Out: what to add to a message's time, how sure that is, and a sentence that says how it was found.
 *
 * printk stamps with local_clock(). ftrace's local, global and perf clocks are the same clock; mono and boot start near it and drift.
 * The right offset is the one that most marks agree on.
 */

export interface Mark {
  /** Of the message. */
  readonly ts: bigint;
  /** Of events that name its device and address. */
  readonly sightings: readonly bigint[];
}

export interface Alignment {
  /** Capture's time - printed time; absent when the log cannot be placed. */
  readonly offset?: bigint;
  /** A message's true time is at most this far from printed time + offset. */
  readonly uncertainty?: bigint;
  readonly how: string;
}

const MS = 1_000_000;
/** Clocks that are local_clock() itself, and how far CPUs may differ. */
const SAME: ReadonlySet<string> = new Set(['local', 'global', 'perf']);
/** Clocks that count from boot as well. */
const NEAR: ReadonlySet<string> = new Set(['mono', 'boot', 'mono_raw']);
const SAME_UNCERTAINTY = 1_000_000n;
const NEAR_BASE = 200_000_000n;
/** 100 ppm: how far an adjusted clock may run from an unadjusted one. */
const DRIFT = 10_000n;

const WINDOWS_MS = [1, 2, 5, 10, 20, 50];
const ENOUGH = 0.8;
const LEAST = 0.5;
const LEAST_MARKS = 3;
const MOST_PAIRS = 2_000_000;

interface Vote {
  readonly offset: number;
  readonly width: number;
  readonly agree: number;
  readonly of: number;
}

/** The offset that most marks agree on, in the narrowest window that holds nearly all of them. */
export function vote(marks: readonly Mark[]): Vote | undefined {
  const pairs: { delta: number; mark: number }[] = [];
  const useful = marks.filter(({ sightings }) => sightings.length > 0);
  // Addresses that are mapped over and over tell little: the rarest first.
  const rarest = [...useful].sort((a, b) => a.sightings.length - b.sightings.length);
  let of = 0;
  for (const { ts, sightings } of rarest) {
    if (pairs.length + sightings.length > MOST_PAIRS) break;
    for (const sighting of sightings) pairs.push({ delta: Number(sighting - ts), mark: of });
    of++;
  }
  pairs.sort((a, b) => a.delta - b.delta);
  let best: Vote | undefined;
  for (const width of WINDOWS_MS.map((ms) => ms * MS)) {
    const found = densest(pairs, width, of);
    if (found.agree >= LEAST_MARKS && found.agree >= LEAST * of) best = found;
    if (found.agree >= ENOUGH * of && found.agree >= LEAST_MARKS) return found;
  }
  return best;
}

/** The window of this width that most marks have a pair in; of equals the middle one of the first run. */
function densest(pairs: readonly { delta: number; mark: number }[], width: number, of: number): Vote {
  const inside = new Map<number, number>();
  let from = 0;
  let agree = 0;
  let offset = 0;
  for (const { delta, mark } of pairs) {
    inside.set(mark, (inside.get(mark) ?? 0) + 1);
    for (; pairs[from]!.delta < delta - width; from++) {
      const left = inside.get(pairs[from]!.mark)! - 1;
      if (left === 0) inside.delete(pairs[from]!.mark);
      else inside.set(pairs[from]!.mark, left);
    }
    if (inside.size > agree) {
      agree = inside.size;
      offset = (delta + pairs[from]!.delta) / 2;
    }
  }
  return { offset: Math.round(offset), width, agree, of };
}

const msText = (ns: number): string => `${(ns / MS).toFixed(1)} ms`;

/** A capture's clock, as far as it is told, and its first event. */
export interface CaptureClock {
  readonly clock: string | undefined;
  readonly unit: string;
  readonly firstTs: bigint | undefined;
}

const ahead = (offset: number): string =>
  `${msText(Math.abs(offset))} ${offset < 0 ? 'behind' : 'ahead of'} the log's`;

/** `last`: the latest time printed in the log. */
export function align(capture: CaptureClock, marks: readonly Mark[], last: bigint): Alignment {
  const { clock, unit } = capture;
  const found = unit === 'ns' ? vote(marks) : undefined;
  const evidence =
    found === undefined
      ? ''
      : `; ${found.agree} of ${found.of} messages that name a mapping agree within ${msText(found.width)}`;
  const agrees = found === undefined || Math.abs(found.offset) <= found.width + Number(SAME_UNCERTAINTY);
  if (clock !== undefined && SAME.has(clock) && agrees)
    return {
      offset: 0n,
      uncertainty: SAME_UNCERTAINTY,
      how: `the capture's clock (${clock}) is the log's own${evidence}`,
    };
  if (found !== undefined)
    return {
      offset: BigInt(found.offset),
      uncertainty: BigInt(found.width),
      how: `estimated: the capture's clock (${clock ?? 'not told'}) is ${ahead(found.offset)}${evidence}`,
    };
  return assumed(capture, last);
}

/** Without marks: clocks that count from boot differ by little. A clock that is not told is taken for one when the log reaches into the capture. */
function assumed({ clock, unit, firstTs }: CaptureClock, last: bigint): Alignment {
  const fromBoot =
    clock === undefined ? unit === 'ns' && firstTs !== undefined && firstTs <= last : NEAR.has(clock);
  if (!fromBoot)
    return { how: `not possible: nothing ties the capture's clock (${clock ?? 'not told'}) to the log's` };
  return {
    offset: 0n,
    uncertainty: NEAR_BASE + last / DRIFT,
    how: `assumed: the capture's clock (${clock ?? 'not told, it seems to count from boot'}) is near the log's, which no message proves; 0.1 s apart is usual`,
  };
}
