/** `dmaspan info`: what a capture is, and what it holds. */
import type { CommandModule } from 'yargs';
import type { AnalyzedCapture } from '../analyzer/analysis.js';
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
    const [{ analyzeInputs }, { infoText }] = await Promise.all([
      import('./analysis.js'),
      import('./info-text.js'),
    ]);
    const analysis = await analyzeInputs({ ...argv, keep: { events: false, lifetimes: false } });
    const names = new Set(analysis.types.map(({ name }) => name));
    // Some entries are for events of any system, and some captures name no systems.
    const bare = new Set([...names].map((name) => name.slice(name.indexOf(':') + 1)));
    const known = (name: string) =>
      names.has(name) || (name.includes(':') ? names.has(name.slice(name.indexOf(':') + 1)) : bare.has(name));
    await print(analysis.captures.map((capture: AnalyzedCapture) => infoText(capture, known)).join('\n'));
  },
};
