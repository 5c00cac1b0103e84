/** `dmaspan diff`: two captures in, what is new, gone, grown and shrunk out. */
import type { CommandModule } from 'yargs';
import { JUDGE_THREADS } from '../analyzer/at-once.js';
import type { Diff } from '../analyzer/diff/diff.js';
import { DIFF_FORMAT_NAMES, DIFF_FORMATS, type DiffFormatName } from '../analyzer/diff/formats.js';
import type { Run } from '../analyzer/diff/run.js';
import type { Rule } from '../analyzer/rules.js';
import type { TriageSettings } from '../analyzer/triage/triage.js';
import { EXIT_CLEAN, EXIT_FINDINGS, UsageError } from './exit-codes.js';
import { print, wantsColour } from './output.js';
import { type Output, outputsOf, writeOrRefuse } from './outputs.js';
import { FAIL_ON, type PolicyArguments } from './report-options.js';

interface Arguments extends Pick<PolicyArguments, 'failOn' | 'rules' | 'suppressions' | 'config'> {
  a: string;
  b: string;
  format: DiffFormatName;
  output: string[] | undefined;
  only: string[] | undefined;
  events: string[] | undefined;
  top: number;
}

export const diffCommand: CommandModule<object, Arguments> = {
  command: 'diff <a> <b>',
  describe: 'Compare two captures: findings and mappings that are new, gone, grown or shrunk',
  builder: (yargs) =>
    yargs
      .positional('a', { type: 'string', describe: 'The run before: a capture, or what was ingested' })
      .positional('b', { type: 'string', describe: 'The run after' })
      .option('format', {
        choices: DIFF_FORMAT_NAMES,
        default: 'text' as const,
        describe: `What to print: ${DIFF_FORMAT_NAMES.map((name) => `${name}: ${DIFF_FORMATS[name].doc}`).join('; ')}`,
      })
      .option('output', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Beside what is printed, write FORMAT=FILE; may be given more than once',
      })
      .option('top', {
        type: 'number',
        requiresArg: true,
        default: 20,
        describe: 'How many call sites text and markdown show, the largest differences first',
      })
      .option('fail-on', {
        choices: FAIL_ON,
        defaultDescription: '"error"',
        describe: 'Exit with 1 when a finding of this severity or worse is new in B, or has grown',
      })
      .option('only', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Only this rule, or these, with commas; may be given more than once',
      })
      .option('suppressions', {
        type: 'string',
        requiresArg: true,
        describe: 'File of suppressions: what they match makes no run worse (docs/ci/README.md)',
      })
      .option('rules', { type: 'string', requiresArg: true, describe: 'Folder of rules of your own' })
      .option('events', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'Event dictionary of your own, for those of the two that are captures',
      })
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'Settings of a project; dmaspan.config.json of the working directory by itself',
      })
      .example('$0 diff before.dat after.dat', 'What a change did')
      .example('$0 diff before.duckdb after.dat', 'Against a run that dmaspan ingest has kept')
      .example('$0 diff a.dat b.dat --fail-on warning --output markdown=diff.md', 'For a merge request')
      .example('$0 diff a.dat b.dat --format json | jq .mappers', 'Every call site, for programs') as never,
  handler: async (argv) => {
    process.exitCode = await diff(argv);
  },
};

async function diff(argv: Arguments): Promise<number> {
  check(argv);
  const outputs = outputsOf(DIFF_FORMAT_NAMES, argv.format, argv.output);
  const { rules, settings, failOn, events } = await terms(argv);
  const a = await readRun(argv.a, events, rules, settings);
  const b = await readRun(argv.b, events, rules, settings);
  const { diffOf } = await import('../analyzer/diff/diff.js');
  const made = diffOf(a, b, failOn);
  for (const output of [...outputs].reverse()) await write(output, made, argv.top);
  return made.worse ? EXIT_FINDINGS : EXIT_CLEAN;
}

function check({ a, b, top }: Arguments): void {
  if (a === '-' && b === '-') throw new UsageError('"-" (stdin) is given twice');
  if (!Number.isInteger(top) || top < 0)
    throw new UsageError('--top: expected a whole number', 'As in --top 50; --top 0 shows no call sites.');
}

async function terms(argv: Arguments) {
  const [{ chooseRules, loadRules }, { withSettings }, { readConfig }, { suppressionsOf }] =
    await Promise.all([
      import('../analyzer/rules.js'),
      import('../analyzer/rule-settings.js'),
      import('./config.js'),
      import('./report-policy.js'),
    ]);
  const config = await readConfig(argv.config);
  const rules = withSettings(loadRules(argv.rules ?? config.rules), config);
  const only = argv.only?.flatMap((item) => item.split(',')).filter((id) => id !== '');
  return {
    rules: chooseRules(rules, only),
    settings: suppressionsOf(argv.suppressions ?? config.suppressions),
    failOn: argv.failOn ?? config['fail-on'] ?? 'error',
    events: argv.events ?? config.events ?? [],
  };
}

/** One run at a time is in memory. Throws CaptureError, DictionaryError, StoreError, RuleError. */
async function readRun(
  input: string,
  events: readonly string[],
  rules: readonly Rule[],
  settings: TriageSettings,
): Promise<Run> {
  const [{ openInputs }, { storeKind }, { runOf }] = await Promise.all([
    import('./inputs.js'),
    import('../analyzer/store/kind.js'),
    import('../analyzer/diff/run.js'),
  ]);
  const keep = { events: rules.some(({ reads }) => reads.includes('events')), lifetimes: true };
  const evidence = await openInputs({
    captures: [input],
    events: storeKind(input) === undefined ? [...events] : undefined,
    kallsyms: undefined,
    merge: undefined,
    dmesg: undefined,
    config: undefined,
    keep,
  });
  const database = await evidence.open({ terse: true, reads: keep, threads: JUDGE_THREADS });
  try {
    return await runOf(database, rules, settings);
  } finally {
    database.close();
  }
}

async function write({ format, file }: Output<DiffFormatName>, made: Diff, top: number): Promise<void> {
  const text = (await DIFF_FORMATS[format].load())(made, {
    top,
    colour: file === undefined && wantsColour(),
  });
  if (file === undefined) await print(text);
  else writeOrRefuse(file, text);
}
