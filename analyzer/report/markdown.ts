/**
 * The report as GitHub-flavoured Markdown: for a step summary, a merge request, an issue.
 *
 * In: a report, and how many bytes it may have. Out: text: a table of what was found, then each finding in full as long as there is room.
 * Names from captures stand in code spans and blocks, where they mean nothing to Markdown.
 */
import picocolors from 'picocolors';
import { printable } from '../../traces/printable.js';
import type { RuleResult } from '../findings.js';
import { isNews, type TriagedFinding } from '../triage/triage.js';
import { dmaDebugLines } from './dma-debug-text.js';
import { bytesText, plural } from './layout.js';
import type { Report } from './report.js';
import { findingText, headline } from './text.js';
import { triageParts } from './triage-text.js';

const PLAIN = picocolors.createColors(false);
const SIGN = { error: '🔴 error', warning: '🟠 warning', info: '🔵 info' } as const;

export function markdownReport(report: Report, maxBytes = Number.POSITIVE_INFINITY): string {
  const { findings, results } = report;
  const blocks = [
    `## dmaspan: ${headline(report)}`,
    ...captureList(report),
    ...findingTable(findings),
    ...triageParts(report, PLAIN)
      .filter((part) => part !== '')
      .map(block),
    ...checker(report),
    ...untold(results),
    ...findings.filter(isShown).map((finding) => details(report, finding)),
  ];
  return joined(blocks, maxBytes);
}

const isShown = ({ suppressed, baseline }: TriagedFinding): boolean =>
  suppressed === null && baseline !== 'known';

/** As many blocks as there is room for, with a note of how many are not there. */
function joined(blocks: readonly string[], maxBytes: number): string {
  const sizes = blocks.map((text) => Buffer.byteLength(text) + 2);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  if (whole <= maxBytes) return `${blocks.join('\n\n')}\n`;
  const room = maxBytes - 200;
  let used = 0;
  const kept = blocks.filter((_, at) => {
    used += sizes[at]!;
    return used <= room;
  });
  const note = `*${plural(blocks.length - kept.length, 'part')} of this report left out: it may have ${maxBytes} bytes, and has ${whole}.*`;
  return `${[...kept, note].join('\n\n')}\n`;
}

/** A code span: a backtick would end it, a bar would end a table's cell. */
export const code = (text: unknown): string =>
  `\`${printable(String(text)).replaceAll('`', "'").replaceAll('|', '¦').trim() || ' '}\``;

/** Text with names in it, which may mean anything to Markdown or HTML. */
export const prose = (text: string): string =>
  printable(text).replace(/[\\`*_[\]<>|~#&]/g, (char) => `&#${char.charCodeAt(0)};`);

/** A block of code, in a fence longer than any within it. */
function block(text: string): string {
  const clean = text.split('\n').map(printable).join('\n');
  const longest = Math.max(2, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${clean}\n${fence}`;
}

function captureList({ captures }: Report): string[] {
  return [
    captures
      .map(({ file, events, lifetimes }) => `- ${code(file)}: ${events} events, ${lifetimes} mappings`)
      .join('\n'),
  ];
}

function findingTable(findings: readonly TriagedFinding[]): string[] {
  if (findings.length === 0) return [];
  const state = (finding: TriagedFinding): string =>
    finding.suppressed !== null ? 'suppressed' : (finding.baseline ?? (isNews(finding) ? '' : 'possible'));
  const rows = findings.map((finding) => {
    const { severity, rule, device, site, count, bytes, confidence } = finding;
    const cells = [
      SIGN[severity],
      code(rule),
      code(device ?? '?'),
      code(site ?? '?'),
      count,
      bytesText(bytes),
      confidence,
      state(finding),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    [
      '| severity | rule | device | call site | instances | size | confidence | state |',
      '|---|---|---|---|--:|--:|---|---|',
      ...rows,
    ].join('\n'),
  ];
}

/** What the kernel's own checker says besides. */
function checker(report: Report): string[] {
  const lines = dmaDebugLines(report);
  if (lines.length === 0) return [];
  return [
    [`dma-debug, in ${code(report.dmaDebug!.file)}:`, '', ...lines.map((line) => `- ${prose(line)}`)].join(
      '\n',
    ),
  ];
}

function untold(results: readonly RuleResult[]): string[] {
  const list = results.filter(({ verdict }) => verdict === 'cannot tell');
  if (list.length === 0) return [];
  const lines = list.map(
    ({ rule, reason, advice }) =>
      `- ${code(rule.id)}: ${prose(reason)}${advice === '' ? '' : `. To tell: ${prose(advice)}`}`,
  );
  return [
    `<details><summary>${plural(list.length, 'rule')} could not tell</summary>\n\n${lines.join('\n')}\n\n</details>`,
  ];
}

function details(report: Report, finding: TriagedFinding): string {
  const title = `${finding.severity}: ${finding.rule}: ${finding.message}`;
  return `<details><summary>${prose(title)}</summary>\n\n${block(findingText(report, finding, PLAIN))}\n\n</details>`;
}
