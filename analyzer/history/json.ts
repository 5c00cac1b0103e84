/** A page's history for programs. In: the history. Out: one JSON object; 64-bit integers are decimal strings, addresses hex (docs/history.md). */
import type { Row } from '../findings.js';
import type { HistorySection, PageHistory } from './history.js';

/** Columns that are addresses, or kernel pointers. */
const ADDRESSES: ReadonlySet<string> = new Set([
  'addr',
  'phys',
  'mm',
  'page',
  'page_mm',
  'object',
  'page_addr',
]);

const hexOf = (value: bigint | number): string => `0x${BigInt(value).toString(16)}`;

function jsonValue(name: string, value: unknown): unknown {
  if (typeof value !== 'bigint' && typeof value !== 'number') return value;
  if (ADDRESSES.has(name)) return hexOf(value);
  return typeof value === 'bigint' ? String(value) : value;
}

const plain = (row: Row, without: readonly string[] = []): Row =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([name, value]) => value !== null && !without.includes(name))
      .map(([name, value]) => [name, jsonValue(name, value)]),
  );

const INTERNAL = ['section', 'stack'];

export function historyJson({ question, captures, sections, nearest }: PageHistory): string {
  const made = {
    schema: 'dmaspan-history-1',
    address: hexOf(question.addr),
    captures: captures.map(({ capture, file, clock, clock_unit }) => ({ capture, file, clock, clock_unit })),
    sections: sections.map(sectionOf),
    nearest: nearest.map((row) => plain(row)),
  };
  return `${JSON.stringify(made, null, 2)}\n`;
}

function sectionOf({ capture, space, device, mm, task, page, names, rows, findings }: HistorySection): Row {
  return {
    capture,
    space,
    ...plain({ device, mm, task }),
    page: hexOf(page),
    names: names.map((row) => plain(row, INTERNAL)),
    events: rows.map((row) => plain(row, INTERNAL)),
    findings: findings.map(({ finding, lifetime }) => ({
      rule: finding.rule,
      severity: finding.severity,
      confidence: finding.confidence,
      message: finding.message,
      count: String(finding.count),
      ...(lifetime === null ? {} : { lifetime: String(lifetime) }),
    })),
  };
}
