/**
 * Values as the kernel prints them: numbers, and where words end.
 *
 * In: a pointer into the input; every line ends with a newline, and 64 bytes behind the input are readable.
 * Out: the pointer behind the value, or 0 when it is none; the number itself is in `number`.
 */

export let number: u64 = 0;

export const SPACE: u32 = 0x20;
export const EQUALS: u32 = 0x3d;
export const QUOTE: u32 = 0x22;
export const OPEN: u32 = 0x28; // (
export const CLOSE: u32 = 0x29; // )
export const OPEN_BRACKET: u32 = 0x5b; // [
export const OPEN_LIST: u32 = 0x7b; // {
export const CLOSE_LIST: u32 = 0x7d; // }
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const SLASH: u32 = 0x2f;
export const PLUS: u32 = 0x2b;
export const MINUS: u32 = 0x2d;
export const BAR: u32 = 0x7c;
export const NEWLINE: u32 = 0x0a;
const ZERO_X: u32 = 0x7830; // "0x"

// @ts-ignore: decorator
@inline
export function isDigit(c: u32): bool {
  return c - 0x30 < 10;
}

/** The bytes at [at, at + 32) that equal `c`, a bit each. */
// @ts-ignore: decorator
@inline
export function hits(at: usize, c: u8): u32 {
  const low = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(c)));
  const high = i8x16.bitmask(i8x16.eq(v128.load(at, 16), i8x16.splat(c)));
  return (low as u32) | (high as u32) << 16;
}

/** The first byte equal to `c` from `at` on, or `end`. */
// @ts-ignore: decorator
@inline
export function find(at: usize, end: usize, c: u8): usize {
  for (; at < end; at += 32) {
    const bits = hits(at, c);
    if (bits != 0) return min(at + (ctz(bits) as usize), end);
  }
  return end;
}

/**
 * Up to 16 hexadecimal digits, after 0x or not: all at once. Digit k from the right goes to byte k, then pairs of
 * half-bytes are joined, then bytes.
 */
// @ts-ignore: decorator
@inline
export function readHex(at: usize): usize {
  if (load<u16>(at) == ZERO_X) at += 2;
  const v = v128.load(at);
  const letters = i8x16.lt_u(i8x16.sub(v128.or(v, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
  const digits = i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10));
  const n = ctz(~i8x16.bitmask(v128.or(letters, digits)));
  if (n == 0) return 0;
  const halves = i8x16.add(v128.and(v, i8x16.splat(15)), v128.and(letters, i8x16.splat(9)));
  const order = i8x16.sub(i8x16.splat((n - 1) as i8), i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const reversed = i8x16.swizzle(halves, order);
  const bytes = v128.and(v128.or(reversed, i16x8.shr_u(reversed, 4)), i16x8.splat(0xff));
  number = i64x2.extract_lane(i8x16.narrow_i16x8_u(bytes, bytes), 0) as u64;
  return at + n;
}

/**
 * Decimal digits, up to what 64 bits hold: up to seven at once. `t` has a digit's value in each byte, and what is
 * no digit is above 9; the digits are moved to the top, so that zeros lead, and summed in pairs, fours, eight.
 */
// @ts-ignore: decorator
@inline
export function readDecimal(at: usize): usize {
  let t = load<u64>(at) ^ 0x3030303030303030;
  const bits = ctz(((t + 0x7676767676767676) | t) & 0x8080808080808080) & ~7;
  if (bits == 0) return 0;
  if (bits == 64) return readLongDecimal(at);
  t <<= 64 - bits;
  t = (t * 10 + (t >> 8)) & 0x00ff00ff00ff00ff;
  t = (t * 100 + (t >> 16)) & 0x0000ffff0000ffff;
  number = (t * 10000 + (t >> 32)) & 0x00000000ffffffff;
  return at + ((bits >> 3) as usize);
}

function readLongDecimal(at: usize): usize {
  const from = at;
  let value: u64 = 0;
  for (let c = load<u8>(at) as u32; isDigit(c); c = load<u8>(++at)) value = value * 10 + ((c - 0x30) as u64);
  number = value;
  return at - from > 20 ? 0 : at;
}

/** 0x… is hexadecimal, all else decimal, perhaps negative. */
export function readNumber(at: usize): usize {
  if (load<u16>(at) == ZERO_X) return readHex(at);
  if (load<u8>(at) != MINUS) return readDecimal(at);
  at = readDecimal(at + 1);
  number = 0 - number;
  return at;
}

/** Whether a word ends here. A comma is no part of a number, but some events set one behind it. */
// @ts-ignore: decorator
@inline
export function endsWord(at: usize, end: usize): bool {
  const c = load<u8>(at) as u32;
  return c == SPACE || at >= end || c == COMMA;
}

/** The end of the word at `at`. */
// @ts-ignore: decorator
@inline
export function wordEnd(at: usize, end: usize): usize {
  return find(at, end, SPACE as u8);
}

/** The end of a quoted string's content: the closing quote that a space or the line's end follows. `at` is behind the first. */
export function quoteEnd(at: usize, end: usize): usize {
  for (let p = find(at, end, QUOTE as u8); p < end; p = find(p + 1, end, QUOTE as u8)) {
    if (p + 1 >= end || load<u8>(p + 1) == SPACE || load<u8>(p + 1) == COMMA) return p;
  }
  return end;
}
