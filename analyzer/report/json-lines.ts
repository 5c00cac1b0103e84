/**
 * The report as JSON Lines, for tools that read line by line: the objects of the JSON report, each with its `type`.
 *
 * In: a report. Out: text, an object a line, in the order of the JSON report.
 */
import { asJson, reportDocument } from './json.js';
import type { Report } from './report.js';

export function jsonLinesReport(report: Report): string {
  const { version, captures, rules, findings, counters, baseline, suppressions, budgets } =
    reportDocument(report);
  const lines: object[] = [
    { type: 'report', version },
    ...captures.map((one) => ({ type: 'capture', ...one })),
    ...rules.map((one) => ({ type: 'rule', ...one })),
    ...findings.map((one) => ({ type: 'finding', ...one })),
    ...counters.map((one) => ({ type: 'counter', ...one })),
    ...(baseline === null ? [] : [{ type: 'baseline', ...baseline }]),
    ...(suppressions?.uses ?? []).map((use) => ({ type: 'suppression', file: suppressions?.file, ...use })),
    ...budgets.map((one) => ({ type: 'budget', ...one })),
  ];
  return lines.map((line) => `${asJson(line)}\n`).join('');
}
