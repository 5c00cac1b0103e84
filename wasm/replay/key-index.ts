/**
 * What lives at an exact key, and what lived there last: (device, address) → live members, oldest first.
 *
 * Open addressing over 24-byte entries; keys stay for good, because whether a key was ever closed decides what a
 * second close means. Members of a key are nodes of one shared pool.
 *
 *   entry: | key u64 | first node u32 | last closed u32 | device u16, used u16 | its record u32 |
 *   node:  | member u32 | next u32 | nents u32 | segments u32 | live u32 | array u32 |        a member is a record
 */

/** `lastClosed` is an id + 1, or: never closed, or closed without our having seen it open. */
export const NEVER_CLOSED: u32 = 0;
export const CLOSED_UNSEEN: u32 = u32.MAX_VALUE;

const ENTRY: usize = 24;
const NODE: usize = 24;
const NODE_PAGE: i32 = 4096;

let freeNode: u32 = 0;

function addNodes(): void {
  let at = heap.alloc((NODE_PAGE as usize) * NODE) as u32;
  for (let i = 0; i < NODE_PAGE; i++) {
    store<u32>(at, freeNode, 4);
    freeNode = at;
    at += NODE as u32;
  }
}

/** A node with `member` and no successor; the address is its name. */
// @ts-ignore: decorator
@inline
export function newNode(member: u32): u32 {
  if (freeNode == 0) addNodes();
  const node = freeNode;
  freeNode = load<u32>(node, 4);
  store<u32>(node, member);
  store<u32>(node, 0, 4);
  return node;
}
// @ts-ignore: decorator
@inline
export function dropNode(node: u32): void {
  store<u32>(node, freeNode, 4);
  freeNode = node;
}
// @ts-ignore: decorator
@inline
export function memberOf(node: u32): u32 {
  return load<u32>(node);
}
// @ts-ignore: decorator
@inline
export function nextOf(node: u32): u32 {
  return load<u32>(node, 4);
}

// What a node of a scatterlist knows beyond its member.
// @ts-ignore: decorator
@inline
export function nentsOf(node: u32): u32 {
  return load<u32>(node, 8);
}
// @ts-ignore: decorator
@inline
export function segmentsOf(node: u32): u32 {
  return load<u32>(node, 12);
}
// @ts-ignore: decorator
@inline
export function liveOf(node: u32): u32 {
  return load<u32>(node, 16);
}
export function setList(node: u32, nents: u32, segments: u32, array: usize): void {
  store<u32>(node, nents, 8);
  store<u32>(node, segments, 12);
  store<u32>(node, segments, 16);
  store<u32>(node, array as u32, 20);
}
// @ts-ignore: decorator
@inline
export function segmentArray(node: u32): usize {
  return load<u32>(node, 20);
}
export function setLive(node: u32, live: u32): void {
  store<u32>(node, live, 16);
}

// @ts-ignore: decorator
@final
export class KeyIndex {
  private entries: usize;
  private mask: u32;
  private used: u32 = 0;

  constructor() {
    this.mask = 4095;
    this.entries = this.allocate();
  }

  private allocate(): usize {
    const bytes = ((this.mask as usize) + 1) * ENTRY;
    const at = heap.alloc(bytes);
    memory.fill(at, 0, bytes);
    return at;
  }

  // @ts-ignore: decorator
  @inline
  private slot(key: u64, device: u32): u32 {
    let hash = (key ^ ((device as u64) << 48)) * 0x9e3779b97f4a7c15;
    return ((hash >> 32) as u32) & this.mask;
  }

  /** The entry of the key, or 0. */
  find(key: u64, device: u32): usize {
    let slot = this.slot(key, device);
    while (true) {
      const entry = this.entries + (slot as usize) * ENTRY;
      if (load<u16>(entry, 18) == 0) return 0;
      if (load<u64>(entry) == key && load<u16>(entry, 16) == <u16>device) return entry;
      slot = (slot + 1) & this.mask;
    }
  }

  /** The entry of the key, made when there is none. Valid until the next call of `take`. */
  take(key: u64, device: u32): usize {
    if (this.used * 2 > this.mask) this.grow();
    let slot = this.slot(key, device);
    while (true) {
      const entry = this.entries + (slot as usize) * ENTRY;
      if (load<u16>(entry, 18) == 0) {
        store<u64>(entry, key);
        store<u16>(entry, <u16>device, 16);
        store<u16>(entry, 1, 18);
        this.used++;
        return entry;
      }
      if (load<u64>(entry) == key && load<u16>(entry, 16) == <u16>device) return entry;
      slot = (slot + 1) & this.mask;
    }
  }

  private grow(): void {
    const old = this.entries;
    const count = this.mask + 1;
    this.mask = this.mask * 2 + 1;
    this.entries = this.allocate();
    for (let i: u32 = 0; i < count; i++) {
      const from = old + (i as usize) * ENTRY;
      if (load<u16>(from, 18) == 0) continue;
      let slot = this.slot(load<u64>(from), load<u16>(from, 16));
      while (load<u16>(this.entries + (slot as usize) * ENTRY, 18) != 0) slot = (slot + 1) & this.mask;
      memory.copy(this.entries + (slot as usize) * ENTRY, from, ENTRY);
    }
    heap.free(old);
  }

  /** Every entry in turn, for rare walks: the address of slot `i`, `size` slots, unused ones have no first node. */
  get size(): u32 {
    return this.mask + 1;
  }
  entryAt(i: u32): usize {
    return this.entries + (i as usize) * ENTRY;
  }
}

// @ts-ignore: decorator
@inline
export function firstNode(entry: usize): u32 {
  return load<u32>(entry, 8);
}
// @ts-ignore: decorator
@inline
export function lastClosed(entry: usize): u32 {
  return load<u32>(entry, 12);
}
// @ts-ignore: decorator
@inline
export function closedRecord(entry: usize): u32 {
  return load<u32>(entry, 20);
}
// @ts-ignore: decorator
@inline
export function setLastClosed(entry: usize, closed: u32, record: u32): void {
  store<u32>(entry, closed, 12);
  store<u32>(entry, record, 20);
}
// @ts-ignore: decorator
@inline
export function deviceOf(entry: usize): u32 {
  return load<u16>(entry, 16);
}

/** Whether this is the first time that it is asked of the entry. */
export function firstTime(entry: usize): bool {
  const first = load<u16>(entry, 18) == 1;
  store<u16>(entry, 2, 18);
  return first;
}

/** Puts a node behind the others of its key. */
// @ts-ignore: decorator
@inline
export function append(entry: usize, node: u32): void {
  let at = load<u32>(entry, 8);
  if (at == 0) {
    store<u32>(entry, node, 8);
    return;
  }
  while (nextOf(at) != 0) at = nextOf(at);
  store<u32>(at, node, 4);
}

/** Takes a node out of its key's members and gives it back to the pool. */
// @ts-ignore: decorator
@inline
export function remove(entry: usize, node: u32): void {
  let at = load<u32>(entry, 8);
  if (at == node) store<u32>(entry, nextOf(node), 8);
  else {
    while (nextOf(at) != node) at = nextOf(at);
    store<u32>(at, nextOf(node), 4);
  }
  dropNode(node);
}
