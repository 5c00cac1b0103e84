/**
 * What is remembered of each CPU: its last event's time, an open loss, what the IOMMU has just done there.
 *
 *   | last ts i64 | witness start u64 | witness end u64 | loss row u32 | witness tid i32 | waiting u32 | … |
 */
export const CPU_LAST_TS: usize = 0;
export const CPU_WITNESS_START: usize = 8;
export const CPU_WITNESS_END: usize = 16;
export const CPU_LOSS: usize = 24;
export const CPU_WITNESS_TID: usize = 28;
/** iommu mappings that wait for their DMA mapping: how many, and where their ids stand. */
export const CPU_WAITING: usize = 32;
export const CPU_WAITING_AT: usize = 36;
const CPU_BYTES: usize = 64;

/** CPU numbers beyond this, and an absent CPU, share one slot. */
export const MAX_CPUS: u32 = 8192;
const slots: usize = heap.alloc(((MAX_CPUS as usize) + 1) * CPU_BYTES);

// @ts-ignore: decorator
@inline
export function cpuSlot(cpu: u32): usize {
  return slots + (min(cpu, MAX_CPUS) as usize) * CPU_BYTES;
}

export function clearCpus(): void {
  for (let cpu: u32 = 0; cpu <= MAX_CPUS; cpu++) {
    const at = cpuSlot(cpu);
    memory.fill(at, 0, CPU_BYTES);
    store<i64>(at, -1, CPU_LAST_TS);
    store<u32>(at, u32.MAX_VALUE, CPU_LOSS);
  }
}
