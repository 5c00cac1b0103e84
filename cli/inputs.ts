/** From the command line's captures and dictionaries to what commands ask. */
import type { Evidence } from '../analyzer/evidence.js';
import type { AnalyzeOptions } from '../analyzer/pipeline.js';
import { storeKind } from '../analyzer/store/kind.js';
import type { Config } from './config.js';
import { UsageError } from './exit-codes.js';
import type { InputArguments } from './input-options.js';

export interface Inputs extends InputArguments {
  readonly keep?: AnalyzeOptions['keep'];
  readonly excerpt?: boolean;
  /** The project's settings, by who has read them. */
  readonly project?: Config;
  readonly onOpen?: AnalyzeOptions['onOpen'];
}

/** What was ingested before, or captures, analyzed now. Throws CaptureError, DictionaryError, StoreError. */
export async function openInputs(inputs: Inputs): Promise<Evidence> {
  const store = inputs.captures.find((path) => storeKind(path) !== undefined);
  // All that reads captures is heavy, and a store does without.
  if (store === undefined) return (await import('./analysis.js')).analyzeInputs(inputs);
  checkAlone(store, inputs);
  return (await import('../analyzer/store/open.js')).storeEvidence(store);
}

/** A store is read as it is: options that say how to read captures came too late for it. */
function checkAlone(store: string, { captures, events, kallsyms, merge, dmesg }: Inputs): void {
  if (captures.length > 1)
    throw new UsageError(
      `${store} is a store, and ${captures.length - 1 === 1 ? 'another input is' : 'other inputs are'} given beside it`,
      'Give a store alone; to have several captures in one, ingest them together.',
    );
  const late = Object.entries({ events, kallsyms, merge, dmesg }).find(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  if (late !== undefined)
    throw new UsageError(
      `--${late[0]} says how to read captures, and ${store} is a store: its captures have been read`,
      `Give --${late[0]} to dmaspan ingest.`,
    );
}
