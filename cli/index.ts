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

async function main(args: readonly string[]): Promise<void> {
  await yargs(args)
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
    .epilogue('Exit codes: 0 clean, 1 findings at or above --fail-on, 2 bad usage or unreadable input.')
    .exitProcess(false)
    .fail((message, error) => {
      throw (
        error ??
        new UsageError(
          message,
          `See dmaspan ${args[0] !== undefined && /^[a-z]+$/.test(args[0]) ? `${args[0]} ` : ''}--help.`,
        )
      );
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
