/**
 * Rows of the table `losses`: where events are missing, on which CPU, how many.
 */
import { LOSS_COUNT, LOSS_CPU, LOSS_FROM, LOSS_SEQ, LOSS_TO } from '../schema';
import { LOSSES, addRow, cell2, cell4, cell8, rowsOf } from './table';
import { CPU_LAST_TS, CPU_LOSS } from './cpus';
import { NONE, eventCount, setLoss } from './now';

/** A damaged capture may tell of any number of lost events: a greater one is none, so that sums of them stay numbers. */
const COUNT_MOST: u64 = 1 << 40;

export function addLoss(slot: usize, cpu: u32, ts: i64, count: u64): void {
  const row = addRow(LOSSES);
  store<i64>(cell8(LOSSES, LOSS_FROM, row), load<i64>(slot, CPU_LAST_TS));
  store<i64>(cell8(LOSSES, LOSS_TO, row), ts);
  store<u64>(cell8(LOSSES, LOSS_COUNT, row), count > COUNT_MOST ? u64.MAX_VALUE : count);
  store<u32>(cell4(LOSSES, LOSS_SEQ, row), eventCount);
  store<u16>(cell2(LOSSES, LOSS_CPU, row), <u16>cpu);
  if (load<u32>(slot, CPU_LOSS) == NONE) store<u32>(slot, row, CPU_LOSS);
  setLoss(eventCount);
}

/** The CPU's first event after a loss ends it, and those that followed it at once. */
// @ts-ignore: decorator
@inline
export function endLoss(slot: usize, ts: i64): void {
  if (load<u32>(slot, CPU_LOSS) != NONE) endLosses(slot, ts);
}

function endLosses(slot: usize, ts: i64): void {
  const first = load<u32>(slot, CPU_LOSS);
  const cpu = load<u16>(cell2(LOSSES, LOSS_CPU, first));
  for (let row = first; row < rowsOf(LOSSES); row++) {
    if (load<u16>(cell2(LOSSES, LOSS_CPU, row)) == cpu) store<i64>(cell8(LOSSES, LOSS_TO, row), ts);
  }
  store<u32>(slot, NONE, CPU_LOSS);
}
