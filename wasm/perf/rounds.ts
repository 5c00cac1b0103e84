/**
 * When records may take their turn.
 *
 * In: times of records by CPU, ends of rounds. Out: the time up to which everything has been read.
 *
 * perf reads one CPU's buffer after another; when it has read all once it writes FINISHED_ROUND. What the next round
 * brings happened after this round began, so not before the newest time of the round before it (tools/perf/util/ordered-events.c).
 */
const CPUS: usize = 65536;

/** Each CPU's newest time, and the round in which that was: a damaged time in the middle of a run has no effect. */
let times: usize = 0;
let rounds: usize = 0;
let touched: usize = 0;
let touchedCount: u32 = 0;
let round: u32 = 1;

/** The newest time of the rounds that have ended, and of those before the last one, and the last two. */
let newest: u64 = 0;
let beforeLast: u64 = 0;
let beforeThat: u64 = 0;

function prepare(): void {
  times = heap.alloc(CPUS << 3);
  rounds = heap.alloc(CPUS << 2);
  touched = heap.alloc(CPUS << 1);
  memory.fill(rounds, 0, CPUS << 2);
}

// @ts-ignore: decorator
@inline
export function noteTime(cpu: u32, time: u64): void {
  if (times == 0) prepare();
  const slot = (cpu & 0xffff) as usize;
  store<u64>(times + (slot << 3), time);
  if (load<u32>(rounds + (slot << 2)) == round) return;
  store<u32>(rounds + (slot << 2), round);
  store<u16>(touched + ((touchedCount++ as usize) << 1), <u16>slot);
}

/** Ends a round. Returns the time up to which all has been read, with `late` rounds more of patience (0 or 1). */
export function endRound(late: u32): u64 {
  for (let i: u32 = 0; i < touchedCount; i++) {
    const slot: usize = load<u16>(touched + ((i as usize) << 1));
    newest = max(newest, load<u64>(times + (slot << 3)));
  }
  const limit = late == 0 ? beforeLast : beforeThat;
  beforeThat = beforeLast;
  beforeLast = newest;
  touchedCount = 0;
  round++;
  return limit;
}
