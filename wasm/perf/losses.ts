/**
 * Events that perf says it lost, by CPU.
 *
 * In: LOST records, which stand where the kernel noticed; LOST_SAMPLES totals, which perf writes at the end
 * (tools/perf/builtin-record.c, record__read_lost_samples). Out: `lost` rows. Both count the same losses, but what was
 * lost after a buffer's last record is in the totals only: it becomes a row at the end.
 */
import { hasRoom } from '../decode/batch';
import { lostRow } from '../binary/record';

const CPUS: usize = 65536;
/** More events than that in one record are a damaged record's. */
export const LOST_MOST: u64 = 1 << 40;
/** Two counts a CPU: told by rows, and total by the end. 0xffff is the CPU that nobody knows. */
let told: usize = 0;
let totals: usize = 0;
/** Events lost, as the capture tells. */
export let lostEvents: u64 = 0;
/** Of all samples that a BPF filter dropped, as it was asked to. */
export let filtered: u64 = 0;

function prepare(): void {
  if (told != 0) return;
  told = heap.alloc(CPUS << 3);
  totals = heap.alloc(CPUS << 3);
  memory.fill(told, 0, CPUS << 3);
  memory.fill(totals, 0, CPUS << 3);
}

// @ts-ignore: decorator
@inline
function add(counts: usize, cpu: i32, count: u64): void {
  const at = counts + (((cpu & 0xffff) as usize) << 3);
  store<u64>(at, load<u64>(at) + count);
}

/** A LOST record's turn has come; needs room for a row. */
export function loseHere(time: i64, cpu: i32, count: u64): void {
  prepare();
  add(told, cpu, count);
  lostEvents += count;
  lostRow(time, cpu, count);
}

export function loseInTotal(cpu: i32, count: u64): void {
  prepare();
  add(totals, cpu, count);
}

export function filterOut(count: u64): void {
  filtered += count;
}

let next: usize = 0;

/** Rows for losses that no row has told yet; false: the batch is full before the end. */
export function loseRest(time: i64): bool {
  if (told == 0) return true;
  for (; next < CPUS; next++) {
    const total = load<u64>(totals + (next << 3));
    const before = load<u64>(told + (next << 3));
    if (total <= before) continue;
    if (!hasRoom()) return false;
    lostEvents += total - before;
    lostRow(time, next as i32, total - before);
  }
  return true;
}
