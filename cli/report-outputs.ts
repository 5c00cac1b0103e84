/** Writes a report to its outputs: stdout, and files. In: the outputs, a report. Out: nothing but what is written. */
import type { Queryable } from '../analyzer/findings.js';
import { type ReportFormatName, reportFormat } from '../analyzer/report/formats.js';
import type { Report } from '../analyzer/report/report.js';
import type { WholeTable } from '../analyzer/rules.js';
import type { FailOn } from '../analyzer/triage/triage.js';
import { print, wantsColour } from './output.js';
import { type Output, writeOrRefuse } from './outputs.js';
import { appendStepSummary } from './step-summary.js';

export type ReportOutput = Output<ReportFormatName>;

/** Whether one of the outputs reads the table as a whole. */
export const outputsRead = (outputs: readonly ReportOutput[], table: WholeTable): boolean =>
  outputs.some(({ format }) => reportFormat(format).reads?.includes(table) === true);

/** Files first: who reads stdout to its end finds them there. Throws UsageError for a file that cannot be written. */
export async function writeOutputs(
  outputs: readonly ReportOutput[],
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
