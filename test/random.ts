/**
 * Numbers that look random and are the same in every run (mulberry32).
 *
 * In: a seed. Out: a function that gives integers from 0 up to, and without, its argument.
 */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export const oneOf = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!;

/** A seed of one thing among many: of the run's seed, a name and a number (FNV-1a). */
export function seedOf(seed: number, name: string, index: number): number {
  let hash = 0x811c9dc5;
  for (const code of Buffer.from(`${seed}/${name}/${index}`)) hash = Math.imul(hash ^ code, 0x01000193);
  return hash;
}
