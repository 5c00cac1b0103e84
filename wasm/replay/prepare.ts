/**
 * What is done to the rows of some event types before they are replayed: columns worked out, returns completed from their entries.
 *
 * In: a row of a batch and its type. Out: the same row.
 */
import { EVENT_CPU, EVENT_TID, TYPE_FLAG_RETURN } from '../schema';
import { cpuSlot } from './cpus';
import { workOut } from './meaning';
import { afterReturn, findTask, returnFrom } from './tasks';

/** The task whose call returns with the event being replayed, 0 = none does. */
let returning: usize = 0;

/** Prepares row `i`; `words` are its extras, 0 = none; returns its device, which the entry may have told. */
export function prepareRow(block: usize, i: usize, words: usize, type: u64, device: u32): u32 {
  const means = ((type >> 32) as u32) & 0xffff;
  const call = (type >> 48) as u32;
  if (means != 0) workOut(block, i, words, means);
  if (call == 0 || (((type >> 24) as u32) & TYPE_FLAG_RETURN) == 0) return device;
  const cpu = cpuSlot(load<u16>(block + EVENT_CPU + (i << 1)));
  returning = findTask(load<i32>(block + EVENT_TID + (i << 2)), cpu as u32);
  return returning == 0 ? device : returnFrom(returning, call, block, i, words, device);
}

/** The row that `prepareRow` prepared has been replayed. */
export function finishRow(): void {
  if (returning != 0) afterReturn(returning);
  returning = 0;
}
