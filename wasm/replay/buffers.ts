/**
 * dma-bufs and their live attachment mappings: what an exporter's revocation is about.
 *
 * In: attachment mappings as they come and go, and revocations. Out: mappings marked.
 *
 * The mappings of one dma-buf (their `value`) are a list through their records, so that a revocation walks no others.
 */
import { Kind } from '../schema';
import { ABSENT, NONE, object } from './now';
import {
  invalidationOf, kindOf, nextMapOf, previousMapOf, setInvalidation, setNextMap, setPreviousMap, valueOf,
} from './lifetimes';
import { WordTable } from './word-table';
import { addRevocation } from './invalidations';

/** dma-buf → its youngest mapping's record. */
const youngest: WordTable = new WordTable();

function isMapOfBuffer(record: u32): bool {
  return kindOf(record) == <u32>Kind.attachment_map && valueOf(record) != ABSENT;
}

export function enterBuffer(record: u32): void {
  if (!isMapOfBuffer(record)) return;
  const next = youngest.get(valueOf(record), 1);
  setNextMap(record, next);
  setPreviousMap(record, 0);
  if (next != 0) setPreviousMap(next, record);
  youngest.set(valueOf(record), 1, record);
}

/** Before its facts change, or it ends. */
export function leaveBuffer(record: u32): void {
  if (!isMapOfBuffer(record)) return;
  const next = nextMapOf(record);
  const previous = previousMapOf(record);
  if (next != 0) setPreviousMap(next, previous);
  if (previous != 0) setNextMap(previous, next);
  else youngest.set(valueOf(record), 1, next);
}

/** An exporter revokes what is mapped of its dma-buf (the event's object): its importers owe an unmap, in bounded time. */
export function revokeBuffer(): void {
  const first = object == ABSENT ? 0 : youngest.get(object, 1);
  let count: u32 = 0;
  for (let record = first; record != 0; record = nextMapOf(record)) count++;
  const id = addRevocation(count);
  for (let record = first; record != 0; record = nextMapOf(record)) {
    if (invalidationOf(record) == NONE) setInvalidation(record, id);
  }
}
