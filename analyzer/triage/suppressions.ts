/**
 * Findings that somebody has decided to live with, in the manner of LeakSanitizer's suppressions.
 *
 * In: the text of a file, a suppression a line. Out: patterns that findings are held against; or a SettingsError that names the line.
 *
 *   # fixed in 7.3
 *   leak:my_driver_probe
 *   rule:leak-outlier
 *   device:^0000:00:1f.*$
 */
import { shortened } from '../../traces/printable.js';
import type { Finding } from '../findings.js';
import type { Rule } from '../rules.js';
import { SettingsError } from './settings-error.js';

export interface Suppression {
  readonly line: number;
  /** As it stands in the file. */
  readonly text: string;
  matches(finding: Finding, rule: Rule): boolean;
}

/** What a suppression did. */
export interface SuppressionUse {
  readonly line: number;
  readonly text: string;
  /** Findings that it matched first, and their instances; zero: it is of no use any more. */
  readonly findings: number;
  readonly instances: bigint;
}

const moduleOf = (site: string | null): string | null => /\[([^\]]+)\]$/.exec(site ?? '')?.[1] ?? null;

/** What each kind is held against. */
const SUBJECTS: Readonly<Record<string, (finding: Finding, rule: Rule) => (string | null)[]>> = {
  leak: (finding, { family }) =>
    family === 'leak' ? [finding.site, finding.device, moduleOf(finding.site)] : [],
  site: ({ site, close_site }) => [site, close_site],
  device: ({ device }) => [device],
  rule: ({ rule }) => [rule],
};
const ADVICE = `Each line is one of ${Object.keys(SUBJECTS)
  .map((kind) => `${kind}:PATTERN`)
  .join(', ')}; "#" begins a comment.`;

/** `*` stands for any text, `^` and `$` for the ends; without them the pattern may stand anywhere in the name. */
function patternOf(text: string): RegExp {
  const start = text.startsWith('^') ? '^' : '';
  const end = text.endsWith('$') ? '$' : '';
  const inner = text.slice(start.length, text.length - end.length);
  const parts = inner.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`${start}${parts.join('.*')}${end}`, 's');
}

/** Throws SettingsError. */
export function parseSuppressions(text: string, file: string): Suppression[] {
  return text.split(/\r?\n/).flatMap((raw, at) => {
    const line = raw.trim();
    return line === '' || line.startsWith('#') ? [] : [parseLine(line, at + 1, file)];
  });
}

function parseLine(text: string, line: number, file: string): Suppression {
  const cut = text.indexOf(':');
  const kind = cut < 0 ? '' : text.slice(0, cut);
  const wanted = text.slice(cut + 1).trim();
  const subjects = Object.hasOwn(SUBJECTS, kind) ? SUBJECTS[kind]! : undefined;
  if (subjects === undefined || wanted === '') {
    const found = subjects === undefined ? JSON.stringify(shortened(text, 60)) : 'no pattern';
    throw new SettingsError(`${file}: line ${line}: expected a suppression, found ${found}`, ADVICE);
  }
  const pattern = patternOf(wanted);
  const matches = (finding: Finding, rule: Rule): boolean =>
    subjects(finding, rule).some((subject) => subject !== null && pattern.test(subject));
  return { line, text, matches };
}
