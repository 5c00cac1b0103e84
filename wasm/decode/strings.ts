/**
 * Byte strings as small ids: a hash table over bytes that are kept once.
 *
 * In: a pointer and a length. Out: an id, 1 and up in order of first sight; 0 means none. The host reads the
 * strings it has not seen yet through `pointer` and `length`.
 */

// @ts-ignore: decorator
@inline
function hashBytes(at: usize, length: i32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ (length as u64);
  let i = 0;
  for (; i + 8 <= length; i += 8) hash = (hash ^ load<u64>(at + i)) * 0xff51afd7ed558ccd;
  for (; i < length; i++) hash = (hash ^ (load<u8>(at + i) as u64)) * 0x100000001b3;
  hash ^= hash >> 32;
  return (hash as u32) * 0x9e3779b1;
}

const ENTRY: usize = 16; // pointer u32, length u32, hash u32, unused

// @ts-ignore: decorator
@final
export class StringTable {
  count: i32 = 0;
  private entries: usize;
  private entryCapacity: i32 = 256;
  private slots: usize;
  private mask: u32 = 1023;
  private bytes: usize = 0;
  private bytesLeft: i32 = 0;

  constructor() {
    this.entries = heap.alloc((this.entryCapacity as usize) * ENTRY);
    this.slots = heap.alloc(((this.mask as usize) + 1) << 2);
    memory.fill(this.slots, 0, ((this.mask as usize) + 1) << 2);
  }

  pointer(id: i32): usize {
    return load<u32>(this.entries + ((id - 1) as usize) * ENTRY);
  }

  length(id: i32): i32 {
    return load<i32>(this.entries + ((id - 1) as usize) * ENTRY, 4);
  }

  /** The id of these bytes; new bytes get the next one. */
  intern(at: usize, length: i32): i32 {
    const hash = hashBytes(at, length);
    let slot = hash & this.mask;
    for (;;) {
      const id = load<i32>(this.slots + ((slot as usize) << 2));
      if (id == 0) break;
      const entry = this.entries + ((id - 1) as usize) * ENTRY;
      if (load<u32>(entry, 8) == hash && load<i32>(entry, 4) == length && memory.compare(load<u32>(entry), at, length) == 0) return id;
      slot = (slot + 1) & this.mask;
    }
    return this.add(at, length, hash, slot);
  }

  /** The id of these bytes if they are known, else 0. */
  lookup(at: usize, length: i32): i32 {
    const hash = hashBytes(at, length);
    let slot = hash & this.mask;
    let id = load<i32>(this.slots + ((slot as usize) << 2));
    while (id != 0) {
      const entry = this.entries + ((id - 1) as usize) * ENTRY;
      if (load<u32>(entry, 8) == hash && load<i32>(entry, 4) == length && memory.compare(load<u32>(entry), at, length) == 0) break;
      slot = (slot + 1) & this.mask;
      id = load<i32>(this.slots + ((slot as usize) << 2));
    }
    return id;
  }

  private add(at: usize, length: i32, hash: u32, slot: u32): i32 {
    if (this.count == this.entryCapacity) this.growEntries();
    const id = ++this.count;
    const entry = this.entries + ((id - 1) as usize) * ENTRY;
    store<u32>(entry, this.keep(at, length) as u32);
    store<i32>(entry, length, 4);
    store<u32>(entry, hash, 8);
    store<i32>(this.slots + ((slot as usize) << 2), id);
    if ((this.count as u32) * 2 > this.mask) this.growSlots();
    return id;
  }

  /** Copies the bytes to where they stay. */
  private keep(at: usize, length: i32): usize {
    if (length > this.bytesLeft) {
      this.bytesLeft = max(length, 65536);
      this.bytes = heap.alloc(this.bytesLeft);
    }
    const to = this.bytes;
    memory.copy(to, at, length);
    this.bytes += length;
    this.bytesLeft -= length;
    return to;
  }

  private growEntries(): void {
    const old = this.entries;
    this.entries = heap.alloc((this.entryCapacity as usize) * 2 * ENTRY);
    memory.copy(this.entries, old, (this.entryCapacity as usize) * ENTRY);
    heap.free(old);
    this.entryCapacity *= 2;
  }

  private growSlots(): void {
    heap.free(this.slots);
    this.mask = this.mask * 2 + 1;
    const bytes = ((this.mask as usize) + 1) << 2;
    this.slots = heap.alloc(bytes);
    memory.fill(this.slots, 0, bytes);
    for (let id = 1; id <= this.count; id++) {
      let slot = load<u32>(this.entries + ((id - 1) as usize) * ENTRY, 8) & this.mask;
      while (load<i32>(this.slots + ((slot as usize) << 2)) != 0) slot = (slot + 1) & this.mask;
      store<i32>(this.slots + ((slot as usize) << 2), id);
    }
  }
}
