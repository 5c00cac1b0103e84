/** `dmaspan probes`: which probe packs there are, and what to run to record one. */
import { arch, release } from 'node:os';
import type { Argv, CommandModule } from 'yargs';
import type { Form, KernelVersion } from '../traces/probe-definition.js';
import type { ProbePack } from '../traces/probe-pack.js';
import { readConfig } from './config.js';
import { UsageError } from './exit-codes.js';
import { withConfigOption } from './input-options.js';
import { print } from './output.js';

const TARGETS = ['trace-cmd', 'perf', 'tracefs', 'bpftrace'] as const;
export const FORMS = ['fprobe', 'kprobe', 'registers'] as const;

export interface PacksArguments {
  packs: string[] | undefined;
  config: string | undefined;
}

interface ShowArguments extends PacksArguments {
  pack: string[];
  for: (typeof TARGETS)[number];
  kernel: string | undefined;
  form: Form | undefined;
}

export const withPacksOption = (yargs: Argv): Argv =>
  withConfigOption(yargs).option('packs', {
    type: 'string',
    array: true,
    nargs: 1,
    requiresArg: true,
    describe: 'File with a probe pack of your own (docs/probes.md)',
  });

/** Packs of the user's own: the options', or else the project's. */
export const packFiles = async ({ packs, config }: PacksArguments): Promise<readonly string[]> =>
  packs ?? (await readConfig(config)).packs ?? [];

const listCommand: CommandModule<object, PacksArguments> = {
  command: 'list',
  describe: 'The packs: what each records, what that costs, and which rules use it',
  builder: (yargs) =>
    withPacksOption(yargs)
      .example('$0 probes list', 'The packs that come with dmaspan')
      .example('$0 probes list --packs my-driver.json', 'With one of your own') as never,
  handler: async (argv) => {
    const [{ loadPacks }, { packLines }] = await Promise.all([
      import('../traces/probe-pack.js'),
      import('./probes-text.js'),
    ]);
    const all = await loadPacks(await packFiles(argv));
    await print(`${all.map((pack) => packLines(pack, '').join('\n')).join('\n\n')}\n`);
  },
};

const showCommand: CommandModule<object, ShowArguments> = {
  command: 'show <pack..>',
  describe: 'What to run to record one or more packs, as a shell script',
  builder: (yargs) =>
    withPacksOption(yargs)
      .positional('pack', { type: 'string', array: true, describe: 'Packs (dmaspan probes list)' })
      .option('for', {
        choices: TARGETS,
        default: 'trace-cmd' as const,
        describe: 'What it is to be recorded with',
      })
      .option('kernel', {
        type: 'string',
        requiresArg: true,
        describe: 'Version of the kernel that is recorded, "6.12"; this machine\'s unless said',
      })
      .option('form', {
        choices: FORMS,
        describe:
          'fprobe or kprobe with arguments by name (Linux 6.6 and BTF), or kprobes on registers (x86-64); by the kernel version unless said',
      })
      .example('$0 probes show removal', 'What proves leaks, with trace-cmd')
      .example('$0 probes show dma removal > record.sh; sh record.sh LOAD', 'Two packs, as a script')
      .example(
        '$0 probes show rdma --for perf --kernel 6.1',
        'For another kernel, which has no BTF arguments',
      ) as never,
  handler: async (argv) => {
    const [{ loadPacks }, { showText }] = await Promise.all([
      import('../traces/probe-pack.js'),
      import('./probes-text.js'),
    ]);
    const packs = choosePacks(await loadPacks(await packFiles(argv)), argv.pack);
    const version = await versionOf(argv.kernel);
    await print(showText(packs, { target: argv.for, version, form: await formOf(argv, version) }));
  },
};

export const probesCommand: CommandModule<object, object> = {
  command: 'probes',
  describe: 'Probe packs: what to record for a question, and how',
  builder: (yargs) =>
    yargs
      .command(listCommand)
      .command(showCommand)
      .demandCommand(1, 'No command given: list or show.')
      .example('$0 probes list', 'What there is, and what it costs')
      .example('$0 probes show removal', 'What to run to record one'),
  handler: () => {},
};

/** Packs by name, in the order asked for, commas too. Throws UsageError. */
export function choosePacks(packs: readonly ProbePack[], names: readonly string[]): readonly ProbePack[] {
  const asked = new Set(names.flatMap((name) => name.split(',')).filter((name) => name !== ''));
  return [...asked].map((name) => {
    const pack = packs.find((one) => one.pack === name);
    if (pack !== undefined) return pack;
    const known = packs.map((one) => one.pack).join(', ');
    throw new UsageError(`no probe pack is called "${name}"`, `There are: ${known}.`);
  });
}

async function versionOf(kernel: string | undefined): Promise<KernelVersion> {
  const { kernelVersion } = await import('../traces/probe-definition.js');
  const version = kernelVersion(kernel ?? release());
  if (version !== undefined) return version;
  throw new UsageError(
    `--kernel: expected a version as "6.12", found "${kernel ?? release()}"`,
    'uname -r on the machine that is recorded tells it.',
  );
}

async function formOf({ form, kernel }: ShowArguments, version: KernelVersion): Promise<Form> {
  const { formFor } = await import('../traces/probe-definition.js');
  const chosen = form ?? formFor(version);
  if (chosen !== 'registers' || kernel !== undefined || form !== undefined || arch() === 'x64') return chosen;
  throw new UsageError(
    `this machine is ${arch()} with a kernel before 6.6: probes there need registers, and the packs have x86-64's only`,
    'With --form registers they are printed all the same.',
  );
}
