/**
 * One operation seen by several probes: a driver's tracepoint beside a probe on its function, a locked call inside an
 * unlocked one. It counts once.
 *
 * In: opens and closes of the layers beyond dma and iommu. Out: whether one is the echo of the task's last.
 *
 *   in the task's record, from 8: | types seen u16 × 4 | what u32, device u32 | addr u64 | ts i64 | lifetime u32 |
 */
import { addr, device, ts } from './now';

const TYPES: usize = 8;
const WHAT: usize = 16;
const OF_DEVICE: usize = 20;
const ADDR: usize = 24;
const TS: usize = 32;
const LIFETIME: usize = 40;

/** Probes of one operation fire no further apart than this; on a busy host a virtual machine stands still for some ten milliseconds. Units of the clock (nanoseconds). */
const APART: i64 = 1_000_000_000;

/** Operations that were echoes. */
export let echoes: u32 = 0;
export function countEcho(): void {
  echoes++;
}

/** Whether the current event shows what the task's last operation did, in the words of another event type. */
export function isEcho(task: usize, type: u32, what: u32): bool {
  if (load<u32>(task, WHAT) != what || load<u32>(task, OF_DEVICE) != device || ts - load<i64>(task, TS) > APART) return false;
  // The objects need not be equal: tracepoints print pointers hashed.
  if (load<u64>(task, ADDR) != addr) return false;
  for (let i: usize = 0; i < 4; i++) {
    const seen = load<u16>(task + TYPES + (i << 1)) as u32;
    if (seen == type) return false;
    if (seen != 0) continue;
    store<u16>(task + TYPES + (i << 1), <u16>type);
    echoes++;
    return true;
  }
  return false;
}

/** The current event is an operation of its own. */
export function noteOperation(task: usize, type: u32, what: u32): void {
  store<u64>(task, type as u64, TYPES);
  store<u32>(task, what, WHAT);
  store<u32>(task, device, OF_DEVICE);
  store<u64>(task, addr, ADDR);
  store<i64>(task, ts, TS);
  store<u32>(task, 0, LIFETIME);
}

/** The lifetime that the task's last operation was about, for its echoes. */
export function noteLifetime(task: usize, id: u32): void {
  store<u32>(task, id + 1, LIFETIME);
}
export function echoedLifetime(task: usize): u32 {
  return load<u32>(task, LIFETIME) - 1;
}
