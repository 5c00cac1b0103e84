/**
 * Ring-buffer time stamps become event times.
 *
 * In: the clock's own count. Out: that count, or nanoseconds where the capture tells how to convert (TSC2NSEC), plus
 * the capture's offset (DATE, OFFSET). This is what `trace-cmd report` prints.
 */
let multiplier: u64 = 0;
let shift: u64 = 0;
let offset: i64 = 0;

/** A multiplier of 0 leaves the count as it is; shift is 32 at most. */
export function setClock(mult: u32, shiftBits: u32, addend: i64): void {
  multiplier = mult;
  shift = min<u32>(shiftBits, 32);
  offset = addend;
}

// @ts-ignore: decorator
@inline
export function eventTime(count: u64): i64 {
  let time = count;
  if (multiplier != 0) {
    // (count × multiplier) >> shift without losing the top: the halves apart, as the kernel's mul_u64_u32_shr does.
    time = ((count & 0xffffffff) * multiplier) >> shift;
    const high = count >> 32;
    if (high != 0) time += (high * multiplier) << (32 - shift);
  }
  return (time as i64) + offset;
}
