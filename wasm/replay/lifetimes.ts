/**
 * Rows of the table `lifetimes`: opened once, closed at most once, in place.
 *
 * In: the event being replayed (`now.ts`). Out: rows.
 */
import {
  COLUMN1, COLUMN2, COLUMN4, COLUMN8, EndReason, FLAG_AFTER_LOSS, LIFETIME_ADDR, LIFETIME_ATTRS, LIFETIME_BYTES, LIFETIME_CLOSED_TS, LIFETIME_CLOSE_SEQ,
  LIFETIME_CLOSE_TID, LIFETIME_DEVICE, LIFETIME_DIR, LIFETIME_END, LIFETIME_FLAGS, LIFETIME_GROUP, LIFETIME_KIND,
  LIFETIME_LAYER, LIFETIME_LEN, LIFETIME_OPENED_TS, LIFETIME_OPEN_COMM, LIFETIME_OPEN_SEQ, LIFETIME_OPEN_TID,
  LIFETIME_PASSED, LIFETIME_PHYS, LIFETIME_SIBLINGS, LIFETIME_SYNCS, ROWS, ROWS_SHIFT,
} from '../schema';
import { LIFETIMES, addRow, blockOf, cell1, cell2, cell4, cell8, rowsOf } from './table';
import { beginsBlock, hold, lifetimesGrew, release } from './retention';
import { closedBefore, passedSince, siblingClosed, siblingOpened } from './siblings';
import { NONE, attrs, commNow, device, dir, lossSeen, lossSeq, seq, tid, ts } from './now';

/** Opens a lifetime of the current event and returns its id; a new block's cells say "open" already (table.ts). */
export function openLifetime(layer: u32, kind: u32, addr: u64, len: u64, phys: u64, flags: u32): u32 {
  const id = addRow(LIFETIMES);
  const block = blockOf(LIFETIMES, id >> ROWS_SHIFT);
  const i = (id & (<u32>ROWS - 1)) as usize;
  store<i64>(block + LIFETIME_OPENED_TS + (i << 3), ts);
  store<u64>(block + LIFETIME_ADDR + (i << 3), addr);
  store<u64>(block + LIFETIME_LEN + (i << 3), len);
  store<u64>(block + LIFETIME_PHYS + (i << 3), phys);
  store<u32>(block + LIFETIME_OPEN_SEQ + (i << 2), seq);
  store<i32>(block + LIFETIME_OPEN_TID + (i << 2), tid);
  store<u32>(block + LIFETIME_OPEN_COMM + (i << 2), commNow());
  store<u32>(block + LIFETIME_ATTRS + (i << 2), attrs);
  store<u16>(block + LIFETIME_DEVICE + (i << 1), <u16>device);
  store<u16>(block + LIFETIME_FLAGS + (i << 1), <u16>flags);
  store<u8>(block + LIFETIME_LAYER + i, <u8>layer);
  store<u8>(block + LIFETIME_KIND + i, <u8>kind);
  store<u8>(block + LIFETIME_DIR + i, <u8>dir);
  hold(id);
  if (beginsBlock(id)) lifetimesGrew();
  store<u32>(block + LIFETIME_SIBLINGS + (i << 2), siblingOpened(layer, kind, len));
  store<u32>(block + LIFETIME_PASSED + (i << 2), closedBefore);
  return id;
}

/** A new row with all of another's facts, for a part of its range. */
export function copyLifetime(id: u32): u32 {
  const copy = addRow(LIFETIMES);
  hold(copy);
  if (beginsBlock(copy)) lifetimesGrew();
  for (let column = <usize>LIFETIME_OPENED_TS; column < <usize>LIFETIME_OPEN_SEQ; column += COLUMN8) {
    store<u64>(cell8(LIFETIMES, column, copy), load<u64>(cell8(LIFETIMES, column, id)));
  }
  for (let column = <usize>LIFETIME_OPEN_SEQ; column < <usize>LIFETIME_DEVICE; column += COLUMN4) {
    store<u32>(cell4(LIFETIMES, column, copy), load<u32>(cell4(LIFETIMES, column, id)));
  }
  for (let column = <usize>LIFETIME_DEVICE; column < <usize>LIFETIME_LAYER; column += COLUMN2) {
    store<u16>(cell2(LIFETIMES, column, copy), load<u16>(cell2(LIFETIMES, column, id)));
  }
  for (let column = <usize>LIFETIME_LAYER; column < <usize>LIFETIME_BYTES; column += COLUMN1) {
    store<u8>(cell1(LIFETIMES, column, copy), load<u8>(cell1(LIFETIMES, column, id)));
  }
  return copy;
}

/** Closes a lifetime at the current event. */
export function closeLifetime(id: u32): void {
  endLifetime(id, <u32>EndReason.closed);
  store<i32>(cell4(LIFETIMES, LIFETIME_CLOSE_TID, id), tid);
}

/** Ends a lifetime at the current event, which closed it or showed that it was gone. */
export function endLifetime(id: u32, reason: u32): void {
  store<u32>(cell4(LIFETIMES, LIFETIME_CLOSE_SEQ, id), seq);
  store<i64>(cell8(LIFETIMES, LIFETIME_CLOSED_TS, id), ts);
  store<u8>(cell1(LIFETIMES, LIFETIME_END, id), <u8>reason);
  const passed = cell4(LIFETIMES, LIFETIME_PASSED, id);
  store<u32>(passed, siblingClosed(siblingsOf(id), load<u32>(passed), lenOf(id), ts - openedTs(id)));
  release(id);
  if (lossSeen && openSeq(id) < lossSeq) addFlags(id, FLAG_AFTER_LOSS);
}

// @ts-ignore: decorator
@inline
function siblingsOf(id: u32): u32 {
  return load<u32>(cell4(LIFETIMES, LIFETIME_SIBLINGS, id));
}

/** At the end, for a lifetime that is still open. */
export function finishPassed(id: u32): void {
  const passed = cell4(LIFETIMES, LIFETIME_PASSED, id);
  store<u32>(passed, passedSince(siblingsOf(id), load<u32>(passed)));
}
// @ts-ignore: decorator
@inline
export function isOpen(id: u32): bool {
  return load<i64>(cell8(LIFETIMES, LIFETIME_CLOSED_TS, id)) == -1;
}
// @ts-ignore: decorator
@inline
export function addrOf(id: u32): u64 {
  return load<u64>(cell8(LIFETIMES, LIFETIME_ADDR, id));
}
// @ts-ignore: decorator
@inline
export function lenOf(id: u32): u64 {
  return load<u64>(cell8(LIFETIMES, LIFETIME_LEN, id));
}
// @ts-ignore: decorator
@inline
export function physOf(id: u32): u64 {
  return load<u64>(cell8(LIFETIMES, LIFETIME_PHYS, id));
}
// @ts-ignore: decorator
@inline
export function openedTs(id: u32): i64 {
  return load<i64>(cell8(LIFETIMES, LIFETIME_OPENED_TS, id));
}
// @ts-ignore: decorator
@inline
export function openSeq(id: u32): u32 {
  return load<u32>(cell4(LIFETIMES, LIFETIME_OPEN_SEQ, id));
}
// @ts-ignore: decorator
@inline
export function openTid(id: u32): i32 {
  return load<i32>(cell4(LIFETIMES, LIFETIME_OPEN_TID, id));
}
// @ts-ignore: decorator
@inline
export function groupOf(id: u32): u32 {
  return load<u32>(cell4(LIFETIMES, LIFETIME_GROUP, id));
}
export function setGroup(id: u32, group: u32): void {
  store<u32>(cell4(LIFETIMES, LIFETIME_GROUP, id), group);
}
/** The id that the next lifetime will have. */
export function nextLifetime(): u32 {
  return rowsOf(LIFETIMES);
}
// @ts-ignore: decorator
@inline
export function attrsOf(id: u32): u32 {
  return load<u32>(cell4(LIFETIMES, LIFETIME_ATTRS, id));
}
// @ts-ignore: decorator
@inline
export function deviceIdOf(id: u32): u32 {
  return load<u16>(cell2(LIFETIMES, LIFETIME_DEVICE, id));
}
// @ts-ignore: decorator
@inline
export function kindOf(id: u32): u32 {
  return load<u8>(cell1(LIFETIMES, LIFETIME_KIND, id));
}
// @ts-ignore: decorator
@inline
export function dirOf(id: u32): u32 {
  return load<u8>(cell1(LIFETIMES, LIFETIME_DIR, id));
}
// @ts-ignore: decorator
@inline
export function flagsOf(id: u32): u32 {
  return load<u16>(cell2(LIFETIMES, LIFETIME_FLAGS, id));
}
// @ts-ignore: decorator
@inline
export function addFlags(id: u32, flags: u32): void {
  const at = cell2(LIFETIMES, LIFETIME_FLAGS, id);
  store<u16>(at, load<u16>(at) | <u16>flags);
}
export function dropFlags(id: u32, flags: u32): void {
  const at = cell2(LIFETIMES, LIFETIME_FLAGS, id);
  store<u16>(at, load<u16>(at) & <u16>~flags);
}
// @ts-ignore: decorator
@inline
export function countSync(id: u32): void {
  const at = cell4(LIFETIMES, LIFETIME_SYNCS, id);
  store<u32>(at, load<u32>(at) + 1);
}
