/**
 * The answers of docs/cookbook.md.
 *
 * In: the page, where each question is a block of SQL whose first line is the command, and its answer the block after it. Out: the same
 * page with the answers that the command gives now.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';

export interface Question {
  /** The heading above it. */
  readonly title: string;
  /** Of `dmaspan sql`, without the SQL. */
  readonly args: readonly string[];
  readonly sql: string;
  /** What the page shows; undefined: nothing yet. */
  readonly answer: string | undefined;
}

const TITLE = /^### (.+)$/gm;
const BLOCK = /```sql\n-- dmaspan sql (.+)\n([\s\S]*?)```\n(?:\n```\n([\s\S]*?)```\n)?/g;

export const cookbookPage = (): string => readFileSync(inPackage('docs', 'cookbook.md'), 'utf8');

export function questionsOf(page: string): Question[] {
  const titles = [...page.matchAll(TITLE)];
  return [...page.matchAll(BLOCK)].map(({ index, 1: args = '', 2: sql = '', 3: answer }) => ({
    title: titles.filter((title) => title.index < index).at(-1)?.[1] ?? '',
    args: args.split(' '),
    sql,
    answer,
  }));
}

/** What the command prints. Throws where it fails. */
export function answerTo({ title, args, sql }: Question): string {
  const command = inPackage('dist', 'command', 'index.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'sql', ...args, '-c', sql], {
    cwd: inPackage('.'),
    encoding: 'utf8',
  });
  if (status !== 0 || stderr !== '') throw new Error(`${title}: ${stderr}`);
  return stdout;
}

export function cookbookDocs(page: string = cookbookPage()): string {
  const questions = questionsOf(page)[Symbol.iterator]();
  return page.replace(BLOCK, (_whole, args: string, sql: string) => {
    const answer = answerTo(questions.next().value!);
    return `\`\`\`sql\n-- dmaspan sql ${args}\n${sql}\`\`\`\n\n\`\`\`\n${answer}\`\`\`\n`;
  });
}
