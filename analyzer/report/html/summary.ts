/**
 * The beginning and the end of the page: what was found, in what, which rules could tell, and what was counted.
 *
 * In: a report. Out: HTML.
 */
import type { Row } from '../../findings.js';
import { SEVERITIES } from '../../rules.js';
import { dmaDebugLines } from '../dma-debug-text.js';
import { timeText } from '../layout.js';
import { isComplete, type Report } from '../report.js';
import { type Html, html } from './markup.js';
import type { PictureData } from './picture-data.js';
import { table } from './table.js';
import { counted, countText, durationText } from './words.js';

const filesOf = ({ captures }: Report): string =>
  captures.length === 1 ? fileName(captures[0]!) : counted(captures.length, 'capture');

/** The name without its folders. */
export const fileName = (capture: Row): string => String(capture.file).replace(/^.*[\\/]/, '');

function verdictOf(report: Report): string {
  const { findings } = report;
  if (findings.length === 0)
    return isComplete(report) ? 'No findings' : 'No findings, but events are missing';
  const count = (severity: string): number => findings.filter((one) => one.severity === severity).length;
  return SEVERITIES.filter((severity) => count(severity) > 0)
    .map((severity) => (severity === 'info' ? `${count(severity)} info` : counted(count(severity), severity)))
    .join(', ');
}

export const titleOf = (report: Report): string => `${verdictOf(report)} in ${filesOf(report)} · dmaspan`;

export function masthead(report: Report): Html {
  const sum = (name: string): bigint =>
    report.captures.reduce((total, capture) => total + BigInt((capture[name] ?? 0) as bigint), 0n);
  const found = report.results.filter(({ verdict }) => verdict === 'found').length;
  const untold = report.results.filter(({ verdict }) => verdict === 'cannot tell').length;
  const worst = report.findings[0]?.severity ?? 'none';
  return html`<header class="masthead ${worst}">
<p class="wordmark">dmaspan <span>report</span></p>
<h1>${verdictOf(report)} <span class="in">in ${filesOf(report)}</span></h1>
<p class="facts">${counted(sum('events'), 'event')}, ${counted(sum('lifetimes'), 'mapping')}. ${counted(report.results.length, 'rule')}:
${found} found something, ${report.results.length - found - untold} clear, ${untold} could not tell.
${isComplete(report) ? 'Nothing was lost.' : html`<a href="#counted">Something was lost</a>: absence proves less.`}</p>
</header>
`;
}

export function contents(report: Report, { captures }: PictureData): Html {
  const link = (id: string, text: string): Html => html`<li><a href="#${id}">${text}</a></li>`;
  const pictures = captures.map(({ id, evictions }) => {
    const capture = report.captures[Number(id.replace('capture-', ''))]!;
    return html`<li><a href="#${id}">${fileName(capture)}</a><ul>
${link(`${id}-live`, 'Live bytes')}${link(`${id}-pages`, 'Page map')}${link(`${id}-durations`, 'How long mappings live')}
${evictions.length > 0 && link(`${id}-evictions`, 'Evictions')}${link(`${id}-sites`, 'Who maps')}</ul></li>`;
  });
  return html`<nav aria-label="Contents"><ul>
${link('findings', `Findings (${report.findings.length})`)}${dmaDebugLines(report).length > 0 && link('dma-debug', 'What dma-debug says')}${link('rules', 'What the rules could tell')}
${pictures}${report.counters.length > 0 && link('counted', 'Counted')}</ul></nav>
`;
}

export function rulesSection({ results, findings }: Report): Html {
  const rows = results.map(({ rule, verdict, reason, advice }) => [
    findings.some((one) => one.rule === rule.id)
      ? html`<a href="#finding-${findings.findIndex((one) => one.rule === rule.id)}">${rule.id}</a>`
      : rule.id,
    html`<span class="verdict ${verdict.replace(' ', '-')}">${verdict}</span>`,
    rule.title,
    html`${reason}${advice !== '' && html`<br><span class="dim">To tell: ${advice}</span>`}`,
  ]);
  const columns = [
    { name: 'Rule' },
    { name: 'Verdict' },
    { name: 'What it looks for' },
    { name: 'Why this verdict' },
  ];
  return html`<section id="rules" aria-labelledby="rules-title"><h2 id="rules-title">What the rules could tell</h2>
${table('Every rule and its verdict', columns, rows)}</section>
`;
}

/** What the kernel's own checker says beside the findings. */
export function dmaDebugSection(report: Report): Html | false {
  const lines = dmaDebugLines(report);
  if (lines.length === 0) return false;
  return html`<section id="dma-debug" aria-labelledby="dma-debug-title"><h2 id="dma-debug-title">What dma-debug says</h2>
<p>From the kernel log <code>${report.dmaDebug!.file}</code>, each message beside what the events show.</p>
<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></section>
`;
}

export function countersSection({ counters, captures }: Report): Html | false {
  if (counters.length === 0) return false;
  const rows = counters.map(({ capture, name, severity, count, help, first }) => [
    name,
    html`<span class="severity ${severity}">${severity}</span>`,
    countText(count),
    capture === null ? '' : fileName(captures[capture]!),
    html`${help}${first !== null && html` <span class="dim">First: ${first}</span>`}`,
  ]);
  const columns = [
    { name: 'What' },
    { name: 'Severity' },
    { name: 'Count', number: true },
    { name: 'In' },
    { name: 'Meaning' },
  ];
  return html`<section id="counted" aria-labelledby="counted-title"><h2 id="counted-title">Counted</h2>
<p>What the captures lost, what could not be read, and what was seen that no rule judges.</p>
${table('What was counted', columns, rows)}</section>
`;
}

/** What a capture says of itself. */
export function captureFacts(capture: Row): Html {
  const unit = String(capture.clock_unit);
  const span =
    capture.first_ts == null
      ? 'no event'
      : `${timeText(capture.first_ts as bigint, unit)} to ${timeText(capture.last_ts as bigint, unit)} (${durationText(Number(BigInt(capture.last_ts as bigint) - BigInt(capture.first_ts as bigint)), unit)})`;
  const facts: readonly (readonly [string, unknown])[] = [
    ['File', capture.file],
    ['Format', capture.format],
    ['Clock', capture.clock],
    ['Span', span],
    ['Kernel', capture.kernel],
    ['Host', capture.host],
    ['CPUs', capture.cpus],
    ['Events', countText(BigInt(capture.events as bigint))],
    ['Mappings', countText(BigInt(capture.lifetimes as bigint))],
    ['SHA-256', capture.sha256],
  ];
  return html`<dl class="capture-facts">${facts
    .filter(([, value]) => value != null && value !== '')
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${String(value)}</dd></div>`)}</dl>
`;
}
