/** For tests of text formats: what a capture says, row by row, in words. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dictionary, loadDictionary } from '../traces/dictionary.js';
import { type Capture, type Format, TYPE_LOST, TYPE_STACK } from '../traces/format.js';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';
import type { ByteSource } from '../traces/source.js';
import { Layer, SG_HEAD } from '../wasm/schema.js';
import { memorySource, type Row, rowsByStream } from './capture-rows.js';

export const dictionary: Dictionary = await loadDictionary();
const samples = inPackage('traces', 'samples');

export const sampleSource = async (sample: string, file: string): Promise<ByteSource> =>
  (await openSource(join(samples, sample, file))).source;

/** Text that arrives `step` bytes at a time. */
export function textSource(text: string | Uint8Array, step = Number.MAX_SAFE_INTEGER): ByteSource {
  const source = memorySource(Buffer.from(text), 'text');
  return { ...source, read: (target) => source.read(target.subarray(0, step)) };
}

const hex = (value: bigint | number | undefined): string => value?.toString(16) ?? '-';

const nameOf = ({ type }: Row): string =>
  type === TYPE_LOST ? 'LOST' : type === TYPE_STACK ? 'STACK' : dictionary.entries[type]!.name;

/** Event, device, addr, len, phys, attrs, error, dir, and a list as phys/nents:dma/ents[words]; "!" where it is truncated. */
export function factsOf(row: Row): string {
  const { device, addr, len, phys, attrs, error, dir } = row;
  const facts = [nameOf(row), device || '-', hex(addr), hex(len), hex(phys), hex(attrs), error, dir ?? '-'];
  const isList = dictionary.entries[row.type]!.fields.some(({ column }) => column.startsWith('sg_'));
  return [...facts, ...(isList && row.side.length > 0 ? [listOf(row.side)] : [])].join(' ');
}

function listOf(side: readonly bigint[]): string {
  const [shape, ents] = [side[0]!, side[1]!];
  const [phys, dma] = [Number(shape & 0xffffn), Number((shape >> 16n) & 0xffffn)];
  const list = side.slice(SG_HEAD, SG_HEAD + phys + 2 * dma).map(hex);
  return `${phys}/${(shape >> 32n) & 0x7fffffffn}:${dma}/${ents}${shape >> 63n ? '!' : ''}[${list.join('|')}]`;
}

/** "ts cpu tid comm", then the facts, then the stack. */
export const lineOf = (row: Row): string =>
  [
    ...[row.ts, row.cpu === 0xffff ? '-' : row.cpu, row.tid ?? '-', row.comm || '-', factsOf(row)],
    ...(row.stack.length > 0 ? [`(${row.stack.map(String).join(' < ')})`] : []),
  ].join(' ');

export interface ReadText {
  readonly rows: Row[];
  readonly capture: Capture;
  /** "name=count place" */
  readonly counters: string[];
}

export async function readWith(format: Format, source: ByteSource): Promise<ReadText> {
  const capture = await format.open(source, { dictionary });
  const rows = (await rowsByStream(capture))[0]!;
  await capture.close();
  const counters = capture
    .counters()
    .map(({ name, count, first }) => `${name}=${count}${first === undefined ? '' : ` ${first}`}`);
  return { rows, capture, counters };
}

/** The samples' files that the reference tools counted, by the end of their names: [sample, file, events by name]. */
export function countedSamples(
  ending: RegExp,
): { sample: string; file: string; expected: Record<string, number> }[] {
  return readdirSync(samples).flatMap((sample) => {
    const counts = join(samples, sample, 'counts.json');
    if (!existsSync(counts)) return [];
    const byFile: Record<string, Record<string, number>> = JSON.parse(readFileSync(counts, 'utf8'));
    return Object.entries(byFile).flatMap(([name, all]) => {
      const expected = Object.fromEntries(Object.entries(all).filter(([event]) => !event.startsWith('(')));
      return ending.test(name) ? [{ sample, file: `${name}.zst`, expected }] : [];
    });
  });
}

/** Probes' order among other events differs from recorder to recorder: only tracepoints of the DMA API and the IOMMU are compared. */
const COMPARED: readonly (Layer | undefined)[] = [Layer.dma, Layer.iommu];

/** What each event says, whenever and wherever; and beside it its stack, also where that is a row of its own behind it. */
export function storyOf(rows: readonly Row[]): { facts: string[]; stacks: string[] } {
  const facts: string[] = [];
  const stacks: string[] = [];
  let compared = false;
  for (const row of rows) {
    const stack = row.stack.map(String).join(' < ');
    if (row.type === TYPE_STACK && compared) stacks[stacks.length - 1] ||= stack;
    if (row.type === TYPE_STACK || row.type === TYPE_LOST) continue;
    compared = COMPARED.includes(dictionary.entries[row.type]?.layer);
    if (!compared) continue;
    facts.push(factsOf(row));
    stacks.push(stack);
  }
  return { facts, stacks };
}
