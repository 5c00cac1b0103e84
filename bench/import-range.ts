/**
 * One import of a large range, invalidated page by page, its importer letting go of each page or of none.
 *
 * In: bytes, an order, whether the importer obeys. Out: the events, and what the replay must make of them.
 */
import { randomFrom } from '../test/random.js';
import { MIX, type Sums } from './import-mix.js';
import type { MadeEvent } from './made-batches.js';

const TYPE = MIX.numbers;
const PAGE = 4096;
const START = 0x7f00_0000_0000;
const WHERE = { tid: 1000, device: 1, mm: 0x1000_0000 };

export const ORDERS = ['forward', 'backward', 'random'] as const;
export type Order = (typeof ORDERS)[number];

/** The numbers of all pages, in this order. */
function pagesIn(order: Order, pages: number): Uint32Array {
  const all = Uint32Array.from({ length: pages }, (_, i) => (order === 'backward' ? pages - 1 - i : i));
  const random = randomFrom(1);
  for (let i = pages - 1; order === 'random' && i > 0; i--) {
    const k = random(i + 1);
    [all[i], all[k]] = [all[k]!, all[i]!];
  }
  return all;
}

export function importRange(
  bytes: number,
  order: Order,
  obeys: boolean,
  add: (event: MadeEvent) => void,
): Sums {
  const pages = bytes / PAGE;
  const whole = { ...WHERE, addr: START, len: bytes };
  add({ type: TYPE.insert, object: 1, ...whole, device: 0 });
  add({ type: TYPE.map, ...whole });
  for (const page of pagesIn(order, pages)) {
    const range = { ...WHERE, device: 0, addr: START + page * PAGE, len: PAGE };
    add({ type: TYPE.begin, value: 1, other: 1, ...range });
    if (obeys) add({ type: TYPE.unmap, ...range, device: 1 });
    add({ type: TYPE.end, value: 1, other: 1, ...range });
  }
  const [obeyed, remaining] = obeys ? [pages, 0] : [0, pages];
  // A row a page, and one of the notifier.
  return { lifetimes: pages + 1, invalidations: pages, bytes, obeyed, remaining };
}
