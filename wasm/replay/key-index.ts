/**
 * What lives at an exact key, and what lived there last: (device, address) → live members, oldest first.
 *
 * Open addressing over 24-byte entries; keys stay for good, because whether a key was ever closed decides what a
 * second close means. A member is a record of the caller's (a lifetime, a list) with room for its neighbour.
 *
 *   entry:  | key u64 | first member u32 | last closed u32 | device u16, used u16 | its record u32 |
 *   member: | … u32 | next member of the key u32 | … |
 */

/** `lastClosed` is an id + 1, or: never closed, or closed without our having seen it open. */
export const NEVER_CLOSED: u32 = 0;
export const CLOSED_UNSEEN: u32 = u32.MAX_VALUE;

const ENTRY: usize = 24;
const FIRST: usize = 8;
const NEXT: usize = 4;

// @ts-ignore: decorator
@inline
export function nextMember(member: u32): u32 {
  return load<u32>(member, NEXT);
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

  /** Every entry in turn, for rare walks: the address of slot `i`, `size` slots, unused ones have no member. */
  get size(): u32 {
    return this.mask + 1;
  }
  entryAt(i: u32): usize {
    return this.entries + (i as usize) * ENTRY;
  }
}

// @ts-ignore: decorator
@inline
export function firstMember(entry: usize): u32 {
  return load<u32>(entry, FIRST);
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

/** Puts a member behind the others of its key. */
// @ts-ignore: decorator
@inline
export function append(entry: usize, member: u32): void {
  store<u32>(member, 0, NEXT);
  if (firstMember(entry) == 0) store<u32>(entry, member, FIRST);
  else appendLast(firstMember(entry), member);
}

function appendLast(first: u32, member: u32): void {
  let at = first;
  while (nextMember(at) != 0) at = nextMember(at);
  store<u32>(at, member, NEXT);
}

/** Takes a member out of its key's. */
// @ts-ignore: decorator
@inline
export function remove(entry: usize, member: u32): void {
  if (firstMember(entry) == member) store<u32>(entry, nextMember(member), FIRST);
  else removeLater(firstMember(entry), member);
}

function removeLater(first: u32, member: u32): void {
  let at = first;
  while (nextMember(at) != member) at = nextMember(at);
  store<u32>(at, nextMember(member), NEXT);
}
