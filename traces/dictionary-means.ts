/**
 * What a field's number means when it is not the column itself.
 *
 * In: a column and the word that a dictionary file says of it. Out: the MEANS_* bit that the replay works the column out by.
 */
import {
  MEANS_END,
  MEANS_KVA,
  MEANS_LAST,
  MEANS_OFFSET,
  MEANS_ORDER,
  MEANS_PAGES,
  MEANS_PFN,
  MEANS_POINTER,
  MEANS_RESULT,
  MEANS_STRUCT_PAGE,
} from '../wasm/schema.js';
import type { Column } from './dictionary.js';
import { checkWord, DictionaryError, type Place } from './dictionary-check.js';

/** The words that each column knows. */
const MEANINGS: Readonly<Partial<Record<Column, Readonly<Record<string, number>>>>> = {
  len: { end: MEANS_END, last: MEANS_LAST, pages: MEANS_PAGES, order: MEANS_ORDER },
  phys: { pfn: MEANS_PFN, struct_page: MEANS_STRUCT_PAGE },
  value: { offset: MEANS_OFFSET, result: MEANS_RESULT },
  object: { pointer: MEANS_POINTER },
  addr: { pointer: MEANS_KVA },
};

/** Every word, of whichever column. */
export const MEANS_WORDS = [...new Set(Object.values(MEANINGS).flatMap((words) => Object.keys(words)))];

/** The bit; 0 where nothing is said. Throws DictionaryError for a word that the column does not know. */
export function checkMeans(place: Place, column: Column, value: unknown): number {
  if (value === undefined) return 0;
  const words = MEANINGS[column];
  if (words !== undefined) return words[checkWord(place, value, Object.keys(words))]!;
  const columns = Object.keys(MEANINGS).join(', ');
  throw new DictionaryError(
    place.file,
    place.path,
    `expected nothing for the column ${column}; the columns that may mean something else are ${columns}`,
  );
}
