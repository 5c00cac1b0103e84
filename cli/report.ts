/** `dmaspan report`: captures in, findings out. */
import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { JUDGE_THREADS } from '../analyzer/at-once.js';
import { formatsInWords, REPORT_FORMAT_NAMES, type ReportFormatName } from '../analyzer/report/formats.js';
import type { Rule, WholeTable } from '../analyzer/rules.js';
import { EXIT_CLEAN, EXIT_FINDINGS, EXIT_INCOMPLETE, UsageError } from './exit-codes.js';
import { type InputArguments, withInputOptions } from './input-options.js';
import { outputsOf } from './outputs.js';
import { type PolicyArguments, withPolicyOptions } from './report-options.js';
import { outputsRead, type ReportOutput, writeOutputs } from './report-outputs.js';
import type { Policy } from './report-policy.js';
import { warmDatabase } from './warm-up.js';

interface Arguments extends InputArguments, PolicyArguments {
  format: ReportFormatName;
  output: string[] | undefined;
  only: string[] | undefined;
}

export const reportCommand: CommandModule<object, Arguments> = {
  command: 'report [captures..]',
  describe: 'Who leaked or misused which DMA mapping, and where it was mapped',
  builder: (yargs) =>
    withPolicyOptions(withInputOptions(yargs))
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
      .option('only', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Only these rules (dmaspan rules lists them)',
      })
      .example('$0 report trace.dat', 'Read a trace-cmd recording')
      .example('cat /sys/kernel/tracing/trace | $0 report -', 'Read ftrace text from stdin')
      .example('$0 report trace.txt --only leak-at-removal', 'Run one rule')
      .example(
        '$0 report trace.dat --format github --output sarif=dma.sarif --output junit=dma.xml',
        'For CI: annotations, and files for the server',
      )
      .example(
        '$0 report trace.dat --baseline known.json --update-baseline',
        'Accept what there is; without --update-baseline only what is new fails',
      )
      .example(
        '$0 report trace.dat --fail-on warning --max-live-bytes 512M',
        'Exit code 1 for warnings, and for more memory',
      ) as never,
  handler: async (argv) => {
    process.exitCode = await report(argv);
  },
};

async function report(argv: Arguments): Promise<number> {
  const [{ chooseRules, loadRules, withInputs }, { withSettings }, { readPolicy, writeBaseline }] =
    await Promise.all([
      import('../analyzer/rules.js'),
      import('../analyzer/rule-settings.js'),
      import('./report-policy.js'),
    ]);
  const policy = await readPolicy(argv);
  const rules = loadRules(policy.rulesFolder);
  const { captures, only } = apart(argv, new Set(rules.map((rule) => rule.id)));
  const settled = withSettings(rules, policy.config);
  const chosen = chooseRules(settled, only);
  checkBudgets(policy, rules);
  const { openInputs } = await import('./inputs.js');
  const outputs = outputsOf(REPORT_FORMAT_NAMES, argv.format, argv.output);
  const able = withInputs(chosen, { dmesg: argv.dmesg !== undefined });
  const keep = keptTables(able, outputs, policy);
  const [evidence, { judge }, { isComplete, makeReport }, { runFails }] = await Promise.all([
    openInputs({ ...argv, project: policy.config, captures, keep, onOpen: warmDatabase }),
    import('../analyzer/judge.js'),
    import('../analyzer/report/report.js'),
    import('../analyzer/triage/triage.js'),
  ]);
  const database = await evidence.open({ terse: true, reads: keep, threads: JUDGE_THREADS });
  try {
    const results = await judge(database, chosen);
    const { failOn, triage, updateBaseline } = policy;
    let made = await makeReport(database, results, triage);
    if (updateBaseline !== undefined) {
      const baseline = writeBaseline(updateBaseline, made, triage.baseline);
      made = await makeReport(database, results, { ...triage, baseline });
    }
    await writeOutputs(outputs, made, { database, failOn });
    if (policy.requireComplete && !isComplete(made)) return EXIT_INCOMPLETE;
    return runFails(made, failOn) ? EXIT_FINDINGS : EXIT_CLEAN;
  } finally {
    database.close();
  }
}

/** The tables to keep as a whole: those that rules, formats and budgets read. */
function keptTables(
  rules: readonly Rule[],
  outputs: readonly ReportOutput[],
  { triage }: Policy,
): Record<WholeTable, boolean> {
  const reads = (table: WholeTable): boolean =>
    rules.some((rule) => rule.reads.includes(table)) || outputsRead(outputs, table);
  return {
    events: reads('events'),
    lifetimes: reads('lifetimes') || triage.budgets?.maxLiveBytes !== undefined,
  };
}

/** A budget of a rule that is not there would allow everything. */
function checkBudgets({ triage }: Policy, rules: readonly Rule[]): void {
  const unknown = [...(triage.budgets?.instances.keys() ?? [])].find(
    (id) => !rules.some((rule) => rule.id === id),
  );
  if (unknown !== undefined)
    throw new UsageError(
      `a budget of ${unknown}: no rule is called so`,
      `There are: ${rules.map(({ id }) => id).join(', ')}.`,
    );
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
