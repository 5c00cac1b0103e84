/** docs/cli.md held against the help of every command: the same commands and options in both, and examples everywhere. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ListedCommand, listedCommand, withInner } from '../cli/command-list.js';
import { COMMANDS } from '../cli/commands.js';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const page = readFileSync(inPackage('docs', 'cli.md'), 'utf8');
const all = withInner(COMMANDS.map((one) => listedCommand(one)));
/** Commands that do something themselves. */
const leaves = all.filter(({ commands }) => commands.length === 0);

const helps = new Map<string, string>();

function helpOf(name: string): string {
  const { status, stdout } = spawnSync(process.execPath, [COMMAND, ...name.split(' '), '--help'], {
    encoding: 'utf8',
  });
  assert.is(status, 0, name);
  return stdout;
}
for (const { name } of all) helps.set(name, helpOf(name));

/** The options that a command's help lists, without those that all commands have. */
function shownOptions(name: string): string[] {
  const [, list = ''] = /\nOptions:\n([\s\S]*?)(?:\n\n|$)/.exec(helps.get(name)!)!;
  const names = [...list.matchAll(/^ +(?:-\w, )?--([a-z-]+) /gm)].map(([, option]) => option!);
  return names.filter((option) => option !== 'help' && option !== 'version').sort();
}

/** The synopses at the head of the page, by command; a line that is indented further goes on with the one above. */
function synopses(): Map<string, string> {
  const block = /^(?: {4}.*\n|\n)+/m.exec(page.slice(page.indexOf('    dmaspan report')))![0];
  const lines = block
    .replace(/\n {8}/g, ' ')
    .split('\n')
    .map((line) => line.trim());
  const input = lines.find((line) => line.startsWith('INPUT OPTIONS:'))!;
  const names = all.map(({ name }) => name).sort((a, b) => b.length - a.length);
  return new Map(
    lines
      .filter((line) => line.startsWith('dmaspan '))
      .map((line) => [
        names.find((name) => line.startsWith(`dmaspan ${name}`))!,
        line.replace('[INPUT OPTIONS]', input),
      ]),
  );
}

/** The options that a text names: "--format", and by its command "-o". */
const named = (text: string, { options }: ListedCommand): string[] =>
  [...text.matchAll(/(?<![\w-])(?:--([a-z]+(?:-[a-z]+)*)|-([a-z])(?=[ `]))/g)].map(
    ([whole, long, short]) => long ?? options.find(({ alias }) => alias === short)?.name ?? whole,
  );

const unique = (list: readonly string[]): string[] => [...new Set(list)].sort();

test('the synopses have every command and its options, and no others', () => {
  const found = synopses();
  assert.equal(
    [...found.keys()],
    leaves.map(({ name }) => name),
  );
  for (const command of leaves)
    assert.equal(unique(named(found.get(command.name)!, command)), shownOptions(command.name), command.name);
});

interface Section {
  readonly title: string;
  readonly text: string;
}

function sections(): Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => ({ title: part.split('\n')[0]!, text: part }));
}

/** "rules, events" is the section of both; "probes" that of its two. */
const sectionOf = (name: string): Section | undefined =>
  sections().find(({ title }) => title.split(', ').includes(name.split(' ')[0]!));

test('every command has a section, which says what each of its options is for', () => {
  const inputs = sections().find(({ title }) => title === 'Inputs')!;
  for (const command of leaves) {
    const section = sectionOf(command.name);
    assert.ok(section !== undefined, `${command.name} has a section`);
    const told = unique([...named(section!.text, command), ...named(inputs.text, command)]);
    const silent = shownOptions(command.name).filter((option) => !told.includes(option));
    assert.equal(silent, [], command.name);
  }
});

test('the tables of a section have options of its commands only', () => {
  for (const { title, text } of sections()) {
    const names = title.split(', ');
    const own = leaves.filter(({ name }) => names.includes(name.split(' ')[0]!) || title === 'Inputs');
    const known = own.flatMap(({ name }) => shownOptions(name));
    for (const [, cell = ''] of text.matchAll(/^\| (`-[^|]*(?:\\\|[^|]*)*) \|/gm)) {
      const command = own.find(({ options }) => options.length > 0)!;
      for (const option of named(cell, command)) assert.ok(known.includes(option), `${title}: ${cell}`);
    }
  }
});

test('no option is spoken of that is not there', () => {
  const known = new Set([...all.flatMap(({ name }) => shownOptions(name)), 'help', 'version']);
  for (const [, option] of page.matchAll(/(?<![\w-])--([a-z]+(?:-[a-z]+)*)/g))
    assert.ok(known.has(option!), option);
});

test('the help of every command has examples, and they are of that command', () => {
  for (const { name } of all) {
    const [, examples = ''] = /\nExamples:\n([\s\S]*)$/.exec(helps.get(name)!) ?? [];
    assert.match(examples, new RegExp(`dmaspan ${name}`), name);
  }
});

test('the examples that need no file of a reader run', () => {
  for (const args of [
    ['rules'],
    ['rules', 'leak-at-removal'],
    ['events'],
    ['probes', 'list'],
    ['probes', 'show', 'removal'],
    ['probes', 'show', 'rdma', '--for', 'perf', '--kernel', '6.1'],
    ['completion', 'bash'],
  ]) {
    assert.ok(
      all.some(({ examples }) => examples.some((text) => text.includes(`$0 ${args.join(' ')}`))),
      args.join(' '),
    );
    assert.is(spawnSync(process.execPath, [COMMAND, ...args]).status, 0, args.join(' '));
  }
});

test.run();
