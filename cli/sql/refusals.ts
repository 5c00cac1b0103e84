/** What DuckDB says when a statement does not run, for a person: at which line of the whole text, and what to do about a lock. */
import { SqlError } from '../../analyzer/database.js';

const LOCKED =
  /file system operations are disabled by configuration|Loading external extensions is disabled|the configuration has been locked|disabled by configuration/;

const UNLOCK = 'Files, network, extensions and settings are locked; dmaspan sql --allow-files opens them.';

const CANCELLED = /^INTERRUPT Error/;

/** Somebody stopped it. */
export const isCancelled = (error: unknown): boolean =>
  error instanceof Error && CANCELLED.test(error.message);

/** "LINE 1: …" with its caret two lines on, moved to the line of the text that the statement is from. */
function placed(message: string, line: number): string {
  return message.replace(/^LINE (\d+): (.*)\n( *)\^/m, (_whole, at: string, text: string, blanks: string) => {
    const moved = String(Number(at) + line - 1);
    return `LINE ${moved}: ${text}\n${blanks}${' '.repeat(moved.length - at.length)}^`;
  });
}

/** `line`: on which the statement begins in its text. */
export function refusal(error: unknown, sql: string, line: number, where?: string): SqlError {
  const message = placed(error instanceof Error ? error.message : String(error), line).trimEnd();
  const advice = LOCKED.test(message) ? `\n\n${UNLOCK}` : '';
  return new SqlError(
    `${where === undefined || isCancelled(error) ? '' : `${where}: `}${message}${advice}`,
    sql,
  );
}
