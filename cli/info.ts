/** `dmaspan info`: what a capture is, and what it holds. */
import type { CommandModule } from 'yargs';
import type { AnalyzedCapture } from '../analyzer/analysis.js';
import { print } from './output.js';

interface Arguments {
  captures: string[];
  events: string[] | undefined;
}

export const infoCommand: CommandModule<object, Arguments> = {
  command: 'info [captures..]',
  describe: 'What a capture is: format, clock, kernel, time span, events by name, losses',
  builder: (yargs) =>
    yargs
      .positional('captures', {
        type: 'string',
        array: true,
        describe: 'Captures; "-" is stdin',
      })
      .option('events', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Event dictionary of your own',
      })
      .example('$0 info trace.dat', 'Look at a recording before anything else') as never,
  handler: async ({ captures, events }) => {
    const [{ analyzeInputs }, { infoText }] = await Promise.all([
      import('./analysis.js'),
      import('./info-text.js'),
    ]);
    const analysis = await analyzeInputs({ captures, events, keep: { events: false, lifetimes: false } });
    const known = new Set(analysis.types.flatMap(({ name }) => [name, name.slice(name.indexOf(':') + 1)]));
    await print(analysis.captures.map((capture: AnalyzedCapture) => infoText(capture, known)).join('\n'));
  },
};
