/** Exit codes, and what stands on stderr when a run cannot go on. */

export const EXIT_CLEAN = 0;
/** Findings at or above --fail-on. */
export const EXIT_FINDINGS = 1;
/** Bad usage, or an input that cannot be read. */
export const EXIT_UNUSABLE = 2;
/** With --require-complete: events were lost, or a part of a capture could not be read. */
export const EXIT_INCOMPLETE = 3;

/** The command line does not make sense. */
export class UsageError extends Error {
  constructor(problem: string, advice = 'See dmaspan --help.') {
    super(`${problem}\n${advice}`);
    this.name = 'UsageError';
  }
}

/** Errors that say by themselves what was expected, what was found and what to do. By name, so that nothing heavy is loaded to know them. */
const TOLD: ReadonlySet<string> = new Set([
  'UsageError',
  'CaptureError',
  'DictionaryError',
  'RuleError',
  'SettingsError',
  'SqlError',
  'StoreError',
]);

const SQL_ADVICE = 'The tables and their columns are in docs/tables.md; "SHOW ALL TABLES" lists them.';

/** One message for a person, never a stack trace; that is for DMASPAN_DEBUG=1. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `dmaspan: ${String(error)}`;
  if (error.name === 'SqlError') {
    const lost = /(?:Catalog|Binder) Error/.test(error.message); // as to what there is
    return `dmaspan: ${error.message.trimEnd()}${lost ? `\n${SQL_ADVICE}` : ''}`;
  }
  if (TOLD.has(error.name)) return `dmaspan: ${error.message}`;
  const detail = process.env.DMASPAN_DEBUG === undefined ? error.message : (error.stack ?? error.message);
  return `dmaspan: internal error, which should not happen: ${detail}\nPlease report it with the capture that shows it; DMASPAN_DEBUG=1 prints more.`;
}
