/**
 * One finding as a SARIF result.
 *
 * In: a finding, the run's rules and the captures' URIs. Out: an object.
 */
import { printable } from '../../traces/printable.js';
import type { Rule } from '../rules.js';
import { frameName } from '../sites.js';
import { FINGERPRINT_VERSION } from '../triage/fingerprint.js';
import type { TriagedFinding } from '../triage/triage.js';
import type { Report } from './report.js';

const LEVEL = { error: 'error', warning: 'warning', info: 'note' } as const;
const RANK = { certain: 100, likely: 60, possible: 20 } as const;
const MOST_FRAMES = 64;

export function sarifResult(
  report: Report,
  finding: TriagedFinding,
  rules: readonly Rule[],
  uris: readonly string[],
  withStacks: boolean,
): object {
  const { rule, severity, confidence, capture, fingerprint, baseline } = finding;
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: confidence === 'possible' ? 'note' : LEVEL[severity],
    message: { text: messageText(finding) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uris[capture]!, index: capture },
          region: { startLine: 1 },
        },
        logicalLocations: logicalLocations(finding),
      },
    ],
    partialFingerprints: { [`dmaspan/v${FINGERPRINT_VERSION}`]: fingerprint },
    rank: RANK[confidence],
    ...(baseline === null ? {} : { baselineState: baseline === 'known' ? 'unchanged' : 'new' }),
    ...suppressionsOf(finding),
    ...(withStacks ? stacksOf(report, finding) : {}),
    properties: {
      confidence,
      reason: printable(finding.reason),
      instances: Number(finding.count),
      bytes: Number(finding.bytes),
    },
  };
}

function messageText({ message, site, via, confidence, reason }: TriagedFinding): string {
  const who = site === null ? '' : ` Mapped by ${site}${via === null ? '' : ` via ${via}`}.`;
  return printable(`${message}.${who} ${confidence}: ${reason}.`);
}

const named = (name: string, kind: string, within?: string): object => ({
  name: printable(name),
  fullyQualifiedName: printable(within === undefined ? name : `${within}:${name}`),
  kind,
});

/** `cmd_write [dmabug]` is a function of a module. */
function functionNamed(site: string): object {
  const { name, module } = frameName(site);
  return named(name, 'function', module);
}

function logicalLocations({ device, site, close_site }: TriagedFinding): object[] {
  return [
    ...(device === null ? [] : [named(device, 'resource')]),
    ...(site === null ? [] : [functionNamed(site)]),
    ...(close_site === null || close_site === site ? [] : [functionNamed(close_site)]),
  ];
}

function suppressionsOf({ suppressed }: TriagedFinding): object {
  if (suppressed === null) return {};
  return { suppressions: [{ kind: 'external', justification: printable(suppressed) }] };
}

function stacksOf(report: Report, { open_stack, close_stack, close_label }: TriagedFinding): object {
  const stack = (id: number | null, label: string): object[] => {
    const frames = id === null ? undefined : report.stacks.get(id);
    if (frames === undefined || frames.length === 0) return [];
    const shown = frames.slice(0, MOST_FRAMES).map((frame) => ({
      location: { logicalLocations: [functionNamed(frame)] },
    }));
    return [{ message: { text: printable(label) }, frames: shown }];
  };
  const stacks = [...stack(open_stack, 'Mapped by'), ...stack(close_stack, close_label)];
  return stacks.length === 0 ? {} : { stacks };
}
