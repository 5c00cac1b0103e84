/**
 * The differences as one JSON object (docs/diff.md, docs/diff.schema.json).
 *
 * In: a diff. Out: text. 64-bit integers are decimal strings; keys and lists have a fixed order.
 */
import type { Row } from '../findings.js';
import { asJson } from '../report/json.js';
import type { Diff } from './diff.js';
import type { FindingChange, FindingSide } from './findings.js';
import { type Mapped, MEASURES, type Run, STAYS } from './run.js';
import type { MapperChange } from './sites.js';
import { unitOf } from './words.js';

export function jsonDiff(diff: Diff): string {
  const { a, b, failOn, worse, notes, findings, mappers, layers } = diff;
  const document = {
    version: 1,
    worse,
    fail_on: failOn,
    a: runObject(a),
    b: runObject(b),
    notes,
    findings: findings.map(findingObject),
    mappers: mappers.map(mapperObject),
    layers: layers.map(mapperObject),
  };
  return `${asJson(document, 2)}\n`;
}

const runObject = (run: Run): Row => ({
  clock_unit: unitOf(run),
  duration: run.duration,
  captures: run.report.captures.map(({ file, sha256, format, kernel, events, lifetimes, lost, losses }) => ({
    file,
    sha256,
    format,
    kernel,
    events,
    lifetimes,
    lost,
    losses,
  })),
});

function findingObject({ state, fingerprint, where, a, b, worse, note }: FindingChange): Row {
  const { rule, message } = (b ?? a)!.worst;
  return { state, worse, rule, fingerprint, where, message, a: sideObject(a), b: sideObject(b), note };
}

function sideObject(side: FindingSide | null): Row | null {
  if (side === null) return null;
  const { count, bytes, worst } = side;
  const { severity, confidence, suppressed } = worst;
  return { count, bytes, severity, confidence, suppressed };
}

function mapperObject({ state, mapper, a, b, note }: MapperChange): Row {
  const { layer, device, kind, site, via } = mapper;
  return { state, layer, device, kind, site, via, a: measuresObject(a), b: measuresObject(b), note };
}

const measuresObject = (side: Mapped | null): Row | null =>
  side === null ? null : Object.fromEntries([...MEASURES, ...STAYS].map((name) => [name, side[name]]));
