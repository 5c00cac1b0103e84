/** The model's own words, by their values in `wasm/schema.ts`. */
import { Kind, Layer, Op } from '../wasm/schema.js';

/** Names of an enum of `wasm/schema.ts` by value; a trailing underscore only keeps a word from being a keyword. */
export function words(values: Readonly<Record<string, string | number>>): string[] {
  const names: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'number') names[value] = name.replace(/_$/, '');
  }
  return names;
}

/** As `words`, where value 0 means that there is none. */
export const wordsFromOne = (values: Readonly<Record<string, string | number>>): string[] => [
  '',
  ...words(values).slice(1),
];

export const LAYER_NAMES = wordsFromOne(Layer);
export const KIND_NAMES = wordsFromOne(Kind);
export const OP_NAMES = words(Op);
