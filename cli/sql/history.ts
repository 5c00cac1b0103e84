/**
 * What was typed in shells, kept across runs.
 *
 * In and out: a file with one statement a line, the newest last, where the XDG base directory specification
 * (https://specifications.freedesktop.org/basedir-spec/latest/) has such things.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** How many are remembered. */
export const REMEMBERED = 1000;

export function historyFile(env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: state = '' } = env;
  const folder = isAbsolute(state) ? state : join(env.HOME ?? homedir(), '.local', 'state');
  return join(folder, 'dmaspan', 'sql-history');
}

export interface History {
  /** The newest first, as readline wants them. */
  readonly entries: string[];
  /** Remembers a line. Never throws: a history that cannot be written is none. */
  readonly add: (line: string) => void;
  /** Why lines are not kept, if they are not. */
  readonly problem: () => string | undefined;
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return []; // none yet; one that cannot be read cannot be written either, which add() tells
  }
}

/** Shells that run at once append each its own lines; now and then the oldest are let go. */
export function openHistory(file: string): History {
  let problem: string | undefined;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      problem = `${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    }
  };
  const lines = readLines(file);
  const kept = lines.slice(-REMEMBERED);
  attempt(() => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (lines.length > 2 * REMEMBERED) {
      const draft = `${file}.${process.pid}`;
      writeFileSync(draft, `${kept.join('\n')}\n`, { mode: 0o600 });
      renameSync(draft, file);
    }
    appendFileSync(file, '', { mode: 0o600 });
  });
  return {
    entries: kept.reverse(),
    add: (line) => attempt(() => appendFileSync(file, `${line}\n`, { mode: 0o600 })),
    problem: () => problem,
  };
}
