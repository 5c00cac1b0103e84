/** What `ingest` and `export` share: captures in, a file or folder out, complete or not at all. */
import type { Argv } from 'yargs';
import type { ExportFormatName } from '../analyzer/export/formats.js';
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
  const [{ openInputs }, { exportFormat }, { checkTarget, writeAtomically }, { showSteps }] =
    await Promise.all([
      import('./analysis.js'),
      import('../analyzer/export/formats.js'),
      import('../analyzer/store/atomic.js'),
      import('./progress.js'),
    ]);
  const force = argv.force === true;
  const target = argv.out.replace(/(?<=.)\/+$/, '');
  checkTarget(target, { force }); // before the long work
  const write = await exportFormat(format).load();
  const evidence = await openInputs({ ...argv, excerpt: true });
  const steps = showSteps();
  try {
    await writeAtomically(target, { force }, (path) => write(evidence, path, steps.onStep));
  } finally {
    steps.stop();
  }
}
