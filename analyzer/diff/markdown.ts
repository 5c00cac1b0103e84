/**
 * The differences in GitHub-flavoured Markdown, for a merge request.
 *
 * In: a diff, how many mappers to show. Out: text. Names from captures stand in code spans, where they mean nothing to Markdown.
 */
import { bytesText } from '../report/layout.js';
import { code, prose } from '../report/markdown.js';
import { whereText } from '../report/triage-text.js';
import type { Diff } from './diff.js';
import type { FindingChange } from './findings.js';
import type { MapperChange } from './sites.js';
import {
  countsText,
  findingTally,
  mapperTally,
  mapperText,
  runText,
  sizesText,
  stayText,
  UNSCALED,
  verdictText,
} from './words.js';

export function markdownDiff(diff: Diff, top: number): string {
  const blocks = [
    `## dmaspan diff: ${verdictText(diff)}`,
    [runText('A', diff.a), runText('B', diff.b)].map((text) => `- ${prose(text)}`).join('\n'),
    [UNSCALED, ...diff.notes].map(prose).join(' '),
    `### Findings: ${findingTally(diff)}`,
    ...findingTable(diff),
    `### Mappers: ${mapperTally(diff)}`,
    ...mapperTable(diff, top),
  ];
  return `${blocks.join('\n\n')}\n`;
}

const row = (cells: readonly unknown[]): string => `| ${cells.join(' | ')} |`;

function findingTable({ findings }: Diff): string[] {
  const changed = findings.filter(({ state }) => state !== 'same');
  if (changed.length === 0) return [];
  return [
    [
      row(['', 'rule', 'severity', 'where', 'A', 'B', 'size in A', 'size in B', 'note']),
      '|---|---|---|---|--:|--:|--:|--:|---|',
      ...changed.map(findingRow),
    ].join('\n'),
  ];
}

function findingRow({ state, a, b, where, worse, note }: FindingChange): string {
  const { rule, severity, suppressed } = (b ?? a)!.worst;
  return row([
    worse ? `🔴 ${state}` : state,
    code(rule),
    severity,
    code(whereText({ ...where })),
    a?.count ?? 0,
    b?.count ?? 0,
    bytesText(a?.bytes ?? 0n),
    bytesText(b?.bytes ?? 0n),
    prose([suppressed === null ? '' : 'suppressed', note ?? ''].filter((text) => text !== '').join('; ')),
  ]);
}

function mapperTable(diff: Diff, top: number): string[] {
  const changed = diff.mappers.filter(({ state }) => state !== 'same');
  if (changed.length === 0 || top === 0) return [];
  const rest = changed.length - top;
  return [
    [
      row(['', 'who', 'mapped', 'bytes', 'at most', 'bytes', 'at end', 'bytes', 'median stay', '99 %']),
      '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|',
      ...changed.slice(0, top).map((change) => mapperRow(diff, change)),
    ].join('\n'),
    ...(rest > 0 ? [`and ${rest} more, which differ less.`] : []),
  ];
}

function mapperRow(diff: Diff, change: MapperChange): string {
  return row([
    change.state,
    code(mapperText(change.mapper)),
    countsText(change, 'mappings'),
    sizesText(change, 'bytes'),
    countsText(change, 'peak_mappings'),
    sizesText(change, 'peak_bytes'),
    countsText(change, 'end_mappings'),
    sizesText(change, 'end_bytes'),
    stayText(diff, change, 'p50'),
    stayText(diff, change, 'p99'),
  ]);
}
