/** Numbers in words, for the page's text and for its pictures alike. */
import { bytesText } from '../layout.js';

const STEPS: readonly [ns: number, unit: string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

/** "812 ns", "4.21 µs", "12.3 ms", "1.5 s", "3 min 20 s"; other clocks' ticks as they are. */
export function durationText(time: number, unit: string): string {
  if (unit !== 'ns') return `${countText(time)} ticks`;
  const size = Math.abs(time);
  if (size >= 6e10) {
    const seconds = Math.round(time / 1e9);
    const [hours, minutes] = [Math.trunc(seconds / 3600), Math.trunc((seconds % 3600) / 60)];
    return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
  }
  const [step, name] = STEPS.find(([ns]) => size >= ns) ?? [1, 'ns'];
  return `${Number((time / step).toPrecision(3))} ${name}`;
}

/** 391818 as "391,818": digits in groups, the same for every reader. */
export const countText = (count: number | bigint | string): string =>
  String(typeof count === 'number' ? Math.round(count) : count).replace(/\B(?=(\d{3})+$)/g, ',');

export const sizeText = (bytes: number): string =>
  Number.isFinite(bytes) ? bytesText(BigInt(Math.round(bytes))) : 'unknown';

/** One of something, or many: "1 mapping", "391,818 mappings". */
export const counted = (count: number | bigint, one: string): string =>
  `${countText(count)} ${one}${BigInt(Math.round(Number(count))) === 1n ? '' : 's'}`;

/** What the model's words mean to a reader: "double_unmap" is "double unmap". */
export const spaced = (word: string): string => word.replaceAll('_', ' ');

/** An address space's name: "dma 0000:00:05.0", "iommu". */
export const spaceName = (layer: string, device: string): string =>
  device === '' ? `${layer}, all devices` : `${device} (${layer})`;
