/**
 * The findings, the worst first: a table to scan, then each with its stacks and the history of its page.
 *
 * In: a report and the histories (page-history.ts). Out: HTML.
 */
import type { Finding, Row } from '../../findings.js';
import { isTracingFrame } from '../../sites.js';
import { agreement } from '../dma-debug-text.js';
import { bytesText, hex, plural, timeText } from '../layout.js';
import type { Report } from '../report.js';
import { type Content, type Html, html } from './markup.js';
import { fileName } from './summary.js';
import { table } from './table.js';
import { countText, spaced } from './words.js';

const GLANCE = [
  { name: 'Rule' },
  { name: 'Severity' },
  { name: 'Device' },
  { name: 'Call site' },
  { name: 'Instances', number: true },
  { name: 'Bytes', number: true },
  { name: 'First seen', number: true },
];

export function findingsSection(report: Report, histories: ReadonlyMap<number, readonly Row[]>): Html {
  const rows = report.findings.map((one, at) => [
    html`<a href="#finding-${at}">${one.rule}</a>`,
    html`<span class="severity ${one.severity}">${one.severity}</span>`,
    one.device,
    one.site,
    countText(one.count),
    bytesText(one.bytes),
    timeText(one.first_ts, unitOf(report, one)),
  ]);
  const none = html`<p>No rule found anything. What could not be told is <a href="#rules">below</a>.</p>`;
  return html`<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2>
${rows.length === 0 ? none : table('Findings, the worst first', GLANCE, rows)}
${report.findings.map((one, at) => article(report, one, at, histories.get(at) ?? []))}</section>
`;
}

const unitOf = (report: Report, { capture }: Finding): string =>
  String(report.captures[capture]?.clock_unit ?? 'ns');

function article(report: Report, finding: Finding, at: number, history: readonly Row[]): Html {
  const next = report.results.find(({ rule }) => rule.id === finding.rule)?.rule.next;
  return html`<article class="finding ${finding.severity}" id="finding-${at}" aria-labelledby="finding-${at}-title">
<p class="kind"><span class="severity ${finding.severity}">${finding.severity}</span> ${finding.rule}</p>
<h3 id="finding-${at}-title">${finding.message}</h3>
<dl>${facts(report, finding).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<div class="stacks">${openStack(report, finding)}${closeStack(report, finding)}</div>
${historyOf(report, finding, history)}
${next !== undefined && next !== '' && html`<p class="next"><b>Next:</b> ${next}</p>`}
</article>
`;
}

function facts(report: Report, finding: Finding): [string, Content][] {
  const unit = unitOf(report, finding);
  const [first, last] = [timeText(finding.first_ts, unit), timeText(finding.last_ts, unit)];
  const all: [string, Content][] = [
    ['Size', `${bytesText(finding.bytes)} in ${plural(finding.count, 'instance')}`],
    ['Confidence', `${finding.confidence}: ${finding.reason}`],
    ['When', first === last ? first : `${first} (the first) to ${last} (the last)`],
  ];
  const told = agreement(report, finding);
  if (told !== undefined) all.push(['dma-debug', told]);
  if (report.captures.length > 1) all.push(['In', fileName(report.captures[finding.capture]!)]);
  const example = finding.lifetime === null ? undefined : report.examples.get(finding.lifetime);
  if (example !== undefined) all.push(['Example', exampleText(example, unit)]);
  return all;
}

function exampleText(row: Row, unit: string): Html {
  const size = row.len == null ? '' : `, ${String(row.len)} bytes`;
  const phys = row.phys == null ? '' : `, physical ${hex(row.phys)}`;
  const end =
    row.closed_ts == null ? 'never unmapped' : `unmapped at ${timeText(row.closed_ts as bigint, unit)}`;
  return html`<code>${hex(row.addr)}</code>${size}${row.dir == null ? '' : `, ${String(row.dir)}`}${phys}; mapped at ${timeText(row.opened_ts as bigint, unit)}${row.open_comm != null && ` by ${String(row.open_comm)}-${String(row.open_tid ?? '?')}`}; ${end} <span class="dim">(lifetime ${String(row.id)})</span>`;
}

function openStack(report: Report, finding: Finding): Html | false {
  if (finding.open_stack !== null)
    return stack(report, 'Mapped by', finding.site, finding.via, finding.open_stack);
  const known = finding.lifetime !== null || finding.site !== null;
  return (
    known && finding.close_stack === null && html`<p class="dim">The capture has no call stack of it.</p>`
  );
}

const closeStack = (report: Report, finding: Finding): Html | false =>
  finding.close_stack !== null &&
  stack(report, finding.close_label, finding.close_site, finding.close_via, finding.close_stack);

function stack(report: Report, label: string, site: string | null, via: string | null, id: number): Html {
  const all = report.stacks.get(id) ?? [];
  const inner = all.findIndex((frame) => !isTracingFrame(frame));
  const own = site?.split(' ')[0];
  const frames = all
    .slice(Math.max(0, inner))
    .map((frame) =>
      own !== undefined && frame.startsWith(own)
        ? html`<li><strong>${frame}</strong></li>`
        : html`<li>${frame}</li>`,
    );
  return html`<div class="stack"><h4>${label} <code>${site ?? 'an unknown site'}</code>${via !== null && html` <span class="dim">via ${via}</span>`}</h4>
<ol start="0">${frames}</ol></div>`;
}

const HISTORY = [
  { name: 'Time', number: true },
  { name: 'What' },
  { name: 'Lifetime', number: true },
  { name: 'Device' },
  { name: 'Address', number: true },
  { name: 'Bytes', number: true },
  { name: 'Direction' },
  { name: 'Thread', number: true },
  { name: 'By' },
];

function historyOf(report: Report, finding: Finding, history: readonly Row[]): Html | false {
  if (history.length === 0) return false;
  const unit = unitOf(report, finding);
  const rows = history.map((row) => [
    timeText(row.ts as bigint, unit),
    html`${row.now === true ? html`<strong>${spaced(String(row.what))}</strong> <span class="here">this finding</span>` : spaced(String(row.what))}${row.same_address !== true && html` <span class="dim">(same memory)</span>`}`,
    row.lifetime == null ? '' : String(row.lifetime),
    row.device == null ? '' : String(row.device),
    row.addr == null ? '' : hex(row.addr),
    row.len == null ? '' : String(row.len),
    row.dir == null ? '' : String(row.dir),
    row.tid == null ? '' : String(row.tid),
    row.site == null ? '' : String(row.site),
  ]);
  const all = Number(history[0]!.all_rows);
  const shown =
    all > rows.length ? `the ${rows.length} of ${countText(all)} events nearest to it` : plural(all, 'event');
  return html`<details class="history"><summary>History of its page: ${shown}</summary>
${table('What happened to the page', HISTORY, rows)}</details>
`;
}
