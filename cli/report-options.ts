/** The options of `dmaspan report` that say what a project accepts: each may stand in its configuration file too. */
import type { Argv } from 'yargs';
import { SEVERITIES } from '../analyzer/rules.js';
import type { FailOn } from '../analyzer/triage/triage.js';

export const FAIL_ON: readonly FailOn[] = [...SEVERITIES, 'never'];

export interface PolicyArguments {
  readonly failOn: FailOn | undefined;
  readonly requireComplete: boolean | undefined;
  readonly rules: string | undefined;
  readonly baseline: string | undefined;
  readonly updateBaseline: boolean | undefined;
  readonly suppressions: string | undefined;
  readonly budget: string[] | undefined;
  readonly maxLiveBytes: string | undefined;
  readonly config: string | undefined;
}

const files = (yargs: Argv): Argv =>
  yargs
    .option('baseline', {
      type: 'string',
      requiresArg: true,
      describe: 'Findings of an earlier run that are accepted: only new ones fail',
    })
    .option('update-baseline', {
      type: 'boolean',
      describe: 'Write the findings of this run to the baseline, and so accept them',
    })
    .option('suppressions', {
      type: 'string',
      requiresArg: true,
      describe: 'File of suppressions, one a line: leak:, site:, device: or rule:PATTERN',
    })
    .option('rules', {
      type: 'string',
      requiresArg: true,
      describe: 'Folder of rules of your own (docs/rules/README.md)',
    });

export const withPolicyOptions = (yargs: Argv): Argv =>
  files(yargs)
    .option('fail-on', {
      choices: FAIL_ON,
      defaultDescription: '"error"',
      describe:
        'Exit with 1 for findings of this severity or worse; findings that are only possible never count',
    })
    .option('budget', {
      type: 'string',
      array: true,
      nargs: 1,
      requiresArg: true,
      describe: 'RULE=COUNT: that rule fails the run when it finds more instances, whatever its severity',
    })
    .option('max-live-bytes', {
      type: 'string',
      requiresArg: true,
      describe: 'Fail when more bytes (or with K, M, G) are mapped at once in the layer dma',
    })
    .option('require-complete', {
      type: 'boolean',
      describe: 'Exit with 3 when events were lost, or a part of a capture could not be read',
    });
