/** The SQL shell: where statements end, what rows look like, what Tab offers, what keys do, what is locked. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Database, openDatabase } from '../analyzer/database.js';
import { analyze } from '../analyzer/pipeline.js';
import { FORMATS } from '../cli/rows/formats.js';
import { rowsAsText } from '../cli/rows-as-text.js';
import { offer } from '../cli/sql/completion.js';
import { openHistory, REMEMBERED } from '../cli/sql/history.js';
import { DROPPED, openLineEditor } from '../cli/sql/line-editor.js';
import { parametersOf } from '../cli/sql/parameters.js';
import { statementsOf } from '../cli/sql/statements.js';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';

const COMMAND = inPackage('dist', 'command', 'index.js');
const CAPTURE = inPackage('traces', 'samples', 'slow-leak', 'trace.txt.zst');
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-shell-'));
let database: Database;

test.before(async () => {
  database = await openDatabase(await analyze([CAPTURE], { dictionary: await loadDictionary([]) }));
});
test.after(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function sql(args: readonly string[], input = ''): { code: number | null; out: string; err: string } {
  const run = spawnSync(process.execPath, [COMMAND, 'sql', CAPTURE, ...args], { input, encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const textsOf = (text: string): string[] => statementsOf(text).statements.map((one) => one.text);

test('statements end at semicolons, but not at those in strings, names and comments', () => {
  const cases: [text: string, statements: string[], rest: string | undefined][] = [
    ['SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2'], undefined],
    ["SELECT 'a;''b' ; SELECT", ["SELECT 'a;''b'"], 'SELECT'],
    ['SELECT "a;b";', ['SELECT "a;b"'], undefined],
    ["SELECT e'\\';';", ["SELECT e'\\';'"], undefined],
    ['SELECT $x$a;$$;b$x$;', ['SELECT $x$a;$$;b$x$'], undefined],
    ['SELECT 1 /* ; /* ; */ ; */ + 1;', ['SELECT 1 /* ; /* ; */ ; */ + 1'], undefined],
    ['-- one; two\nSELECT $1;', ['SELECT $1'], undefined],
    ["SELECT 'a;\n", [], "SELECT 'a;\n"],
    ['SELECT $$a;\n', [], 'SELECT $$a;\n'],
    ['/* a;', [], '/* a;'],
    [';;  ;', [], undefined],
    ['.mode csv\nSELECT .5;\n.quit', ['.mode csv', 'SELECT .5', '.quit'], undefined],
    ['SELECT 1\n.5;', ['SELECT 1\n.5'], undefined],
  ];
  for (const [text, statements, rest] of cases) {
    assert.equal(textsOf(text), statements, text);
    assert.is(statementsOf(text).rest?.text, rest, text);
  }
  assert.equal(
    statementsOf('\nSELECT 1;\n\n-- no\nSELECT\n2; .x\n.y').statements.map(({ line, dot }) => [line, dot]),
    [
      [2, false],
      [5, false],
    ],
  );
});

test('values of --param have the type that they look like', () => {
  const given = [
    'a=5',
    'b=0xfff',
    'c=1.5',
    'd=true',
    'e=null',
    "f='5'",
    'g=0000:00:05.0',
    'h=',
    'i=18446744073709551615',
  ];
  assert.equal(
    [...parametersOf(given)].map(([name, { value, type }]) => [name, value, String(type)]),
    [
      ['a', 5n, 'BIGINT'],
      ['b', 4095n, 'UBIGINT'],
      ['c', 1.5, 'DOUBLE'],
      ['d', true, 'BOOLEAN'],
      ['e', null, 'SQLNULL'],
      ['f', '5', 'VARCHAR'],
      ['g', '0000:00:05.0', 'VARCHAR'],
      ['h', '', 'VARCHAR'],
      ['i', 18446744073709551615n, 'UBIGINT'],
    ],
  );
  assert.throws(() => parametersOf(['device']), /expected name=value/);
  assert.throws(() => parametersOf(['a=1', 'a=2']), /given twice/);
});

async function drawn(query: string, format: (typeof FORMATS)[number], width?: number): Promise<string> {
  const look = width === undefined ? {} : { width, rows: 4 };
  let text = '';
  for await (const part of rowsAsText(await database.stream(query), format, look)) text += part;
  return text;
}

test('a table fits its terminal, and says what it leaves out', async () => {
  for (const width of [20, 40, 80, 200]) {
    const text = await drawn('FROM lifetimes', 'table', width);
    const lines = text.trimEnd().split('\n').slice(0, -1);
    assert.ok(
      lines.every((line) => line.length <= width && line.length === lines[0]!.length),
      `${width}: ${text}`,
    );
    assert.match(text, /3,218 rows \(4 shown\), \d+ columns \(\d+ shown; \.mode line shows all\)/);
  }
  assert.equal(
    (await drawn("SELECT i, 'some long text here' AS text FROM range(9) t(i)", 'table', 27)).split('\n'),
    [
      '┌────────┬────────────────┐',
      '│   i    │      text      │',
      '│ bigint │    varchar     │',
      '├────────┼────────────────┤',
      '│      0 │ some long tex… │',
      '│      1 │ some long tex… │',
      ...Array(3).fill('│   ·    │       ·        │'),
      '│      7 │ some long tex… │',
      '│      8 │ some long tex… │',
      '└────────┴────────────────┘',
      '9 rows (4 shown)',
      '',
    ],
  );
});

test('every format prints rows, NULLs and quotes', async () => {
  const query = `SELECT 1 AS a, NULL AS b, 'x"''<|' AS c`;
  const expected: Record<string, string> = {
    csv: 'a,b,c\n1,,"x""\'<|"\n',
    tabs: 'a\tb\tc\n1\t\tx"\'<|\n',
    list: 'a|b|c\n1|NULL|x"\'<|\n',
    line: 'a = 1\nb = NULL\nc = x"\'<|\n',
    jsonlines: '{"a":1,"b":null,"c":"x\\"\'<|"}\n',
    insert: 'INSERT INTO "rows" ("a", "b", "c") VALUES (1, NULL, \'x"\'\'<|\');\n',
    trash: '',
  };
  for (const format of FORMATS) {
    const text = await drawn(query, format);
    if (format in expected) assert.is(text, expected[format], format);
    else assert.match(text, /1/, format);
  }
  assert.match(await drawn(query, 'html'), /<td>1<\/td><td>NULL<\/td><td>x&quot;'&lt;\|<\/td>/);
  assert.is(JSON.parse(await drawn(query, 'json'))[0].a, 1);
});

test('Tab completes keywords, tables, columns, functions, aliases, values and commands', async () => {
  const cases: [buffer: string, line: string, word: string, replaces: string][] = [
    ['', 'SEL', 'SELECT ', 'SEL'],
    ['', 'FROM lif', 'lifetimes', 'lif'],
    ['', 'SELECT devic', 'device', 'devic'],
    ['', 'SELECT duration_t', 'duration_text', 'duration_t'],
    ['SELECT 1', 'FR', 'FROM ', 'FR'],
    ['FROM lifetimes l', 'WHERE l.opened_', 'opened_ts', 'opened_'],
    ['', "FROM lifetimes WHERE device = '0000:00:0", "0000:00:05.0'", '0000:00:0'],
    ['', "FROM lifetimes WHERE kind IN ('sg', 'coh", "coherent'", 'coh'],
    ['', '.mo', '.mode ', '.mo'],
    ['', '.mode ma', 'markdown', 'ma'],
    ['', '.rules leak-o', 'leak-outlier', 'leak-o'],
    ['', '.schema anom', 'anomalies', 'anom'],
    ['', `.read ${inPackage('READ')}`, inPackage('README.md'), inPackage('READ')],
  ];
  for (const [buffer, line, word, replaces] of cases) {
    const offered = await offer(database, buffer, line);
    assert.ok(offered.words.includes(word), `${line}: ${offered.words.slice(0, 9).join(' ')}`);
    assert.is(offered.replaces, replaces);
  }
});

/** A terminal of streams: keys go in, what is drawn comes out. */
function keyboard(history: string[] = []) {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { columns: 80 });
  let screen = '';
  let cancelled = 0;
  output.on('data', (text: Buffer) => {
    screen += text.toString();
  });
  const editor = openLineEditor({
    input,
    output: output as unknown as NodeJS.WriteStream,
    history,
    complete: async (line) => [line.endsWith('lif') ? ['lifetimes'] : [], 'lif'],
    onCancel: () => {
      cancelled++;
    },
  });
  return {
    editor,
    type: (keys: string) => input.write(keys),
    screen: () => screen,
    cancelled: () => cancelled,
  };
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test('keys: a line, completion, history of whole statements, Ctrl-C, Ctrl-D', async () => {
  const { editor, type, screen, cancelled } = keyboard(['FROM\nevents;'.replace('\n', ' ')]);
  let next = editor.next('> ');
  type('FROM lif\t');
  await settled();
  type(';\r');
  assert.is(await next, 'FROM lifetimes;');
  editor.remember('FROM lifetimes;');
  type('SELECT 1;\rSEL');
  type('\u0003');
  assert.is(cancelled(), 1, 'Ctrl-C while something runs stops that');
  next = editor.next('> ');
  type('\u0003');
  assert.is(await next, DROPPED, 'and what was typed ahead is gone');
  assert.match(screen(), /\^C/);
  next = editor.next('> ');
  type('\u001b[A\u001b[A\r');
  assert.is(await next, 'FROM events;');
  next = editor.next('> ');
  type('\u0004');
  assert.is(await next, undefined);
});

test('history is kept in a file, of limited length', () => {
  const file = join(folder, 'state', 'sql-history');
  const first = openHistory(file);
  first.add('SELECT 1;');
  first.add('SELECT 2;');
  assert.is(first.problem(), undefined);
  assert.equal(openHistory(file).entries, ['SELECT 2;', 'SELECT 1;']);
  writeFileSync(file, Array.from({ length: 3 * REMEMBERED }, (_, at) => `SELECT ${at};\n`).join(''));
  assert.is(openHistory(file).entries[0], `SELECT ${3 * REMEMBERED - 1};`);
  assert.is(readFileSync(file, 'utf8').split('\n').length - 1, REMEMBERED);
  assert.match(openHistory(join(file, 'below', 'a-file')).problem() ?? '', /ENOTDIR|EEXIST/);
});

test('-c and -f: several statements, commands, parameters', () => {
  const file = join(folder, 'a.sql');
  writeFileSync(file, 'CREATE MACRO twice(x) AS 2 * x;\nSELECT twice(2) AS four;\n');
  const { out, err, code } = sql([
    '-f',
    file,
    '-c',
    '.mode csv',
    '-c',
    'SELECT twice($n) AS n',
    '-c',
    'SELECT 1; SELECT 2',
    '--param',
    'n=4',
  ]);
  assert.is(err, '');
  assert.is(code, 0);
  assert.match(out, /four[\s\S]*\nn\n8\n1\n1\n2\n2\n$/);
  assert.match(sql(['SELECT $x']).err, /parameter \$x, and no --param x=VALUE/);
  assert.match(sql(['SELECT 1', '--param', 'x=1']).err, /--param x: no SQL used \$x/);
});

test('errors point at the line of the whole text', () => {
  const { err, code } = sql([], 'SELECT 1;\n\nSELECT\n  foo\nFROM events;\n');
  assert.is(code, 2);
  assert.match(err, /LINE 4: {3}foo\n {10}\^/);
  assert.match(sql(['-c', 'EXPLAIN ANALYZE FROM events']).out, /^┌[\s\S]*SCAN_EVENTS/);
});

test('files, network, extensions and settings are locked unless --allow-files opens them', () => {
  const target = join(folder, 'out.csv');
  for (const query of [
    `COPY losses TO '${target}'`,
    "FROM read_csv('/etc/passwd')",
    "FROM 'http://localhost/x.csv'",
    `ATTACH '${join(folder, 'x.db')}'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    `.output ${target}`,
    `.read ${target}`,
  ]) {
    const { code, out, err } = sql(['-c', query]);
    assert.is(code, 2, query);
    assert.is(out, '');
    assert.match(err, /--allow-files/, query);
  }
  assert.is(sql(['--allow-files', '-c', `COPY (SELECT 1 AS a) TO '${target}'`]).code, 0);
  assert.is(readFileSync(target, 'utf8'), 'a\n1\n');
});

test('-readonly refuses what writes', () => {
  for (const query of [
    'CREATE TABLE t(a INT)',
    'DELETE FROM captures',
    `COPY losses TO '${folder}/r.csv'`,
    'BEGIN TRANSACTION',
  ])
    assert.match(sql(['-readonly', '--allow-files', query]).err, /refused: with --readonly/, query);
  const { out } = sql(['-readonly', '--format', 'csv', 'SELECT 1 AS a; SELECT 2 AS a']);
  assert.is(out, 'a\n1\na\n2\n');
});

test('the shell on a terminal', () => {
  const python = `
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
seen = b''
def until(text, limit=60):
    global seen
    end = time.time() + limit
    while text not in seen:
        if time.time() > end: sys.exit('never saw %r in %r' % (text, seen))
        if select.select([fd], [], [], 1)[0]: seen += os.read(fd, 65536)
    seen = seen[seen.index(text) + len(text):]
def key(text): os.write(fd, text)
until(b'dmaspan> ')
key(b'SELECT count(*) AS n'); until(b' AS n'); key(b'\\r'); until(b'...> ')
key(b'FROM lif\\t'); until(b'FROM lifetimes'); key(b';\\r'); until(b'3218'); until(b'dmaspan> ')
key(b'SELECT count(*) FROM range(100000000) a, range(100000000) b;\\r'); time.sleep(1); key(b'\\x03'); until(b'Cancelled.'); until(b'dmaspan> ')
key(b'\\x1b[A\\x1b[A\\r'); until(b'3218'); until(b'dmaspan> ')
key(b'\\x04')
while True:
    try:
        if not os.read(fd, 65536): break
    except OSError: break
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
  if (spawnSync('python3', ['-c', 'import pty']).status !== 0) return; // the pieces are tested above
  const { status, stderr } = spawnSync('python3', ['-c', python, process.execPath, COMMAND, 'sql', CAPTURE], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, XDG_STATE_HOME: folder, TERM: 'xterm' },
  });
  assert.is(status, 0, stderr);
  assert.match(
    readFileSync(join(folder, 'dmaspan', 'sql-history'), 'utf8'),
    /^SELECT count\(\*\) AS n FROM lifetimes;\n/,
  );
});

test.run();
