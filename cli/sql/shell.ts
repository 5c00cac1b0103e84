/**
 * A shell on a terminal.
 *
 * In: lines that a person types. Out: what the statements in them print. What does not run says why, and the shell goes on.
 */
import { version as duckdbVersion } from '@duckdb/node-api';
import pc from 'picocolors';
import { printableLines } from '../../traces/printable.js';
import { messageOf } from '../exit-codes.js';
import { wantsColour } from '../output.js';
import { offer } from './completion.js';
import { historyFile, openHistory } from './history.js';
import { DROPPED, openLineEditor } from './line-editor.js';
import { isCancelled } from './refusals.js';
import { runOne } from './script.js';
import { cancel, type Session } from './session.js';
import { type Statement, statementsOf } from './statements.js';

const PROMPT = 'dmaspan> ';
const GOES_ON = '    ...> ';

/** What is typed of a statement that is not whole yet, line by line. */
interface Draft {
  lines: string[];
}

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WriteStream;
}

export async function runShell(
  session: Session,
  terminal: Terminal = { input: process.stdin, output: process.stdout },
): Promise<void> {
  const draft: Draft = { lines: [] };
  const history = openHistory(historyFile());
  await session.output.write(await greeting(session, history.problem()));
  const editor = openLineEditor({
    ...terminal,
    history: history.entries,
    complete: async (line) => {
      const { words, replaces } = await offer(session.database, draft.lines.join('\n'), line);
      return [[...words], replaces];
    },
    onCancel: () => cancel(session),
  });
  let ended = false;
  while (!ended) {
    const line = await editor.next(draft.lines.length === 0 ? PROMPT : GOES_ON);
    if (line === undefined) break;
    if (line === DROPPED) {
      draft.lines = [];
      continue;
    }
    const statements = addLine(draft, line, (entry) => {
      editor.remember(entry);
      history.add(entry);
    });
    for (const statement of statements) {
      if (!(await answered(session, statement, () => (ended = true))) || ended) break;
    }
  }
  editor.close();
  if (!ended) terminal.output.write('\n');
}

/** The statements that the line makes whole. `remember` gets what was typed for them, once nothing is left over. */
function addLine(draft: Draft, line: string, remember: (entry: string) => void): readonly Statement[] {
  draft.lines.push(line);
  const { statements, rest } = statementsOf(draft.lines.join('\n'));
  const typed = [...draft.lines];
  if (rest === undefined) draft.lines = [];
  else if (statements.length > 0) draft.lines = rest.text.split('\n');
  if (statements.length > 0) {
    const joins = statements.every((one) => !one.lineComment && !one.brokenString);
    for (const entry of joins && rest === undefined ? [typed.join(' ')] : typed) {
      if (entry.trim() !== '') remember(entry.trim());
    }
  }
  return statements;
}

/** Runs one statement; false when it did not run. */
async function answered(session: Session, statement: Statement, quit: () => void): Promise<boolean> {
  try {
    await runOne(session, statement, { typed: true, quit });
    return true;
  } catch (error) {
    const text = isCancelled(error) ? 'Cancelled.' : problemText(error);
    process.stderr.write(`${printableLines(wantsColour() ? pc.red(text) : text)}\n`);
    return false;
  }
}

/** SQL's own words, which name the place; what the command line would say of it is known here. */
function problemText(error: unknown): string {
  return error instanceof Error && error.name === 'SqlError'
    ? error.message
    : messageOf(error).replace(/^dmaspan: /, '');
}

const CAPTURES = 'SELECT file, lifetimes, losses FROM captures ORDER BY capture';

async function greeting({ database }: Session, problem: string | undefined): Promise<string> {
  const captures = (await database.query(CAPTURES)).map(
    ({ file, lifetimes, losses }) =>
      `${file}: ${Number(lifetimes).toLocaleString('en-US')} lifetimes${losses === 0n ? '' : '; events were lost, see the table losses'}\n`,
  );
  const kept = problem === undefined ? '' : `What you type is not remembered: ${problem}\n`;
  return `${captures.join('')}SQL of DuckDB ${duckdbVersion()}; a statement ends with a semicolon. See .tables and .help.\n${kept}`;
}
