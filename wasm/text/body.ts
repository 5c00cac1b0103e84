/**
 * The body of an event: fields by their labels, in the plan's order or another, between words that nobody asked for.
 *
 * In: a variant of the plan, and the text behind "event: ". Out: the row under construction has the event's facts.
 *
 *   0000:00:05.0 dir=TO_DEVICE dma_addr=fffff000 size=4096 phys_addr=110417000 attrs=
 *   IOMMU: iova=0x00000000fffff000 - 0x0000000100000000 paddr=0x0000000110417000 size=4096
 */
import { PLAN_FIELD_NAMES, PlanRead, TextCounter } from '../schema';
import {
  FIELD_BYTES, FIELD_LABEL, FIELD_LENGTH, FIELD_MASK, FIELD_POSITION, FIELD_READ, FIELD_TEXT,
  VARIANT_COMPLETE, VARIANT_FIELDS, VARIANT_FLAGS, VARIANT_HAS_SIDE, VARIANT_HEAD, VARIANT_BARE, VARIANT_REQUIRED,
} from './plan';
import { clearExtras, keepExtras, readField, setDevice } from './fields';
import { clearLists, keepLists, setTruncated, tooLong } from './lists';
import { CLOSE, EQUALS, OPEN, QUOTE, SPACE, find, hits, quoteEnd, wordEnd } from './values';
import { count, muted } from './counters';

/** Fields found in the body read last, a bit each. */
export let found: u32 = 0;
/** Bare words so far, and whether the positional field's own prefix was seen. */
let bareWords: u32 = 0;

/** Whether an event counts only with every field there is, for a line that may be cut. */
let wholeOnly: bool = false;
export function setWholeOnly(on: bool): void {
  wholeOnly = on;
}

// @ts-ignore: decorator
@inline
function fieldAt(variant: usize, index: u32): usize {
  return variant + VARIANT_HEAD + (index as usize) * FIELD_BYTES;
}

// @ts-ignore: decorator
@inline
function hasLabel(field: usize, at: usize): bool {
  const odd = v128.and(v128.xor(v128.load(at), v128.load(field, FIELD_LABEL)), v128.load(field, FIELD_MASK));
  return !v128.any_true(odd) && (load<i32>(field, FIELD_LENGTH) <= 16 || hasLongLabel(field, at));
}

function hasLongLabel(field: usize, at: usize): bool {
  return memory.compare(at + 16, load<usize>(field, FIELD_TEXT) + 16, load<i32>(field, FIELD_LENGTH) - 16) == 0;
}

/** Reads a body; false when a required field is not there or makes no sense. */
export function readBody(variant: usize, at: usize, end: usize): bool {
  const hasSide = load<u32>(variant, VARIANT_HAS_SIDE) != 0;
  if (hasSide) clearSide();
  readFields(variant, at, end);
  const needed = load<u32>(variant, VARIANT_REQUIRED);
  if ((found & needed) != needed || wholeOnly && !isWhole(variant)) return false;
  return !hasSide || keepSide();
}

function isWhole(variant: usize): bool {
  const needed = load<u32>(variant, VARIANT_COMPLETE);
  return (found & needed) == needed && muted == 0;
}

function clearSide(): void {
  clearLists();
  clearExtras();
}

function keepSide(): bool {
  if (tooLong) return false;
  keepExtras();
  return keepLists();
}

// @ts-ignore: decorator
@inline
function readFields(variant: usize, at: usize, end: usize): void {
  const fields = load<u32>(variant, VARIANT_FIELDS);
  const flags = load<u32>(variant, VARIANT_FLAGS);
  let seen = 0;
  let expected: u32 = 0;
  bareWords = 0;
  if (isPlaceFirst(variant, fields)) {
    const stop = placedFirst(variant, at, end);
    if (stop != 0) {
      at = stop;
      seen = 1;
      expected = 1;
    }
  }
  while (at < end) {
    if (load<u8>(at) == SPACE) {
      at++;
      continue;
    }
    const field = fieldAt(variant, expected);
    if (expected < fields && hasLabel(field, at) && load<u32>(field, FIELD_POSITION) == 0) {
      const p = readLabelled(field, at, end, flags);
      if (p != 0) {
        seen |= 1 << expected++;
        at = p;
        continue;
      }
    }
    const bare = bareEnd(at);
    if (bare != 0 && (load<u32>(variant, VARIANT_BARE) & ~seen) == 0) {
      at = bare;
      continue;
    }
    found = seen;
    at = readElsewhere(variant, fields, flags, at, end);
    seen = found;
    if (seen != 0) expected = 32 - clz(seen);
  }
  found = seen;
}

/** Whether the first field is the first bare word, as in all events that begin with a device. */
// @ts-ignore: decorator
@inline
function isPlaceFirst(variant: usize, fields: u32): bool {
  const field = fieldAt(variant, 0);
  return fields > 1 && load<u32>(field, FIELD_POSITION) == 1 && load<u32>(field, FIELD_LENGTH) == 0;
}

/** The name in the first place, if the second field stands behind it; else 0: it needs a closer look. */
// @ts-ignore: decorator
@inline
function placedFirst(variant: usize, at: usize, end: usize): usize {
  const field = fieldAt(variant, 0);
  const next = fieldAt(variant, 1);
  const spaces = hits(at, SPACE as u8);
  const stop = at + (ctz(spaces) as usize);
  if (spaces == 0 || stop >= end || load<u32>(next, FIELD_POSITION) != 0 || !hasLabel(next, stop + 1)) return 0;
  const c = load<u8>(at) as u32;
  const equals = hits(at, EQUALS as u8) & ((spaces & (0 - spaces)) - 1);
  if (equals != 0 || c == OPEN || c == QUOTE || load<u32>(field, FIELD_READ) != PlanRead.string) return 0;
  setDevice(at, stop);
  return stop + 1;
}

/** Behind a word of less than 32 bytes without '=', else 0. It may be behind the line's end, where reading stops. */
// @ts-ignore: decorator
@inline
function bareEnd(at: usize): usize {
  const spaces = hits(at, SPACE as u8);
  const equals = hits(at, EQUALS as u8) & ((spaces & (0 - spaces)) - 1);
  return spaces == 0 || equals != 0 ? 0 : at + (ctz(spaces) as usize) + 1;
}

/** A field whose label is at `at`. Labels of flags stand alone: "[TRUNCATED]". */
// @ts-ignore: decorator
@inline
function readLabelled(field: usize, at: usize, end: usize, flags: u32): usize {
  const value = at + load<usize>(field, FIELD_LENGTH);
  if (value > end) return 0;
  if (load<u32>(field, FIELD_READ) != PlanRead.flag || (flags & PLAN_FIELD_NAMES) != 0) return readField(field, value, end, flags);
  setTruncated();
  return value;
}

/** A word that is not the expected field: another field, a bare word, or of no interest. Returns what is behind it. */
function readElsewhere(variant: usize, fields: u32, flags: u32, at: usize, end: usize): usize {
  const stop = wordEnd(at, end);
  const equals = find(at, stop, EQUALS as u8);
  for (let i: u32 = 0; i < fields; i++) {
    const field = fieldAt(variant, i);
    if ((found >> i) & 1 || load<u32>(field, FIELD_POSITION) != 0 || !hasLabel(field, at)) continue;
    const p = readLabelled(field, at, end, flags);
    if (p == 0) {
      count(TextCounter.value_not_understood, at, stop);
      return skipValue(equals, stop, end);
    }
    found |= 1 << i;
    return p;
  }
  return equals < stop ? skipValue(equals, stop, end) : readBare(variant, fields, flags, at, stop, end);
}

/** Behind a value of no interest; a quoted one may have spaces. */
function skipValue(equals: usize, stop: usize, end: usize): usize {
  return equals < stop && load<u8>(equals + 1) == QUOTE ? min(quoteEnd(equals + 2, end) + 1, end) : stop;
}

/** A word without '=': perhaps a field's place. "(4096)" is no word, it repeats a number in decimal. */
function readBare(variant: usize, fields: u32, flags: u32, at: usize, stop: usize, end: usize): usize {
  if (load<u8>(at) == OPEN && load<u8>(stop - 1) == CLOSE) return stop;
  bareWords++;
  for (let i: u32 = 0; i < fields; i++) {
    const field = fieldAt(variant, i);
    const position = load<u32>(field, FIELD_POSITION);
    if ((found >> i) & 1 || position == 0) continue;
    if (load<u32>(field, FIELD_LENGTH) != 0 && hasLabel(field, at)) {
      bareWords = 0;
      return stop;
    }
    if (position != bareWords) continue;
    if (load<u32>(field, FIELD_READ) == PlanRead.string) stop = nameEnd(variant, fields, i, stop, end);
    const p = readPlaced(field, at, stop, end, flags);
    if (p == 0) continue;
    found |= 1 << i;
    return p;
  }
  return stop;
}

function readPlaced(field: usize, at: usize, stop: usize, end: usize, flags: u32): usize {
  if (load<u32>(field, FIELD_READ) != PlanRead.string) return readField(field, at, end, flags);
  setDevice(at, stop);
  return stop;
}

/** A name may have spaces ("Fixed MDIO bus.0"): it goes on until a word has a '=', unless another place follows. */
function nameEnd(variant: usize, fields: u32, index: u32, stop: usize, end: usize): usize {
  if (index + 1 < fields) {
    const next = fieldAt(variant, index + 1);
    if (load<u32>(next, FIELD_POSITION) != 0 || hasLabel(next, stop + 1)) return stop;
  }
  for (let p = stop; p < end; ) {
    const word = p + 1;
    p = wordEnd(word, end);
    if (find(word, p, EQUALS as u8) < p) return word - 1;
  }
  return stop;
}
