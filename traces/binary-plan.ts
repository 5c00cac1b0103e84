/**
 * Decode plans for binary records: the event dictionary meets the capture's own event formats.
 *
 * In: dictionary entries and event formats. Out: for each event id that an entry fits, a plan in the module `binary`.
 */
import {
  EVENT_ADDR,
  EVENT_ATTRS,
  EVENT_DIR,
  EVENT_LEN,
  EVENT_PHYS,
  EXTRA_MM,
  EXTRA_OBJECT,
  EXTRA_OTHER,
  EXTRA_VALUE,
} from '../wasm/schema.js';
import type { BinaryCore, BinaryExports } from './binary-core.js';
import type { Column, Dictionary, DictionaryEntry, DictionaryField } from './dictionary.js';
import { type EventField, type EventFormat, elementSize } from './event-format.js';
import { TYPE_STACK } from './format.js';

/** Adds the step for one column; false: a field of this shape cannot feed it. */
type AddStep = (wasm: BinaryExports, field: EventField, longSize: number) => boolean;

const isNumber = (field: EventField) =>
  field.where === 'inline' && !field.array && [1, 2, 4, 8].includes(field.size);

const u64 =
  (column: number): AddStep =>
  (wasm, field) => {
    if (isNumber(field)) wasm.planU64(column, field.offset, field.size, Number(field.signed));
    return isNumber(field);
  };

const extra =
  (word: number): AddStep =>
  (wasm, field) => {
    if (isNumber(field)) wasm.planExtra(word, field.offset, field.size, Number(field.signed));
    return isNumber(field);
  };

const list =
  (which: number): AddStep =>
  (wasm, field, longSize) => {
    const element = elementSize(field.type, longSize);
    if (field.where === 'inline' || element === 0) return false;
    wasm.planList(which, field.offset, element, Number(field.where === 'rel_loc'));
    return true;
  };

const listFact =
  (which: number): AddStep =>
  (wasm, field) => {
    if (isNumber(field)) wasm.planListFact(which, field.offset, field.size);
    return isNumber(field);
  };

const device: AddStep = (wasm, field) => {
  if (field.type !== 'char' || !field.array) return false;
  if (field.where === 'inline') wasm.planDeviceInline(field.offset, field.size);
  else wasm.planDeviceAt(field.offset, Number(field.where === 'rel_loc'));
  return true;
};

const STEPS: Readonly<Record<Exclude<Column, 'error'>, AddStep>> = {
  addr: u64(EVENT_ADDR),
  len: u64(EVENT_LEN),
  phys: u64(EVENT_PHYS),
  attrs(wasm, field) {
    if (isNumber(field)) wasm.planU32(EVENT_ATTRS, field.offset, field.size, 0);
    return isNumber(field);
  },
  dir(wasm, field) {
    if (isNumber(field)) wasm.planU8(EVENT_DIR, field.offset, field.size, 0);
    return isNumber(field);
  },
  device,
  mm: extra(EXTRA_MM),
  object: extra(EXTRA_OBJECT),
  value: extra(EXTRA_VALUE),
  other: extra(EXTRA_OTHER),
  sg_phys: list(0),
  sg_dma: list(1),
  sg_len: list(2),
  sg_nents: listFact(0),
  sg_ents: listFact(1),
  sg_truncated: listFact(2),
};

const errno =
  (wanted: DictionaryField): AddStep =>
  (wasm, field) => {
    if (!isNumber(field)) return false;
    if (wanted.type === 'null_is_error') wasm.planNullIsError(field.offset, field.size);
    else wasm.planErrno(field.offset, field.size);
    return true;
  };

function addStep(
  wasm: BinaryExports,
  wanted: DictionaryField,
  format: EventFormat,
  longSize: number,
): boolean {
  const field = format.fields.find((candidate) => candidate.name === wanted.field);
  if (field === undefined) return false;
  const step = wanted.column === 'error' ? errno(wanted) : STEPS[wanted.column];
  return step(wasm, field, longSize);
}

/** Compiles a plan for `format` by `entry`; false (and no plan) when a required field is missing or of another shape. */
function compile(
  wasm: BinaryExports,
  entry: DictionaryEntry,
  format: EventFormat,
  longSize: number,
): boolean {
  wasm.planBegin(entry.id);
  for (const wanted of entry.fields) {
    if (!addStep(wasm, wanted, format, longSize) && wanted.required) return false;
  }
  wasm.planDone(format.id);
  return true;
}

/** ftrace:kernel_stack is no matter of the dictionary: every capture of ftrace has it. */
function planStack(wasm: BinaryExports, format: EventFormat, longSize: number): boolean {
  const callers = format.fields.find((field) => field.name === 'caller');
  const count = format.fields.find((field) => field.name === 'size' && isNumber(field));
  if (callers === undefined) return false;
  wasm.planBegin(TYPE_STACK);
  wasm.planStack(callers.offset, longSize, count?.offset ?? 0, count?.size ?? 0);
  wasm.planDone(format.id);
  return true;
}

const named = (entry: DictionaryEntry, format: EventFormat): boolean =>
  entry.name === format.name && (entry.system === undefined || entry.system === format.system);

/** What planning needs to know of the capture. */
export interface PlanContext {
  readonly core: BinaryCore;
  readonly dictionary: Dictionary;
  /** Bytes of the kernel's long. */
  readonly longSize: number;
  /** "function+0x4 [module]" for an address, where the capture has symbols. */
  readonly symbol: (address: bigint) => string | undefined;
}

/** Plans `format` by the first of the entries whose required fields it has; false where none has them. */
function planFirst(context: PlanContext, entries: readonly DictionaryEntry[], format: EventFormat): boolean {
  return entries.some((entry) => compile(context.core.wasm, entry, format, context.longSize));
}

/** Names of entries for return probes, by habit of every probe pack (as for text, `text-plan.ts`). */
const RETURN_NAME = /(_ret|_return|__return|_exit)$/;

/** Where a probe's records have the address of the function that it is on. */
function probedFunction(format: EventFormat): { field: EventField; returns: boolean } | undefined {
  const find = (name: string) => format.fields.find((field) => field.name === name && isNumber(field));
  const entry = find('__probe_ip');
  if (entry !== undefined) return { field: entry, returns: false };
  const returned = find('__probe_func');
  return returned === undefined ? undefined : { field: returned, returns: true };
}

/**
 * A probe's name is its owner's choice; what it is on, only its records tell. An entry for a function fits a probe on
 * that function whatever its name, and one of its own name unless that is on another function.
 */
function planProbe(
  context: PlanContext,
  entries: readonly DictionaryEntry[],
  format: EventFormat,
  address: bigint,
): void {
  const on = context.symbol(address)?.replace(/[+ ].*$/, '');
  const fitting = entries.filter((entry) =>
    entry.function === undefined || on === undefined ? named(entry, format) : entry.function === on,
  );
  if (!planFirst(context, fitting, format)) context.core.wasm.planNothing(format.id);
}

/** Tells the module about one event: whether and how its records become rows. */
export function planEvent(context: PlanContext, format: EventFormat): void {
  const { core, dictionary } = context;
  core.wasm.knowEvent(format.id);
  if (format.system === 'ftrace') {
    if (format.name === 'kernel_stack') planStack(core.wasm, format, context.longSize);
    return;
  }
  const probe = probedFunction(format);
  const fits = (entry: DictionaryEntry) =>
    entry.function === undefined || probe === undefined
      ? named(entry, format)
      : RETURN_NAME.test(entry.name) === probe.returns;
  // Entries 0 and 1 are reserved: no kernel event has their names.
  const entries = dictionary.entries.slice(2).filter(fits);
  if (!planFirst(context, entries, format)) return;
  if (probe === undefined || entries.every((entry) => entry.function === undefined)) return;
  core.wasm.planBegin(0);
  core.wasm.planAsk(probe.field.offset, probe.field.size);
  core.wasm.planDone(format.id);
  core.onProbe(format.id, (address) => planProbe(context, entries, format, address));
}
