/**
 * What is known of a device's addresses: whether they are its own, or those of the memory itself.
 *
 * And the IOMMU as witness: what `iommu:unmap` said just before, on the same CPU and thread, tells whether an unmap undid anything.
 */
import { CPU_WITNESS_END, CPU_WITNESS_START, CPU_WITNESS_TID } from './cpus';
import { addr, endOfRange, slot, tid } from './now';

/** A byte a device, of bits: its unmaps have been seen to reach the IOMMU; it has mapped memory at another address than the memory's; at the memory's own. */
const known: usize = heap.alloc(65536);
const TRANSLATES: u8 = 1;
const ELSEWHERE: u8 = 2;
const DIRECT: u8 = 4;
/** Whether any device's have. */
export let speaks: bool = false;

export function clearWitness(): void {
  memory.fill(known, 0, 65536);
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
  learn(device, TRANSLATES);
  speaks = true;
}
// @ts-ignore: decorator
@inline
export function translates(device: u32): bool {
  return (load<u8>(known + (device as usize)) & TRANSLATES) != 0;
}

/** The device has mapped this memory at this address. */
// @ts-ignore: decorator
@inline
export function noteAddress(device: u32, address: u64, memory: u64): void {
  learn(device, address != memory ? ELSEWHERE : DIRECT);
}
/** Whether all of the device's addresses are its own (an IOMMU's, bounce buffers'), each mapped once at a time. Else the same memory may be mapped at its address as often as one likes. */
// @ts-ignore: decorator
@inline
export function hasOwnAddresses(device: u32): bool {
  const facts = load<u8>(known + (device as usize));
  return (facts & TRANSLATES) != 0 || (facts & (ELSEWHERE | DIRECT)) == ELSEWHERE;
}

// @ts-ignore: decorator
@inline
function learn(device: u32, fact: u8): void {
  const at = known + (device as usize);
  store<u8>(at, load<u8>(at) | fact);
}
