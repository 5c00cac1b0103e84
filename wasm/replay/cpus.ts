/**
 * What is remembered of each CPU: its newest rows (a call stack may follow), its last event's time, an open loss,
 * what the IOMMU has just done there.
 *
 *   | last ts i64 | witness start u64 | witness end u64 | newest rows u32 × 4 | loss row u32 | witness tid i32 | waiting u32 | … |
 */
export const CPU_LAST_TS: usize = 0;
export const CPU_WITNESS_START: usize = 8;
export const CPU_WITNESS_END: usize = 16;
export const CPU_ROWS: usize = 24;
export const CPU_LOSS: usize = 40;
export const CPU_WITNESS_TID: usize = 44;
/** iommu mappings that wait for their DMA mapping: how many, and where their ids stand. */
export const CPU_WAITING: usize = 48;
export const CPU_WAITING_AT: usize = 52;
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
    memory.fill(at + CPU_ROWS, 0xff, 20); // no rows, no loss
  }
}

/** Remembers a new row of the CPU; the oldest of the four falls out. */
// @ts-ignore: decorator
@inline
export function pushRow(slot: usize, row: u32): void {
  store<u64>(slot + CPU_ROWS + 8, (load<u64>(slot + CPU_ROWS + 8) << 32) | (load<u64>(slot + CPU_ROWS) >> 32));
  store<u64>(slot + CPU_ROWS, (load<u64>(slot + CPU_ROWS) << 32) | (row as u64));
}
