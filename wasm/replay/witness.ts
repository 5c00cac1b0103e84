/**
 * The IOMMU as witness: what `iommu:unmap` said just before, on the same CPU and thread, tells whether an unmap undid anything.
 */
import { CPU_WITNESS_END, CPU_WITNESS_START, CPU_WITNESS_TID } from './cpus';
import { addr, endOfRange, slot, tid } from './now';

/** A byte a device: 1 = its unmaps have been seen to reach the IOMMU. */
const translating: usize = heap.alloc(65536);
/** Whether any device's have. */
export let speaks: bool = false;

export function clearWitness(): void {
  memory.fill(translating, 0, 65536);
  speaks = false;
}

/** An iommu:unmap of a range, by a thread. */
// @ts-ignore: decorator
@inline
export function noteUnmap(cpu: usize, from: u64, bytes: u64, byThread: i32): void {
  store<u64>(cpu, from, CPU_WITNESS_START);
  store<u64>(cpu, endOfRange(from, bytes), CPU_WITNESS_END);
  store<i32>(cpu, byThread, CPU_WITNESS_TID);
}

/** Forgets the CPU's last iommu:unmap: an event of the layer dma stands between. */
// @ts-ignore: decorator
@inline
export function endWitness(): void {
  store<u64>(slot, 0, CPU_WITNESS_END);
}

/** Whether an iommu:unmap of this call covered the page of the current event's address. */
// @ts-ignore: decorator
@inline
export function isWitnessed(): bool {
  const page = addr & ~0xfff;
  return load<u64>(slot, CPU_WITNESS_END) > page && load<u64>(slot, CPU_WITNESS_START) <= page && load<i32>(slot, CPU_WITNESS_TID) == tid;
}

// @ts-ignore: decorator
@inline
export function noteTranslation(device: u32): void {
  store<u8>(translating + (device as usize), 1);
  speaks = true;
}
// @ts-ignore: decorator
@inline
export function translates(device: u32): bool {
  return load<u8>(translating + (device as usize)) != 0;
}
