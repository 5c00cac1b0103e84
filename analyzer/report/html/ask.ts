/** The page's questions to the database, one a file in `sql/`. In: a file's name and its parameters. Out: rows. */
import { readFileSync } from 'node:fs';
import { inPackage } from '../../../traces/package-root.js';
import type { Queryable, Row } from '../../findings.js';

export type Values = Record<string, string | number>;

const textOf = (question: string): string =>
  readFileSync(inPackage('analyzer', 'report', 'html', 'sql', `${question}.sql`), 'utf8');

export const ask = (db: Queryable, question: string, values: Values = {}): Promise<Row[]> =>
  db.query(textOf(question), values);

/** Keeps the answer as a table of the question's name, with underscores, for other questions to read. */
export async function keep(db: Queryable, question: string): Promise<void> {
  await db.query(`CREATE OR REPLACE TEMP TABLE ${question.replaceAll('-', '_')} AS ${textOf(question)}`);
}
