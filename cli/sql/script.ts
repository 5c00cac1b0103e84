/** Runs a text of statements and shell commands, up to the first that fails. */
import { UsageError } from '../exit-codes.js';
import { runDotCommand } from './dot-commands.js';
import { runStatement, type Session } from './session.js';
import { type Statement, statementsOf } from './statements.js';

export interface ScriptOptions {
  /** The file that it is from, for messages. */
  readonly where?: string;
  /** Typed by a person. */
  readonly typed?: boolean;
  /** Ends what runs the script, too. */
  readonly quit?: () => void;
  /** How many scripts read one another to come here. */
  readonly depth?: number;
}

const DEEPEST = 20;

/** Throws SqlError, UsageError. */
export async function runScript(session: Session, text: string, options: ScriptOptions = {}): Promise<void> {
  const { statements, rest } = statementsOf(text);
  let ended = false;
  for (const statement of rest === undefined ? statements : [...statements, rest]) {
    if (ended) return;
    await runOne(session, statement, {
      ...options,
      quit: () => {
        ended = true;
        options.quit?.();
      },
    });
  }
}

/** Throws SqlError, UsageError. */
export async function runOne(session: Session, statement: Statement, options: ScriptOptions): Promise<void> {
  if (!statement.dot) return await runStatement(session, statement, options.where);
  const { typed = false, quit = () => {}, depth = 0 } = options;
  await runDotCommand(statement.text, {
    session,
    typed,
    quit,
    read: async (file, text) => {
      if (depth >= DEEPEST) throw new UsageError(`${file}: scripts read one another without end`);
      await runScript(session, text, { typed, where: file, depth: depth + 1 });
    },
  });
}
