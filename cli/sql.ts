/** `dmaspan sql`: any question to captures' tables, by a person in a shell or by a script. */
import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { readConfig } from './config.js';
import { UsageError } from './exit-codes.js';
import { type InputArguments, withInputOptions } from './input-options.js';
import { FORMATS, type SqlFormat } from './rows/formats.js';
import type { Parameters } from './sql/parameters.js';
import { readSql } from './sql/read-sql.js';
import type { Session } from './sql/session.js';

interface Arguments extends InputArguments {
  command: string[] | undefined;
  file: string[] | undefined;
  format: SqlFormat;
  param: string[] | undefined;
  readonly: boolean | undefined;
  allowFiles: boolean | undefined;
}

export const sqlCommand: CommandModule<object, Arguments> = {
  command: 'sql [captures..]',
  describe: 'Ask captures in SQL (DuckDB), or open a shell; the tables are in docs/tables.md',
  builder: (yargs) =>
    withInputOptions(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        describe:
          'Captures, and last the SQL; without SQL, -c and -f: a shell on a terminal, or else the SQL is read from stdin',
      })
      .option('command', {
        alias: 'c',
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Run this SQL (or .command) and end; may be given more than once',
      })
      .option('file', {
        alias: 'f',
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Run the SQL of this file, before any -c; may be given more than once',
      })
      .option('format', { choices: FORMATS, default: 'table' as const, describe: 'How to print the rows' })
      .option('param', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'name=value: what $name stands for in the SQL; may be given more than once',
      })
      .option('readonly', {
        type: 'boolean',
        describe: 'Refuse statements that would change tables or files',
      })
      .option('allow-files', {
        type: 'boolean',
        describe: 'Let SQL read and write files, load extensions, use the network and change settings',
      })
      .example('$0 sql trace.dat', 'A shell: history, completion, .help')
      .example(
        '$0 sql trace.dat "SELECT device, count(*) FROM lifetimes GROUP BY device"',
        'Mappings by device',
      )
      .example('$0 sql trace.dat -f query.sql --format csv > rows.csv', 'SQL from a file, rows as CSV')
      .example(
        '$0 sql trace.dat --param dev=0000:00:05.0 -c "FROM open_lifetimes WHERE device = $dev"',
        'A value for $dev',
      )
      .example(
        '$0 sql trace.dat --allow-files "COPY lifetimes TO \'lifetimes.parquet\'"',
        'Write a file, which is locked otherwise',
      )
      .example('echo "FROM open_lifetimes" | $0 sql trace.dat', 'SQL from stdin') as never,
  handler: async (argv) => {
    const { parametersOf } = await import('./sql/parameters.js');
    const parameters = parametersOf(argv.param);
    const { captures, scripts } = question(argv);
    const [{ openInputs }, { runScript }, { createOutput }] = await Promise.all([
      import('./inputs.js'),
      import('./sql/script.js'),
      import('./sql/output-file.js'),
    ]);
    const project = await readConfig(argv.config);
    const evidence = await openInputs({ ...argv, captures, project });
    const files = argv.allowFiles === true;
    const database = await evidence.open({ allowFiles: files });
    const session: Session = {
      ...beginning(argv, parameters),
      rulesFolder: project.rules,
      database,
      output: createOutput(),
    };
    try {
      if (scripts === undefined) {
        const { runShell } = await import('./sql/shell.js');
        await runShell(session);
      } else {
        for (const { text, where } of scripts)
          await runScript(session, text, where === undefined ? {} : { where });
        warnOfUnused(session);
      }
    } finally {
      session.output.redirect(undefined);
      database.close();
    }
  },
};

function beginning(argv: Arguments, parameters: Parameters): Omit<Session, 'database' | 'output'> {
  return {
    parameters,
    used: new Set(),
    readonly: argv.readonly === true,
    files: argv.allowFiles === true,
    format: argv.format,
    timer: false,
    maxRows: 40,
    maxWidth: 0,
    cancelled: false,
  };
}

/** A name that no SQL has is most likely a slip. */
function warnOfUnused({ parameters, used }: Session): void {
  for (const name of parameters.keys()) {
    if (!used.has(name)) process.stderr.write(`dmaspan: --param ${name}: no SQL used $${name}\n`);
  }
}

interface Script {
  readonly text: string;
  /** The file that it is from. */
  readonly where?: string;
}

interface Question {
  readonly captures: string[];
  /** Undefined: a person asks. */
  readonly scripts: readonly Script[] | undefined;
}

const USAGE = 'Usage: dmaspan sql CAPTURE… "SELECT …"';

/** Which arguments are captures, and what is asked of them. */
function question({ captures, command = [], file = [] }: Arguments): Question {
  if (captures.length === 0) throw new UsageError('no capture given', USAGE);
  if (command.length + file.length > 0) {
    const files = file.map((path) => ({ text: notEmpty(readSql(path), path), where: path }));
    return { captures, scripts: [...files, ...command.map((text) => ({ text: notEmpty(text, '-c') }))] };
  }
  const last = captures.at(-1) ?? '';
  if (!existsSync(last) && last !== '-' && /\s|;/.test(last)) {
    if (captures.length === 1) throw new UsageError('no capture given, only SQL', USAGE);
    return { captures: captures.slice(0, -1), scripts: [{ text: notEmpty(last, 'the last argument') }] };
  }
  if (captures.includes('-'))
    throw new UsageError(
      'stdin cannot be both a capture and the SQL',
      'Give the SQL as the last argument, or by -c or -f FILE.',
    );
  return { captures, scripts: asksAPerson() ? undefined : [{ text: notEmpty(readSql(0), 'stdin') }] };
}

/** A shell needs a terminal on both sides. */
function asksAPerson(): boolean {
  if (process.stdin.isTTY !== true) return false;
  if (process.stdout.isTTY === true) return true;
  throw new UsageError('no SQL given', 'Give it as the last argument, by -c or -f FILE, or on stdin.');
}

function notEmpty(sql: string, where: string): string {
  if (sql.trim() === '') throw new UsageError(`${where}: expected SQL, found nothing`, USAGE);
  return sql;
}
