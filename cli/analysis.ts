/** Analyzes the command line's captures, with its dictionaries, symbols and kernel log. Heavy: `inputs.ts` loads it when there is a capture to read. */
import { readFileSync } from 'node:fs';
import type { Analysis } from '../analyzer/analysis.js';
import { analysisEvidence, type Evidence } from '../analyzer/evidence.js';
import { withKernelLog } from '../analyzer/kernel-log/attach.js';
import { analyze } from '../analyzer/pipeline.js';
import { loadDictionary } from '../traces/dictionary.js';
import { readKernelLog } from '../traces/dmesg/kernel-log.js';
import { kallsymsLookup, type SymbolLookup } from '../traces/kallsyms.js';
import { readConfig } from './config.js';
import { UsageError } from './exit-codes.js';
import type { Inputs } from './inputs.js';
import { showProgress } from './progress.js';

/** Throws CaptureError, DictionaryError. */
export const analyzeInputs = async (inputs: Inputs): Promise<Evidence> =>
  analysisEvidence(await analyzeWith(await withProject(inputs)));

/** Where options are silent the project's settings speak: of captures, not of a store, which was made with them. */
async function withProject(inputs: Inputs): Promise<Inputs> {
  const { events, kallsyms } = inputs.project ?? (await readConfig(inputs.config));
  return {
    ...inputs,
    events: inputs.events ?? (events === undefined ? undefined : [...events]),
    kallsyms: inputs.kallsyms ?? kallsyms,
  };
}

async function analyzeWith(inputs: Inputs): Promise<Analysis> {
  const { captures, events, kallsyms, merge, keep, excerpt, dmesg, onOpen } = inputs;
  if (captures.length === 0)
    throw new UsageError('no capture given', 'Give a path, or "-" for stdin; see dmaspan --help.');
  if (captures.filter((file) => file === '-').length > 1) throw new UsageError('"-" (stdin) is given twice');
  checkKernelLog(inputs);
  const kernelLog = dmesg === undefined ? undefined : await readKernelLog(dmesg);
  const dictionary = await loadDictionary(events ?? []);
  const symbol = kallsyms === undefined ? undefined : readKallsyms(kallsyms);
  const progress = showProgress(captures);
  try {
    const analysis = await analyze(captures, {
      dictionary,
      onProgress: progress.onProgress,
      merge: merge === true,
      ...(symbol === undefined ? {} : { symbol }),
      ...(onOpen === undefined ? {} : { onOpen }),
      // What a fault hit may have been unmapped long before: whole lifetimes.
      ...(keep === undefined
        ? {}
        : { keep: { ...keep, lifetimes: keep.lifetimes || kernelLog !== undefined } }),
      excerpt: excerpt === true,
    });
    return kernelLog === undefined ? analysis : withKernelLog(analysis, kernelLog);
  } finally {
    progress.stop();
  }
}

/** A kernel log is of one boot, and placed on one clock. */
function checkKernelLog({ captures, dmesg, merge }: Inputs): void {
  if (dmesg === undefined) return;
  if (dmesg === '-' && captures.includes('-')) throw new UsageError('"-" (stdin) is given twice');
  if (captures.length > 1 && merge !== true)
    throw new UsageError(
      '--dmesg stands beside one run',
      'Give one capture, or the parts of one run with --merge.',
    );
}

const SYMBOL_LINE = /^[0-9a-f]{8,16} [a-zA-Z] \S/m;
const VISIBLE_LINE = /^(?!0+ )[0-9a-f]{8,16} [a-zA-Z] \S/m;
const KALLSYMS_ADVICE =
  'Copy it as root on the machine that recorded, in the same boot: cat /proc/kallsyms > kallsyms.txt';

/** Throws UsageError for a file that holds no symbols, or only hidden addresses. */
function readKallsyms(file: string): SymbolLookup {
  let text: Uint8Array;
  try {
    text = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${file}: expected kernel symbols, found ${code === 'ENOENT' ? 'no such file' : code}`,
      KALLSYMS_ADVICE,
    );
  }
  const lines = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
  if (!SYMBOL_LINE.test(lines)) {
    throw new UsageError(
      `${file}: expected lines as "ffffffff81000000 T _text", found none`,
      KALLSYMS_ADVICE,
    );
  }
  if (!VISIBLE_LINE.test(lines)) {
    throw new UsageError(
      `${file}: every address is zero: it was read without the right to see them`,
      KALLSYMS_ADVICE,
    );
  }
  return kallsymsLookup(() => text);
}
