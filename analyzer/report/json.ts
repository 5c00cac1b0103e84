/**
 * The report as one JSON object (docs/report-json.md, docs/report.schema.json).
 *
 * In: a report. Out: text. 64-bit integers are decimal strings; keys and lists have a fixed order.
 */
import type { Row } from '../findings.js';
import type { TriagedFinding } from '../triage/triage.js';
import type { DmaDebug, DmaDebugMessage } from './dma-debug.js';
import type { Report } from './report.js';

/** The report as it is in JSON, but for integers, which are bigint yet. */
export function reportDocument(report: Report) {
  return {
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
    dma_debug: report.dmaDebug === null ? null : dmaDebugObject(report.dmaDebug),
    baseline: report.baseline === null ? null : baselineObject(report.baseline),
    suppressions: report.suppressions,
    budgets: report.budgets,
  };
}

export const jsonReport = (report: Report): string => `${asJson(reportDocument(report), 2)}\n`;

const BARE_CONTROL = /[\u007f-\u009f]/g;

/** JSON with integers as decimal strings, and no control character but as an escape: it may be shown by a terminal. */
export function asJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, decimal, indent);
  return text.replace(BARE_CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function decimal(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function baselineObject({ file, missed }: NonNullable<Report['baseline']>): Row {
  const entries = (wanted: string): Row[] =>
    missed
      .filter(({ state }) => state === wanted)
      .map(({ entry: { fingerprint, rule, where }, reason }) => ({ fingerprint, rule, where, reason }));
  return { file, gone: entries('gone'), unseen: entries('unseen') };
}

const messageObject = ({ line, ts, class: name, device, addr, text }: DmaDebugMessage): Row => ({
  line,
  ts,
  class: name,
  device,
  addr,
  text,
});

function dmaDebugObject({ file, alone, untraced, outside, silent, notes }: DmaDebug): Row {
  return {
    file,
    alone: alone.map(messageObject),
    untraced: untraced.map(messageObject),
    outside: outside.map(messageObject),
    silent: silent.map(({ rule, device, site, kind }) => ({ rule, device, site, kind })),
    notes,
  };
}

function findingObject(report: Report, finding: TriagedFinding): Row {
  const frames = (id: number | null): readonly string[] | null =>
    id === null ? null : (report.stacks.get(id) ?? null);
  const { facts, close_label: _label, open_stack, close_stack, ...rest } = finding;
  return {
    ...rest,
    open_stack: frames(open_stack),
    close_stack: frames(close_stack),
    example: finding.lifetime === null ? null : (report.examples.get(finding.lifetime) ?? null),
    dma_debug: report.dmaDebug?.agrees.get(finding)?.map(messageObject) ?? [],
    facts,
  };
}
