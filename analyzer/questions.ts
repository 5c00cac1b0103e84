/**
 * Questions to the database that lie in files, one a file.
 *
 * In: a folder of the package, a file's name without `.sql`, and its parameters. Out: rows, or a table kept for other questions.
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';
import type { Queryable, Row } from './findings.js';

/** null is SQL's NULL. */
export type Values = Record<string, string | number | null>;

export interface Questions {
  ask(db: Queryable, question: string, values?: Values): Promise<Row[]>;
  /** Keeps the answer as a temporary table, for other questions to read. */
  keep(db: Queryable, question: string, table: string, values?: Values): Promise<void>;
  /** Adds the answer to a table that `keep` made. */
  add(db: Queryable, question: string, table: string, values?: Values): Promise<void>;
}

export function questionsIn(...folder: string[]): Questions {
  const textOf = (question: string): string => readFileSync(inPackage(...folder, `${question}.sql`), 'utf8');
  const run =
    (before: (table: string) => string) =>
    async (db: Queryable, question: string, table: string, values: Values = {}): Promise<void> => {
      await db.query(`${before(table)} ${textOf(question)}`, values);
    };
  return {
    ask: (db, question, values = {}) => db.query(textOf(question), values),
    keep: run((table) => `CREATE OR REPLACE TEMP TABLE ${table} AS`),
    add: run((table) => `INSERT INTO ${table}`),
  };
}
