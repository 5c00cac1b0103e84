/**
 * Scatterlists: the arrays of a record into the side heap.
 *
 * In: up to three arrays and the facts beside them, as the steps of a plan find them. Out: the words that
 * `wasm/schema.ts` draws ([ shape, ents, phys…, dma…, lengths… ]), and the row's addr, len and phys.
 */
import { EVENT_ADDR, EVENT_LEN, EVENT_PHYS, EVENT_SIDE, SG_HEAD } from '../schema';
import { setU32, setU64, sideWord, takeSide } from '../decode/batch';
import { readNumber } from './numbers';
import { LIST_DMA, LIST_ENTS, LIST_LENGTHS, LIST_NENTS, LIST_PHYS } from './plan';
import { tallyListTooLong } from './tally';

/** The batch keeps room for lists of this many entries; what __data_loc can name of 8-byte elements is no longer. */
const MOST: i32 = 8191;
const UNTOLD: i64 = -1;

const from = new StaticArray<usize>(3);
const count = new StaticArray<i32>(3);
const element = new StaticArray<u32>(3);
let nents: i64 = UNTOLD;
let ents: i64 = UNTOLD;
let truncated: bool = false;

export function startList(): void {
  unchecked((count[LIST_PHYS] = 0));
  unchecked((count[LIST_DMA] = 0));
  unchecked((count[LIST_LENGTHS] = 0));
  nents = UNTOLD;
  ents = UNTOLD;
  truncated = false;
}

/** The array's bytes are inside the record: the caller has checked. */
export function listArray(which: u32, at: usize, bytes: u32, size: u32): void {
  let entries: i32 = bytes / size;
  if (entries > MOST) {
    tallyListTooLong();
    truncated = true;
    entries = MOST;
  }
  unchecked((from[which] = at));
  unchecked((count[which] = entries));
  unchecked((element[which] = size));
}

export function listFact(which: u32, value: u64): void {
  if (which == LIST_NENTS) nents = (value & 0x7fffffff) as i64;
  else if (which == LIST_ENTS) ents = (value & 0x7fffffff) as i64;
  else if (value != 0) truncated = true;
}

function copyWords(which: u32, to: usize, words: i32): void {
  const size = unchecked(element[which]);
  const at = unchecked(from[which]);
  const there = min(unchecked(count[which]), words);
  for (let i = 0; i < there; i++) store<u64>(to + ((i as usize) << 3), readNumber(at + (i as usize) * size, size, false));
  for (let i = there; i < words; i++) store<u64>(to + ((i as usize) << 3), u64.MAX_VALUE);
}

function sumOf(at: usize, words: i32): u64 {
  let sum: u64 = 0;
  for (let i = 0; i < words; i++) sum += load<u64>(at + ((i as usize) << 3));
  return sum;
}

/** Writes the list of the row under construction. */
export function writeList(): void {
  const phys = unchecked(count[LIST_PHYS]);
  const dma = unchecked(count[LIST_DMA]);
  const word = takeSide(SG_HEAD + phys + 2 * dma);
  const at = sideWord(word);
  const all = nents == UNTOLD ? (phys as i64) : nents;
  store<u64>(at, (phys as u64) | ((dma as u64) << 16) | ((all as u64) << 32) | (truncated ? (1 as u64) << 63 : 0));
  store<u64>(at + 8, ents == UNTOLD ? (dma as u64) : (ents as u64));
  const physAt = at + (SG_HEAD << 3);
  const dmaAt = physAt + ((phys as usize) << 3);
  const lengthsAt = dmaAt + ((dma as usize) << 3);
  copyWords(LIST_PHYS, physAt, phys);
  copyWords(LIST_DMA, dmaAt, dma);
  copyWords(LIST_LENGTHS, lengthsAt, dma);
  setU32(EVENT_SIDE, word as u32);
  if (phys > 0) setU64(EVENT_PHYS, load<u64>(physAt));
  if (dma > 0) setU64(EVENT_ADDR, load<u64>(dmaAt));
  const lengths = min(dma, unchecked(count[LIST_LENGTHS]));
  if (lengths > 0) setU64(EVENT_LEN, sumOf(lengthsAt, lengths));
}
