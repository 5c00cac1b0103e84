/**
 * Ranges as an interval tree (a treap), one node a range however large it is.
 *
 * In: a root (0 = empty), and ranges. Out: the root after a change; what a search finds (found.ts).
 *
 *   node: | start u64 | end u64 | furthest end below u64 | member u32 | priority u32 | left u32 | right u32 |     end is exclusive
 */
import { addFound } from './found';

const NODE: usize = 40;
const NODE_BATCH: i32 = 2048;

let freeNode: u32 = 0;
let seed: u32 = 0x2545f491;

function addNodes(): void {
  let node = heap.alloc((NODE_BATCH as usize) * NODE) as u32;
  for (let i = 0; i < NODE_BATCH; i++) {
    store<u32>(node, freeNode);
    freeNode = node;
    node += NODE as u32;
  }
}

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

/** The root of the tree without what `addToTree` added for this start and member. */
export function removeFromTree(root: u32, start: u64, member: u32): u32 {
  if (root == 0) return 0;
  if (startOf(root) == start && load<u32>(root, 24) == member) {
    const rest = joinNodes(leftOf(root), rightOf(root));
    store<u32>(root, freeNode);
    freeNode = root;
    return rest;
  }
  if (before(start, member, root)) store<u32>(root, removeFromTree(leftOf(root), start, member), 32);
  else store<u32>(root, removeFromTree(rightOf(root), start, member), 36);
  refresh(root);
  return root;
}

/** The root of the tree with [start, end) added. */
export function addToTree(root: u32, start: u64, end: u64, member: u32): u32 {
  if (freeNode == 0) addNodes();
  const node = freeNode;
  freeNode = load<u32>(node);
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  store<u64>(node, start);
  store<u64>(node, end, 8);
  store<u64>(node, end, 16);
  store<u32>(node, member, 24);
  store<u32>(node, seed, 28);
  store<u64>(node, 0, 32);
  return insertNode(root, node);
}

/** Adds to the result what touches [start, end). */
export function searchTree(node: u32, start: u64, end: u64): void {
  if (node == 0 || furthest(node) <= start) return;
  searchTree(leftOf(node), start, end);
  if (startOf(node) >= end) return;
  if (endOf(node) > start) addFound(load<u32>(node, 24));
  searchTree(rightOf(node), start, end);
}
