/**
 * The report as GitLab's code quality JSON, for the widget of a merge request.
 *
 * In: a report, and the folder that paths are relative to. Out: a list of findings that are not suppressed. GitLab compares it with the target branch's,
 * by fingerprint, which must be the list's own: the same finding in a second capture has the capture's number in it.
 */
import { createHash } from 'node:crypto';
import { printable } from '../../traces/printable.js';
import type { TriagedFinding } from '../triage/triage.js';
import { asJson } from './json.js';
import { capturePath } from './place.js';
import type { Report } from './report.js';

const SEVERITY = { error: 'critical', warning: 'major', info: 'info' } as const;

export function gitlabReport({ captures, findings }: Report, folder: string): string {
  const seen = new Map<string, number>();
  const list = findings
    .filter(({ suppressed }) => suppressed === null)
    .map((finding) => {
      const repeats = seen.get(finding.fingerprint) ?? 0;
      seen.set(finding.fingerprint, repeats + 1);
      return {
        description: printable(`${finding.rule}: ${finding.message}${who(finding)}`),
        check_name: finding.rule,
        fingerprint: repeats === 0 ? finding.fingerprint : again(finding.fingerprint, repeats),
        severity: finding.confidence === 'possible' ? 'minor' : SEVERITY[finding.severity],
        location: {
          path: capturePath(String(captures[finding.capture]?.file), folder),
          lines: { begin: 1 },
        },
      };
    });
  return `${asJson(list, 2)}\n`;
}

const who = ({ site, via }: TriagedFinding): string =>
  site === null ? '' : `; mapped by ${site}${via === null ? '' : ` via ${via}`}`;

const again = (fingerprint: string, repeats: number): string =>
  createHash('sha256').update(`${fingerprint} ${repeats}`).digest('hex').slice(0, 32);
