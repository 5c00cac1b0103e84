/**
 * The report for people, in the manner of KASAN and LeakSanitizer: what, which device, how many, who mapped, who should have unmapped, what to do.
 *
 * In: a report, and whether to colour. Out: text of at most WIDTH columns, but for names that are longer.
 */
import picocolors from 'picocolors';
import { printableLines } from '../../traces/printable.js';
import type { Finding, Row, RuleResult } from '../findings.js';
import { isTracingFrame } from '../sites.js';
import { agreement, dmaDebugLines } from './dma-debug-text.js';
import { bytesText, hex, plural, timeText, WIDTH, wrap } from './layout.js';
import type { Report } from './report.js';
import { isKept, triageParts } from './triage-text.js';

const FRAMES = 12;
const INDENT = '  ';

type Colors = ReturnType<typeof picocolors.createColors>;

export function textReport(report: Report, colour: boolean): string {
  const colors = picocolors.createColors(colour);
  const parts = [
    ...report.findings.filter(isKept).map((finding) => findingText(report, finding, colors)),
    summary(report, colors),
    ...triageParts(report, colors),
    checker(report, colors),
    untold(report.results, colors),
    counted(report, colors),
  ];
  return printableLines(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

const HEADING = { error: 'ERROR', warning: 'WARNING', info: 'INFO' } as const;
const PAINT = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** One finding in full, in lines that may hold names with any character. */
export function findingText(report: Report, finding: Finding, colors: Colors): string {
  const rule = report.results.find((result) => result.rule.id === finding.rule)!.rule;
  const capture =
    report.captures.length > 1 ? field('In', String(report.captures[finding.capture]?.file)) : [];
  const head = `${HEADING[finding.severity]}: ${finding.rule}:`;
  const [title = '', ...rest] = wrap(`${head} ${finding.message}`, '', '    ');
  const lines = [
    colors.dim('='.repeat(WIDTH)),
    colors.bold(colors[PAINT[finding.severity]](head)) + title.slice(head.length),
    ...rest,
    ...capture,
    ...field('Size', `${bytesText(finding.bytes)} in ${plural(finding.count, 'instance')}`),
    ...field('Confidence', `${finding.confidence}: ${finding.reason}`),
    ...dmaDebug(report, finding),
    ...field(finding.first_ts === finding.last_ts ? 'When' : 'Since', span(report, finding)),
    ...example(report, finding),
    ...whoMapped(report, finding, colors),
    ...whoElse(report, finding, colors),
    ...field('Next', rule.next),
  ];
  return lines.join('\n');
}

/** `  Name        text`, wrapped under itself. */
function field(name: string, text: string): string[] {
  return wrap(text, INDENT + name.padEnd(12), INDENT + ' '.repeat(12));
}

function dmaDebug(report: Report, finding: Finding): string[] {
  const told = agreement(report, finding);
  return told === undefined ? [] : field('dma-debug', told);
}

/** What the kernel's own checker says besides. */
function checker(report: Report, colors: Colors): string {
  const lines = dmaDebugLines(report);
  if (lines.length === 0) return '';
  return [
    colors.bold(`dma-debug, in ${report.dmaDebug!.file}:`),
    ...lines.flatMap((line) => wrap(line, INDENT, INDENT.repeat(2))),
  ].join('\n');
}

const unitOf = (report: Report, capture: number): string =>
  String(report.captures[capture]?.clock_unit ?? 'ns');

function span(report: Report, { capture, first_ts, last_ts }: Finding): string {
  const unit = unitOf(report, capture);
  return first_ts === last_ts
    ? timeText(first_ts, unit)
    : `${timeText(first_ts, unit)} (the first) to ${timeText(last_ts, unit)} (the last)`;
}

function example(report: Report, finding: Finding): string[] {
  const row = finding.lifetime === null ? undefined : report.examples.get(finding.lifetime);
  if (row === undefined) return [];
  const unit = unitOf(report, finding.capture);
  const facts = [
    `lifetime ${row.id}: ${hex(row.addr)}`,
    row.len == null ? '' : `${row.len} bytes`,
    String(row.dir ?? ''),
    row.phys == null ? '' : `physical ${hex(row.phys)}`,
  ];
  const opened = `mapped at ${timeText(row.opened_ts as bigint, unit)}${by(row.open_comm, row.open_tid)}`;
  const closed =
    row.closed_ts == null
      ? 'never unmapped'
      : `unmapped at ${timeText(row.closed_ts as bigint, unit)}${by(null, row.close_tid)}`;
  return field('Example', `${facts.filter((fact) => fact !== '').join(', ')}; ${opened}; ${closed}`);
}

function by(comm: unknown, tid: unknown): string {
  if (comm == null && tid == null) return '';
  return comm == null ? ` by thread ${tid}` : ` by ${comm}${tid == null ? '' : `-${tid}`}`;
}

function whoMapped(report: Report, finding: Finding, colors: Colors): string[] {
  if (finding.open_stack === null) {
    const known = finding.lifetime !== null || finding.site !== null;
    return known && finding.close_stack === null
      ? [`${INDENT}Mapped by: the capture has no call stack of it`]
      : [];
  }
  return who(report, 'Mapped by', finding.site, finding.via, finding.open_stack, colors);
}

function whoElse(report: Report, finding: Finding, colors: Colors): string[] {
  if (finding.close_stack === null) return [];
  return who(report, finding.close_label, finding.close_site, finding.close_via, finding.close_stack, colors);
}

function who(
  report: Report,
  label: string,
  site: string | null,
  via: string | null,
  stack: number,
  colors: Colors,
): string[] {
  const all = report.stacks.get(stack) ?? [];
  const frames = all.slice(
    Math.max(
      0,
      all.findIndex((frame) => !isTracingFrame(frame)),
    ),
  );
  const name = `${site ?? 'an unknown site'}${via === null ? '' : ` via ${via}`}`;
  const shown = frames.slice(0, FRAMES).map((frame, at) => {
    const line = `${INDENT}${INDENT}#${at} ${frame}`;
    return site !== null && frame.startsWith(site.split(' ')[0]!) ? colors.bold(line) : line;
  });
  const more = frames.length > FRAMES ? [`${INDENT}${INDENT}   (${frames.length - FRAMES} more)`] : [];
  return [`${INDENT}${label} ${name}:`, ...shown, ...more];
}

/** "2 findings (1 error, 1 warning, 0 info), of which 1 is known": in a few words. */
export function headline({ findings }: Report): string {
  if (findings.length === 0) return 'no findings';
  const count = (severity: string): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const suppressed = findings.filter((finding) => finding.suppressed !== null).length;
  const known = findings.filter((one) => one.suppressed === null && one.baseline === 'known').length;
  const parts = [
    `${plural(findings.length, 'finding')} (${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${count('info')} info)`,
    ...(known === 0 ? [] : [`${known} known`]),
    ...(suppressed === 0 ? [] : [`${suppressed} suppressed`]),
  ];
  return parts.join(', ');
}

function summary(report: Report, colors: Colors): string {
  const { captures, findings, results } = report;
  const verdicts = (verdict: string): number => results.filter((result) => result.verdict === verdict).length;
  const events = captures.reduce((sum, capture) => sum + BigInt(capture.events as bigint), 0n);
  const lifetimes = captures.reduce((sum, capture) => sum + BigInt(capture.lifetimes as bigint), 0n);
  const what = findings.length === 0 ? colors.green('no findings') : headline(report);
  const told = `${plural(results.length, 'rule')}: ${verdicts('found')} found, ${verdicts('clear')} clear, ${verdicts('cannot tell')} cannot tell`;
  const size = `${plural(events, 'event')}, ${plural(lifetimes, 'mapping')} in ${captures.map((capture) => String(capture.file)).join(', ')}`;
  return [
    colors.bold(`SUMMARY: dmaspan: ${what}`),
    ...wrap(told, INDENT, INDENT),
    ...wrap(size, INDENT, INDENT),
  ].join('\n');
}

/** What no verdict was possible on, with what to record, the same reason once. */
function untold(results: readonly RuleResult[], colors: Colors): string {
  const byReason = new Map<string, RuleResult[]>();
  for (const result of results.filter(({ verdict }) => verdict === 'cannot tell')) {
    const key = `${result.reason}\n${result.advice}`;
    byReason.set(key, [...(byReason.get(key) ?? []), result]);
  }
  if (byReason.size === 0) return '';
  const lines = [colors.bold('Could not tell:')];
  for (const group of byReason.values()) {
    const { reason, advice } = group[0]!;
    lines.push(...wrap(group.map(({ rule }) => rule.id).join(', '), INDENT, INDENT));
    lines.push(...wrap(`because ${reason}.`, INDENT.repeat(2), INDENT.repeat(2)));
    if (advice !== '') lines.push(...wrap(`To tell: ${advice}`, INDENT.repeat(2), INDENT.repeat(2)));
  }
  return lines.join('\n');
}

function counted({ captures, counters }: Report, colors: Colors): string {
  if (counters.length === 0) return '';
  const lines = [colors.bold('Counted:')];
  for (const { capture, name, count, help, first } of counters) {
    const where =
      captures.length > 1 && capture !== null ? ` in ${String((captures[capture] as Row).file)}` : '';
    lines.push(`${INDENT}${name}: ${count}${where}`);
    lines.push(
      ...wrap(first === null ? help : `${help} First: ${first}`, INDENT.repeat(2), INDENT.repeat(2)),
    );
  }
  return lines.join('\n');
}
