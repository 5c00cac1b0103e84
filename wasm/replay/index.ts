/**
 * The replay module: event batches in; lifetimes, anomalies and losses out, as tables in this module's memory.
 *
 * The host fills in the event types, opens streams, and gives `advance` the batches that it asks for; then `finish`.
 */
import { TableId } from '../schema';
import { blockOf, clearTable, defineTables, rowsOf } from './table';
import { clearCpus } from './cpus';
import { clearWitness } from './witness';
import { repeats } from './repeats';
import { finishReplay, firstTs as first, lastTs as last, types } from './replay';
import { followRanges } from './iommu';
import { keepLifetimes, lifetimeCount, numberCount } from './lifetimes';
import { eventCount, setKeepEvents } from './now';
import { invalidationCount } from './invalidations';
import { buildPages } from './pages';

export { advance, openStream, streamBlock, streamEnd, streamLoad, streamNames, streamSide } from './streams';

defineTables();
clearCpus();
clearWitness();


/** Where the host puts the event types: TYPE_BYTES bytes each. */
export function typeTable(): usize {
  return types;
}

/** Says, before the first batch, whether whole tables are wanted, or only what is open or remarkable at the end. */
export function keep(allEvents: bool, allLifetimes: bool): void {
  setKeepEvents(allEvents);
  keepLifetimes(allLifetimes);
  followRanges(allEvents || allLifetimes);
}

/** Says that no event is left. */
export function finish(): void {
  finishReplay();
}

/** Time of the earliest event; meaningless when there is none. */
export function firstTs(): i64 {
  return first;
}

/** Time of the latest event. */
export function lastTs(): i64 {
  return last;
}

/** Events that another buffer had shown already; they have no number. */
export function repeatedEvents(): u32 {
  return repeats;
}

/** Events so far: `seq` is below it, whether or not they have rows. */
export function events(): u32 {
  return eventCount;
}

/** Lifetimes opened so far, whether or not they have rows. */
export function opened(): u32 {
  return lifetimeCount();
}

/** Ids of lifetimes are below it, whether or not they have rows. An IOMMU range is opened once, and may end in parts, each with an id. */
export function lifetimes(): u32 {
  return numberCount();
}

/** Invalidations begun so far: ids are below it, whether or not they have rows. */
export function invalidations(): u32 {
  return invalidationCount();
}

export function tableRows(table: u32): u32 {
  return rowsOf(table);
}

/** The address of a table's block, ROWS rows each; 0 when it was not kept. */
export function tableBlock(table: u32, index: u32): usize {
  return blockOf(table, index);
}

/** Computes the table `page_lifetimes` for pages of 1 << shift bytes, afresh. */
export function computePages(shift: u32): void {
  clearTable(<u32>TableId.page_lifetimes);
  buildPages(shift);
}
