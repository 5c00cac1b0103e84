/**
 * The replay module: event batches in; lifetimes, anomalies and losses out, as tables in this module's memory.
 *
 * The host fills in the event types, opens streams, and gives `advance` the batches that it asks for; then `finish`.
 */
import { TableId } from '../schema';
import { blockOf, clearTable, defineTables, rowsOf } from './table';
import { clearCpus } from './cpus';
import { clearWitness } from './witness';
import { finishReplay, types } from './replay';
import { stacksSeen } from './streams';
import { buildPages } from './pages';

export { advance, openStream, streamBlock, streamEnd, streamLoad, streamNames, streamSide } from './streams';

defineTables();
clearCpus();
clearWitness();

/** Where the host puts the event types: TYPE_BYTES bytes each. */
export function typeTable(): usize {
  return types;
}

/** Says that no event is left. */
export function finish(): void {
  finishReplay(stacksSeen);
}

export function tableRows(table: u32): u32 {
  return rowsOf(table);
}

/** The address of a table's block; ROWS rows each. */
export function tableBlock(table: u32, index: u32): usize {
  return blockOf(table, index);
}

/** Computes the table `page_lifetimes` for pages of 1 << shift bytes, afresh. */
export function computePages(shift: u32): void {
  clearTable(<u32>TableId.page_lifetimes);
  buildPages(shift);
}
