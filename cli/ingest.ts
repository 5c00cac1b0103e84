/** `dmaspan ingest`: captures, analyzed once and kept. */
import type { CommandModule } from 'yargs';
import { withInputOptions } from './input-options.js';
import { type OutArguments, withOutOptions, writeOut } from './write-out.js';

export const ingestCommand: CommandModule<object, OutArguments> = {
  command: 'ingest [captures..]',
  describe: 'Keep analyzed captures, as a file or folder that every command takes in their place',
  builder: (yargs) =>
    withOutOptions(
      withInputOptions(yargs),
      'Where to: a DuckDB file (FILE.duckdb), or a folder of Parquet files',
    )
      .positional('captures', { type: 'string', array: true, describe: 'Captures; "-" is stdin' })
      .example('$0 ingest trace.dat -o trace.duckdb', 'Read a long capture once')
      .example('$0 report trace.duckdb', 'and ask it often')
      .example(
        '$0 ingest trace.dat -o trace-tables',
        'Parquet, for other tools too (docs/store.md)',
      ) as never,
  handler: (argv) => writeOut(argv, argv.out.endsWith('.duckdb') ? 'duckdb' : 'parquet'),
};
