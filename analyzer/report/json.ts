/**
 * The report as one JSON object (docs/report-json.md, docs/report.schema.json).
 *
 * In: a report. Out: text. 64-bit integers are decimal strings; keys and lists have a fixed order.
 */
import type { Finding, Row } from '../findings.js';
import type { Report } from './report.js';

export function jsonReport(report: Report): string {
  const document = {
    version: 1,
    captures: report.captures,
    rules: report.results.map(({ rule, verdict, reason, advice }) => ({
      id: rule.id,
      title: rule.title,
      severity: rule.severity,
      verdict,
      reason,
      advice: advice === '' ? null : advice,
    })),
    findings: report.findings.map((finding) => findingObject(report, finding)),
    counters: report.counters,
  };
  return `${JSON.stringify(document, decimal, 2)}\n`;
}

function decimal(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function findingObject(report: Report, finding: Finding): Row {
  const frames = (id: number | null): readonly string[] | null =>
    id === null ? null : (report.stacks.get(id) ?? null);
  const { facts, close_label: _label, open_stack, close_stack, ...rest } = finding;
  return {
    ...rest,
    open_stack: frames(open_stack),
    close_stack: frames(close_stack),
    example: finding.lifetime === null ? null : (report.examples.get(finding.lifetime) ?? null),
    facts,
  };
}
