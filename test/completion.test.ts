/** Shell completion: what bash offers for a line, without starting a program; and that the other shells take their scripts. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadRules } from '../analyzer/rules.js';
import { listedCommand, withInner } from '../cli/command-list.js';
import { COMMANDS } from '../cli/commands.js';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-completion-'));
test.after(() => rmSync(folder, { recursive: true }));

function scriptFor(shell: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'completion', shell], {
    encoding: 'utf8',
  });
  assert.is(stderr, '');
  assert.is(status, 0);
  const file = join(folder, `completion.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

const SCRIPT = scriptFor('bash');
for (const name of ['trace.dat', 'trace.txt', 'my suppressions']) writeFileSync(join(folder, name), '');

/** Splits a line into words as readline does: at blanks, and "=" and ":" are words of their own. */
const wordsOf = (line: string): string[] => {
  const words = line.match(/[=:]|[^ =:]+/g) ?? [];
  return /[ =:]$/.test(line) ? [...words, ''] : words;
};

/** What bash offers for each line: from the function, and where it has no answer, whether bash is to offer files. */
function offers(lines: readonly string[]): string[][] {
  const calls = lines.map((line) => {
    const words = wordsOf(line)
      .map((word) => `'${word}'`)
      .join(' ');
    return `COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); FILES=files; COMPREPLY=(); _dmaspan; echo "\${COMPREPLY[*]:-$FILES}"`;
  });
  // Outside of a completion compopt has nothing to act on: it is noted.
  const note = 'compopt() { [[ $1 == +o ]] && FILES=; }';
  const program = `source '${SCRIPT}'; PATH=; ${note}; ${calls.join('\n')}`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', program], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.is(stderr, '');
  assert.is(status, 0);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ').filter((word) => word !== ''));
}

const offer = (line: string): string[] => offers([line])[0] ?? [];
const FILES = ['files'];

test('commands, and commands within them', () => {
  assert.equal(
    offer('dmaspan '),
    COMMANDS.map(({ command }) => String(command).split(' ')[0]),
  );
  assert.equal(offer('dmaspan re'), ['report', 'record']);
  assert.equal(offer('dmaspan record --pack rem'), ['removal']);
  assert.equal(offer('dmaspan --'), ['--help', '--version']);
  assert.equal(offer('dmaspan probes '), ['list', 'show']);
  assert.equal(offer('dmaspan frobnicate '), FILES);
});

test('values: of a fixed set, rules, packs, pairs', () => {
  const cases: [line: string, expected: string[]][] = [
    ['dmaspan report --format ma', ['markdown']],
    ['dmaspan report --format=ma', ['markdown']],
    ['dmaspan report trace.dat --merge --fail-on ', ['error', 'warning', 'info', 'never']],
    ['dmaspan diff --format=', ['text', 'json', 'markdown']],
    ['dmaspan report --only leak-o', ['leak-outlier']],
    ['dmaspan rules leak-at', ['leak-at-exit', 'leak-at-removal', 'leak-attachment']],
    ['dmaspan probes show p2', ['p2p-vma', 'p2pmem']],
    ['dmaspan probes show --kernel 6.1 rd', ['rdma']],
    ['dmaspan probes show --form=', ['fprobe', 'kprobe', 'registers']],
    ['dmaspan report --output sa', ['sarif=']],
    ['dmaspan report --budget=leak-o', ['leak-outlier=']],
    ['dmaspan diff --output ', ['text=', 'json=', 'markdown=']],
    ['dmaspan completion ', ['bash', 'zsh', 'fish']],
    ['dmaspan export --to ', ['parquet', 'duckdb', 'arrow', 'perfetto', 'csv']],
  ];
  assert.equal(
    offers(cases.map(([line]) => line)),
    cases.map(([, expected]) => expected),
  );
  assert.equal(
    offer('dmaspan rules '),
    loadRules().map(({ id }) => id),
  );
});

test('files where files may stand, and nothing where nobody knows', () => {
  const files = [
    'dmaspan report tr',
    'dmaspan report --baseline ',
    'dmaspan report --output sarif=x',
    'dmaspan sql -f ',
    'dmaspan diff a ',
    'dmaspan report -- --f',
    'dmaspan ingest x -o ',
    'dmaspan probes show --packs ',
  ];
  assert.equal(
    offers(files),
    files.map(() => FILES),
  );
  const unknown = [
    'dmaspan sql -c ',
    'dmaspan sql --param x',
    'dmaspan diff --top ',
    'dmaspan report --budget leak-outlier=',
    'dmaspan events x',
    'dmaspan report --no-such',
  ];
  assert.equal(
    offers(unknown),
    unknown.map(() => []),
  );
});

/** Of a help text the list of options, without the examples, which may begin a line with one. */
const optionsOf = (help: string): string => /\nOptions:\n([\s\S]*?)(?:\n\n|$)/.exec(help)![1]!;

test('every option that the help of a command shows, and no other', () => {
  const all = withInner(COMMANDS.map((one) => listedCommand(one)));
  const offered = offers(all.map(({ name }) => `dmaspan ${name} -`));
  for (const [at, { name }] of all.entries()) {
    const { stdout } = spawnSync(process.execPath, [COMMAND, ...name.split(' '), '--help'], {
      encoding: 'utf8',
    });
    const shown = [...optionsOf(stdout).matchAll(/^ +(?:-(\w), )?--([a-z-]+) /gm)].flatMap(
      ([, alias, option]) => (alias === undefined ? [`--${option}`] : [`--${option}`, `-${alias}`]),
    );
    assert.equal([...offered[at]!].sort(), shown.sort(), name);
  }
});

test('zsh and fish, where they are, take their scripts', () => {
  for (const shell of ['zsh', 'fish']) {
    const script = scriptFor(shell);
    const { status, stderr, error } = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    if (error === undefined) assert.is(status, 0, stderr);
  }
  const { stdout, stderr, error } = spawnSync(
    'fish',
    [
      '-c',
      `source ${join(folder, 'completion.fish')}; complete -C 'dmaspan report --fo'; complete -C 'dmaspan probes show rd'; complete -C 'dmaspan report --output sarif=tra'`,
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  if (error !== undefined) return;
  assert.is(stderr, '');
  const words = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0]);
  assert.equal(words, ['--format', 'rdma', 'sarif=trace.dat', 'sarif=trace.txt']);
});

test.run();
