/** The table `events`: what the kernel traced, in time order. */
import {
  EVENT_ADDR,
  EVENT_ATTRS,
  EVENT_COMM,
  EVENT_CPU,
  EVENT_DEVICE,
  EVENT_DIR,
  EVENT_ERROR,
  EVENT_LEN,
  EVENT_LIFETIME,
  EVENT_PHYS,
  EVENT_SEQ,
  EVENT_SIDE,
  EVENT_STACK,
  EVENT_TID,
  EVENT_TS,
  EVENT_TYPE,
  EXTRA_MM,
  EXTRA_OBJECT,
  EXTRA_OTHER,
  EXTRA_VALUE,
  TableId,
} from '../../wasm/schema.js';
import {
  type Column,
  captureColumn,
  cell,
  cellOrZero,
  idOf,
  named,
  rowOf,
  type StoredTable,
} from './column.js';

/** A fact that only some layers' events have; it lies in the core's table extras. */
function extra(name: string, word: number, doc: string): Column {
  const source = { from: 'extra', at: EVENT_SIDE, word } as const;
  return { name, type: 'UBIGINT', doc, null: 'The event has no such fact.', source };
}

const NOT_TOLD = 'The event does not tell.';

export const events: StoredTable = {
  name: 'events',
  doc: 'What the kernel traced, one row an event that the event dictionary knows, in time order. Call stacks and lost events are no rows of their own: see `stacks` and `losses`.',
  id: TableId.events,
  columns: [
    idOf(
      'seq',
      TableId.events,
      EVENT_SEQ,
      'Number in time order, from 0; over all captures, in their order.',
    ),
    cell(
      'ts',
      'BIGINT',
      EVENT_TS,
      "Time on the capture's clock (ticks where `captures.clock_unit` says so).",
      'ns',
    ),
    cell('cpu', 'USMALLINT', EVENT_CPU, 'CPU that traced it.', undefined, NOT_TOLD),
    cell('tid', 'INTEGER', EVENT_TID, 'Thread that ran, 0 when idle.', undefined, NOT_TOLD),
    named('comm', 'comm', EVENT_COMM, 4, "The thread's name.", NOT_TOLD),
    named('event', 'event', EVENT_TYPE, 2, 'Its name, "system:name".'),
    named(
      'layer',
      'layer',
      EVENT_TYPE,
      2,
      'Address space that it concerns.',
      'It concerns no layer.',
      'layer of type',
    ),
    named('op', 'op', EVENT_TYPE, 2, 'What it does.', undefined, 'op of type'),
    named('kind', 'kind', EVENT_TYPE, 2, 'Kind of mapping.', 'It names none.', 'kind of type'),
    named('device', 'device', EVENT_DEVICE, 2, 'Device, as the kernel names it.', NOT_TOLD),
    cell(
      'addr',
      'UBIGINT',
      EVENT_ADDR,
      "Address in the layer's own space: DMA address, IOVA, and so on.",
      'address',
      NOT_TOLD,
    ),
    cell(
      'len',
      'UBIGINT',
      EVENT_LEN,
      'Length; of a scatterlist the sum of the segments shown.',
      'bytes',
      NOT_TOLD,
    ),
    cell(
      'phys',
      'UBIGINT',
      EVENT_PHYS,
      'CPU-physical address; of a scatterlist the first.',
      'address',
      NOT_TOLD,
    ),
    named('dir', 'dir', EVENT_DIR, 1, 'Direction of the transfer.', NOT_TOLD),
    cell('attrs', 'UINTEGER', EVENT_ATTRS, 'DMA_ATTR_* bits.', 'bits', NOT_TOLD),
    cellOrZero('error', 'SMALLINT', EVENT_ERROR, 'errno, negative as the kernel returns it.', 'No error.'),
    cellOrZero('stack', 'UINTEGER', EVENT_STACK, 'Call stack: `stacks.id`.', 'None was recorded.'),
    rowOf(
      'lifetime',
      TableId.lifetimes,
      EVENT_LIFETIME,
      'First lifetime that it opened, closed or synced.',
      'It touched none.',
    ),
    extra('mm', EXTRA_MM, "The process's address space (kernel pointer; reused after exit)."),
    extra('object', EXTRA_OBJECT, 'The object concerned: a pool, an attachment, a notifier, and so on.'),
    extra('value', EXTRA_VALUE, "A number of the event's own."),
    extra('other', EXTRA_OTHER, 'A second object or address.'),
    captureColumn,
  ],
};
