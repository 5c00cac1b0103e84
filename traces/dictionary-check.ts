/**
 * Checks of values from JSON, each of which can say where it stands.
 *
 * In: a value of any type and its Place. Out: the same value with its type known, or a DictionaryError.
 */

/** A dictionary, or a probe pack, that cannot be used. */
export class DictionaryError extends Error {
  constructor(
    readonly file: string,
    /** Inside the JSON: "events[3].fields.addr"; empty for the file as a whole. */
    readonly path: string,
    /** What was expected, and what was found. */
    readonly problem: string,
    readonly advice: string = 'See "How to add an event" in traces/README.md; `dmaspan events` prints what is there.',
  ) {
    super(`${file}: ${path === '' ? '' : `${path}: `}${problem}\n${advice}`);
    this.name = 'DictionaryError';
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Where a value stands, so that every complaint can say it. */
export interface Place {
  readonly file: string;
  readonly path: string;
  /** What to do about a complaint, when the file is no event dictionary. */
  readonly advice?: string;
}

export const inside = (place: Place, key: string | number): Place => ({
  ...place,
  path: typeof key === 'number' ? `${place.path}[${key}]` : place.path === '' ? key : `${place.path}.${key}`,
});

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export function fail(place: Place, expected: string, found: unknown): never {
  throw new DictionaryError(
    place.file,
    place.path,
    `expected ${expected}, found ${shown(found)}`,
    place.advice,
  );
}

export function checkObject(place: Place, value: unknown, keys: readonly string[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(place, 'an object', value);
  for (const key of Object.keys(value)) {
    if (!keys.includes(key))
      throw new DictionaryError(
        place.file,
        place.path,
        `unknown key "${key}"; known are ${keys.join(', ')}`,
        place.advice,
      );
  }
  return value as JsonObject;
}

export function checkText(place: Place, value: unknown, what: string, pattern = /\S/): string {
  if (typeof value !== 'string' || !pattern.test(value)) fail(place, what, value);
  return value;
}

export function optionalText(
  place: Place,
  value: unknown,
  what: string,
  pattern?: RegExp,
): string | undefined {
  return value === undefined ? undefined : checkText(place, value, what, pattern);
}

export function optionalBoolean(place: Place, value: unknown): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') fail(place, 'true or false', value);
  return value;
}

export function checkWord<T extends string>(place: Place, value: unknown, words: readonly T[]): T {
  const word = words.find((known) => known === value);
  return word ?? fail(place, `one of ${words.join(', ')}`, value);
}

/**
 * The words of one of the schema's enums: numeric enums have their reverse mapping among the keys, and a word that
 * AssemblyScript reserves has an underscore at its end there.
 */
export function enumWords(values: object): Map<string, number> {
  const words = Object.entries(values).filter(
    (pair): pair is [string, number] => typeof pair[1] === 'number',
  );
  return new Map(words.map(([word, value]) => [word.replace(/_$/, ''), value]));
}

export const checkEnum = (place: Place, value: unknown, words: ReadonlyMap<string, number>): number =>
  words.get(checkWord(place, value, [...words.keys()]))!;
