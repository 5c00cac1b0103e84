/** A history's facts in words, for text and Markdown alike. In: rows. Out: phrases. */
import type { Row } from '../findings.js';
import { durationText, spaced } from '../report/html/words.js';
import { bytesText, hex } from '../report/layout.js';
import type { HistoryQuestion, HistorySection } from './history.js';

/** A page in its space: "DMA address 0xfffff000 of 0000:00:05.0". `address` is any address of it. */
export function pageName(space: unknown, row: Row, address: unknown): string {
  const at = hex(address);
  if (space === 'phys') return `physical address ${at}`;
  if (space === 'object') return `kernel object ${at}`;
  if (space === 'dma')
    return `DMA address ${at} of ${row.device == null ? 'a device that no event names' : String(row.device)}`;
  if (row.task != null) return `virtual address ${at} of thread ${String(row.task)}`;
  return row.mm == null
    ? `kernel address ${at}`
    : `virtual address ${at} of the address space ${hex(row.mm)}`;
}

export const sectionName = (section: HistorySection, { addr }: HistoryQuestion): string =>
  pageName(section.space, { ...section }, addr);

/** What a row's lifetime is. */
const LAYERS: Readonly<Record<string, string>> = {
  dma: 'DMA',
  iommu: 'IOMMU',
  iova: 'IOVA',
  import: 'import',
  watch: 'notifier',
  pool: 'pool',
  dmabuf: 'dma-buf',
};
/** Kinds that say no more than their layer. */
const ALONE: ReadonlySet<string> = new Set(['translation', 'iova', 'notifier', 'pool']);

function sortText({ layer, kind }: Row): string {
  const name = layer == null ? '' : (LAYERS[String(layer)] ?? String(layer));
  return kind == null || ALONE.has(String(kind)) ? name : `${name} ${spaced(String(kind))}`;
}

/** What happened: "mapped", "size mismatch". */
export const whatText = ({ what, event }: Row): string =>
  String(event).endsWith(String(what)) ? String(what) : spaced(String(what));

/** What is told by its detail alone: the event's own columns would repeat it. */
const DETAIL_ALONE: ReadonlySet<string> = new Set([
  'kernel log',
  'invalidated',
  'invalidation over',
  'address space released',
]);

/** Of what: layer, kind, device, address, size, direction, memory, as far as they are told; what a lifetime is, its open has told. */
export function factsText(row: Row, unit: string): string {
  if (DETAIL_ALONE.has(String(row.what))) return String(row.detail);
  const facts =
    row.lifetime == null || row.turn === 0
      ? [
          sortText(row),
          row.device,
          hexOrNothing(row.addr),
          sizeText(row),
          dirText(row),
          physText(row),
          row.detail,
          lifetimeText(row),
        ]
      : [
          sortText(row),
          lifetimeText(row),
          row.what === 'synced' ? dirText(row) : '',
          row.detail,
          ageText(row, unit),
        ];
  return facts.filter((fact) => fact != null && fact !== '').join(', ');
}

const hexOrNothing = (value: unknown): string => (value == null ? '' : hex(value));
const dirText = ({ dir }: Row): string => (dir == null || dir === 'none' ? '' : String(dir));
const physText = ({ phys }: Row): string => (phys == null ? '' : `physical ${hex(phys)}`);
const lifetimeText = ({ lifetime }: Row): string => (lifetime == null ? '' : `lifetime ${String(lifetime)}`);
const ageText = ({ duration }: Row, unit: string): string =>
  duration == null ? '' : `after ${durationText(Number(duration), unit)}`;

/** A length without any address is a number of the event's own. */
const sizeText = ({ len, addr, phys, layer }: Row): string =>
  len == null || (addr == null && phys == null && layer == null) ? '' : bytesText(BigInt(len as bigint));

/** Who: "init-107 in cmd_write [dmabug] via dma_map_page_attrs (dma:dma_map_phys)". */
export function whoText(row: Row): string {
  const thread =
    row.comm == null
      ? row.tid == null
        ? ''
        : `thread ${String(row.tid)}`
      : `${String(row.comm)}${row.tid == null ? '' : `-${String(row.tid)}`}`;
  const site =
    row.site == null ? '' : `in ${String(row.site)}${row.via == null ? '' : ` via ${String(row.via)}`}`;
  const event = row.event == null ? '' : `(${String(row.event)})`;
  return [thread, site, event].filter((part) => part !== '').join(' ');
}

const SHORT: Readonly<Record<string, string>> = {
  dma: 'DMA',
  va: 'virtual',
  phys: 'physical',
  object: 'object',
};

/** How a row is about the page: by which other name, or beside the address that was asked about. */
export function relationText(row: Row): string {
  if (row.page_space == null) return 'what it was made for';
  if (row.step !== 0) {
    const device = row.page_device == null ? '' : ` of ${String(row.page_device)}`;
    return `by ${SHORT[String(row.page_space)]!} ${hex(row.page)}${device}`;
  }
  return row.exact === false && row.page_space !== 'object' && row.addr != null
    ? 'elsewhere in the page'
    : '';
}
