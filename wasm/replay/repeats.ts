/**
 * The same operation recorded twice: two buffers (trace instances, captures of one run) that saw the same event.
 *
 * In: events of several buffers in time order. Out: whether one was seen already, and as which event.
 *
 * Per CPU the newest events stand in a ring, each with the buffers that have shown it. An event is a repeat if the oldest of its like
 * in the ring was not yet shown by its own buffer: recorders see one CPU's events in one order, microseconds apart.
 *
 *   | signature u64 | ts i64 | buffers u32 | seq u32 |
 */
import { EVENT_ADDR, EVENT_DIR, EVENT_LEN, EVENT_PHYS, EVENT_TID, EVENT_TYPE } from '../schema';
import { MAX_CPUS } from './cpus';
import { NONE } from './now';

/** Recorders of one event are no further apart than this, also where a virtual machine stands still between them. Units of the clock (nanoseconds). */
const APART: i64 = 1_000_000_000;
const RING: u32 = 64;
const ENTRY: u32 = 24;
const RING_BYTES: u32 = RING * ENTRY + 8;

/** Per CPU: its ring, 0 = none yet. A ring ends with the number of entries ever added. */
const rings: usize = heap.alloc(((MAX_CPUS as usize) + 1) << 2);
memory.fill(rings, 0, ((MAX_CPUS as usize) + 1) << 2);

/** Events that were repeats. */
export let repeats: u32 = 0;

/** The number of the event that this one repeats, NONE when it is new and will be `seq`. */
export function repeatOf(block: usize, i: usize, ts: i64, cpu: u32, device: u32, buffer: u32, seq: u32): u32 {
  const ring = ringOf(cpu);
  const added = load<u32>(ring + RING * ENTRY);
  const sign = signature(block, i, device);
  const shown: u32 = 1 << (buffer & 31);
  for (let k = added > RING ? added - RING : 0; k < added; k++) {
    const at = ring + (k & (RING - 1)) * ENTRY;
    if (load<u64>(at) != sign || ts - load<i64>(at, 8) > APART || (load<u32>(at, 16) & shown) != 0) continue;
    store<u32>(at, load<u32>(at, 16) | shown, 16);
    repeats++;
    return load<u32>(at, 20);
  }
  const at = ring + (added & (RING - 1)) * ENTRY;
  store<u64>(at, sign);
  store<i64>(at, ts, 8);
  store<u32>(at, shown, 16);
  store<u32>(at, seq, 20);
  store<u32>(ring + RING * ENTRY, added + 1);
  return NONE;
}

function ringOf(cpu: u32): usize {
  const at = rings + ((min(cpu, MAX_CPUS) as usize) << 2);
  if (load<u32>(at) == 0) {
    store<u32>(at, heap.alloc(RING_BYTES) as u32);
    memory.fill(load<u32>(at), 0, RING_BYTES);
  }
  return load<u32>(at);
}

/** What two records of one event have in common. */
function signature(block: usize, i: usize, device: u32): u64 {
  let hash: u64 = (load<u16>(block + EVENT_TYPE + (i << 1)) as u64) | ((device as u64) << 16) | ((load<u32>(block + EVENT_TID + (i << 2)) as u64) << 32);
  hash = (hash ^ load<u64>(block + EVENT_ADDR + (i << 3))) * 0x9e3779b97f4a7c15;
  hash = ((hash ^ (hash >> 29)) ^ load<u64>(block + EVENT_LEN + (i << 3))) * 0xbf58476d1ce4e5b9;
  hash = ((hash ^ (hash >> 32)) ^ load<u64>(block + EVENT_PHYS + (i << 3))) * 0x94d049bb133111eb;
  return hash ^ (load<u8>(block + EVENT_DIR + i) as u64);
}
