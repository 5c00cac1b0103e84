/**
 * What rules can count on beside the tables of docs/tables.md: the macros and tables of `rules/prelude.sql`.
 *
 * In: the file. Out: definitions, for a database to make when a rule first names them, or for a store to keep.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';
import type { Definition } from './on-demand.js';

/** A table that is computed from the others, with the SELECT that computes it. */
export interface DerivedTable {
  readonly name: string;
  readonly select: string;
}

export const preludeText = (): string => readFileSync(inPackage('analyzer', 'rules', 'prelude.sql'), 'utf8');

const MACRO = /^CREATE OR REPLACE MACRO (\w+)/m;
const TABLE = /^CREATE OR REPLACE TABLE (\w+) AS$/m;

const statements = (): string[] => preludeText().split(/;\s*$/m);

function derivedTable(sql: string): DerivedTable[] {
  const found = TABLE.exec(sql);
  return found === null ? [] : [{ name: found[1]!, select: sql.slice(found.index + found[0].length).trim() }];
}

export const derivedTables = (): DerivedTable[] => statements().flatMap(derivedTable);

/**
 * How to make each; a derived table that is kept already is a view on where it is.
 * @param kept SELECTs of the rows of derived tables, by name.
 */
export function preludeDefinitions(kept: Readonly<Record<string, string>> = {}): Definition[] {
  return statements().flatMap((sql): Definition[] => {
    const macro = MACRO.exec(sql)?.[1];
    if (macro !== undefined) return [{ name: macro, isMacro: true, sql }];
    return derivedTable(sql).map(({ name }) => ({
      name,
      isMacro: false,
      sql: name in kept ? `CREATE OR REPLACE VIEW ${name} AS ${kept[name]}` : sql,
    }));
  });
}
