/** `dmaspan events`: which kernel events are known, and what they mean. */
import type { CommandModule } from 'yargs';
import { readConfig } from './config.js';
import { withConfigOption } from './input-options.js';
import { print } from './output.js';

interface Arguments {
  events: string[] | undefined;
  config: string | undefined;
}

export const eventsCommand: CommandModule<object, Arguments> = {
  command: 'events',
  describe: 'List the kernel events that are known, and what each of them does',
  builder: (yargs) =>
    withConfigOption(yargs)
      .option('events', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Event dictionary of your own, to check and list with the others',
      })
      .example('$0 events', 'All that is known')
      .example('$0 events --events my-driver.json', 'Check a dictionary of your own') as never,
  handler: async ({ events, config }) => {
    const [{ loadDictionary }, { Kind, Layer, Op }, { wrap }] = await Promise.all([
      import('../traces/dictionary.js'),
      import('../wasm/schema.js'),
      import('../analyzer/report/layout.js'),
    ]);
    const { entries } = await loadDictionary(events ?? [...((await readConfig(config)).events ?? [])]);
    const lines = entries
      .filter((entry) => entry.source !== '')
      .flatMap((entry) => {
        const words = [
          Op[entry.op],
          entry.kind === Kind.none ? '' : `of ${Kind[entry.kind]}`,
          entry.layer === Layer.none ? '' : `in ${Layer[entry.layer]}`,
        ];
        const does = words.filter((word) => word !== '').join(' ');
        const name = entry.system === undefined ? entry.name : `${entry.system}:${entry.name}`;
        const kernels = entry.kernels === undefined ? '' : `, Linux ${entry.kernels}`;
        return [`${name}: ${does}${kernels} (${entry.source})`, ...wrap(entry.doc, '    ', '    ')];
      });
    await print(`${lines.join('\n')}\n`);
  },
};
