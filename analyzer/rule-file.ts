/**
 * One rule file: its header read, its SELECT kept.
 *
 * In: the text of a file.
 *
 *   -- id: size-mismatch
 *   -- severity: error
 *   -- needs: close in dma; record the events dma:dma_unmap_*
 *   -- param: min_count = 3; fewer are chance
 *   -- why: text, as long as it takes; a line that starts with
 *   --   more than one space goes on with the same text
 *   SELECT …
 *
 * Out: a Rule, or a RuleError that names the file.
 */
import { Kind, Layer, Op } from '../wasm/schema.js';
import {
  type EventSort,
  type Need,
  type Parameter,
  type Rule,
  RuleError,
  SEVERITIES,
  WHOLE_TABLES,
  type WholeTable,
} from './rules.js';
import { DEFAULT_IDENTITY } from './triage/fingerprint.js';

const REQUIRED = ['id', 'title', 'severity', 'family', 'why', 'next'] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...REQUIRED,
  'needs',
  'param',
  'reads',
  'anomaly',
  'subject',
  'identity',
  'contract',
]);
const HEADER_ADVICE = 'A rule begins with comment lines "-- key: value"; see docs/rules/README.md.';

/** A rule from its text. Throws RuleError that names `file`. */
export function parseRule(text: string, file: string): Rule {
  const { fields, sql } = splitHeader(text, file);
  const one = (key: string): string => fields.get(key)?.[0] ?? '';
  for (const key of REQUIRED)
    if (one(key) === '') throw new RuleError(`${file}: the header has no "${key}"`, HEADER_ADVICE);
  for (const key of fields.keys()) {
    if (!KNOWN.has(key))
      throw new RuleError(
        `${file}: the header has an unknown key "${key}"`,
        `Known keys: ${[...KNOWN].join(', ')}.`,
      );
  }
  const severity = SEVERITIES.find((name) => name === one('severity'));
  if (severity === undefined) {
    throw new RuleError(
      `${file}: severity is "${one('severity')}", expected ${SEVERITIES.join(', ')}`,
      HEADER_ADVICE,
    );
  }
  if (!/^[a-z][a-z0-9-]*$/.test(one('id')))
    throw new RuleError(`${file}: the id "${one('id')}" is not kebab-case`, HEADER_ADVICE);
  if (sql === '') throw new RuleError(`${file}: no SELECT after the header`, HEADER_ADVICE);
  return {
    id: one('id'),
    title: one('title'),
    severity,
    family: one('family'),
    needs: (fields.get('needs') ?? []).map((value) => parseNeed(value, file)),
    parameters: (fields.get('param') ?? []).map((value) => parseParameter(value, file)),
    reads: parseReads(fields.get('reads')?.[0], file),
    ...(fields.has('anomaly') ? { anomaly: one('anomaly') } : {}),
    ...(fields.has('subject') ? { subject: one('subject') } : {}),
    identity: parseIdentity(fields.get('identity')?.[0], file),
    why: one('why'),
    next: one('next'),
    contract: one('contract'),
    sql,
    file,
  };
}

function splitHeader(text: string, file: string): { fields: Map<string, string[]>; sql: string } {
  const lines = text.split(/\r?\n/);
  const fields = new Map<string, string[]>();
  let last: string[] | undefined;
  let at = 0;
  for (; at < lines.length && /^\s*(--|$)/.test(lines[at]!); at++) {
    const line = lines[at]!.trim();
    const field = /^-- ?([a-z_]+):\s*(.*)$/.exec(line);
    const more = /^--\s{2,}(\S.*)$/.exec(line);
    if (field !== null) {
      last = fields.get(field[1]!) ?? [];
      last.push(field[2]!.trim());
      fields.set(field[1]!, last);
    } else if (more !== null && last !== undefined) {
      last[last.length - 1] = `${last[last.length - 1]!} ${more[1]!.trim()}`.trim();
    } else if (line !== '' && line !== '--') {
      throw new RuleError(
        `${file}: line ${at + 1} of the header is neither "-- key: value" nor goes on with one`,
        HEADER_ADVICE,
      );
    }
  }
  return { fields, sql: lines.slice(at).join('\n').trim().replace(/;\s*$/, '') };
}

/** `import` is a keyword, so the enum says `import_`. */
function layerOf(name: string): Layer | undefined {
  return Layer[name as keyof typeof Layer] ?? Layer[`${name}_` as keyof typeof Layer];
}

/** Sorts of events with ", or " between them, then `; what to record`; or `dmesg; what to give`. */
function parseNeed(value: string, file: string): Need {
  const cut = value.indexOf(';');
  const text = (cut < 0 ? value : value.slice(0, cut)).trim();
  const advice = cut < 0 ? '' : value.slice(cut + 1).trim();
  if (text === 'dmesg') return { sorts: [], input: 'dmesg', text, advice };
  const sorts = text.split(', or ').map((sort) => parseSort(sort, file));
  return { sorts, text, advice };
}

/** `OP [or OP…] [of KIND] [in LAYER [or LAYER…]] [that occurred]` */
function parseSort(text: string, file: string): EventSort {
  const match = /^(\w+(?: or \w+)*)(?: of (\w+))?(?: in (\w+(?: or \w+)*))?( that occurred)?$/.exec(text);
  const ops = (match?.[1] ?? '').split(' or ').map((name) => Op[name as keyof typeof Op]);
  const kind = match?.[2] === undefined ? undefined : Kind[match[2] as keyof typeof Kind];
  const layers = match?.[3]?.split(' or ').map(layerOf);
  const wrong =
    match === null || ops.some((op) => op === undefined) || (match[2] !== undefined && kind === undefined);
  if (wrong || layers?.includes(undefined) === true) {
    throw new RuleError(
      `${file}: needs is "${text}"`,
      'Expected an operation, as in "close of sg in dma; record dma:dma_unmap_sg".',
    );
  }
  return {
    ops,
    occurred: match[4] !== undefined,
    ...(kind === undefined ? {} : { kind }),
    ...(layers === undefined ? {} : { layers: layers as Layer[] }),
  };
}

/** `events, lifetimes`, or `none`; a rule that does not say reads both. */
function parseReads(value: string | undefined, file: string): WholeTable[] {
  if (value === undefined) return [...WHOLE_TABLES];
  if (value === 'none') return [];
  const names = value.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !WHOLE_TABLES.includes(name as WholeTable));
  if (wrong !== undefined)
    throw new RuleError(`${file}: reads is "${wrong}"`, `Expected ${WHOLE_TABLES.join(', ')}, or none.`);
  return names as WholeTable[];
}

/** `device, kind, site`; a rule that does not say is known by all its places. */
function parseIdentity(value: string | undefined, file: string): readonly string[] {
  if (value === undefined) return DEFAULT_IDENTITY;
  const names = value.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[a-z][a-z0-9_]*$/.test(name)))
    throw new RuleError(
      `${file}: identity is "${value}"`,
      'Expected columns of the SELECT, as in "device, kind, site".',
    );
  return names;
}

/** `name = default; what it is`. */
function parseParameter(value: string, file: string): Parameter {
  const match = /^(\w+)\s*=\s*([^;]+?)\s*(?:;\s*(.*))?$/.exec(value);
  if (match === null)
    throw new RuleError(`${file}: param is "${value}"`, 'Expected "name = default; what it is".');
  const number = Number(match[2]);
  return { name: match[1]!, value: Number.isNaN(number) ? match[2]! : number, doc: match[3] ?? '' };
}
