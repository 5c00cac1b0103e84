/** `dmaspan record`: a command, recorded with what a question needs. */
import type { CommandModule } from 'yargs';
import type { Form } from '../traces/probe-definition.js';
import { parseBytes } from './bytes.js';
import { UsageError } from './exit-codes.js';
import { print } from './output.js';
import { choosePacks, FORMS, type PacksArguments, packFiles, withPacksOption } from './probes.js';
import {
  DEFAULT_BUFFER_KB,
  DEFAULT_OUT,
  PROGRAMS,
  type Program,
  type Recording,
  scriptOf,
  shellWord,
  TRACEFS,
} from './recording/recorders.js';

/** As in README: what proves leaks. */
const DEFAULT_PACKS = ['dma', 'removal'];

interface Arguments extends PacksArguments {
  pack: string[] | undefined;
  event: string[] | undefined;
  out: string | undefined;
  with: Program | undefined;
  form: Form | undefined;
  buffer: string | undefined;
  withoutStacks: boolean | undefined;
  tracefs: string | undefined;
  dryRun: boolean | undefined;
  '--': string[] | undefined;
}

export const recordCommand: CommandModule<object, Arguments> = {
  command: 'record',
  describe: 'Record a command, with the probes of one or more packs',
  builder: (yargs) =>
    withPacksOption(yargs)
      .option('pack', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: `What to record (dmaspan probes list); ${DEFAULT_PACKS.join(' and ')} unless said`,
      })
      .option('event', {
        type: 'string',
        alias: 'e',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'A tracepoint beside them, SYSTEM:NAME or SYSTEM:*',
      })
      .option('out', {
        type: 'string',
        alias: 'o',
        requiresArg: true,
        describe: 'The recording; trace.dat, or perf.data, unless said',
      })
      .option('with', {
        choices: PROGRAMS,
        describe: 'The recorder; the first of them that is there unless said',
      })
      .option('form', {
        choices: FORMS,
        describe: 'Form of the probes (docs/probes.md); what this kernel takes unless said',
      })
      .option('buffer', {
        type: 'string',
        requiresArg: true,
        describe: 'Memory for events, of each CPU; 8M unless said. More when events are lost',
      })
      .option('without-stacks', {
        type: 'boolean',
        describe: 'No call stacks: smaller recordings, and no call sites',
      })
      .option('tracefs', { type: 'string', requiresArg: true, describe: 'Where tracefs is mounted' })
      .option('dry-run', { type: 'boolean', describe: 'Print what would be done, as a shell script' })
      .example('$0 record -- sleep 10', 'Ten seconds of the whole machine')
      .example('$0 record --pack dma rdma mmu-notifier -o rdma.dat -- ./run-test', 'A test of an RDMA driver')
      .example(
        '$0 record -e nvme:* --with perf -- fio job.fio',
        'With tracepoints of your own, by perf',
      ) as never,
  handler: async (argv) => {
    const command = argv['--'] ?? [];
    if (command.length === 0)
      throw new UsageError(
        'no command given: what is to be recorded?',
        'Put it after "--": dmaspan record -- sleep 10 records ten seconds of the whole machine.',
      );
    process.exitCode = await record(argv, command);
  },
};

async function record(argv: Arguments, command: readonly string[]): Promise<number> {
  const [{ isEventName, loadPacks }, machines, selections, recordings] = await Promise.all([
    import('../traces/probe-pack.js'),
    import('./recording/machine.js'),
    import('./recording/selection.js'),
    import('./recording/record.js'),
  ]);
  const packs = choosePacks(await loadPacks(await packFiles(argv)), argv.pack ?? DEFAULT_PACKS);
  const own = checkEvents(argv.event ?? [], isEventName);
  const version = machines.ownVersion();
  const form = argv.form ?? machines.ownForm(argv.tracefs, version);
  const { events, elsewhere, probes, formless, offsets } = selections.selectionOf(packs, version, form);
  // Read at the offsets of another kernel, a probe records rubbish without a word.
  const sure = probes.filter((probe) => !formless.includes(probe) && !offsets.includes(probe));
  const asked = {
    ...(argv.tracefs === undefined ? {} : { tracefs: argv.tracefs }),
    ...(argv.with === undefined ? {} : { program: argv.with }),
    ...(argv.form === undefined ? {} : { form: argv.form }),
    probes: sure.length > 0,
  };
  const recording = (program: Program, root: string): Recording => ({
    root,
    events: [...new Set([...events, ...own])],
    definitions: selections.definitionsFor(sure, version, form),
    out: argv.out ?? DEFAULT_OUT[program],
    bufferKb: bufferKb(argv.buffer),
    stacks: argv.withoutStacks !== true,
  });
  if (argv.dryRun === true) return dryRun(recording, argv, command);
  const machine = machines.inspect(asked, form);
  recordings.sayLeftOut(`Linux ${version.join('.')} has no such tracepoints`, elsewhere);
  const names = (list: typeof probes): string[] => list.map((one) => one.function);
  recordings.sayLeftOut('there is no such form of the probes on', names(formless));
  recordings.sayLeftOut('they read structures at offsets of another kernel (docs/probes.md)', names(offsets));
  return recordings.record(machine, recording(machine.program, machine.tracefs), command);
}

/** The same as a script, with the command at its end. */
async function dryRun(
  recording: (program: Program, root: string) => Recording,
  argv: Arguments,
  command: readonly string[],
): Promise<number> {
  const program = argv.with ?? 'trace-cmd';
  const script = scriptOf(program, recording(program, argv.tracefs ?? TRACEFS));
  await print(`set -- ${command.map(shellWord).join(' ')}\n${script.join('\n')}\n`);
  return 0;
}

function checkEvents(events: readonly string[], isEventName: (text: string) => boolean): readonly string[] {
  const text = events.find((event) => !isEventName(event));
  if (text === undefined) return events;
  throw new UsageError(`--event ${text}: expected SYSTEM:NAME or SYSTEM:*`, 'As in -e nvme:nvme_setup_cmd.');
}

function bufferKb(size: string | undefined): number {
  if (size === undefined) return DEFAULT_BUFFER_KB;
  const bytes = parseBytes('--buffer', size);
  if (bytes >= 4096n && bytes <= 1n << 40n) return Number(bytes >> 10n);
  throw new UsageError(`--buffer ${size}: expected 4K or more`, 'It is the memory of each CPU, as in 32M.');
}
