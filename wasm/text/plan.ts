/**
 * The plan that the scanner runs: the event dictionary, compiled by the host to the words described in `schema.ts`.
 *
 * In: the plan's words. Out: variants (a dictionary entry under one set of labels), chained by event name and by function.
 *
 *   variant  | type | flags | function | fields | required mask | next of name, of function | all fields' mask |
 *            | bare words' mask | has lists | system | unused 4 | field × fields |
 *   field    | label 16 | mask 16 | label pointer | label bytes | column | read | position | offset | twin | unused 4 |
 *
 * `label` is the first 16 bytes of the label with its '=', `mask` has ones where it has bytes.
 */
import { EVENT_ADDR, EVENT_LEN, EVENT_PHYS, PLAN_FIELD_NAMES, PLAN_FIELDS_MAX, PlanColumn, PlanRead } from '../schema';
import { StringTable } from '../decode/strings';
import { events, firstBytes, functions } from './names';
import { EQUALS } from './values';

export const VARIANT_TYPE: usize = 0;
export const VARIANT_FLAGS: usize = 4;
export const VARIANT_FUNCTION: usize = 8;
export const VARIANT_FIELDS: usize = 12;
export const VARIANT_REQUIRED: usize = 16;
export const VARIANT_NEXT: usize = 20;
export const VARIANT_NEXT_OF_FUNCTION: usize = 24;
/** Fields that a line has when nothing of it is missing: all but flags. */
export const VARIANT_COMPLETE: usize = 28;
/** Fields that are words without '=': found by their place, by a label with ':', or flags. */
export const VARIANT_BARE: usize = 32;
/** Whether it has fields that go to lists, or to the extra facts. */
export const VARIANT_HAS_SIDE: usize = 36;
/** The event's system (an id of `systems`), 0 = any. */
export const VARIANT_SYSTEM: usize = 40;
export const VARIANT_HEAD: usize = 48;

export const FIELD_LABEL: usize = 0;
export const FIELD_MASK: usize = 16;
export const FIELD_TEXT: usize = 32;
export const FIELD_LENGTH: usize = 36;
export const FIELD_COLUMN: usize = 40;
export const FIELD_READ: usize = 44;
/** 0: found by its label. n: the nth bare word, after a word that begins with the label if there is one. */
export const FIELD_POSITION: usize = 48;
/** The batch's column of 8-byte values that the field feeds, or 0 where there is more to do. */
export const FIELD_OFFSET: usize = 52;
/** The column of 8-byte values that the same number feeds besides, or 0. */
export const FIELD_TWIN: usize = 56;
export const FIELD_BYTES: usize = 64;

/** Event names of the plan have the ids 1 … planNames; chains[id] is the first variant. */
export let planNames: i32 = 0;
export let types: i32 = 0;
let chains: usize = 0;
let functionChains: usize = 0;
const systems = new StringTable();
const attributes = new StringTable();
let attributeBits: usize = 0;

let at: usize = 0;

// @ts-ignore: decorator
@inline
function word(): u32 {
  const value = load<u32>(at);
  at += 4;
  return value;
}

/** The first variant of an event name, or 0. */
// @ts-ignore: decorator
@inline
export function variantsOf(event: i32): usize {
  return event <= planNames ? load<usize>(chains + ((event as usize) << 2)) : 0;
}

export function variantsOfFunction(name: i32): usize {
  return load<usize>(functionChains + ((name as usize) << 2));
}

/** The function's id if a variant is on it, else 0. */
export function functionId(from: usize, length: i32): i32 {
  return functions.lookup(from, length);
}

/** A system of which the plan has no event. */
const STRANGE_SYSTEM: i32 = i32.MAX_VALUE;

export function systemId(from: usize, length: i32): i32 {
  const id = systems.lookup(from, length);
  return id == 0 ? STRANGE_SYSTEM : id;
}

/** The bits of an attribute's name, or 0 where it is unknown. */
export function attributeOf(from: usize, length: i32): u32 {
  const id = attributes.lookup(from, length);
  return id == 0 ? 0 : load<u32>(attributeBits + ((id as usize) << 2));
}

/** Reads the plan at `from`; the host wrote it, and keeps it there. */
export function readPlan(from: usize): void {
  at = from;
  const entries = word();
  const names = word();
  chains = zeros(entries + 1);
  functionChains = zeros(entries + 1);
  attributeBits = zeros(names + 1);
  for (let i: u32 = 0; i < entries; i++) readEntry();
  planNames = events.table.count;
  for (let i: u32 = 0; i < names; i++) readAttribute();
}

function zeros(words: u32): usize {
  const block = heap.alloc((words as usize) << 2);
  memory.fill(block, 0, (words as usize) << 2);
  return block;
}

/** Skips a string's bytes and returns where they are; its length is the word before. */
function skipText(length: u32): usize {
  const text = at;
  at += ((length as usize) + 3) & ~3;
  return text;
}

function readAttribute(): void {
  const bits = word();
  const length = word();
  const id = attributes.intern(skipText(length), length);
  store<u32>(attributeBits + ((id as usize) << 2), bits);
}

function readEntry(): void {
  const type = word();
  const flags = word();
  const nameLength = word();
  const name = events.table.intern(skipText(nameLength), nameLength);
  const systemLength = word();
  const systemText = skipText(systemLength);
  const functionLength = word();
  const functionText = skipText(functionLength);
  const fields = word();
  const variant = heap.alloc(VARIANT_HEAD + FIELD_BYTES * (min<u32>(fields, PLAN_FIELDS_MAX) as usize));
  memory.fill(variant, 0, VARIANT_HEAD);
  types = max(types, (type as i32) + 1);
  store<u32>(variant, type, VARIANT_TYPE);
  store<u32>(variant, flags, VARIANT_FLAGS);
  store<u32>(variant, fields, VARIANT_FIELDS);
  if (systemLength != 0) store<i32>(variant, systems.intern(systemText, systemLength), VARIANT_SYSTEM);
  for (let i: u32 = 0; i < fields; i++) readField(variant, i);
  append(chains + ((name as usize) << 2), variant, VARIANT_NEXT);
  if (functionLength == 0) return;
  const id = functions.intern(functionText, functionLength);
  store<u32>(variant, id, VARIANT_FUNCTION);
  if ((flags & PLAN_FIELD_NAMES) == 0) append(functionChains + ((id as usize) << 2), variant, VARIANT_NEXT_OF_FUNCTION);
}

/** Puts a variant at the end of its chain: order is the dictionary's. */
function append(slot: usize, variant: usize, next: usize): void {
  while (load<usize>(slot) != 0) slot = load<usize>(slot) + next;
  store<usize>(slot, variant);
}

function readField(variant: usize, index: u32): void {
  const field = variant + VARIANT_HEAD + (index as usize) * FIELD_BYTES;
  const columns = word();
  const column = (columns & 0xffff) as i32;
  store<u32>(field, column, FIELD_COLUMN);
  store<usize>(field, (columns >> 16) != 0 ? offsetOf((columns >> 16) as i32 - 1) : 0, FIELD_TWIN);
  store<usize>(field, offsetOf(column), FIELD_OFFSET);
  if (column >= PlanColumn.mm) store<u32>(variant, 1, VARIANT_HAS_SIDE);
  const read = word();
  store<u32>(field, read, FIELD_READ);
  if (read != PlanRead.flag) store<u32>(variant, load<u32>(variant, VARIANT_COMPLETE) | (1 << index), VARIANT_COMPLETE);
  if (word() != 0) store<u32>(variant, load<u32>(variant, VARIANT_REQUIRED) | (1 << index), VARIANT_REQUIRED);
  const position = word();
  store<u32>(field, position, FIELD_POSITION);
  const length = word();
  const label = skipText(length);
  const isBare = position != 0 || length == 0 || load<u8>(label + length - 1) != EQUALS;
  if (isBare) store<u32>(variant, load<u32>(variant, VARIANT_BARE) | (1 << index), VARIANT_BARE);
  store<usize>(field, label, FIELD_TEXT);
  store<u32>(field, length, FIELD_LENGTH);
  const shown = min<u32>(length, 16);
  v128.store(field, firstBytes(label, shown), FIELD_LABEL);
  memory.fill(field + FIELD_MASK, 0, 16);
  memory.fill(field + FIELD_MASK, 0xff, shown);
}

function offsetOf(column: i32): usize {
  if (column == PlanColumn.addr) return EVENT_ADDR;
  if (column == PlanColumn.len) return EVENT_LEN;
  if (column == PlanColumn.phys) return EVENT_PHYS;
  return 0;
}
