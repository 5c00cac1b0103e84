/**
 * What a run is judged by: the options, and where they are silent the project's settings.
 *
 * In: the command line. Out: one policy, with the files that it names read and checked; or a UsageError or SettingsError.
 */
import { existsSync, renameSync } from 'node:fs';
import type { Report } from '../analyzer/report/report.js';
import { type Baseline, parseBaseline, updatedBaseline } from '../analyzer/triage/baseline.js';
import type { Budgets } from '../analyzer/triage/budgets.js';
import { parseSuppressions } from '../analyzer/triage/suppressions.js';
import type { FailOn, TriageSettings } from '../analyzer/triage/triage.js';
import { parseBytes } from './bytes.js';
import { type Config, readConfig } from './config.js';
import { UsageError } from './exit-codes.js';
import { writeOrRefuse } from './outputs.js';
import { readText } from './read-text.js';
import type { PolicyArguments } from './report-options.js';

export interface Policy {
  readonly failOn: FailOn;
  readonly requireComplete: boolean;
  readonly rulesFolder: string | undefined;
  readonly config: Config;
  readonly triage: TriageSettings;
  /** Where to write the findings of this run. */
  readonly updateBaseline: string | undefined;
}

export async function readPolicy(argv: PolicyArguments): Promise<Policy> {
  const config = await readConfig(argv.config);
  const update = argv.updateBaseline === true;
  const baseline = argv.baseline ?? config.baseline;
  if (update && baseline === undefined)
    throw new UsageError('--update-baseline without a baseline', 'Say which file: --baseline FILE.');
  return {
    failOn: argv.failOn ?? config['fail-on'] ?? 'error',
    requireComplete: argv.requireComplete ?? config['require-complete'] ?? false,
    rulesFolder: argv.rules ?? config.rules,
    config,
    triage: {
      ...baselineOf(baseline, update),
      ...suppressionsOf(argv.suppressions ?? config.suppressions),
      budgets: budgetsOf(argv, config),
    },
    updateBaseline: update ? baseline : undefined,
  };
}

function baselineOf(file: string | undefined, update: boolean): { baseline?: Baseline } {
  if (file === undefined) return {};
  if (update && !existsSync(file)) return { baseline: { file, entries: [] } };
  return { baseline: parseBaseline(readText(file, 'a baseline', 'Write it with --update-baseline.'), file) };
}

export function suppressionsOf(file: string | undefined): Pick<TriageSettings, 'suppressions'> {
  if (file === undefined) return {};
  const text = readText(file, 'suppressions', 'Check the path.');
  return { suppressions: { file, list: parseSuppressions(text, file) } };
}

function budgetsOf({ budget, maxLiveBytes }: PolicyArguments, config: Config): Budgets {
  const bytes = maxLiveBytes ?? config['max-live-bytes'];
  const given = (budget ?? []).map(parseBudget);
  const limits = Object.entries(config.budget ?? {}).map(([rule, count]): [string, bigint] => [
    rule,
    BigInt(count),
  ]);
  return {
    instances: new Map([...limits, ...given]),
    ...(bytes === undefined ? {} : { maxLiveBytes: parseBytes('--max-live-bytes', String(bytes)) }),
  };
}

function parseBudget(text: string): [string, bigint] {
  const match = /^([a-z][a-z0-9-]*)=(\d{1,18})$/.exec(text);
  if (match === null)
    throw new UsageError(`--budget ${text}: expected RULE=COUNT`, 'As in --budget leak-outlier=5.');
  return [match[1]!, BigInt(match[2]!)];
}

/** Writes the baseline beside its place first: a run that is killed leaves the old one. */
export function writeBaseline(file: string, report: Report, old: Baseline | undefined): Baseline {
  const text = updatedBaseline(report.findings, report.results, old, report.baseline?.missed ?? []);
  writeOrRefuse(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return parseBaseline(text, file);
}
