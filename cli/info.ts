/** `dmaspan info`: what a capture is, and what it holds. */
import type { CommandModule } from 'yargs';
import type { Row } from '../analyzer/database.js';
import { type InputArguments, withInputOptions } from './input-options.js';
import { print } from './output.js';

export const infoCommand: CommandModule<object, InputArguments> = {
  command: 'info [captures..]',
  describe: 'What a capture is: format, clock, kernel, time span, events by name, losses',
  builder: (yargs) =>
    withInputOptions(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        describe: 'Captures; "-" is stdin',
      })
      .example('$0 info trace.dat', 'Look at a recording before anything else') as never,
  handler: async (argv) => {
    const [{ openInputs }, { infoText }] = await Promise.all([
      import('./inputs.js'),
      import('./info-text.js'),
    ]);
    const evidence = await openInputs({ ...argv, keep: { events: false, lifetimes: false } });
    const [captures = [], counters = [], counts = []] = await evidence.list(
      'captures',
      'counters',
      'event_counts',
    );
    const of = (rows: readonly Row[], { capture }: Row): Row[] =>
      rows.filter((row) => row.capture === capture);
    await print(
      captures.map((capture) => infoText(capture, of(counters, capture), of(counts, capture))).join('\n'),
    );
  },
};
