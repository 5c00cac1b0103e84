/**
 * What a store keeps of a report's work, so that it is done once: derived tables, and the rows that rules found.
 *
 * In: the SQL that computes them. Out: fingerprints, which tell whether what is kept is what this dmaspan would compute.
 */
import { createHash } from 'node:crypto';
import type { Row } from './findings.js';
import { preludeText } from './prelude.js';
import type { Rule } from './rules.js';
import { readViews } from './views.js';

export interface Kept {
  /** SELECTs of derived tables' rows, by the tables' names. */
  readonly tables: Readonly<Record<string, string>>;
  /** What rules' own SELECTs yielded, by the rules' fingerprints. */
  readonly rules: ReadonlyMap<string, readonly Row[]>;
}

export const NOTHING_KEPT: Kept = { tables: {}, rules: new Map() };

const fingerprint = (...texts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);

/** Of a rule's SELECT, and of the values of its parameters. */
export const ruleFingerprint = ({ sql, parameters }: Rule): string =>
  fingerprint(sql, ...parameters.map(({ name, value }) => `${name} ${value}`));

/** Of all that derived tables and rules stand on, beside the tables themselves. */
export const groundFingerprint = (): string =>
  fingerprint(preludeText(), ...readViews().map(({ sql }) => sql));

/** Rows as text: 64-bit integers are objects with one property. */
export const rowsToText = (rows: readonly Row[]): string =>
  JSON.stringify(rows, (_, value: unknown) =>
    typeof value === 'bigint' ? { bigint: String(value) } : value,
  );

export const rowsFromText = (text: string): Row[] =>
  JSON.parse(text, (_, value: unknown) => {
    const isInteger = typeof value === 'object' && value !== null && 'bigint' in value;
    return isInteger ? BigInt(value.bigint as string) : value;
  }) as Row[];
