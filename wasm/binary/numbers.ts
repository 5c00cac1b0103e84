/**
 * Numbers as the recording machine wrote them.
 *
 * In: an address (checked by the caller) and a size. Out: the value, whichever byte order the capture has.
 */

/** Whether the capture's byte order is not ours (Wasm is little-endian). */
export let swapped: bool = false;

export function setByteOrder(bigEndian: bool): void {
  swapped = bigEndian;
}

// @ts-ignore: decorator
@inline
export function readU16(at: usize): u32 {
  const value = load<u16>(at);
  return swapped ? bswap<u16>(value) : value;
}

// @ts-ignore: decorator
@inline
export function readU32(at: usize): u32 {
  const value = load<u32>(at);
  return swapped ? bswap<u32>(value) : value;
}

// @ts-ignore: decorator
@inline
export function readU64(at: usize): u64 {
  const value = load<u64>(at);
  return swapped ? bswap<u64>(value) : value;
}

/** A field of 1, 2, 4 or 8 bytes; signed ones are widened with their sign. */
// @ts-ignore: decorator
@inline
export function readNumber(at: usize, size: u32, signed: bool): u64 {
  if (size == 8) return readU64(at);
  if (size == 4) return signed ? (readU32(at) as i32 as i64 as u64) : (readU32(at) as u64);
  if (size == 2) return signed ? (readU16(at) as i16 as i64 as u64) : (readU16(at) as u64);
  return signed ? (load<i8>(at) as i64 as u64) : (load<u8>(at) as u64);
}
