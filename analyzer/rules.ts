/**
 * Rules as files: one SQL file is one rule, a header in comments and one SELECT (docs/rules/README.md has the contract).
 *
 * In: `analyzer/rules/`, and a folder of the user's own. Out: rules in the order of their ids, or a RuleError that names the file.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inPackage } from '../traces/package-root.js';
import type { Kind, Layer, Op } from '../wasm/schema.js';
import { parseRule } from './rule-file.js';

export type Severity = 'error' | 'warning' | 'info';
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Any of these operations, on things of this kind, in one of these layers. */
export interface EventSort {
  readonly ops: readonly Op[];
  readonly kind?: Kind;
  readonly layers?: readonly Layer[];
  /** There must be one: that they were to be recorded is not enough. */
  readonly occurred: boolean;
}

/** Events that a rule cannot do without: some of one of these sorts must have been recorded. */
export interface Need {
  readonly sorts: readonly EventSort[];
  /** Not an event but a further input: the kernel log. */
  readonly input?: 'dmesg';
  /** As the header says it: "close of sg in dma". */
  readonly text: string;
  /** What to record, so that the rule can tell. */
  readonly advice: string;
}

/** A table that is only kept as a whole when a rule reads it. */
export type WholeTable = 'events' | 'lifetimes';
export const WHOLE_TABLES: readonly WholeTable[] = ['events', 'lifetimes'];

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
  /** It judges anomalies of this kind, and nothing else: without one there is nothing to find, and it need not run. */
  readonly anomaly?: string;
  /** A table, of the database or of `prelude.sql`, every finding begins with a row of: while it is empty there is nothing to find. */
  readonly subject?: string;
  /** Columns that make a finding of another run the same one (triage/fingerprint.ts). */
  readonly identity: readonly string[];
  /** Its severity was set by the user, and holds for every row of it. */
  readonly imposed?: boolean;
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

/** Rules that can run with what was given: those that need a kernel log only with one. */
export const withInputs = (rules: readonly Rule[], given: { readonly dmesg: boolean }): Rule[] =>
  rules.filter(({ needs }) => given.dmesg || !needs.some(({ input }) => input === 'dmesg'));

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
