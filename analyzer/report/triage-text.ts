/**
 * What the lists of a project did: known findings, suppressions, the baseline's others, budgets.
 *
 * In: a report. Out: paragraphs of the text report; none where there is no such list.
 */
import type picocolors from 'picocolors';
import type { TriagedFinding } from '../triage/triage.js';
import { plural, wrap } from './layout.js';
import type { Report } from './report.js';

type Colors = ReturnType<typeof picocolors.createColors>;

const INDENT = '  ';

export const isKept = ({ suppressed, baseline }: TriagedFinding): boolean =>
  suppressed === null && baseline !== 'known';

export function triageParts(report: Report, colors: Colors): string[] {
  return [known(report, colors), missed(report, colors), suppressed(report, colors), budgets(report, colors)];
}

/** "rule: device, site via core function", of an entry or a finding. */
export function whereText({ device, site, via, kind }: Readonly<Record<string, unknown>>): string {
  const who = site == null ? 'an unknown site' : `${site}${via == null ? '' : ` via ${via}`}`;
  return `${device ?? 'an unknown device'}${kind == null ? '' : `, ${kind}`}, ${who}`;
}

const item = (text: string): string[] => wrap(text, INDENT, INDENT.repeat(2));

function known({ findings, baseline }: Report, colors: Colors): string {
  const list = findings.filter((one) => one.suppressed === null && one.baseline === 'known');
  if (baseline === null || list.length === 0) return '';
  return [
    colors.bold(`Known, by ${baseline.file}:`),
    ...list.flatMap(({ rule, message }) => item(`${rule}: ${message}`)),
  ].join('\n');
}

function missed({ baseline }: Report, colors: Colors): string {
  if (baseline === null || baseline.missed.length === 0) return '';
  const named = (state: string): string[] =>
    baseline.missed
      .filter((one) => one.state === state)
      .flatMap(({ entry, reason }) =>
        item(`${entry.rule}: ${whereText(entry.where)}${state === 'gone' ? '' : ` (${reason})`}`),
      );
  const gone = named('gone');
  const unseen = named('unseen');
  return [
    ...(gone.length === 0
      ? []
      : [colors.bold('Gone since the baseline (--update-baseline forgets them):'), ...gone]),
    ...(unseen.length === 0 ? [] : [colors.bold('In the baseline, and could not be looked for:'), ...unseen]),
  ].join('\n');
}

function suppressed({ suppressions }: Report, colors: Colors): string {
  if (suppressions === null || suppressions.uses.length === 0) return '';
  const used = suppressions.uses.filter(({ findings }) => findings > 0);
  const idle = suppressions.uses.filter(({ findings }) => findings === 0);
  return [
    ...(used.length === 0 ? [] : [colors.bold(`Suppressed, by ${suppressions.file}:`)]),
    ...used.flatMap(({ text, findings, instances }) =>
      item(`${text}: ${plural(findings, 'finding')}, ${plural(instances, 'instance')}`),
    ),
    ...(idle.length === 0 ? [] : [colors.bold(`Suppressions that match nothing, in ${suppressions.file}:`)]),
    ...idle.flatMap(({ text, line }) => item(`line ${line}: ${text}`)),
  ].join('\n');
}

function budgets({ budgets: list, captures }: Report, colors: Colors): string {
  if (list.length === 0) return '';
  const lines = list.flatMap(({ name, verdict, message, capture }) => {
    const where = captures.length > 1 && capture !== null ? ` in ${captures[capture]?.file}` : '';
    const [first = '', ...more] = item(`${name}: ${verdict}${where}: ${message}`);
    return [verdict === 'exceeded' ? colors.red(first) : first, ...more];
  });
  return [colors.bold('Budgets:'), ...lines].join('\n');
}
