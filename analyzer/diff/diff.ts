/**
 * Two runs, compared.
 *
 * In: run A, run B, and how bad a finding must be to count. Out: one plain object that every format prints.
 */

import type { FailOn } from '../triage/triage.js';
import { type FindingChange, findingChanges } from './findings.js';
import { namesSites, type Run } from './run.js';
import { changesBy, type MapperChange } from './sites.js';

export interface Diff {
  readonly a: Run;
  readonly b: Run;
  readonly failOn: FailOn;
  readonly findings: readonly FindingChange[];
  /** By call site, or by device and kind when one of the runs has no call sites. */
  readonly mappers: readonly MapperChange[];
  /** The same, a layer together. */
  readonly layers: readonly MapperChange[];
  /** What the reader must know to judge the differences. */
  readonly notes: readonly string[];
  /** B has a new or grown finding at or above `failOn`. */
  readonly worse: boolean;
}

export function diffOf(a: Run, b: Run, failOn: FailOn): Diff {
  const siteless = namesSites(a) !== namesSites(b);
  const findings = findingChanges(a, b, { failOn, siteless });
  return {
    a,
    b,
    failOn,
    findings,
    mappers: changesBy(siteless ? 'kind' : 'site', a, b),
    layers: changesBy('layer', a, b).sort(({ mapper: one }, { mapper: two }) =>
      one.layer < two.layer ? -1 : 1,
    ),
    notes: notesOf(a, b, siteless),
    worse: findings.some(({ worse }) => worse),
  };
}

function notesOf(a: Run, b: Run, siteless: boolean): string[] {
  const without = namesSites(a) ? 'B' : 'A';
  const lossy = [a.lossy ? 'A' : '', b.lossy ? 'B' : ''].filter((name) => name !== '');
  return [
    ...(siteless
      ? [`${without} names no call sites: both are compared by device and kind, without them.`]
      : []),
    ...lossy.map(
      (name) =>
        `${name} lost events: its counts are too low, and what it leaves open may have been unmapped.`,
    ),
    ...((a.duration === null) === (b.duration === null)
      ? []
      : ['Their clocks count different things: compare no times.']),
  ];
}
