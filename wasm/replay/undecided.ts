/**
 * Unmaps of what another device has mapped: whether the device was mixed up shows only at the end, when the other
 * device has closed its mapping itself, or not.
 *
 *   | anomaly row u32 | the other device's lifetime u32 | this device u32 | only if the IOMMU bears witness u32 |
 */
import { Anomaly } from '../schema';
import { device } from './now';
import { deviceIdOf, hold, isOpen, release, speakOf } from './lifetimes';
import { settle } from './anomalies';
import { speaks } from './witness';

const RECORD: usize = 16;
let records: usize = heap.alloc(256 * RECORD);
let capacity: u32 = 256;
let count: u32 = 0;

/** @param unasked Nothing but that the IOMMU was not asked speaks against a mapping of the device's own: that says something only in captures of what it is asked. */
export function addUndecided(anomaly: u32, lifetime: u32, unasked: bool): void {
  if (count == capacity) {
    const bigger = heap.alloc((capacity as usize) * 2 * RECORD);
    memory.copy(bigger, records, (capacity as usize) * RECORD);
    heap.free(records);
    records = bigger;
    capacity *= 2;
  }
  const at = records + (count as usize) * RECORD;
  store<u32>(at, anomaly);
  store<u32>(at, lifetime, 4);
  store<u32>(at, device, 8);
  store<u32>(at, unasked, 12);
  count++;
  hold(lifetime);
}

export function finishUndecided(): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = records + (i as usize) * RECORD;
    const lifetime = load<u32>(at, 4);
    if (isOpen(lifetime) && (speaks || load<u32>(at, 12) == 0)) settle(load<u32>(at), <u32>Anomaly.device_mismatch, speakOf(lifetime), deviceIdOf(lifetime), load<u32>(at, 8));
    release(lifetime);
  }
  count = 0;
}
