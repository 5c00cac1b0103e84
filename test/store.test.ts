/** Stores: what was ingested answers as the capture does, is there complete or not at all, and keeps what DuckDB's shell needs. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsFromText, rowsToText, ruleFingerprint } from '../analyzer/kept.js';
import { loadRules } from '../analyzer/rules.js';
import { MANIFEST_FILE, storeKind } from '../analyzer/store/kind.js';
import { parseManifest, StoreError } from '../analyzer/store/manifest.js';
import { sortedBy } from '../analyzer/store/parquet-folder.js';
import { TABLES } from '../analyzer/tables.js';
import { readViews } from '../analyzer/views.js';
import { inPackage } from '../traces/package-root.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-store-'));
const COMMAND = inPackage('dist', 'command', 'index.js');
const at = (name: string): string => join(folder, name);
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
}

function ok(...args: string[]): string {
  const { status, stdout, stderr } = run(...args);
  assert.is(stderr, '', args.join(' '));
  assert.is.not(status, 2, args.join(' '));
  return stdout;
}

/** Rows of every table, and what they are. */
const CONTENT = TABLES.map(
  ({ name }) => `SELECT '${name}' AS name, count(*) AS n, bit_xor(hash(t::VARCHAR)) AS h FROM ${name} t`,
).join(' UNION ALL ');

const FORMATS = ['json', 'text', 'html'];

/** What commands print of an input, with `options`: reports, information, and `sql`'s answer. */
function answers(input: string, sql: string, ...options: string[]): Record<string, string> {
  const file = (format: string): string => at(`answer.${format}`);
  ok('report', input, ...options, ...FORMATS.flatMap((format) => ['--output', `${format}=${file(format)}`]));
  return {
    ...Object.fromEntries(FORMATS.map((format) => [format, readFileSync(file(format), 'utf8')])),
    info: ok('info', input, ...options),
    sql: ok('sql', input, ...options, '--format', 'csv', '-c', sql),
  };
}

function sameAnswers(found: Record<string, string>, expected: Record<string, string>): void {
  for (const [what, text] of Object.entries(expected)) assert.is(found[what], text, what);
}

test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const [name, path] of [
  ['stacks', sample('buggy-driver', 'trace.dat')],
  ['leaks', sample('slow-leak', 'trace.txt.zst')],
  ['losses', sample('lossy', 'trace.txt.zst')],
  ['no-stacks', sample('buggy-driver', 'trace_pipe.txt.zst')],
] as const) {
  test(`${name}: a store of either kind answers as the capture`, () => {
    const sql = `${CONTENT} ORDER BY name`;
    const expected = answers(path, sql);
    for (const store of [at(`${name}.duckdb`), at(name)]) {
      assert.is(ok('ingest', path, '-o', store), '');
      sameAnswers(answers(store, sql), expected);
    }
    assert.equal(
      readdirSync(folder).filter((file) => file.includes('.part-')),
      [],
    );
  });
}

/** Of one mapping that was over when the device reached for it, and of one that an excerpt of the lifetimes would not have. */
const LOGS = {
  'buggy-driver/trace.dat': `[   18.711785] DMAR: [DMA Read NO_PASID] Request device [0000:00:05.0] fault addr 0xfffdc000 [fault reason 0x06] PTE Read access is not set
[   19.043076] DMAR: [DMA Read NO_PASID] Request device [0000:00:05.0] fault addr 0xfffc0000 [fault reason 0x06] PTE Read access is not set
`,
  'clean-nvme/trace.txt.zst': `[  281.831470] DMAR: [DMA Read NO_PASID] Request device [0000:00:01.0] fault addr 0xfffbe000 [fault reason 0x06] PTE Read access is not set
`,
};

for (const [path, text] of Object.entries(LOGS)) {
  test(`${path}: a store has its kernel log, for every command`, () => {
    const log = at('dmesg.txt');
    writeFileSync(log, text);
    const sql = 'FROM device_faults ORDER BY line; FROM kernel_logs; FROM counters';
    const expected = answers(sample(path), sql, '--dmesg', log);
    assert.match(expected.text!, /^ERROR: device-fault-after-unmap/m);
    for (const store of [at('log.duckdb'), at('log')]) {
      ok('ingest', sample(path), '--dmesg', log, '-o', store, '--force');
      sameAnswers(answers(store, sql), expected);
    }
    ok('export', sample(path), '--dmesg', log, '--to', 'csv', '-o', at('csv'), '--force');
    ok('export', at('log.duckdb'), '--to', 'csv', '-o', at('csv-of-store'), '--force');
    for (const file of readdirSync(at('csv')))
      assert.is(
        readFileSync(join(at('csv-of-store'), file), 'utf8'),
        readFileSync(join(at('csv'), file), 'utf8'),
        file,
      );
  });
}

test('a .duckdb store has types, comments, views and macros for a plain DuckDB', async () => {
  const instance = await DuckDBInstance.create(at('stacks.duckdb'), { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  for (const { name, kind } of readViews()) if (kind === 'view') await ask(`FROM ${name} LIMIT 1`);
  assert.equal(await ask("SELECT anomaly_text('direction_mismatch', 0::UBIGINT) AS t, addr_hex(4096) AS a"), [
    { t: 'bidirectional', a: '0x1000' },
  ]);
  const [without] = await ask(
    "SELECT count(*) AS n FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal AND comment IS NULL AND table_name <> 'dmaspan_store'",
  );
  assert.is(without!.n, 0n);
  assert.equal(await ask("SELECT DISTINCT 'to_device'::dir AS d FROM lifetimes"), [{ d: 'to_device' }]);
  connection.closeSync();
  instance.closeSync();
});

test('what rules found is kept: rows of a rule with other parameters, or on other ground, are not', async () => {
  const { rules } = parseManifest('x', readFileSync(join(at('leaks'), MANIFEST_FILE), 'utf8'));
  const growing = loadRules().find(({ id }) => id === 'leak-growing-site')!;
  const kept = rowsFromText(rules[ruleFingerprint(growing)]!);
  assert.is(kept.length, 3);
  assert.is(typeof kept[0]!.first_ts, 'bigint');
  assert.equal(rowsFromText(rowsToText(kept)), kept);
  assert.ok(Object.keys(rules).length > 30, 'those that found nothing as well');

  const report = (...options: string[]): string =>
    ok('report', at('leaks'), '--only', growing.id, ...options);
  const config = at('config.json');
  writeFileSync(config, JSON.stringify({ param: { [growing.id]: { min_survivors: 1000 } } }));
  assert.match(report(), /leak-growing-site: 12 /);
  assert.not.match(report('--config', config), /leak-growing-site: 12 /);

  const told = (change: object): string => {
    const file = join(at('leaks'), MANIFEST_FILE);
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(before) as object), ...change }));
    try {
      return report();
    } finally {
      writeFileSync(file, before);
    }
  };
  const forgotten = { rules: Object.fromEntries(Object.keys(rules).map((rule) => [rule, '[]'])) };
  assert.not.match(told(forgotten), /leak-growing-site: 12 /, 'what is kept is what is told');
  assert.is(told({ ...forgotten, ground: 'other' }), report());
});

test('a Parquet folder is sorted by device and time, zstd-compressed', async () => {
  assert.equal(TABLES.map((table) => [table.name, sortedBy(table)]).slice(0, 2), [
    ['events', ['device', 'ts']],
    ['lifetimes', ['device', 'opened_ts']],
  ]);
  const file = join(at('stacks'), 'lifetimes.parquet');
  const text = ok('sql', at('stacks'), '--format', 'csv', 'SELECT count(*) AS n FROM lifetimes');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT DISTINCT compression AS c FROM parquet_metadata('${file}')`,
  );
  assert.equal(reader.getRows(), [['ZSTD']]);
  const [row] = (
    await connection.runAndReadAll(
      `SELECT count(*) AS n, count(*) FILTER (device < before OR (device = before AND opened_ts < earlier)) AS wrong FROM (
         SELECT device, opened_ts, lag(device) OVER () AS before, lag(opened_ts) OVER () AS earlier FROM '${file}')`,
    )
  ).getRows();
  assert.is(text, `n\n${row![0]}\n`);
  assert.is(row![1], 0n);
  connection.closeSync();
  instance.closeSync();
});

test('what is there stays there without --force, and what is not ours even with it', () => {
  const path = sample('overlap-iommu', 'trace.txt');
  writeFileSync(at('mine.duckdb'), 'mine');
  const refused = run('ingest', path, '-o', at('mine.duckdb'));
  assert.is(refused.status, 2);
  assert.match(refused.stderr, /mine\.duckdb: is there already\nGive --force/);
  assert.is(readFileSync(at('mine.duckdb'), 'utf8'), 'mine');
  ok('ingest', path, '-o', at('mine.duckdb'), '--force');
  assert.is(storeKind(at('mine.duckdb')), 'file');
  const foreign = mkdtempSync(at('foreign-'));
  writeFileSync(join(foreign, 'thesis.txt'), 'years');
  const kept = run('ingest', path, '-o', foreign, '--force');
  assert.is(kept.status, 2);
  assert.match(kept.stderr, /expected a folder that dmaspan wrote/);
  assert.ok(existsSync(join(foreign, 'thesis.txt')));
  ok('ingest', path, '-o', at('leaks'), '--force');
  assert.match(ok('info', at('leaks')), /overlap-iommu/);
});

test('stores that are damaged, of another version or no stores are told as that', () => {
  const told = (path: string): string => {
    const { status, stderr } = run('report', path);
    assert.is(status, 2, stderr);
    return stderr;
  };
  truncateSync(join(at('losses'), 'events.parquet'), 100);
  assert.match(told(at('losses')), /expected events\.parquet with \d+ bytes, found 100 bytes\nCopy/);
  truncateSync(at('losses.duckdb'), 5000);
  assert.match(told(at('losses.duckdb')), /expected a DuckDB database, found one that cannot be opened/);
  const manifest = JSON.parse(readFileSync(join(at('stacks'), MANIFEST_FILE), 'utf8')) as object;
  const of = (change: object) => () => parseManifest('x', JSON.stringify({ ...manifest, ...change }));
  assert.throws(
    of({ version: 7, dmaspan: '9.9' }),
    /expected a store of version 2 .*found version 7, written by dmaspan 9\.9/,
  );
  assert.throws(of({ columns: 'other' }), /found one with other tables or columns/);
  assert.throws(
    () => parseManifest('x', '{'),
    (error: unknown) => error instanceof StoreError,
  );
});

test('a store stands alone, and takes no options for reading captures', () => {
  const two = run('report', at('stacks.duckdb'), sample('overlap-iommu', 'trace.txt'));
  assert.is(two.status, 2);
  assert.match(two.stderr, /is a store, and another input is given beside it/);
  const late = run('info', at('stacks'), '--merge');
  assert.is(late.status, 2);
  assert.match(late.stderr, /--merge says how to read captures/);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills an ingest when its `when`-th new file or growth is seen, and looks at what is there. */
async function killed(target: string, after: number): Promise<void> {
  const child = spawn(process.execPath, [
    COMMAND,
    'ingest',
    sample('slow-leak', 'trace.txt.zst'),
    '-o',
    target,
  ]);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await pause(after);
  child.kill('SIGKILL');
  await ended;
}

test('an ingest that is killed leaves nothing that opens as complete', async () => {
  for (const after of [300, 600, 900]) {
    for (const name of [`killed-${after}.duckdb`, `killed-${after}`]) {
      await killed(at(name), after);
      for (const left of readdirSync(folder).filter((file) => file.includes(`killed-${after}`))) {
        const { status, stderr } = run('info', at(left));
        const whole = left === name; // it had finished before
        assert.is(status === 0, whole, `${left}: ${stderr}`);
        if (!whole) assert.match(stderr, /expected|is a directory/);
        rmSync(at(left), { recursive: true, force: true });
      }
    }
  }
});

test.run();
