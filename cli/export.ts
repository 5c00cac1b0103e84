/** `dmaspan export`: a capture's tables in the forms of other tools. */
import type { CommandModule } from 'yargs';
import { EXPORT_FORMAT_NAMES, EXPORT_FORMATS, type ExportFormatName } from '../analyzer/export/formats.js';
import { withInputOptions } from './input-options.js';
import { type OutArguments, withOutOptions, writeOut } from './write-out.js';

interface Arguments extends OutArguments {
  readonly to: ExportFormatName;
}

export const exportCommand: CommandModule<object, Arguments> = {
  command: 'export [captures..]',
  describe: `Write captures' tables for other tools: ${EXPORT_FORMAT_NAMES.join(', ')}`,
  builder: (yargs) =>
    withOutOptions(withInputOptions(yargs), 'Where to: a file or folder that is not there yet')
      .positional('captures', { type: 'string', array: true, describe: 'Captures, or what was ingested' })
      .option('to', {
        choices: EXPORT_FORMAT_NAMES,
        demandOption: true,
        describe: EXPORT_FORMAT_NAMES.map((name) => `${name}: ${EXPORT_FORMATS[name].doc}`).join('; '),
      })
      .example('$0 export trace.dat --to parquet -o trace-tables', 'A Parquet file a table')
      .example(
        '$0 export trace.dat --to perfetto -o trace.pftrace',
        'Mappings as slices, for ui.perfetto.dev (docs/export-perfetto.md)',
      )
      .example('$0 export trace.dat --to arrow -o trace-arrow', 'An Arrow IPC file a table')
      .example('$0 export trace.dat --to csv -o trace-csv', 'A CSV file a table') as never,
  handler: (argv) => writeOut(argv, argv.to),
};
