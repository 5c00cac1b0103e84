/** Where a session's rows go: standard output, or for a while a file. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { printableLines } from '../../traces/printable.js';
import { UsageError } from '../exit-codes.js';
import { print } from '../output.js';

export interface Output {
  write(text: string): Promise<void>;
  /** The terminal's columns; undefined when rows go elsewhere. */
  columns(): number | undefined;
  /** Sends what follows to a file, or back to standard output. Throws UsageError when the file cannot be written. */
  redirect(file: string | undefined): void;
}

export function createOutput(): Output {
  let file: number | undefined;
  const terminal = (): boolean => file === undefined && process.stdout.isTTY === true;
  return {
    write: async (text) => {
      if (file !== undefined) writeSync(file, text);
      else await print(terminal() ? printableLines(text) : text);
    },
    columns: () => (terminal() ? process.stdout.columns || 80 : undefined),
    redirect: (path) => {
      const next = path === undefined ? undefined : opened(path);
      if (file !== undefined) closeSync(file);
      file = next;
    },
  };
}

function opened(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${path}: cannot be written: ${code}`, 'Check the path.');
  }
}
