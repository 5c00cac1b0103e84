/** The table `anomalies`: what the replay saw with its own eyes, before any rule judges it. */
import {
  ANOMALY_ACTUAL,
  ANOMALY_ADDR,
  ANOMALY_AFTER_LOSS,
  ANOMALY_DEVICE,
  ANOMALY_EXPECTED,
  ANOMALY_KIND,
  ANOMALY_LEN,
  ANOMALY_LIFETIME,
  ANOMALY_OTHER,
  ANOMALY_SEQ,
  ANOMALY_TS,
  TableId,
} from '../../wasm/schema.js';
import { captureColumn, cell, flag, named, rowOf, type StoredTable } from './column.js';

export const anomalies: StoredTable = {
  name: 'anomalies',
  doc: 'What the replay saw that does not fit: one row each, certain as seen. Rules judge them; many are harmless (`before_capture`).',
  id: TableId.anomalies,
  columns: [
    named('kind', 'anomaly', ANOMALY_KIND, 1, 'What it is.'),
    cell('ts', 'BIGINT', ANOMALY_TS, 'Time of its event.', 'ns'),
    rowOf('seq', TableId.events, ANOMALY_SEQ, 'Its event: `events.seq`.', 'It belongs to no event.'),
    named('device', 'device', ANOMALY_DEVICE, 2, 'Device of its event.', 'The event names none.'),
    cell(
      'addr',
      'UBIGINT',
      ANOMALY_ADDR,
      "Address of the lifetime, or the event's where there is none.",
      'address',
      'The event has none.',
    ),
    cell('len', 'UBIGINT', ANOMALY_LEN, 'Bytes concerned.', 'bytes', 'Not known.'),
    rowOf(
      'lifetime',
      TableId.lifetimes,
      ANOMALY_LIFETIME,
      'Lifetime that it is about: `lifetimes.id`.',
      'None is known.',
    ),
    rowOf(
      'other',
      TableId.lifetimes,
      ANOMALY_OTHER,
      'The other lifetime, where there are two.',
      'There is no other.',
    ),
    cell(
      'expected',
      'UBIGINT',
      ANOMALY_EXPECTED,
      'What the mapping has: size, direction, kind, entries, attributes or device id, as `kind` says. `anomaly_text(kind, expected)` puts it in words.',
      undefined,
      'The kind has no such value.',
    ),
    cell(
      'actual',
      'UBIGINT',
      ANOMALY_ACTUAL,
      'What the event said instead, in the same terms.',
      undefined,
      'The kind has no such value.',
    ),
    flag('after_loss', ANOMALY_AFTER_LOSS, 1, 1, 'Events were lost before it.'),
    captureColumn,
  ],
};
