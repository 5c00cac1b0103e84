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
  VARIANT_COMPLETE, VARIANT_FIELDS, VARIANT_FLAGS, VARIANT_HEAD, VARIANT_REQUIRED,
} from './plan';
import { clearExtras, keepExtras, readField, setDevice } from './fields';
import { clearLists, keepLists, setTruncated, tooLong } from './lists';
import { CLOSE, EQUALS, OPEN, QUOTE, SPACE, find, quoteEnd, wordEnd } from './values';
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
  const fields = load<u32>(variant, VARIANT_FIELDS);
  const flags = load<u32>(variant, VARIANT_FLAGS);
  let expected: u32 = 0;
  found = 0;
  bareWords = 0;
  clearLists();
  clearExtras();
  while (at < end) {
    if (load<u8>(at) == SPACE) {
      at++;
      continue;
    }
    const field = fieldAt(variant, expected);
    if (expected < fields && load<u32>(field, FIELD_POSITION) == 0 && hasLabel(field, at)) {
      const p = readLabelled(field, at, end, flags);
      if (p != 0) {
        found |= 1 << expected++;
        at = p;
        continue;
      }
    }
    at = readElsewhere(variant, fields, flags, at, end);
    if (found != 0) expected = 32 - clz(found);
  }
  const needed = wholeOnly ? load<u32>(variant, VARIANT_COMPLETE) : load<u32>(variant, VARIANT_REQUIRED);
  return (found & needed) == needed && !tooLong && !(wholeOnly && muted != 0) && keep();
}

function keep(): bool {
  keepExtras();
  return keepLists();
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
