/**
 * Which live ranges touch a range: for memory mapped twice, syncs inside a mapping, and the IOMMU's partial unmaps.
 *
 * Ranges of up to SMALL_PAGES pages stand in a hash of pages, one node a page (by far the most mappings, and the
 * fastest to add and remove); larger ones in an interval treap a space, one node a range however large it is.
 *
 * Where many spaces share the table, the first page nodes of a space's ranges are linked too: a query of much, or of
 * all, then walks what the space has and not the table.
 *
 *   page node: | start u64 | end u64 | member u32 | next u32 | next, previous of its space u32 |            end is exclusive
 *   tree node: | start u64 | end u64 | furthest end below u64 | member u32 | priority u32 | left u32 | right u32 |
 */

const SMALL_PAGES: u64 = 4;
const PAGE_NODE: usize = 32;
const TREE_NODE: usize = 40;
const ENTRY: usize = 16; // key u64, first node u32, used u32
const NODE_BATCH: i32 = 2048;

let freePageNode: u32 = 0;
let freeTreeNode: u32 = 0;
let seed: u32 = 0x2545f491;

function allocNodes(size: usize): u32 {
  const first = heap.alloc((NODE_BATCH as usize) * size) as u32;
  for (let i = 0; i < NODE_BATCH; i++) store<u32>((first as usize) + (i as usize) * size, i + 1 < NODE_BATCH ? first + (((i + 1) as usize) * size as u32) : 0);
  return first;
}

// @ts-ignore: decorator
@inline
function newPageNode(): u32 {
  if (freePageNode == 0) freePageNode = allocNodes(PAGE_NODE);
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

// ------------------------------------------------------------------------------------ interval treap
// @ts-ignore: decorator
@inline
function startOf(node: u32): u64 {
  return load<u64>(node);
}
// @ts-ignore: decorator
@inline
function endOf(node: u32): u64 {
  return load<u64>(node, 8);
}
// @ts-ignore: decorator
@inline
function furthest(node: u32): u64 {
  return node == 0 ? 0 : load<u64>(node, 16);
}
// @ts-ignore: decorator
@inline
function leftOf(node: u32): u32 {
  return load<u32>(node, 32);
}
// @ts-ignore: decorator
@inline
function rightOf(node: u32): u32 {
  return load<u32>(node, 36);
}
// @ts-ignore: decorator
@inline
function refresh(node: u32): void {
  store<u64>(node, max(endOf(node), max(furthest(leftOf(node)), furthest(rightOf(node)))), 16);
}
/** Order in the tree: by start, then by member. */
// @ts-ignore: decorator
@inline
function before(start: u64, member: u32, node: u32): bool {
  return start < startOf(node) || (start == startOf(node) && member < load<u32>(node, 24));
}

function rotateRight(node: u32): u32 {
  const up = leftOf(node);
  store<u32>(node, rightOf(up), 32);
  store<u32>(up, node, 36);
  refresh(node);
  refresh(up);
  return up;
}

function rotateLeft(node: u32): u32 {
  const up = rightOf(node);
  store<u32>(node, leftOf(up), 36);
  store<u32>(up, node, 32);
  refresh(node);
  refresh(up);
  return up;
}

function insertNode(root: u32, node: u32): u32 {
  if (root == 0) return node;
  if (before(startOf(node), load<u32>(node, 24), root)) {
    store<u32>(root, insertNode(leftOf(root), node), 32);
    if (load<u32>(leftOf(root), 28) > load<u32>(root, 28)) return rotateRight(root);
  } else {
    store<u32>(root, insertNode(rightOf(root), node), 36);
    if (load<u32>(rightOf(root), 28) > load<u32>(root, 28)) return rotateLeft(root);
  }
  refresh(root);
  return root;
}

function joinNodes(left: u32, right: u32): u32 {
  if (left == 0) return right;
  if (right == 0) return left;
  if (load<u32>(left, 28) > load<u32>(right, 28)) {
    store<u32>(left, joinNodes(rightOf(left), right), 36);
    refresh(left);
    return left;
  }
  store<u32>(right, joinNodes(left, leftOf(right)), 32);
  refresh(right);
  return right;
}

function removeNode(root: u32, start: u64, member: u32): u32 {
  if (root == 0) return 0;
  if (startOf(root) == start && load<u32>(root, 24) == member) {
    const rest = joinNodes(leftOf(root), rightOf(root));
    store<u32>(root, freeTreeNode);
    freeTreeNode = root;
    return rest;
  }
  if (before(start, member, root)) store<u32>(root, removeNode(leftOf(root), start, member), 32);
  else store<u32>(root, removeNode(rightOf(root), start, member), 36);
  refresh(root);
  return root;
}

// ------------------------------------------------------------------------------------ results of a query
/** Members found by the last query, in no order, each once. */
export let found: u32 = 0;
let results: usize = heap.alloc(1024 << 2);
let resultCapacity: u32 = 1024;

// @ts-ignore: decorator
@inline
export function foundAt(i: u32): u32 {
  return load<u32>(results + ((i as usize) << 2));
}
export function setFound(i: u32, member: u32): void {
  store<u32>(results + ((i as usize) << 2), member);
}

/** The result as a list of u32 of the caller's own, to be freed: other queries may come before it has been gone through. */
export function copyFound(): usize {
  const list = heap.alloc((found as usize) << 2);
  memory.copy(list, results, (found as usize) << 2);
  return list;
}

export function shrinkFound(count: u32): void {
  found = count;
}

function addFound(member: u32): void {
  if (found == resultCapacity) {
    const bigger = heap.alloc((resultCapacity as usize) << 3);
    memory.copy(bigger, results, (resultCapacity as usize) << 2);
    heap.free(results);
    results = bigger;
    resultCapacity *= 2;
  }
  store<u32>(results + ((found as usize) << 2), member);
  found++;
}

function searchTree(node: u32, start: u64, end: u64): void {
  if (node == 0 || furthest(node) <= start) return;
  searchTree(leftOf(node), start, end);
  if (startOf(node) >= end) return;
  if (endOf(node) > start) addFound(load<u32>(node, 24));
  searchTree(rightOf(node), start, end);
}

/** A word for each space. */
function zeros(): usize {
  const at = heap.alloc(65536 << 2);
  memory.fill(at, 0, 65536 << 2);
  return at;
}

// @ts-ignore: decorator
@final
export class RangeIndex {
  private entries: usize;
  private mask: u32 = 4095;
  private used: u32 = 0;
  private roots: usize;
  /** Per space: how many of its ranges stand in the table. */
  private smalls: usize;
  /** Per space: the first of its linked nodes; 0 = they are not linked. */
  private heads: usize;

  constructor(linked: bool = false) {
    this.entries = this.allocate();
    this.roots = zeros();
    this.smalls = zeros();
    this.heads = linked ? zeros() : 0;
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
    const first = start >> 12;
    const last = (end - 1) >> 12;
    if (last - first >= SMALL_PAGES) {
      this.insertLarge(space, start, end, member);
      return;
    }
    const node = this.insertPage(this.keyOf(space, first), start, end, member);
    for (let page = first + 1; page <= last; page++) this.insertPage(this.keyOf(space, page), start, end, member);
    const small = this.smalls + ((space as usize) << 2);
    store<u32>(small, load<u32>(small) + 1);
    if (this.heads != 0) this.link(space, node);
  }

  private link(space: u32, node: u32): void {
    const head = this.heads + ((space as usize) << 2);
    const next = load<u32>(head);
    store<u32>(node, next, 24);
    store<u32>(node, 0, 28);
    if (next != 0) store<u32>(next, node, 28);
    store<u32>(head, node);
  }

  private unlink(space: u32, node: u32): void {
    const next = load<u32>(node, 24);
    const previous = load<u32>(node, 28);
    if (next != 0) store<u32>(next, previous, 28);
    if (previous != 0) store<u32>(previous, next, 24);
    else store<u32>(this.heads + ((space as usize) << 2), next);
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

  private insertLarge(space: u32, start: u64, end: u64, member: u32): void {
    if (freeTreeNode == 0) freeTreeNode = allocNodes(TREE_NODE);
    const node = freeTreeNode;
    freeTreeNode = load<u32>(node);
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    store<u64>(node, start);
    store<u64>(node, end, 8);
    store<u64>(node, end, 16);
    store<u32>(node, member, 24);
    store<u32>(node, seed, 28);
    store<u64>(node, 0, 32);
    const root = this.roots + ((space as usize) << 2);
    store<u32>(root, insertNode(load<u32>(root), node));
  }

  /** Finds what `query` would, then adds what `insert` would: in one search where the range lies in one page, as most do. */
  queryAndInsert(space: u32, start: u64, end: u64, member: u32): void {
    const page = start >> 12;
    if ((end - 1) >> 12 != page || this.heads != 0) {
      this.query(space, start, end);
      this.insert(space, start, end, member);
      return;
    }
    found = 0;
    const root = load<u32>(this.roots + ((space as usize) << 2));
    if (root != 0) searchTree(root, start, end);
    const node = this.insertPage(this.keyOf(space, page), start, end, member);
    for (let other = nextPageNode(node); other != 0; other = nextPageNode(other)) {
      if (load<u64>(other) < end && load<u64>(other, 8) > start) addFound(load<u32>(other, 16));
    }
    const small = this.smalls + ((space as usize) << 2);
    store<u32>(small, load<u32>(small) + 1);
  }

  /** Takes out what `insert` put in with the same arguments. */
  remove(space: u32, start: u64, end: u64, member: u32): void {
    const first = start >> 12;
    const last = (end - 1) >> 12;
    if (last - first >= SMALL_PAGES) {
      const root = this.roots + ((space as usize) << 2);
      store<u32>(root, removeNode(load<u32>(root), start, member));
      return;
    }
    for (let page = first; page <= last; page++) {
      const node = this.removePage(this.keyOf(space, page), member);
      if (node != 0 && page == first && this.heads != 0) this.unlink(space, node);
    }
    const small = this.smalls + ((space as usize) << 2);
    store<u32>(small, load<u32>(small) - 1);
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
    found = 0;
    if (end <= start) return;
    const root = load<u32>(this.roots + ((space as usize) << 2));
    if (root != 0) searchTree(root, start, end);
    const small = load<u32>(this.smalls + ((space as usize) << 2));
    if (small == 0) return;
    const first = start >> 12;
    const last = (end - 1) >> 12;
    if (this.heads != 0 && last - first > (small as u64)) this.queryLinked(space, start, end);
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
  private queryLinked(space: u32, start: u64, end: u64): void {
    let node = load<u32>(this.heads + ((space as usize) << 2));
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
