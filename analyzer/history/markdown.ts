/** A page's history as Markdown, to paste into a bug report. In: the history. Out: a table a space. */
import { printable } from '../../traces/printable.js';
import { timeText } from '../report/layout.js';
import type { HistorySection, PageHistory } from './history.js';
import { historyText } from './text.js';
import { factsText, pageName, relationText, sectionName, whatText, whoText } from './words.js';

const cell = (text: string): string => printable(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');

export function historyMarkdown(history: PageHistory): string {
  if (history.sections.length === 0) return historyText(history, false);
  return `${history.sections.map((section) => sectionMarkdown(history, section)).join('\n\n')}\n`;
}

function sectionMarkdown(history: PageHistory, section: HistorySection): string {
  const unit = String(history.captures[section.capture]?.clock_unit ?? 'ns');
  const names = section.names.map((row) => `- also ${cell(pageName(row.space, row, row.addr))}`);
  const rows = section.rows.map((row) =>
    [
      row.ts == null ? '' : timeText(row.ts as bigint, unit),
      `**${whatText(row)}**`,
      factsText(row, unit),
      relationText(row),
      whoText(row),
    ]
      .map(cell)
      .join(' | '),
  );
  const findings = section.findings.map(
    ({ finding }) =>
      `- ${finding.severity} \`${finding.rule}\`: ${cell(finding.message)} (${finding.confidence})`,
  );
  return [
    `### ${cell(sectionName(section, history.question))}`,
    ...(names.length === 0 ? [] : ['', ...names]),
    '',
    '| time | what | of what | how it is this page | who |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
    ...(findings.length === 0 ? [] : ['', 'Findings:', '', ...findings]),
  ].join('\n');
}
