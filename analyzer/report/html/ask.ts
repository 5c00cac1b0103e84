/** The page's questions to the database, one a file in `sql/`. In: a file's name and its parameters. Out: rows. */
import type { Queryable } from '../../findings.js';
import { questionsIn, type Values } from '../../questions.js';

export type { Values } from '../../questions.js';

const QUESTIONS = questionsIn('analyzer', 'report', 'html', 'sql');

export const ask = QUESTIONS.ask;

/** Keeps the answer as a table of the question's name, with underscores, for other questions to read. */
export const keep = (db: Queryable, question: string, values: Values = {}): Promise<void> =>
  QUESTIONS.keep(db, question, question.replaceAll('-', '_'), values);
