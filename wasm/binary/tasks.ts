/**
 * Names of tasks by pid.
 *
 * In: pid and name pairs, from the host. Out: the string id of a pid's name, 0 where it is not known.
 *
 *   slots: open addressing, [ pid + 1 u32 | comm u32 ] each; 0 = free
 */
import { StringTable } from '../decode/strings';

export const comms: StringTable = new StringTable();

let slots: usize = 0;
let mask: u32 = 0;
let used: u32 = 0;
let lastPid: i32 = -1;
let lastComm: i32 = 0;

function hashPid(pid: u32): u32 {
  const hash = pid * 0x9e3779b1;
  return hash ^ (hash >> 15);
}

function slotOf(key: u32): usize {
  let at = slots + (((hashPid(key) & mask) as usize) << 3);
  const end = slots + (((mask as usize) + 1) << 3);
  while (load<u32>(at) != 0 && load<u32>(at) != key) {
    at += 8;
    if (at == end) at = slots;
  }
  return at;
}

function grow(): void {
  const old = slots;
  const oldSlots: u32 = old == 0 ? 0 : mask + 1;
  mask = max<u32>(1023, mask * 2 + 1);
  slots = heap.alloc(((mask as usize) + 1) << 3);
  memory.fill(slots, 0, ((mask as usize) + 1) << 3);
  for (let i: u32 = 0; i < oldSlots; i++) {
    const from = old + ((i as usize) << 3);
    if (load<u32>(from) != 0) store<u64>(slotOf(load<u32>(from)), load<u64>(from));
  }
  if (old != 0) heap.free(old);
}

/** Gives a pid the name of `length` bytes at `at`; the last name given counts. */
export function nameTask(pid: i32, at: usize, length: i32): void {
  if (used * 2 >= mask) grow();
  const slot = slotOf((pid as u32) + 1);
  if (load<u32>(slot) == 0) used++;
  store<u32>(slot, (pid as u32) + 1);
  store<i32>(slot, comms.intern(at, length), 4);
  lastPid = -1;
  lastComm = 0;
}

export function commOf(pid: i32): i32 {
  if (pid == lastPid || slots == 0) return lastComm;
  lastPid = pid;
  lastComm = load<i32>(slotOf((pid as u32) + 1), 4);
  return lastComm;
}
