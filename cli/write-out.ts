/** What `ingest` and `export` share: captures in, a file or folder out, complete or not at all. */
import type { Argv } from 'yargs';
import type { ExportFormatName } from '../analyzer/export/formats.js';
import { readConfig } from './config.js';
import type { InputArguments } from './input-options.js';

export interface OutArguments extends InputArguments {
  readonly out: string;
  readonly force: boolean | undefined;
}

export function withOutOptions(yargs: Argv, out: string): Argv {
  return yargs
    .option('out', { alias: 'o', type: 'string', requiresArg: true, demandOption: true, describe: out })
    .option('force', { type: 'boolean', describe: 'Replace what dmaspan wrote there before' });
}

/** Throws CaptureError, StoreError, UsageError. */
export async function writeOut(argv: OutArguments, format: ExportFormatName): Promise<void> {
  const [
    { openInputs },
    { exportFormat },
    { checkTarget, writeAtomically },
    { showSteps },
    { loadRules },
    { withSettings },
  ] = await Promise.all([
    import('./inputs.js'),
    import('../analyzer/export/formats.js'),
    import('../analyzer/store/atomic.js'),
    import('./progress.js'),
    import('../analyzer/rules.js'),
    import('../analyzer/rule-settings.js'),
  ]);
  const force = argv.force === true;
  const target = argv.out.replace(/(?<=.)\/+$/, '');
  checkTarget(target, { force }); // before the long work
  const write = await exportFormat(format).load();
  const project = await readConfig(argv.config);
  const rules = withSettings(loadRules(project.rules), project);
  const evidence = await openInputs({ ...argv, project, excerpt: true });
  const steps = showSteps();
  try {
    await writeAtomically(target, { force }, (path) => write(evidence, path, steps.onStep, rules));
  } finally {
    steps.stop();
  }
}
