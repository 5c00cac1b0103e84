#!/usr/bin/env node
/** The command `dmaspan`: from arguments to a command, and from its failure to an exit code. Commands load what they need when they run. */
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { storeKind } from '../analyzer/store/kind.js';
import { isWorthwhile, readyWorker } from '../traces/threads/workers.js';
import { COMMAND_NAMES, COMMANDS } from './commands.js';
import { EXIT_UNUSABLE, messageOf, UsageError } from './exit-codes.js';
import { endQuietlyWithReader } from './output.js';
import { warmDatabase } from './warm-up.js';

/** yargs takes a lone "-" for an option without a name and drops it; it travels under this name, which no file can have. */
const STDIN = '\0stdin';

/** Gives the dash its name back, and captures after "--" their place. */
function restoreCaptures(argv: Record<string, unknown>): void {
  const restore = (item: unknown): unknown => (item === STDIN ? '-' : item);
  for (const [name, value] of Object.entries(argv)) {
    argv[name] = Array.isArray(value) ? value.map(restore) : restore(value);
  }
  if (Array.isArray(argv.captures)) argv.captures.push(...((argv['--'] as string[] | undefined) ?? []));
}

/** What takes its time on another thread begins at once, while the command loads what it needs: a worker that will decode, or DuckDB, which a store is read by. */
function expectInputs({ captures }: Record<string, unknown>): void {
  if (!Array.isArray(captures)) return;
  const paths = captures.map(String);
  if (paths.some((path) => storeKind(path) !== undefined)) warmDatabase();
  else if (paths.some(isWorthwhile)) readyWorker();
}

/** What yargs keeps to itself. */
interface YargsInternals {
  getInternalMethods(): { getUsageInstance(): { cacheHelpMessage(): void } };
}

/** yargs lays out a command's whole help while the command runs, should it fail and show it: 50 ms for what is never shown. */
function withoutSpareHelp(parser: Argv): Argv {
  (parser as unknown as YargsInternals).getInternalMethods().getUsageInstance().cacheHelpMessage = () => {};
  return parser;
}

async function main(args: readonly string[]): Promise<void> {
  await withoutSpareHelp(yargs(args.map((arg) => (arg === '-' ? STDIN : arg))))
    // "-readonly" is one option, as DuckDB's own shell has it.
    .parserConfiguration({ 'short-option-groups': false, 'populate--': true })
    .middleware([restoreCaptures, expectInputs])
    .scriptName('dmaspan')
    .usage('$0 COMMAND\n\nWho mapped it, who forgot it: lifetimes of DMA mappings from kernel traces.')
    .command([...COMMANDS])
    .demandCommand(1, 'No command given.')
    .strict()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .epilogue(
      'Exit codes: 0 clean, 1 findings at or above --fail-on (diff: new or grown ones), 2 bad usage or unreadable input, 3 incomplete (--require-complete).',
    )
    .exitProcess(false)
    .fail((message, error) => {
      const command = COMMAND_NAMES.includes(args[0] ?? '') ? `${args[0]} ` : '';
      // A YError is yargs' own: an option without its value, say.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new UsageError(message ?? error?.message, `See dmaspan ${command}--help.`);
    })
    .parseAsync();
}

endQuietlyWithReader();
try {
  await main(hideBin(process.argv));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = EXIT_UNUSABLE;
}
