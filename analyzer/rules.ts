/**
 * Rules as files: one SQL file is one rule, a header in comments and one SELECT (docs/rules/README.md has the contract).
 *
 * In: `analyzer/rules/`, and a folder of the user's own. Out: rules in the order of their ids, or a RuleError that names the file.
 *
 *   -- id: size-mismatch
 *   -- severity: error
 *   -- needs: close in dma; record the events dma:dma_unmap_*
 *   -- param: min_count = 3; fewer are chance
 *   -- why: text, as long as it takes; a line that starts with
 *   --   more than one space goes on with the same text
 *   SELECT …
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inPackage } from '../traces/package-root.js';
import { Kind, Layer, Op } from '../wasm/schema.js';

export type Severity = 'error' | 'warning' | 'info';
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Events that a rule cannot do without: at least one of these operations must have been recorded. */
export interface Need {
  readonly ops: readonly Op[];
  readonly kind?: Kind;
  readonly layer?: Layer;
  /** As the header says it: "close of sg in dma". */
  readonly text: string;
  /** What to record, so that the rule can tell. */
  readonly advice: string;
}

/** A table that is only kept as a whole when a rule reads it. */
export type WholeTable = 'events' | 'lifetimes';
const WHOLE_TABLES: readonly WholeTable[] = ['events', 'lifetimes'];

export interface Parameter {
  readonly name: string;
  readonly value: number | string;
  readonly doc: string;
}

export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly family: string;
  readonly needs: readonly Need[];
  readonly parameters: readonly Parameter[];
  /** Tables that it reads as a whole; of the others it sees what is open at the end, and what anomalies speak of. */
  readonly reads: readonly WholeTable[];
  readonly why: string;
  /** What to do about a finding. */
  readonly next: string;
  /** The public text that the rule follows. */
  readonly contract: string;
  readonly sql: string;
  readonly file: string;
}

/** A rule file, or a choice of rules, that cannot be used. */
export class RuleError extends Error {
  constructor(problem: string, advice: string) {
    super(`${problem}\n${advice}`);
    this.name = 'RuleError';
  }
}

const REQUIRED = ['id', 'title', 'severity', 'family', 'why', 'next'] as const;
const KNOWN: ReadonlySet<string> = new Set([...REQUIRED, 'needs', 'param', 'reads', 'contract']);
const HEADER_ADVICE = 'A rule begins with comment lines "-- key: value"; see docs/rules/README.md.';

/** Rules of a folder and its subfolders, ordered by id. Throws RuleError. */
export function readRules(folder: string, named: string = folder): Rule[] {
  const rules = sqlFiles(folder).map((file) =>
    parseRule(readFileSync(file, 'utf8'), join(named, relative(folder, file))),
  );
  return rules.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** The rules that come with the package, with those of the user's folder: one of the same id replaces the built-in one. */
export function loadRules(userFolder?: string): Rule[] {
  const rules = new Map(
    readRules(inPackage('analyzer', 'rules'), join('analyzer', 'rules')).map((rule) => [rule.id, rule]),
  );
  if (userFolder !== undefined) {
    const own = new Set<string>();
    for (const rule of readUserRules(userFolder)) {
      if (own.has(rule.id))
        throw new RuleError(
          `${rule.file}: a second rule called ${rule.id}`,
          'Give each rule an id of its own.',
        );
      own.add(rule.id);
      rules.set(rule.id, rule);
    }
  }
  return [...rules.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function readUserRules(folder: string): Rule[] {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) {
    throw new RuleError(
      `${folder}: expected a folder of rules (*.sql), found ${stat === undefined ? 'nothing' : 'a file'}`,
      'Give --rules a folder.',
    );
  }
  const rules = readRules(folder);
  if (rules.length === 0)
    throw new RuleError(`${folder}: no rule in it (*.sql)`, 'Give --rules a folder with at least one rule.');
  return rules;
}

/** Only the rules asked for, in the order of the list. Throws RuleError for an id that none has. */
export function chooseRules(rules: readonly Rule[], only: readonly string[] | undefined): Rule[] {
  if (only === undefined || only.length === 0) return [...rules];
  for (const id of only) findRule(rules, id);
  return rules.filter((rule) => only.includes(rule.id));
}

export function findRule(rules: readonly Rule[], id: string): Rule {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) {
    throw new RuleError(
      `no rule is called ${JSON.stringify(id)}`,
      `There are: ${rules.map((one) => one.id).join(', ')}.`,
    );
  }
  return rule;
}

/** Every *.sql of a folder, but for `prelude.sql`, which is no rule. */
function sqlFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sqlFiles(path);
      return entry.name.endsWith('.sql') && entry.name !== 'prelude.sql' ? [path] : [];
    });
}

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

/** `OP [or OP…] [of KIND] [in LAYER]; what to record`. */
function parseNeed(value: string, file: string): Need {
  const cut = value.indexOf(';');
  const text = (cut < 0 ? value : value.slice(0, cut)).trim();
  const advice = cut < 0 ? '' : value.slice(cut + 1).trim();
  const match = /^(\w+(?: or \w+)*)(?: of (\w+))?(?: in (\w+))?$/.exec(text);
  const ops = (match?.[1] ?? '').split(' or ').map((name) => Op[name as keyof typeof Op]);
  const kind = match?.[2] === undefined ? undefined : Kind[match[2] as keyof typeof Kind];
  const layer = match?.[3] === undefined ? undefined : layerOf(match[3]);
  const wrong =
    match === null || ops.some((op) => op === undefined) || (match[2] !== undefined && kind === undefined);
  if (wrong || (match[3] !== undefined && layer === undefined)) {
    throw new RuleError(
      `${file}: needs is "${text}"`,
      'Expected an operation, as in "close of sg in dma; record dma:dma_unmap_sg".',
    );
  }
  return {
    ops,
    text,
    advice,
    ...(kind === undefined ? {} : { kind }),
    ...(layer === undefined ? {} : { layer }),
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

/** `name = default; what it is`. */
function parseParameter(value: string, file: string): Parameter {
  const match = /^(\w+)\s*=\s*([^;]+?)\s*(?:;\s*(.*))?$/.exec(value);
  if (match === null)
    throw new RuleError(`${file}: param is "${value}"`, 'Expected "name = default; what it is".');
  const number = Number(match[2]);
  return { name: match[1]!, value: Number.isNaN(number) ? match[2]! : number, doc: match[3] ?? '' };
}
