/** `dmaspan report`: captures in, findings out. */
import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { formatsInWords, REPORT_FORMAT_NAMES, type ReportFormatName } from '../analyzer/report/formats.js';
import type { Severity, WholeTable } from '../analyzer/rules.js';
import { EXIT_CLEAN, EXIT_FINDINGS, EXIT_INCOMPLETE } from './exit-codes.js';
import { type InputArguments, withInputOptions } from './input-options.js';
import { outputsOf, outputsRead, writeOutputs } from './report-outputs.js';

interface Arguments extends InputArguments {
  format: ReportFormatName;
  output: string[] | undefined;
  failOn: Severity | 'never';
  rules: string | undefined;
  only: string[] | undefined;
  requireComplete: boolean | undefined;
}

export const reportCommand: CommandModule<object, Arguments> = {
  command: 'report [captures..]',
  describe: 'Who leaked or misused which DMA mapping, and where it was mapped',
  builder: (yargs) =>
    withInputOptions(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        describe: 'Captures of ftrace, trace-cmd or perf (.gz and .zst too); "-" is stdin',
      })
      .option('format', {
        choices: REPORT_FORMAT_NAMES,
        default: 'text' as const,
        describe: `What to print: ${formatsInWords()}`,
      })
      .option('output', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Beside what is printed, write FORMAT=FILE; may be given more than once',
      })
      .option('fail-on', {
        choices: ['error', 'warning', 'info', 'never'] as const,
        default: 'error' as const,
        describe:
          'Exit with 1 for findings of this severity or worse; findings that are only possible never count',
      })
      .option('rules', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder of rules of your own (docs/rules/README.md)',
      })
      .option('require-complete', {
        type: 'boolean',
        describe: 'Exit with 3 when events were lost, or a part of a capture could not be read',
      })
      .option('only', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Only these rules (dmaspan rules lists them)',
      })
      .example('$0 report trace.dat', 'Read a trace-cmd recording')
      .example('cat /sys/kernel/tracing/trace | $0 report -', 'Read ftrace text from stdin')
      .example('$0 report trace.txt --only leak-at-removal', 'Run one rule')
      .example('$0 report trace.dat --format json --fail-on warning', 'For CI: exit code 1 for warnings too')
      .example(
        '$0 report trace.dat --output json=findings.json',
        'Text to read, and JSON in a file',
      ) as never,
  handler: async (argv) => {
    process.exitCode = await report(argv);
  },
};

async function report(argv: Arguments): Promise<number> {
  const { chooseRules, loadRules, withInputs } = await import('../analyzer/rules.js');
  const rules = loadRules(argv.rules);
  const { captures, only } = apart(argv, new Set(rules.map((rule) => rule.id)));
  const chosen = chooseRules(rules, only);
  const { openInputs } = await import('./analysis.js');
  const outputs = outputsOf(argv.format, argv.output);
  const able = withInputs(chosen, { dmesg: argv.dmesg !== undefined });
  const reads = (table: WholeTable): boolean =>
    able.some((rule) => rule.reads.includes(table)) || outputsRead(outputs, table);
  const keep = { events: reads('events'), lifetimes: reads('lifetimes') };
  // DuckDB takes a while to load: time in which worker threads can decode.
  const [evidence, { judge, recordedBy }, { fails, isComplete, makeReport }] = await Promise.all([
    openInputs({ ...argv, captures, keep }),
    import('../analyzer/findings.js'),
    import('../analyzer/report/report.js'),
    import('../analyzer/database.js'),
  ]);
  const database = await evidence.open({ terse: true });
  try {
    const made = await makeReport(database, await judge(database, chosen, await recordedBy(database)));
    await writeOutputs(outputs, made, database);
    if (argv.requireComplete === true && !isComplete(made)) return EXIT_INCOMPLETE;
    return made.findings.some((finding) => fails(finding, argv.failOn)) ? EXIT_FINDINGS : EXIT_CLEAN;
  } finally {
    database.close();
  }
}

/** `--only a b FILE` takes the file for a rule: what is no rule but is there as a file is a capture. Commas part rules too. */
function apart(
  argv: Arguments,
  ids: ReadonlySet<string>,
): { captures: string[]; only: string[] | undefined } {
  const asked = argv.only?.flatMap((item) => (existsSync(item) || item === '-' ? [item] : item.split(',')));
  const isCapture = (item: string): boolean => !ids.has(item) && (item === '-' || existsSync(item));
  return {
    captures: [...argv.captures, ...(asked ?? []).filter(isCapture)],
    only: asked?.filter((item) => !isCapture(item) && item !== ''),
  };
}
