/** From the command line's captures and dictionaries to an analysis. Heavy: commands load it when they run. */
import type { Analysis } from '../analyzer/analysis.js';
import { type AnalyzeOptions, analyze } from '../analyzer/pipeline.js';
import { loadDictionary } from '../traces/dictionary.js';
import { UsageError } from './exit-codes.js';
import { showProgress } from './progress.js';

export interface Inputs {
  readonly captures: readonly string[];
  /** The user's event dictionaries. */
  readonly events?: readonly string[] | undefined;
  readonly keep?: AnalyzeOptions['keep'];
}

/** Throws CaptureError, DictionaryError. */
export async function analyzeInputs({ captures, events, keep }: Inputs): Promise<Analysis> {
  if (captures.length === 0)
    throw new UsageError('no capture given', 'Give a path, or "-" for stdin; see dmaspan --help.');
  if (captures.filter((file) => file === '-').length > 1) throw new UsageError('"-" (stdin) is given twice');
  const dictionary = await loadDictionary(events ?? []);
  const progress = showProgress(captures);
  try {
    return await analyze(captures, {
      dictionary,
      onProgress: progress.onProgress,
      ...(keep === undefined ? {} : { keep }),
    });
  } finally {
    progress.stop();
  }
}
