/** The table `page_lifetimes`: when pages were mapped, by whatever number of mappings. */
import {
  PAGE_CLOSED_TS,
  PAGE_COUNT,
  PAGE_FIRST,
  PAGE_LAYER,
  PAGE_LIFETIME,
  PAGE_OPENED_TS,
  PAGE_PEAK,
  PAGE_SPACE,
  TableId,
} from '../../wasm/schema.js';
import { type Column, captureColumn, cell, named, rowOf, type StoredTable } from './column.js';

function pages(name: string, at: number, unit: string, doc: string): Column {
  return { name, type: 'UBIGINT', unit, doc, source: { from: 'pages', at } };
}

export const pageLifetimes: StoredTable = {
  name: 'page_lifetimes',
  doc: 'When pages were mapped: one row a run of neighbouring pages with one history. A page is mapped while at least one mapping covers it. Computed when a query first asks for it. One row a page: `pages`.',
  id: TableId.page_lifetimes,
  columns: [
    named('layer', 'layer', PAGE_LAYER, 1, 'Address space of the pages.'),
    named(
      'device',
      'device',
      PAGE_SPACE,
      2,
      'Device whose DMA addresses they are.',
      'The layer `iommu`, whose events name no device: one space.',
    ),
    cell('first_page', 'UBIGINT', PAGE_FIRST, 'Number of the first page (address / page size).', 'pages'),
    cell('pages', 'UBIGINT', PAGE_COUNT, 'How many pages.', 'pages'),
    pages('addr', PAGE_FIRST, 'address', 'Address of the first page.'),
    pages('len', PAGE_COUNT, 'bytes', 'Length of the run.'),
    cell('opened_ts', 'BIGINT', PAGE_OPENED_TS, 'First moment at which a mapping covered them.', 'ns'),
    cell(
      'closed_ts',
      'BIGINT',
      PAGE_CLOSED_TS,
      'When the last mapping of them ended.',
      'ns',
      'Still mapped when the capture ended.',
    ),
    rowOf(
      'lifetime',
      TableId.lifetimes,
      PAGE_LIFETIME,
      'Mapping that opened them: `lifetimes.id`.',
      'Unknown.',
    ),
    cell('peak', 'UINTEGER', PAGE_PEAK, 'Most mappings at once.'),
    captureColumn,
  ],
};
