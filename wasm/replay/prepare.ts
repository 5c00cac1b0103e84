/**
 * What is done to the rows of some event types before they are replayed: columns worked out, returns completed from their entries.
 *
 * In: a row of a batch and its type. Out: the same row.
 */
import { EVENT_CPU, EVENT_TID, EXTRA_WORDS, TYPE_FLAG_RETURN } from '../schema';
import { cpuSlot } from './cpus';
import { workOut } from './meaning';
import { afterReturn, findTask, returnFrom } from './tasks';

/** The task whose call returns with the event being replayed, 0 = none does. */
let returning: usize = 0;

/** Extras of a return that has none of its own. */
const blank: usize = heap.alloc(EXTRA_WORDS << 3);
/** Where the prepared row's extras are, 0 = it has none. */
export let preparedExtras: usize = 0;

/** Prepares row `i`; `words` are its extras, 0 = none; returns its device, which the entry may have told. */
export function prepareRow(block: usize, i: usize, words: usize, type: u64, device: u32): u32 {
  preparedExtras = words;
  const means = ((type >> 32) as u32) & 0xffff;
  const call = (type >> 48) as u32;
  if (means != 0) workOut(block, i, words, means);
  if (call == 0 || (((type >> 24) as u32) & TYPE_FLAG_RETURN) == 0) return device;
  const cpu = cpuSlot(load<u16>(block + EVENT_CPU + (i << 1)));
  returning = findTask(load<i32>(block + EVENT_TID + (i << 2)), cpu as u32);
  if (returning == 0) return device;
  if (words == 0) {
    memory.fill(blank, 0xff, EXTRA_WORDS << 3);
    preparedExtras = blank;
  }
  return returnFrom(returning, call, means, block, i, preparedExtras, device);
}

/** The row that `prepareRow` prepared has been replayed. */
export function finishRow(): void {
  if (returning != 0) afterReturn(returning);
  returning = 0;
}
