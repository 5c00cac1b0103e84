/** The commands, in the order of the help: one file each. A new one is a line here, a section of docs/cli.md, and examples in its help. */
import type { CommandModule } from 'yargs';
import { completionCommand } from './completion.js';
import { diffCommand } from './diff.js';
import { eventsCommand } from './events.js';
import { exportCommand } from './export.js';
import { historyCommand } from './history.js';
import { infoCommand } from './info.js';
import { ingestCommand } from './ingest.js';
import { probesCommand } from './probes.js';
import { recordCommand } from './record.js';
import { reportCommand } from './report.js';
import { rulesCommand } from './rules.js';
import { sqlCommand } from './sql.js';

/** yargs knows a command's arguments only while it parses them. */
const anyArguments = <T>(command: CommandModule<object, T>): CommandModule => command as never;

export const COMMANDS: readonly CommandModule[] = [
  anyArguments(reportCommand),
  anyArguments(diffCommand),
  anyArguments(sqlCommand),
  anyArguments(historyCommand),
  anyArguments(infoCommand),
  anyArguments(ingestCommand),
  anyArguments(exportCommand),
  anyArguments(rulesCommand),
  anyArguments(eventsCommand),
  anyArguments(probesCommand),
  anyArguments(recordCommand),
  anyArguments(completionCommand),
];

/** Their names, without arguments: "report". */
export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ command }) => String(command).split(' ')[0]!);
