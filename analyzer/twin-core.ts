/**
 * Two replays of one run, side by side: events are decoded once and replayed twice, which is the cheap part.
 *
 * In: two empty replays, of which the first keeps whole tables. Out: one that feeds both, and whose tables are the first one's.
 */
import type { Core } from './core.js';

export function twinCore(whole: Core, excerpt: Core): Core {
  const both = <T extends unknown[]>(call: (core: Core, ...args: T) => void) => {
    return (...args: T): void => {
      call(whole, ...args);
      call(excerpt, ...args);
    };
  };
  return {
    ...whole,
    openStream: (buffer) => same(whole.openStream(buffer), excerpt.openStream(buffer)),
    name: both((core, ...args: Parameters<Core['name']>) => core.name(...args)),
    load: (...args) => same(whole.load(...args), excerpt.load(...args)),
    end: both((core, ...args: Parameters<Core['end']>) => core.end(...args)),
    advance: () => same(whole.advance(), excerpt.advance()),
    finish: both((core) => core.finish()),
  };
}

/** What is kept has no say in the order of events. */
function same(one: number, other: number): number {
  if (one !== other) throw new Error(`two replays of one run part: ${one} and ${other}`);
  return one;
}
