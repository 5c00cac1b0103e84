/**
 * The slow replay's meanings: docs/lifetimes.md, "Meanings", column by column.
 *
 * In: an event as decoders leave it. Out: the same event, its columns worked out.
 */
import * as schema from '../wasm/schema.js';
import { PAGE } from './reference-ledger.js';
import type { ReplayEvent } from './replay-rows.js';

const VMEMMAP = { from: 0xffffea0000000000n, to: 0xffffeb0000000000n };
const STRUCT_PAGE_BYTES = 64n;
const MAX_ERRNO = 4095n;
const ENOMEM = -12;

interface Outcome {
  readonly known: bigint | undefined;
  readonly error: number | undefined;
}

export function workOut(event: ReplayEvent): ReplayEvent {
  const { means = 0, value } = event;
  const has = (bit: number) => (means & bit) !== 0;
  const kva = has(schema.MEANS_KVA) ? pointer(event.addr) : fine(event.addr);
  const object = has(schema.MEANS_POINTER) ? pointer(event.object) : fine(event.object);
  const result = has(schema.MEANS_RESULT) ? resultOf(value) : fine(value);
  const moved = has(schema.MEANS_OFFSET) && kva.known !== undefined ? kva.known + (value ?? 0n) : kva.known;
  return known({
    ...event,
    addr: moved,
    len: lengthOf(event.len, moved, has),
    phys: physOf(event.phys, has),
    object: object.known,
    value: result.known,
    error: result.error ?? object.error ?? kva.error ?? event.error,
  });
}

const fine = (value: bigint | undefined): Outcome => ({ known: value, error: undefined });
const signed = (value: bigint) => BigInt.asIntN(64, value);
const isError = (value: bigint) => signed(value) < 0n && signed(value) >= -MAX_ERRNO;

function pointer(value: bigint | undefined): Outcome {
  if (value === undefined) return fine(value);
  if (value === 0n) return { known: undefined, error: ENOMEM };
  return isError(value) ? { known: undefined, error: Number(signed(value)) } : fine(value);
}

/** A result may be of 32 bits. */
function resultOf(value: bigint | undefined): Outcome {
  if (value === undefined) return fine(value);
  const narrow = value <= 0xffff_ffffn ? BigInt.asIntN(32, value) : value;
  const whole = narrow < 0n && narrow >= -MAX_ERRNO ? narrow : value;
  return isError(whole) ? { known: undefined, error: Number(signed(whole)) } : fine(value);
}

function lengthOf(
  given: bigint | undefined,
  addr: bigint | undefined,
  has: (bit: number) => boolean,
): bigint | undefined {
  if (given === undefined) return undefined;
  if (has(schema.MEANS_END)) return addr === undefined ? undefined : given > addr ? given - addr : 0n;
  if (has(schema.MEANS_LAST)) return addr === undefined ? undefined : given >= addr ? given - addr + 1n : 0n;
  if (has(schema.MEANS_PAGES)) return given * PAGE;
  if (has(schema.MEANS_ORDER)) return given < 32n ? PAGE << given : undefined;
  return given;
}

function physOf(given: bigint | undefined, has: (bit: number) => boolean): bigint | undefined {
  if (given === undefined) return undefined;
  if (has(schema.MEANS_PFN)) return given * PAGE;
  if (!has(schema.MEANS_STRUCT_PAGE)) return given;
  if (given < VMEMMAP.from || given >= VMEMMAP.to) return undefined;
  return ((given - VMEMMAP.from) / STRUCT_PAGE_BYTES) * PAGE;
}

/** Leaves out what is undefined. */
export function known(facts: { [K in keyof ReplayEvent]: ReplayEvent[K] | undefined }): ReplayEvent {
  return Object.fromEntries(
    Object.entries(facts).filter(([, fact]) => fact !== undefined),
  ) as unknown as ReplayEvent;
}
