/**
 * Which live ranges touch a range: for memory mapped twice, syncs inside a mapping, imports, and the IOMMU's partial unmaps.
 *
 * Ranges live in spaces, each with a number. A space with few ranges has them in a list. In one with more, ranges of up to
 * SMALL_PAGES pages stand in a hash of pages, one node a page (by far the most DMA mappings, and the fastest to add and
 * remove), larger ones in an interval tree of the space.
 *
 * Where many spaces share the hash, the first page nodes of a space's ranges are linked too: a query of much, or of
 * all, then walks what the space has and not the table.
 *
 *   space:     | its list u32, 0 = none | ranges in the list or the hash u32 | root of its tree, ranges there u32 | linked nodes u32 | is in the hash u32 |
 *   entry:     | page of a space u64 | first node u32 | used u32 |
 *   page node: | start u64 | end u64 | member u32 | next u32 | next, previous of its space u32 |            end is exclusive
 */
import { addFound, shrinkFound } from './found';
import { FEW, addToFew, dropFew, fewEnd, fewMember, fewStart, newFew, removeFromFew, searchFew } from './few-ranges';
import { addToTree, removeFromTree, searchTree } from './interval-tree';

const SMALL_PAGES: u64 = 4;
const PAGE_NODE: usize = 32;
const ENTRY: usize = 16;
const NODE_BATCH: i32 = 2048;

const LIST: usize = 0;
const COUNT: usize = 4;
const ROOT: usize = 8;
const LARGE: usize = 12;
const HEAD: usize = 16;
const MANY: usize = 20;
const SPACE: usize = 24;

let freePageNode: u32 = 0;

function addPageNodes(): void {
  let node = heap.alloc((NODE_BATCH as usize) * PAGE_NODE) as u32;
  for (let i = 0; i < NODE_BATCH; i++) {
    store<u32>(node, freePageNode);
    freePageNode = node;
    node += PAGE_NODE as u32;
  }
}

// @ts-ignore: decorator
@inline
function newPageNode(): u32 {
  if (freePageNode == 0) addPageNodes();
  const node = freePageNode;
  freePageNode = load<u32>(node);
  return node;
}
// @ts-ignore: decorator
@inline
function dropPageNode(node: u32): void {
  store<u32>(node, freePageNode);
  freePageNode = node;
}
// @ts-ignore: decorator
@inline
function nextPageNode(node: u32): u32 {
  return load<u32>(node, 20);
}

/** A field of a space's record, one more or one less. */
// @ts-ignore: decorator
@inline
function count(space: usize, field: usize, more: u32): void {
  store<u32>(space + field, load<u32>(space + field) + more);
}

// @ts-ignore: decorator
@final
export class RangeIndex {
  private entries: usize = 0;
  private mask: u32 = 4095;
  private used: u32 = 0;
  private spaces: usize = 0;
  private spaceCount: u32 = 0;

  /** @param linked Whether the nodes of a space's ranges are linked. */
  constructor(private linked: bool = false) {}

  /** The record of a space. */
  // @ts-ignore: decorator
  @inline
  private spaceAt(space: u32): usize {
    if (space >= this.spaceCount) this.addSpaces(space);
    return this.spaces + (space as usize) * SPACE;
  }

  private addSpaces(space: u32): void {
    const count = max(space + 1, max(64, this.spaceCount * 2));
    const spaces = heap.alloc((count as usize) * SPACE);
    const bytes = (this.spaceCount as usize) * SPACE;
    memory.fill(spaces + bytes, 0, (count as usize) * SPACE - bytes);
    if (bytes != 0) {
      memory.copy(spaces, this.spaces, bytes);
      heap.free(this.spaces);
    }
    this.spaces = spaces;
    this.spaceCount = count;
  }

  private allocate(): usize {
    const bytes = ((this.mask as usize) + 1) * ENTRY;
    const at = heap.alloc(bytes);
    memory.fill(at, 0, bytes);
    return at;
  }

  // @ts-ignore: decorator
  @inline
  private keyOf(space: u32, page: u64): u64 {
    return page ^ ((space as u64) << 48);
  }

  /** The entry of the key; an unused one where it would stand, when there is none. */
  // @ts-ignore: decorator
  @inline
  private entry(key: u64): usize {
    let slot = (((key * 0x9e3779b97f4a7c15) >> 32) as u32) & this.mask;
    while (true) {
      const at = this.entries + (slot as usize) * ENTRY;
      if (load<u32>(at, 12) == 0 || load<u64>(at) == key) return at;
      slot = (slot + 1) & this.mask;
    }
  }

  /** Adds [start, end), end > start. */
  insert(space: u32, start: u64, end: u64, member: u32): void {
    const at = this.spaceAt(space);
    if (load<u32>(at, MANY) == 0 && this.insertFew(at, start, end, member)) return;
    if (load<u32>(at, MANY) == 0) this.spread(space, at);
    this.insertMany(space, at, start, end, member);
  }

  /** Adds to the list of a space; false when that is full. */
  // @ts-ignore: decorator
  @inline
  private insertFew(at: usize, start: u64, end: u64, member: u32): bool {
    const ranges = load<u32>(at, COUNT);
    if (ranges == FEW) return false;
    if (ranges == 0) store<u32>(at, newFew(), LIST);
    addToFew(load<u32>(at, LIST), ranges, start, end, member);
    store<u32>(at, ranges + 1, COUNT);
    return true;
  }

  /** The space has more than a few: they leave its list. */
  private spread(space: u32, at: usize): void {
    if (this.entries == 0) this.entries = this.allocate();
    const list = load<u32>(at, LIST);
    const ranges = load<u32>(at, COUNT);
    store<u32>(at, 1, MANY);
    store<u32>(at, 0, COUNT);
    for (let i: u32 = 0; i < ranges; i++) this.insertMany(space, at, fewStart(list, i), fewEnd(list, i), fewMember(list, i));
    dropFew(list);
  }

  private insertMany(space: u32, at: usize, start: u64, end: u64, member: u32): void {
    const first = start >> 12;
    const last = (end - 1) >> 12;
    if (last - first >= SMALL_PAGES) {
      store<u32>(at, addToTree(load<u32>(at, ROOT), start, end, member), ROOT);
      count(at, LARGE, 1);
      return;
    }
    const node = this.insertPage(this.keyOf(space, first), start, end, member);
    for (let page = first + 1; page <= last; page++) this.insertPage(this.keyOf(space, page), start, end, member);
    count(at, COUNT, 1);
    if (this.linked) this.link(at, node);
  }

  private link(space: usize, node: u32): void {
    const next = load<u32>(space, HEAD);
    store<u32>(node, next, 24);
    store<u32>(node, 0, 28);
    if (next != 0) store<u32>(next, node, 28);
    store<u32>(space, node, HEAD);
  }

  private unlink(space: usize, node: u32): void {
    const next = load<u32>(node, 24);
    const previous = load<u32>(node, 28);
    if (next != 0) store<u32>(next, previous, 28);
    if (previous != 0) store<u32>(previous, next, 24);
    else store<u32>(space, next, HEAD);
  }

  // @ts-ignore: decorator
  @inline
  private insertPage(key: u64, start: u64, end: u64, member: u32): u32 {
    if (this.used * 2 > this.mask) this.rebuild();
    const at = this.entry(key);
    if (load<u32>(at, 12) == 0) {
      store<u64>(at, key);
      store<u32>(at, 1, 12);
      this.used++;
    }
    const node = newPageNode();
    store<u64>(node, start);
    store<u64>(node, end, 8);
    store<u32>(node, member, 16);
    store<u32>(node, load<u32>(at, 8), 20);
    store<u32>(at, node, 8);
    return node;
  }

  /** Finds what `query` would, then adds what `insert` would: in one search where the range lies in one page, as most do. */
  queryAndInsert(space: u32, start: u64, end: u64, member: u32): void {
    const at = this.spaceAt(space);
    const page = start >> 12;
    if ((end - 1) >> 12 != page || load<u32>(at, MANY) == 0 || this.linked) {
      this.query(space, start, end);
      this.insert(space, start, end, member);
      return;
    }
    shrinkFound(0);
    if (load<u32>(at, ROOT) != 0) searchTree(load<u32>(at, ROOT), start, end);
    const node = this.insertPage(this.keyOf(space, page), start, end, member);
    for (let other = nextPageNode(node); other != 0; other = nextPageNode(other)) {
      if (load<u64>(other) < end && load<u64>(other, 8) > start) addFound(load<u32>(other, 16));
    }
    count(at, COUNT, 1);
  }

  /** Takes out what was put in with the same arguments. */
  remove(space: u32, start: u64, end: u64, member: u32): void {
    const at = this.spaceAt(space);
    if (load<u32>(at, MANY) != 0) {
      this.removeMany(space, at, start, end, member);
      return;
    }
    const ranges = load<u32>(at, COUNT);
    if (!removeFromFew(load<u32>(at, LIST), ranges, member)) return;
    store<u32>(at, ranges - 1, COUNT);
    if (ranges == 1) dropFew(load<u32>(at, LIST));
  }

  // @ts-ignore: decorator
  @inline
  private removeMany(space: u32, at: usize, start: u64, end: u64, member: u32): void {
    const first = start >> 12;
    const last = (end - 1) >> 12;
    if (last - first >= SMALL_PAGES) {
      store<u32>(at, removeFromTree(load<u32>(at, ROOT), start, member), ROOT);
      count(at, LARGE, -1);
    } else {
      for (let page = first; page <= last; page++) {
        const node = this.removePage(this.keyOf(space, page), member);
        if (node != 0 && page == first && this.linked) this.unlink(at, node);
      }
      count(at, COUNT, -1);
    }
    if (load<u32>(at, COUNT) == 0 && load<u32>(at, LARGE) == 0) store<u32>(at, 0, MANY);
  }

  // @ts-ignore: decorator
  @inline
  private removePage(key: u64, member: u32): u32 {
    const at = this.entry(key);
    let previous = (at + 8) as u32; // where the pointer to the node stands
    let node = load<u32>(previous);
    while (node != 0 && load<u32>(node, 16) != member) {
      previous = node + 20;
      node = load<u32>(previous);
    }
    if (node == 0) return 0;
    store<u32>(previous, nextPageNode(node));
    dropPageNode(node);
    return node;
  }

  /** Forgets the pages that nothing touches any more, and grows when that is not enough. */
  private rebuild(): void {
    const old = this.entries;
    const count = this.mask + 1;
    let live: u32 = 0;
    for (let i: u32 = 0; i < count; i++) live += load<u32>(old + (i as usize) * ENTRY, 8) != 0 ? 1 : 0;
    if (live * 4 > count) this.mask = this.mask * 2 + 1;
    this.entries = this.allocate();
    this.used = live;
    for (let i: u32 = 0; i < count; i++) {
      const from = old + (i as usize) * ENTRY;
      if (load<u32>(from, 8) != 0) memory.copy(this.entry(load<u64>(from)), from, ENTRY);
    }
    heap.free(old);
  }

  /** Finds the live ranges of the space that intersect [start, end): `found`, `foundAt`. */
  query(space: u32, start: u64, end: u64): void {
    shrinkFound(0);
    if (end <= start) return;
    const at = this.spaceAt(space);
    if (load<u32>(at, MANY) == 0) searchFew(load<u32>(at, LIST), load<u32>(at, COUNT), start, end);
    else this.queryMany(space, at, start, end);
  }

  private queryMany(space: u32, at: usize, start: u64, end: u64): void {
    if (load<u32>(at, ROOT) != 0) searchTree(load<u32>(at, ROOT), start, end);
    const small = load<u32>(at, COUNT);
    if (small == 0) return;
    const first = start >> 12;
    const last = (end - 1) >> 12;
    if (this.linked && last - first > (small as u64)) this.queryLinked(at, start, end);
    else if (last - first > (this.mask as u64)) this.queryAll(space, start, end);
    else for (let page = first; page <= last; page++) this.queryPage(this.keyOf(space, page), page, first, start, end);
  }

  // @ts-ignore: decorator
  @inline
  private queryPage(key: u64, page: u64, first: u64, start: u64, end: u64): void {
    let node = load<u32>(this.entry(key), 8);
    for (; node != 0; node = nextPageNode(node)) {
      if (load<u64>(node) >= end || load<u64>(node, 8) <= start) continue;
      // A range that began on an earlier page of the query was found there.
      if (page != max(first, load<u64>(node) >> 12)) continue;
      addFound(load<u32>(node, 16));
    }
  }

  /** A query wider than what the space has is cheaper by walking that. */
  private queryLinked(space: usize, start: u64, end: u64): void {
    let node = load<u32>(space, HEAD);
    for (; node != 0; node = load<u32>(node, 24)) {
      if (load<u64>(node) < end && load<u64>(node, 8) > start) addFound(load<u32>(node, 16));
    }
  }

  /** A query wider than the table is cheaper by walking the table. */
  private queryAll(space: u32, start: u64, end: u64): void {
    const first = start >> 12;
    for (let i: u32 = 0; i <= this.mask; i++) {
      const at = this.entries + (i as usize) * ENTRY;
      if (load<u32>(at, 8) == 0) continue;
      const page = load<u64>(at) ^ ((space as u64) << 48);
      if (page < 1 << 52) this.queryPage(load<u64>(at), page, first, start, end);
    }
  }
}
