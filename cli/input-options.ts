/** Options of every command that reads captures. */
import type { Argv } from 'yargs';

export interface InputArguments {
  readonly captures: string[];
  readonly events: string[] | undefined;
  readonly kallsyms: string | undefined;
  readonly merge: boolean | undefined;
  readonly dmesg: string | undefined;
  readonly config: string | undefined;
}

/** A project's settings (config.ts): where options are silent, they speak. */
export const withConfigOption = (yargs: Argv): Argv =>
  yargs.option('config', {
    type: 'string',
    requiresArg: true,
    describe:
      'Settings of a project; dmaspan.config.json of the working directory by itself (docs/ci/README.md)',
  });

export function withInputOptions(yargs: Argv): Argv {
  return withConfigOption(yargs)
    .option('events', {
      type: 'string',
      array: true,
      nargs: 1,
      requiresArg: true,
      describe: 'Event dictionary of your own, for the events of your driver',
    })
    .option('kallsyms', {
      type: 'string',
      requiresArg: true,
      describe: 'Names for addresses in call stacks: /proc/kallsyms of that boot, or a System.map',
    })
    .option('dmesg', {
      type: 'string',
      requiresArg: true,
      describe:
        'Kernel log of the same boot (dmesg, journalctl -k): IOMMU faults and dma-debug beside the events',
    })
    .option('merge', {
      type: 'boolean',
      describe: 'The captures are parts of one run, recorded with one clock: merge their events by time',
    });
}
