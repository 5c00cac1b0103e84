/**
 * What makes two findings of different runs the same one.
 *
 * In: a finding, and the columns that its rule is known by. Out: 32 hex digits. Nothing goes into them that another run of
 * the same software changes: no address, time, thread, count, message, severity or confidence. Call sites go in by name only:
 * whether a function's module is told, and its offset, depend on how the capture was recorded.
 */
import { createHash } from 'node:crypto';
import type { Finding } from '../findings.js';

/** What a rule is known by that does not say `identity`. */
export const DEFAULT_IDENTITY: readonly string[] = [
  'device',
  'kind',
  'site',
  'via',
  'close_site',
  'close_via',
];

/** Bump it when the same finding gets another fingerprint; SARIF carries it in the name. */
export const FINGERPRINT_VERSION = 1;

const MODULE = /\s\[[^\]]*\]$/;
const ADDRESS = /^(0x[0-9a-f]+|[0-9a-f]{16})$/i;

/** A value as it goes into the fingerprint: a site without its module; a bare address is a site without a name. */
function stable(value: unknown): string | null {
  if (value == null) return null;
  const name = String(value).replace(MODULE, '');
  return ADDRESS.test(name) ? null : name;
}

/** The columns that a finding is known by, with their values. */
export function identityOf(finding: Finding, columns: readonly string[]): Record<string, string | null> {
  const values: Record<string, unknown> = { ...finding.facts, ...finding };
  return Object.fromEntries(columns.map((name) => [name, stable(values[name])]));
}

export function fingerprintOf(finding: Finding, columns: readonly string[]): string {
  const text = JSON.stringify([FINGERPRINT_VERSION, finding.rule, identityOf(finding, columns)]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
