/** `dmaspan history`: everything that ever happened to the page of an address. */
import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import type { Database } from '../analyzer/database.js';
import type { HistoryQuestion } from '../analyzer/history/history.js';
import { UsageError } from './exit-codes.js';
import { type InputArguments, withInputOptions } from './input-options.js';
import { print, wantsColour } from './output.js';

const FORMATS = ['text', 'json', 'markdown'] as const;

interface Arguments extends InputArguments {
  device: string | undefined;
  mm: string | undefined;
  phys: boolean | undefined;
  format: (typeof FORMATS)[number];
}

export const historyCommand: CommandModule<object, Arguments> = {
  command: 'history [captures..]',
  describe: 'Everything that ever happened to the page of an address, across layers, in time order',
  builder: (yargs) =>
    withInputOptions(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        describe:
          'Captures or a store, and last the address, in hex (0xfffda000, or as a crash log prints it: fffda000)',
      })
      .option('device', {
        type: 'string',
        requiresArg: true,
        describe: 'It is a DMA address of this device',
      })
      .option('mm', {
        type: 'string',
        requiresArg: true,
        describe: 'It is a virtual address of this address space: the kernel pointer (0x…), or a thread id',
      })
      .option('phys', { type: 'boolean', describe: 'It is a physical address' })
      .conflicts('device', ['mm', 'phys'])
      .conflicts('mm', 'phys')
      .option('format', { choices: FORMATS, default: 'text' as const, describe: 'How to print it' })
      .example('$0 history trace.dat 0xfffda000', 'In every space where it occurs')
      .example('$0 history trace.dat fffda000 --device 0000:01:00.0', 'A DMA address, out of an IOMMU fault')
      .example('$0 history trace.dat 7f054c600000 --mm 4711', 'An address of a process')
      .example(
        '$0 history trace.dat 0x108dd5000 --phys --dmesg dmesg.txt',
        'A page of memory, with what the kernel log says of it',
      )
      .example(
        '$0 history trace.duckdb 0xfffda000 --format markdown',
        'From a store, to paste into a bug report',
      ) as never,
  handler: async (argv) => {
    const { captures, addr } = apart(argv.captures);
    const question = {
      addr,
      device: argv.device,
      mm: argv.mm === undefined ? undefined : spaceOf(argv.mm),
      phys: argv.phys,
    };
    const { openInputs } = await import('./inputs.js');
    const evidence = await openInputs({ ...argv, captures });
    const database = await evidence.open({ terse: true });
    try {
      await checkDevice(database, argv.device);
      await print(await told(database, question, argv.format));
    } finally {
      database.close();
    }
  },
};

async function told(
  database: Database,
  question: HistoryQuestion,
  format: Arguments['format'],
): Promise<string> {
  const [{ judge }, { loadRules }, { pageHistory }] = await Promise.all([
    import('../analyzer/judge.js'),
    import('../analyzer/rules.js'),
    import('../analyzer/history/history.js'),
  ]);
  const results = await judge(database, loadRules());
  const history = await pageHistory(database, question, results);
  if (format === 'json') return (await import('../analyzer/history/json.js')).historyJson(history);
  if (format === 'markdown')
    return (await import('../analyzer/history/markdown.js')).historyMarkdown(history);
  return (await import('../analyzer/history/text.js')).historyText(history, wantsColour());
}

const USAGE = 'Usage: dmaspan history CAPTURE… ADDRESS [--device D | --mm M | --phys]';
const ADDRESS = /^(?:0x)?([0-9a-f]{1,16})$/i;

/** The last argument is the address: a name of a file that looks like one must be written with its folder. */
function apart(args: readonly string[]): { captures: string[]; addr: bigint } {
  const last = args.at(-1);
  if (last === undefined) throw new UsageError('no capture given', USAGE);
  const digits = ADDRESS.exec(last)?.[1];
  if (digits === undefined)
    throw new UsageError(
      existsSync(last) || last === '-'
        ? 'no address given'
        : `${last}: expected an address in hex, at most 64 bits`,
      `Give it last, as 0xfffda000 or fffda000. ${USAGE}`,
    );
  if (args.length === 1) throw new UsageError('no capture given, only an address', USAGE);
  return { captures: args.slice(0, -1), addr: BigInt(`0x${digits}`) };
}

/** A kernel pointer is printed with 0x or is long; a thread's id is a short decimal number. */
function spaceOf(text: string): string {
  if (/^\d{1,9}$/.test(text)) return text;
  const digits = ADDRESS.exec(text)?.[1];
  if (digits === undefined)
    throw new UsageError(`--mm ${text}: expected a kernel pointer in hex, or a thread id`, USAGE);
  return String(BigInt(`0x${digits}`));
}

/** Throws UsageError for a device that the captures do not name. */
async function checkDevice(database: Database, device: string | undefined): Promise<void> {
  if (device === undefined) return;
  const names = (await database.query('SELECT device FROM devices ORDER BY device')).map((row) =>
    String(row.device),
  );
  if (!names.includes(device))
    throw new UsageError(
      `--device ${device}: no event names it`,
      names.length === 0 ? 'The captures name no device.' : `They name: ${names.join(', ')}.`,
    );
}
