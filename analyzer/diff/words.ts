/** A difference in words, for text and Markdown alike: "12 → 14 (+2)". */
import { countText, durationText } from '../report/html/words.js';
import { bytesText, plural } from '../report/layout.js';
import { whereText } from '../report/triage-text.js';
import type { Diff } from './diff.js';
import type { FindingChange, FindingState } from './findings.js';
import type { Mapped, Mapper, Run, STAYS } from './run.js';
import type { MapperChange, State } from './sites.js';

type Count = 'mappings' | 'peak_mappings' | 'end_mappings';
type Bytes = 'bytes' | 'peak_bytes' | 'end_bytes';
export type Stay = (typeof STAYS)[number];

/** "12" where both are the same, or where only one run has it. */
function arrow<T>(a: T | undefined, b: T | undefined, text: (value: T) => string): string {
  if (a === undefined || b === undefined || a === b) return text((b ?? a)!);
  return `${text(a)} → ${text(b)}`;
}

export function countsText({ a, b }: MapperChange, name: Count): string {
  const text = arrow(a?.[name], b?.[name], countText);
  if (a === null || b === null || a[name] === b[name]) return text;
  const step = b[name] - a[name];
  return `${text} (${step > 0n ? '+' : ''}${countText(step)})`;
}

/** Sizes that are the same but for a few bytes have these said. */
export function sizesText({ a, b }: MapperChange, name: Bytes): string {
  const [before, after] = [a?.[name], b?.[name]];
  if (before === undefined || after === undefined || bytesText(before) !== bytesText(after))
    return arrow(before, after, bytesText);
  const step = after - before;
  const change = step === 0n ? '' : ` (${step > 0n ? '+' : '-'}${bytesText(step > 0n ? step : -step)})`;
  return `${bytesText(after)}${change}`;
}

export const unitOf = ({ report }: Run): string => String(report.captures[0]?.clock_unit ?? 'ns');

/** How long mappings stayed; "–" where none was unmapped. */
export function stayText({ a, b }: Diff, change: MapperChange, name: Stay): string {
  const told = (run: Run, side: Mapped | null): string | undefined => {
    if (side === null) return undefined;
    const stay = side[name];
    return stay === null ? '–' : durationText(Number(stay), unitOf(run));
  };
  return arrow(told(a, change.a), told(b, change.b), (text) => text);
}

export const hasStays = ({ a, b }: MapperChange): boolean =>
  [a, b].some((side) => side !== null && side.p50 !== null);

/** "dma 0000:00:05.0 single: cmd_write via dma_map_page_attrs". */
export function mapperText({ layer, device, kind, site, via }: Mapper): string {
  const what = [layer, device, kind].filter((part) => part !== null).join(' ');
  if (site === null && via === null) return what;
  return `${what}: ${site ?? 'an unknown site'}${via === null ? '' : ` via ${via}`}`;
}

/** "double-unmap: 2 → 3 in 0000:00:05.0, single, cmd_write". */
export function findingChangeText({ a, b, where, note, state }: FindingChange): string {
  const { worst } = (b ?? a)!;
  const bytes = b !== null && a !== null && a.count === b.count && state !== 'same';
  const size = bytes ? `, ${bytesText(a.bytes)} → ${bytesText(b.bytes)}` : '';
  const count = `${a === null || b === null ? plural((b ?? a)!.count, 'instance') : arrow(a.count, b.count, String)}${size}`;
  const doubt = worst.confidence === 'possible' ? 'only possible' : '';
  const facts = [worst.severity, doubt, worst.suppressed === null ? '' : 'suppressed', note ?? ''];
  return `${worst.rule}: ${count}: ${whereText({ ...where })} (${facts.filter((fact) => fact !== '').join('; ')})`;
}

/** "A: trace.dat: 1,234 events in 2.5 s, Linux 6.12". */
export function runText(name: string, run: Run): string {
  const { captures } = run.report;
  const sum = (column: string): bigint =>
    captures.reduce((all, row) => all + BigInt(row[column] as bigint), 0n);
  const time = run.duration === null ? '' : ` in ${durationText(Number(run.duration), 'ns')}`;
  const kernels = [...new Set(captures.map(({ kernel }) => kernel))].filter((one) => one !== null);
  const kernel = kernels.length === 0 ? '' : `, Linux ${kernels.join(', ')}`;
  const files = captures.map(({ file }) => String(file)).join(', ');
  return `${name}: ${files}: ${countText(sum('events'))} events${time}${kernel}`;
}

export const UNSCALED = 'Counts are as they were seen; nothing is scaled to the length of a run.';

const FINDING_STATES: Readonly<Record<FindingState, string>> = {
  new: 'new',
  grown: 'grown',
  gone: 'gone',
  shrunk: 'shrunk',
  same: 'as before',
  unseen: 'B cannot tell of',
};

const MAPPER_STATES: Readonly<Record<State, string>> = {
  new: 'new',
  gone: 'gone',
  grown: 'grown',
  shrunk: 'shrunk',
  mixed: 'grown in one way and shrunk in another',
  same: 'as before',
  unseen: 'seen by one run only',
};

/** "2 new, 1 gone, 12 as before". */
function tally<T extends string>(
  changes: readonly { readonly state: T }[],
  words: Readonly<Record<T, string>>,
): string {
  const parts = (Object.keys(words) as T[]).flatMap((state) => {
    const count = changes.filter((change) => change.state === state).length;
    return count === 0 ? [] : [`${count} ${words[state]}`];
  });
  return parts.length === 0 ? 'none' : parts.join(', ');
}

export const findingTally = ({ findings }: Diff): string => tally(findings, FINDING_STATES);
export const mapperTally = ({ mappers }: Diff): string => tally(mappers, MAPPER_STATES);

/** Whether B is worse, in a few words. */
export function verdictText({ worse, findings, failOn }: Diff): string {
  if (!worse) return failOn === 'never' ? 'not judged (--fail-on never)' : 'B is not worse';
  const count = findings.filter((change) => change.worse).length;
  return `B is worse: ${plural(count, 'finding')} at or above ${failOn} ${count === 1 ? 'is' : 'are'} new or grown`;
}
