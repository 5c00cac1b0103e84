/** A text file that the user named. */
import { readFileSync } from 'node:fs';
import { SettingsError } from '../analyzer/triage/settings-error.js';

/** Throws SettingsError that says what was expected. */
export function readText(file: string, expected: string, advice: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory' : code;
    throw new SettingsError(`${file}: expected ${expected}, found ${found}`, advice);
  }
}
