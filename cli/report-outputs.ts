/**
 * Where a report goes: `--format` to stdout, each `--output FORMAT=FILE` to its file.
 *
 * In: those options. Out: a list of outputs, checked before the long work begins, then written.
 */
import { statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Queryable } from '../analyzer/findings.js';
import { REPORT_FORMAT_NAMES, type ReportFormatName, reportFormat } from '../analyzer/report/formats.js';
import type { Report } from '../analyzer/report/report.js';
import type { WholeTable } from '../analyzer/rules.js';
import type { FailOn } from '../analyzer/triage/triage.js';
import { UsageError } from './exit-codes.js';
import { print, wantsColour } from './output.js';
import { appendStepSummary } from './step-summary.js';

export interface Output {
  readonly format: ReportFormatName;
  /** Absent: stdout. */
  readonly file?: string;
}

/** Throws UsageError for an output that names no format, or a folder that is not there. */
export function outputsOf(format: ReportFormatName, outputs: readonly string[] | undefined): Output[] {
  const files = (outputs ?? []).map(parseOutput);
  const twice = files.find(({ file }, at) => files.findIndex((other) => other.file === file) !== at);
  if (twice !== undefined)
    throw new UsageError(`--output names ${twice.file} twice`, 'Give each output a file of its own.');
  return [{ format }, ...files];
}

const OUTPUT_ADVICE = `Give FORMAT=FILE, as in sarif=findings.sarif; formats: ${REPORT_FORMAT_NAMES.join(', ')}.`;

function parseOutput(text: string): Output & { file: string } {
  const cut = text.indexOf('=');
  const name = cut < 0 ? text : text.slice(0, cut);
  const file = cut < 0 ? '' : text.slice(cut + 1);
  const format = REPORT_FORMAT_NAMES.find((known) => known === name);
  if (format === undefined)
    throw new UsageError(`--output ${text}: no format is called "${name}"`, OUTPUT_ADVICE);
  if (file === '' || file === '-')
    throw new UsageError(
      `--output ${text}: expected a file, found ${file === '' ? 'none' : '"-"'}`,
      `${OUTPUT_ADVICE} What goes to stdout is chosen by --format.`,
    );
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--output ${text}: ${folder} is no folder`, 'Create it first.');
  return { format, file };
}

/** Whether one of the outputs reads the table as a whole. */
export const outputsRead = (outputs: readonly Output[], table: WholeTable): boolean =>
  outputs.some(({ format }) => reportFormat(format).reads?.includes(table) === true);

/** Files first: who reads stdout to its end finds them there. Throws UsageError for a file that cannot be written. */
export async function writeOutputs(
  outputs: readonly Output[],
  report: Report,
  context: { readonly database: Queryable; readonly failOn: FailOn },
): Promise<void> {
  const folder = process.cwd();
  for (const { format, file } of [...outputs].reverse()) {
    const write = await reportFormat(format).load();
    const text = await write(report, { ...context, folder, colour: file === undefined && wantsColour() });
    if (file === undefined) await print(text);
    else writeOrRefuse(file, text);
  }
  if (outputs.some(({ format }) => format === 'github')) await appendStepSummary(report);
}

export function writeOrRefuse(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${file}: cannot be written: ${code}`, 'Check the path and who may write there.');
  }
}
