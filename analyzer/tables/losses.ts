/** The table `losses`: where the kernel says that it dropped events. */
import { LOSS_COUNT, LOSS_CPU, LOSS_FROM, LOSS_SEQ, LOSS_TO, TableId } from '../../wasm/schema.js';
import { captureColumn, cell, rowOf, type StoredTable } from './column.js';

export const losses: StoredTable = {
  name: 'losses',
  doc: 'Where the kernel dropped events because a ring buffer was full. From the first loss on, the absence of an event proves nothing.',
  id: TableId.losses,
  columns: [
    cell('cpu', 'USMALLINT', LOSS_CPU, 'CPU whose buffer was full.', undefined, 'The capture does not tell.'),
    cell('from_ts', 'BIGINT', LOSS_FROM, 'Last event on that CPU before it.', 'ns', 'There is none.'),
    cell('to_ts', 'BIGINT', LOSS_TO, 'First event on that CPU after it.', 'ns', 'There is none.'),
    cell('count', 'UBIGINT', LOSS_COUNT, 'Events lost.', undefined, 'The capture does not tell how many.'),
    rowOf('seq', TableId.events, LOSS_SEQ, 'Next event of any CPU: `events.seq`.', 'There is none.'),
    captureColumn,
  ],
};
