#!/usr/bin/env node
/** The command `dmaspan`: knows the commands, and what the exit codes mean. Commands load what they need when they run. */
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { eventsCommand } from './events.js';
import { EXIT_UNUSABLE, messageOf, UsageError } from './exit-codes.js';
import { infoCommand } from './info.js';
import { endQuietlyWithReader } from './output.js';
import { reportCommand } from './report.js';
import { rulesCommand } from './rules.js';
import { sqlCommand } from './sql.js';

/** yargs takes a lone "-" for an option without a name and drops it; it travels under this name, which no file can have. */
const STDIN = '\0stdin';

const COMMANDS = ['report', 'sql', 'info', 'rules', 'events'];

/** Gives the dash its name back, and captures after "--" their place. */
function restoreCaptures(argv: { _: (string | number)[]; [name: string]: unknown }): void {
  const restore = (item: unknown): unknown => (item === STDIN ? '-' : item);
  for (const [name, value] of Object.entries(argv)) {
    argv[name] = Array.isArray(value) ? value.map(restore) : restore(value);
  }
  if (Array.isArray(argv.captures)) argv.captures.push(...argv._.slice(1).map(String));
}

async function main(args: readonly string[]): Promise<void> {
  await yargs(args.map((arg) => (arg === '-' ? STDIN : arg)))
    .middleware(restoreCaptures)
    .scriptName('dmaspan')
    .usage('$0 COMMAND\n\nWho mapped it, who forgot it: lifetimes of DMA mappings from kernel traces.')
    .command(reportCommand)
    .command(sqlCommand)
    .command(infoCommand)
    .command(rulesCommand)
    .command(eventsCommand)
    .demandCommand(1, 'No command given.')
    .strict()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .epilogue(
      'Exit codes: 0 clean, 1 findings at or above --fail-on, 2 bad usage or unreadable input, 3 incomplete (--require-complete).',
    )
    .exitProcess(false)
    .fail((message, error) => {
      const command = COMMANDS.includes(args[0] ?? '') ? `${args[0]} ` : '';
      throw error ?? new UsageError(message, `See dmaspan ${command}--help.`);
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
