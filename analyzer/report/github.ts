/**
 * The report as workflow commands of GitHub Actions, which become annotations of the run.
 *
 * In: a report. Out: a command a finding that is news, the worst first; GitHub shows ten of a kind for a step, so that the tenth says how many more there are.
 */
import { printable } from '../../traces/printable.js';
import type { TriagedFinding } from '../triage/triage.js';
import type { Report } from './report.js';
import { headline } from './text.js';
import { isKept } from './triage-text.js';

/** Annotations of a kind that GitHub shows of one step. */
export const ANNOTATIONS = 10;

const COMMANDS = ['error', 'warning', 'notice'] as const;
type Command = (typeof COMMANDS)[number];

interface Annotation {
  readonly command: Command;
  readonly title: string;
  readonly text: string;
}

export function githubReport(report: Report): string {
  const over: Annotation[] = report.budgets
    .filter(({ verdict }) => verdict === 'exceeded')
    .map(({ name, message }) => ({ command: 'error', title: `dmaspan budget ${name}`, text: message }));
  const found = report.findings.filter(isKept).map((finding) => annotation(report, finding));
  const all = [...over, ...found];
  const lines = COMMANDS.flatMap((command) =>
    limited(
      command,
      all.filter((one) => one.command === command),
    ),
  );
  return `${[...lines.map(commandText), `dmaspan: ${printable(headline(report))}`].join('\n')}\n`;
}

const LEVEL = { error: 'error', warning: 'warning', info: 'notice' } as const;

function annotation(report: Report, finding: TriagedFinding): Annotation {
  const { rule, severity, confidence, message, reason, site, via, capture } = finding;
  const next = report.results.find((result) => result.rule.id === rule)!.rule.next;
  const who = site === null ? [] : [`Mapped by ${site}${via === null ? '' : ` via ${via}`}.`];
  const where = report.captures.length > 1 ? [`In ${String(report.captures[capture]?.file)}.`] : [];
  return {
    command: confidence === 'possible' ? 'notice' : LEVEL[severity],
    title: `dmaspan ${rule}`,
    text: [`${message}.`, ...who, `${confidence}: ${reason}.`, ...where, `Next: ${next}`]
      .map(printable)
      .join('\n'),
  };
}

function limited(command: Command, list: readonly Annotation[]): Annotation[] {
  if (list.length <= ANNOTATIONS) return [...list];
  const more = list.length - ANNOTATIONS + 1;
  const text = `${more} more of this severity: GitHub shows ${ANNOTATIONS} of a kind for a step. All of them are in the step summary and in the other formats.`;
  return [...list.slice(0, ANNOTATIONS - 1), { command, title: `dmaspan: ${more} more`, text }];
}

const escaped = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string =>
  escaped(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');

const commandText = ({ command, title, text }: Annotation): string =>
  `::${command} title=${property(title)}::${escaped(text)}`;
