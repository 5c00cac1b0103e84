/** SQL from a file, or from standard input by its number. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../exit-codes.js';

/** Throws UsageError for a file that cannot be read. */
export function readSql(file: string | number): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${file}: expected a file with SQL, ${code === 'ENOENT' ? 'found no such file' : `found ${code}`}`,
      'Check the path.',
    );
  }
}
