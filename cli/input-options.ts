/** Options of every command that reads captures. */
import type { Argv } from 'yargs';

export interface InputArguments {
  readonly captures: string[];
  readonly events: string[] | undefined;
  readonly kallsyms: string | undefined;
  readonly merge: boolean | undefined;
  readonly dmesg: string | undefined;
}

export function withInputOptions(yargs: Argv): Argv {
  return yargs
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
