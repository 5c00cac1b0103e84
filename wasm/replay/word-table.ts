/**
 * A table of words: (key, part) → u32, 0 = none. Parts keep equal numbers of different sorts apart.
 *
 * Open addressing; a key stays when its word becomes 0, until the table is made anew.
 *
 *   entry: | key u64 | part u32, 0 = unused | word u32 |
 */
const ENTRY: usize = 16;

// @ts-ignore: decorator
@final
export class WordTable {
  private entries: usize;
  private mask: u32 = 255;
  private used: u32 = 0;

  constructor() {
    this.entries = this.allocate();
  }

  private allocate(): usize {
    const bytes = ((this.mask as usize) + 1) * ENTRY;
    const at = heap.alloc(bytes);
    memory.fill(at, 0, bytes);
    return at;
  }

  /** The key's entry, or the unused one where it would stand. */
  private entry(key: u64, part: u32): usize {
    let slot = ((((key ^ ((part as u64) << 56)) * 0x9e3779b97f4a7c15) >> 32) as u32) & this.mask;
    while (true) {
      const at = this.entries + (slot as usize) * ENTRY;
      if (load<u32>(at, 8) == 0 || (load<u64>(at) == key && load<u32>(at, 8) == part)) return at;
      slot = (slot + 1) & this.mask;
    }
  }

  /** The word of (key, part); `part` is not 0. */
  get(key: u64, part: u32): u32 {
    return load<u32>(this.entry(key, part), 12);
  }

  set(key: u64, part: u32, word: u32): void {
    let at = this.entry(key, part);
    if (load<u32>(at, 8) == 0) {
      if (word == 0) return;
      if (this.used * 2 > this.mask) {
        this.rebuild();
        at = this.entry(key, part);
      }
      this.used++;
      store<u64>(at, key);
      store<u32>(at, part, 8);
    }
    store<u32>(at, word, 12);
  }

  /** Forgets keys whose word is 0, and doubles the table when that is not enough. */
  private rebuild(): void {
    const old = this.entries;
    const count = this.mask + 1;
    let live: u32 = 0;
    for (let i: u32 = 0; i < count; i++) live += u32(load<u32>(old + (i as usize) * ENTRY, 12) != 0);
    if (live * 4 > count) this.mask = this.mask * 2 + 1;
    this.entries = this.allocate();
    this.used = live;
    for (let i: u32 = 0; i < count; i++) {
      const from = old + (i as usize) * ENTRY;
      if (load<u32>(from, 12) != 0) memory.copy(this.entry(load<u64>(from), load<u32>(from, 8)), from, ENTRY);
    }
    heap.free(old);
  }

  // For rare walks over all words: slots, and the word of one, 0 = none.
  get size(): u32 {
    return this.mask + 1;
  }
  wordAt(slot: u32): u32 {
    return load<u32>(this.entries + (slot as usize) * ENTRY, 12);
  }
}
