/** `dmaspan sql`: any question to a capture's tables. */
import { existsSync, readFileSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { UsageError } from './exit-codes.js';
import { type InputArguments, withInputOptions } from './input-options.js';
import { print } from './output.js';

export const FORMATS = ['table', 'csv', 'json', 'markdown'] as const;
export type SqlFormat = (typeof FORMATS)[number];

interface Arguments extends InputArguments {
  file: string | undefined;
  format: SqlFormat;
}

export const sqlCommand: CommandModule<object, Arguments> = {
  command: 'sql [captures..]',
  describe: 'Ask captures in SQL (DuckDB); the tables are in docs/tables.md',
  builder: (yargs) =>
    withInputOptions(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        describe: 'Captures, and last the SQL; without SQL (or -f) it is read from stdin',
      })
      .option('file', {
        alias: 'f',
        type: 'string',
        requiresArg: true,
        describe: 'Read the SQL from this file',
      })
      .option('format', { choices: FORMATS, default: 'table' as const, describe: 'How to print the rows' })
      .example(
        '$0 sql trace.dat "SELECT device, count(*) FROM lifetimes GROUP BY device"',
        'Mappings by device',
      )
      .example('$0 sql trace.dat -f query.sql --format csv > rows.csv', 'SQL from a file, rows as CSV')
      .example('$0 sql trace.dat "SUMMARIZE events"', 'What is in a table')
      .example('echo "FROM open_lifetimes" | $0 sql trace.dat', 'SQL from stdin') as never,
  handler: async (argv) => {
    const { captures, sql } = question(argv);
    const [{ openInputs }, { rowsAsText }] = await Promise.all([
      import('./analysis.js'),
      import('./rows-as-text.js'),
    ]);
    const evidence = await openInputs({ ...argv, captures });
    const database = await evidence.open({ allowFiles: true });
    try {
      for await (const text of rowsAsText(await database.stream(sql), argv.format)) await print(text);
    } finally {
      database.close();
    }
  },
};

/** Which arguments are captures, and what is asked of them. */
function question({ captures, file }: Arguments): { captures: string[]; sql: string } {
  if (file !== undefined) return { captures, sql: notEmpty(readQuery(file), file) };
  const last = captures.at(-1) ?? '';
  if (captures.length === 0)
    throw new UsageError('no capture given', 'Usage: dmaspan sql CAPTURE… "SELECT …"');
  if (!existsSync(last) && last !== '-' && /\s|;/.test(last)) {
    if (captures.length === 1)
      throw new UsageError('no capture given, only SQL', 'Usage: dmaspan sql CAPTURE… "SELECT …"');
    return { captures: captures.slice(0, -1), sql: notEmpty(last, 'the last argument') };
  }
  if (captures.includes('-'))
    throw new UsageError(
      'stdin cannot be both a capture and the SQL',
      'Give the SQL as the last argument, or by -f FILE.',
    );
  if (process.stdin.isTTY === true)
    throw new UsageError('no SQL given', 'Give it as the last argument, by -f FILE, or on stdin.');
  return { captures, sql: notEmpty(readQuery(0), 'stdin') };
}

function readQuery(file: string | number): string {
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

function notEmpty(sql: string, where: string): string {
  if (sql.trim() === '')
    throw new UsageError(`${where}: expected SQL, found nothing`, 'Usage: dmaspan sql CAPTURE… "SELECT …"');
  return sql;
}
