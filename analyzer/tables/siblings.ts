/** The table `siblings`: what mappings of one device, kind and direction have in common. */
import {
  SIBLINGS_CLOSED,
  SIBLINGS_CLOSED_BYTES,
  SIBLINGS_DEVICE,
  SIBLINGS_DIR,
  SIBLINGS_FIRST_TS,
  SIBLINGS_KIND,
  SIBLINGS_LAST_TS,
  SIBLINGS_LAYER,
  SIBLINGS_LONGEST,
  SIBLINGS_MOST_PASSED,
  SIBLINGS_OLDER,
  SIBLINGS_OPENED,
  SIBLINGS_OPENED_BYTES,
  TableId,
} from '../../wasm/schema.js';
import { captureColumn, cell, named, rowNumber, type StoredTable } from './column.js';

const NOT_TOLD = 'The events do not tell.';

export const siblings: StoredTable = {
  name: 'siblings',
  doc: 'What the mappings of one layer, device, kind and direction have in common: one row each. It counts every lifetime, also those that were not kept.',
  id: TableId.siblings,
  columns: [
    rowNumber('id', 'Row number, from 0; over all captures, in their order.'),
    named('layer', 'layer', SIBLINGS_LAYER, 1, 'Address space.'),
    named('device', 'device', SIBLINGS_DEVICE, 2, 'Device.', 'Unknown (IOMMU events name no device).'),
    named('kind', 'kind', SIBLINGS_KIND, 1, 'How they were made.', NOT_TOLD),
    named('dir', 'dir', SIBLINGS_DIR, 1, 'Direction of the transfer.', NOT_TOLD),
    cell('opened', 'UBIGINT', SIBLINGS_OPENED, 'Mappings made; of a list each segment.'),
    cell('closed', 'UBIGINT', SIBLINGS_CLOSED, 'Of these, closed.'),
    cell(
      'older',
      'UBIGINT',
      SIBLINGS_OLDER,
      'Closed ones that were mapped before the capture began; a list once.',
    ),
    cell('opened_bytes', 'UBIGINT', SIBLINGS_OPENED_BYTES, 'Bytes mapped.', 'bytes'),
    cell('closed_bytes', 'UBIGINT', SIBLINGS_CLOSED_BYTES, 'Bytes unmapped again.', 'bytes'),
    cell('first_ts', 'BIGINT', SIBLINGS_FIRST_TS, 'First map.', 'ns', 'None was mapped.'),
    cell('last_ts', 'BIGINT', SIBLINGS_LAST_TS, 'Last map or unmap.', 'ns', 'There was none.'),
    cell(
      'longest',
      'BIGINT',
      SIBLINGS_LONGEST,
      'Longest time from map to unmap.',
      'ns',
      'None was unmapped.',
    ),
    cell(
      'most_passed',
      'UINTEGER',
      SIBLINGS_MOST_PASSED,
      'Most siblings closed while a closed one was open.',
    ),
    captureColumn,
  ],
};
