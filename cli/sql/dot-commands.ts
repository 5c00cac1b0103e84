/** The shell's own commands, one a row: `.tables`, `.mode csv`, … */

import { UsageError } from '../exit-codes.js';
import { FORMAT_DOCS, FORMATS, formatNamed } from '../rows/formats.js';
import { readSql } from './read-sql.js';
import type { Session } from './session.js';

/** What a command may do beside the session's settings. */
export interface Surroundings {
  readonly session: Session;
  /** Typed by a person; a script may touch files only with --allow-files. */
  readonly typed: boolean;
  /** Runs the statements of a file. */
  readonly read: (file: string, text: string) => Promise<void>;
  /** Ends the shell, or the script. */
  readonly quit: () => void;
}

/** What Tab offers as its argument. */
export type ArgumentKind = 'table' | 'rule' | 'mode' | 'switch' | 'file' | 'command';

export interface DotCommand {
  readonly name: string;
  /** ".mode [M]". */
  readonly argument?: string;
  readonly offers?: ArgumentKind;
  readonly doc: string;
  readonly run: (argument: string | undefined, around: Surroundings) => Promise<string> | string;
}

const DEFAULT_WIDTH = 100;

const widthOf = ({ session }: Surroundings): number => session.output.columns() ?? DEFAULT_WIDTH;

function mayTouchFiles({ session, typed }: Surroundings, command: string): void {
  if (typed || session.files) return;
  throw new UsageError(
    `${command} in a script touches files, which is locked`,
    'dmaspan sql --allow-files lets it.',
  );
}

function wanted(argument: string | undefined, usage: string): string {
  if (argument === undefined || argument === '') throw new UsageError(`expected ${usage}`, 'See .help.');
  return argument;
}

function wholeNumber(argument: string | undefined, usage: string): number {
  const text = wanted(argument, usage);
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`expected ${usage}, found "${text}"`, 'See .help.');
  return Number(text);
}

function modes(current: string): string {
  const width = Math.max(...FORMATS.map((name) => name.length));
  return FORMATS.map(
    (name) => `${name === current ? '*' : ' '} ${name.padEnd(width)}  ${FORMAT_DOCS[name]}\n`,
  ).join('');
}

async function rules(id: string | undefined, { session }: Surroundings): Promise<string> {
  const [{ findRule, loadRules }, { listOfRules, ruleInFull }] = await Promise.all([
    import('../../analyzer/rules.js'),
    import('../rules.js'),
  ]);
  const all = loadRules(session.rulesFolder);
  return id === undefined ? listOfRules(all) : ruleInFull(findRule(all, id));
}

export const DOT_COMMANDS: readonly DotCommand[] = [
  {
    name: '.tables',
    doc: 'The tables, views and macros',
    run: async (_none, around) =>
      (await import('./catalog.js')).tablesText(around.session.database, widthOf(around)),
  },
  {
    name: '.schema',
    argument: '[T]',
    offers: 'table',
    doc: 'The columns of a table, or of all, and what they mean',
    run: async (table, around) =>
      (await import('./catalog.js')).schemaText(around.session.database, table, widthOf(around)),
  },
  { name: '.rules', argument: '[ID]', offers: 'rule', doc: 'The rules, or one with its SQL', run: rules },
  {
    name: '.mode',
    argument: '[M]',
    offers: 'mode',
    doc: `How to print rows: ${FORMATS.join(', ')}`,
    run: (name, { session }) => {
      if (name === undefined) return modes(session.format);
      const format = formatNamed(name);
      if (format === undefined) throw new UsageError(`no mode is called "${name}"`, '.mode lists them.');
      session.format = format;
      return '';
    },
  },
  {
    name: '.maxrows',
    argument: 'N',
    doc: 'Most rows of a table on a terminal (40)',
    run: (text, { session }) => {
      session.maxRows = Math.max(2, wholeNumber(text, '.maxrows N'));
      return '';
    },
  },
  {
    name: '.maxwidth',
    argument: 'N',
    doc: 'Columns of a table on a terminal; 0: as many as it has',
    run: (text, { session }) => {
      session.maxWidth = wholeNumber(text, '.maxwidth N');
      return '';
    },
  },
  {
    name: '.timer',
    argument: 'on|off',
    offers: 'switch',
    doc: 'Print how long a statement took',
    run: (text, { session }) => {
      const to = wanted(text, '.timer on or .timer off');
      if (to !== 'on' && to !== 'off')
        throw new UsageError(`expected .timer on or .timer off, found "${to}"`, 'See .help.');
      session.timer = to === 'on';
      return '';
    },
  },
  {
    name: '.read',
    argument: 'FILE',
    offers: 'file',
    doc: 'Run the statements of a file',
    run: async (file, around) => {
      const path = wanted(file, '.read FILE');
      mayTouchFiles(around, '.read');
      await around.read(path, readSql(path));
      return '';
    },
  },
  {
    name: '.output',
    argument: '[FILE]',
    offers: 'file',
    doc: 'Write rows to a file; without one, here again',
    run: (file, around) => {
      if (file !== undefined) mayTouchFiles(around, '.output');
      around.session.output.redirect(file);
      return '';
    },
  },
  {
    name: '.help',
    argument: '[COMMAND]',
    offers: 'command',
    doc: 'The commands, or one of them',
    run: (name) => helpText(name),
  },
  {
    name: '.quit',
    doc: 'End (Ctrl-D too)',
    run: (_none, { quit }) => {
      quit();
      return '';
    },
  },
];

/** Names that other shells have for the same. */
const OTHER_NAMES: Readonly<Record<string, string>> = { '.exit': '.quit', '.describe': '.schema' };

function commandNamed(name: string): DotCommand {
  const full = name.startsWith('.') ? name : `.${name}`;
  const matches = DOT_COMMANDS.filter((one) => one.name.startsWith(OTHER_NAMES[full] ?? full));
  const found = matches.find((one) => one.name === full) ?? (matches.length === 1 ? matches[0] : undefined);
  if (found === undefined) throw new UsageError(`no command is called "${full}"`, 'See .help.');
  return found;
}

function helpText(name: string | undefined): string {
  const chosen = name === undefined ? DOT_COMMANDS : [commandNamed(name)];
  const usage = (one: DotCommand): string => `${one.name} ${one.argument ?? ''}`.trimEnd();
  const width = Math.max(...DOT_COMMANDS.map((one) => usage(one).length));
  const lines = chosen.map((one) => `${usage(one).padEnd(width)}  ${one.doc}\n`).join('');
  return name === undefined
    ? `${lines}\nAnything else is SQL, and ends with a semicolon. Tab completes.\n`
    : lines;
}

/** Runs one line, and writes what it prints. Throws UsageError. */
export async function runDotCommand(line: string, around: Surroundings): Promise<void> {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line.trim()) ?? [];
  const argument = rest
    .trim()
    .replace(/;$/, '')
    .replace(/^(['"])(.*)\1$/, '$2')
    .trim();
  const text = await commandNamed(name).run(argument === '' ? undefined : argument, around);
  if (text !== '') await around.session.output.write(text);
}
