/** `--param name=value`: values for `$name` in SQL, of the type that they look like. */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBType,
  type DuckDBValue,
  HUGEINT,
  SQLNULL,
  UBIGINT,
  VARCHAR,
} from '@duckdb/node-api';
import { UsageError } from '../exit-codes.js';

export interface Parameter {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

export type Parameters = ReadonlyMap<string, Parameter>;

/** Whole numbers take the smallest type that holds them, from 64 bits on. */
function wholeNumber(value: bigint): Parameter {
  const type = [BIGINT, UBIGINT].find(({ min, max }) => value >= min && value <= max) ?? HUGEINT;
  return { value, type };
}

/** What a value may look like, and what it then is; anything else is text. */
const LOOKS: readonly [look: RegExp, value: (text: string) => Parameter][] = [
  [/^null$/i, () => ({ value: null, type: SQLNULL })],
  [/^(?:true|false)$/i, (text) => ({ value: text.toLowerCase() === 'true', type: BOOLEAN })],
  // As the kernel writes addresses.
  [/^0x[0-9a-f]{1,16}$/i, (text) => ({ value: BigInt(text), type: UBIGINT })],
  [/^-?\d{1,38}$/, (text) => wholeNumber(BigInt(text))],
  [/^-?(?:\d+\.\d*|\.\d+|\d+(?:\.\d*)?e[-+]?\d+)$/i, (text) => ({ value: Number(text), type: DOUBLE })],
  [/^'.*'$/s, (text) => ({ value: text.slice(1, -1).replaceAll("''", "'"), type: VARCHAR })],
  [/^/, (text) => ({ value: text, type: VARCHAR })],
];

/** Throws UsageError for what is no name=value, and for a name given twice. */
export function parametersOf(given: readonly string[] = []): Parameters {
  const parameters = new Map<string, Parameter>();
  for (const one of given) {
    const [, name, text] = /^\$?(\w+)=(.*)$/s.exec(one) ?? [];
    if (name === undefined || text === undefined)
      throw new UsageError(
        `--param ${one}: expected name=value`,
        'Say --param device=0000:00:05.0, and $device in the SQL.',
      );
    if (parameters.has(name)) throw new UsageError(`--param ${name} is given twice`);
    parameters.set(name, LOOKS.find(([look]) => look.test(text))![1](text));
  }
  return parameters;
}
