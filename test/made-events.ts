/**
 * Raw payloads of events as the kernel records them, with the formats that describe them, for captures that are made up.
 *
 * In: facts. Out: bytes, laid out as include/trace/events/dma.h, iommu.h and kernel/trace/trace_entries.h say.
 */
import { format, join, number, type Order, text } from './trace-dat-writer.js';

const ID = {
  map: 340,
  unmap: 341,
  mapSg: 342,
  unmapSg: 343,
  translate: 350,
  untranslate: 351,
  probe: 360,
  stack: 4,
};

const field = (declared: string, offset: number, size: number) => ({ declared, offset, size });
const DEVICE = '__data_loc char[] device';
const DIR = 'enum dma_data_direction dir';
const ATTRS = 'unsigned long attrs';

const DMA_FORMATS: readonly string[] = [
  format('dma_map_phys', ID.map, [
    ...[field(DEVICE, 8, 4), field('u64 phys_addr', 16, 8), field('u64 dma_addr', 24, 8)],
    ...[field('size_t size', 32, 8), field(DIR, 40, 4), field(ATTRS, 48, 8)],
  ]),
  format('dma_unmap_phys', ID.unmap, [
    ...[field(DEVICE, 8, 4), field('u64 addr', 16, 8), field('size_t size', 24, 8), field(DIR, 32, 4)],
    field(ATTRS, 40, 8),
  ]),
  format('dma_map_sg', ID.mapSg, [
    ...[field(DEVICE, 8, 4), field('int full_nents', 12, 4), field('int full_ents', 16, 4)],
    ...[field('bool truncated', 20, 1), field('__data_loc u64[] phys_addrs', 24, 4)],
    ...[field('__data_loc u64[] dma_addrs', 28, 4), field('__data_loc unsigned int[] lengths', 32, 4)],
    ...[field(DIR, 36, 4), field(ATTRS, 40, 8)],
  ]),
  format('dma_unmap_sg', ID.unmapSg, [
    ...[field(DEVICE, 8, 4), field('__data_loc u64[] addrs', 12, 4), field(DIR, 16, 4), field(ATTRS, 24, 8)],
  ]),
];

const IOMMU_FORMATS: readonly string[] = [
  format('map', ID.translate, [
    ...[field('u64 iova', 8, 8), field('u64 paddr', 16, 8), field('size_t size', 24, 8)],
  ]),
  format('unmap', ID.untranslate, [
    ...[field('u64 iova', 8, 8), field('size_t size', 16, 8), field('size_t unmapped_size', 24, 8)],
  ]),
];

const PROBE_FORMAT = format('going', ID.probe, [
  field('unsigned long __probe_ip', 8, 8),
  field(DEVICE, 16, 4),
]);

const stackFormat = (order: Order): string =>
  format('kernel_stack', ID.stack, [
    { ...field('int size', 8, 4), signed: true },
    field('unsigned long caller[8]', order.longSize === 8 ? 16 : 12, 64),
  ]);

export const madeFormats = (order: Order): Readonly<Record<string, readonly string[]>> => ({
  ftrace: [stackFormat(order)],
  dma: DMA_FORMATS,
  iommu: IOMMU_FORMATS,
  kprobes: [PROBE_FORMAT],
});

/** Symbols for the stacks and the probe of `madeEvents`. */
export const MADE_KALLSYMS = [
  '1000 T dma_map_phys',
  '2000 T device_release_driver_internal',
  '3000 t cmd_write\t[mod]',
  '4000 T last',
  '',
].join('\n');

export interface MadeEvent {
  /** As perf's attributes name it. */
  readonly id: number;
  readonly payload: Uint8Array;
}

const PAGE = 4096n;

/** What happens to one mapping, from its translation to the end of it. `which` tells it from others. */
export function madeEvents(order: Order, which: number): MadeEvent[] {
  const u32 = (value: number) => number(order, 4, value);
  const u64 = (value: number | bigint) => number(order, 8, value);
  const name = text(`0000:00:0${which % 4}.0\0`);
  const pad = new Uint8Array(-name.length & 7);
  const at = (offset: number, length: number) => u32(length * 65536 + offset);
  const made = (id: number, ...parts: Uint8Array[]): MadeEvent => ({
    id,
    payload: join(number(order, 2, id), new Uint8Array(2), u32(100 + (which % 3)), ...parts),
  });
  const addr = 0xfff00000n - BigInt(which % 50) * PAGE;
  const phys = 0x10e225000n + BigInt(which) * PAGE;
  const entries = Array.from({ length: 1 + (which % 5) }, (_, i) => phys + BigInt(i) * PAGE);
  const stack = (...frames: number[]) => {
    const gap = new Uint8Array(order.longSize === 8 ? 4 : 0);
    return made(
      ID.stack,
      u32(frames.length),
      gap,
      ...frames.map((frame) => number(order, order.longSize, frame)),
    );
  };
  const list = (() => {
    const to = 48 + name.length + pad.length;
    const [words, ints] = [8 * entries.length, 4 * entries.length];
    const head = [at(48, name.length), u32(entries.length), u32(entries.length), u32(0)];
    const places = [at(to, words), at(to + words, words), at(to + 2 * words, ints)];
    const lists = [...entries.map(u64), ...entries.map((_, i) => u64(addr + BigInt(i) * PAGE))];
    return made(
      ID.mapSg,
      ...head,
      ...places,
      u32(1),
      u64(0),
      name,
      pad,
      ...lists,
      ...entries.map(() => u32(4096)),
    );
  })();
  const unlist = made(
    ID.unmapSg,
    ...[at(32, name.length), at(32 + name.length + pad.length, 8 * entries.length), u32(1), u32(0), u64(0)],
    ...[name, pad, ...entries.map(u64)],
  );
  const single = [
    made(ID.map, at(56, name.length), u32(0), u64(phys), u64(addr), u64(PAGE), u32(2), u32(0), u64(0), name),
    stack(0x1004, 0x3010),
    made(ID.unmap, at(48, name.length), u32(0), u64(addr), u64(PAGE), u32(2), u32(0), u64(0), name),
  ];
  return [
    made(ID.translate, u64(addr), u64(phys), u64(PAGE)),
    ...(which % 3 === 0 ? [list, stack(0x1004, 0x3020), unlist] : single),
    made(ID.untranslate, u64(addr), u64(PAGE), u64(PAGE)),
    ...(which % 20 === 19 ? [made(ID.probe, u64(0x2000), at(20, name.length), name)] : []),
  ];
}

/** Ids of the events that perf records; a stack is a part of a sample there. */
export const SAMPLED_IDS: readonly number[] = Object.values(ID).filter((id) => id !== ID.stack);
