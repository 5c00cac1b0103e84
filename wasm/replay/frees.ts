/**
 * Memory that is freed while a device still has it mapped.
 *
 * In: a range of physical memory that is free from the current event on. Out: anomalies, one a mapping.
 */
import { Anomaly } from '../schema';
import { ABSENT, endOfRange } from './now';
import { addFlags, flagsOf, lenOf, physOf } from './lifetimes';
import { addAnomalyOf, setLength } from './anomalies';
import { dmaDevices, memory_ } from './dma';
import { found, foundAt } from './found';

/** Internal bit of a lifetime's flags: memory under it was freed already. */
const FLAG_FREED: i32 = 1 << 14;

/** The physical range [from, from + bytes) is free. */
export function freePhysical(from: u64, bytes: u64): void {
  if (from == ABSENT || bytes == ABSENT || bytes == 0) return;
  const end = endOfRange(from, bytes);
  for (let device: u32 = 0; device <= dmaDevices; device++) {
    memory_.query(device, from, end);
    const count = found;
    for (let i: u32 = 0; i < count; i++) freed(foundAt(i), from, end);
  }
}

function freed(record: u32, from: u64, end: u64): void {
  if (flagsOf(record) & FLAG_FREED) return;
  addFlags(record, FLAG_FREED);
  const start = max(from, physOf(record));
  const stop = min(end, endOfRange(physOf(record), lenOf(record)));
  setLength(addAnomalyOf(<u32>Anomaly.freed_mapped, record, start, stop), stop - start);
}
