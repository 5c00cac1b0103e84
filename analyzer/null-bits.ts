/**
 * Which values of a column are NULL, as one bit a row: 1 = not NULL, lowest bit first, as DuckDB and Arrow have it.
 *
 * In: cells. Out: words of 32 bits (those past the last row are 0 or unspecified), and whether some value is NULL.
 */

/** Cells of 1, 2 or 4 bytes as unsigned numbers. */
export type Cells = Uint8Array | Uint16Array | Uint32Array;

/** Sets the bits of cells other than `absent`; whether one was. */
export function markCells(words: Cells, absent: number, bits: Uint32Array): boolean {
  const count = words.length;
  let nulls = false;
  for (let first = 0, at = 0; first < count; first += 32, at++) {
    const end = Math.min(32, count - first);
    let word = 0;
    for (let k = 0; k < end; k++) if (words[first + k] !== absent) word |= 1 << k;
    bits[at] = word;
    if (word !== (end === 32 ? -1 : ~(-1 << end))) nulls = true;
  }
  return nulls;
}

/** As `markCells` for pairs of u32, where all ones are absent. */
export function markPairs(words: Uint32Array, bits: Uint32Array): boolean {
  const count = words.length >> 1;
  let nulls = false;
  for (let first = 0, at = 0; first < count; first += 32, at++) {
    const end = Math.min(32, count - first);
    let word = 0;
    for (let k = 0, w = 2 * first; k < end; k++, w += 2) {
      if ((words[w]! & words[w + 1]!) !== -1) word |= 1 << k;
    }
    bits[at] = word;
    if (word !== (end === 32 ? -1 : ~(-1 << end))) nulls = true;
  }
  return nulls;
}

/** Sets the bits of numbers below `count`, of which some are not. */
export function markBelow(numbers: Uint32Array, count: number, bits: Uint32Array): boolean {
  bits.fill(0, 0, (numbers.length + 31) >> 5);
  for (let k = 0; k < numbers.length; k++) if (numbers[k]! < count) bits[k >> 5]! |= 1 << (k & 31);
  return true;
}

/** Fills `out` with the members of ids, and sets the bits of those that have one; whether one has none. */
export function nameCells(ids: Cells, codes: Int32Array, out: Cells, bits: Uint32Array): boolean {
  let nulls = false;
  bits.fill(-1, 0, (ids.length + 31) >> 5);
  for (let k = 0; k < ids.length; k++) {
    const id = ids[k]!;
    const code = id < codes.length ? codes[id]! : -1;
    if (code >= 0) out[k] = code;
    else {
      out[k] = 0; // never a number that is no member, even where it is NULL
      bits[k >> 5]! &= ~(1 << (k & 31));
      nulls = true;
    }
  }
  return nulls;
}
