/**
 * Lines that are longer than their event: the end of a line got lost, and the next events stand on the same line.
 *
 * In: a line of some length. Out: it is counted, where it goes on behind its own event.
 *
 *   init-101 [001] ..... 18.163394: map: IOMMU: iova=0x00init-101 [001] ..... 18.163412: dma_map_phys: 0000:00:05.0 …
 *
 * All tools print the CPU as "[001]", and the time behind it as "18.163394:", or "1795205022659704554:".
 */
import { TextCounter } from '../schema';
import { count } from './counters';
import { COLON, find, isDigit } from './values';

/** Two lines are hardly shorter together; most lines are, so that they are spared the search. */
export const LONG: usize = 200;
/** The longest event is a list of 128 entries, printed byte by byte: 11 KB. The kernel's own buffer for a line has 8 KiB. */
const LONGEST: usize = 64 << 10;
/** Between the CPU and the time's colon: flags, and a time. */
const TIME_MOST: usize = 48;
const BRACKET: u8 = 0x5b; // [
const CLOSING: u8 = 0x5d; // ]

/** Looks at a line of more than LONG bytes. */
export function checkLong(at: usize, end: usize): void {
  if (end - at > LONGEST || find(at, end, 0) < end || hasTwoCpus(at, end)) count(TextCounter.line_joined, at, end);
}

function hasTwoCpus(at: usize, end: usize): bool {
  let cpus = 0;
  for (let p = find(at, end, BRACKET); p < end; p = find(p + 1, end, BRACKET)) {
    if (isCpu(p, end) && ++cpus == 2) return true;
  }
  return false;
}

/** "[001]", and behind it a time. */
function isCpu(at: usize, end: usize): bool {
  let p = at + 1;
  while (isDigit(load<u8>(p))) p++;
  if (p < at + 4 || load<u8>(p) != CLOSING) return false;
  const limit = min(p + TIME_MOST, end);
  const colon = find(p, limit, COLON as u8);
  return colon < limit && isDigit(load<u8>(colon - 1));
}
