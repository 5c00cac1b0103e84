/** The README shows what its first command really prints. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPackage } from '../traces/package-root.js';

const { bin } = JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { bin: { dmaspan: string } };
/** What npx starts: the command in one piece. */
const COMMAND = inPackage(bin.dmaspan);

const readme = readFileSync(inPackage('README.md'), 'utf8');

function dmaspan(args: readonly string[]): string {
  const { stdout } = spawnSync(process.execPath, [COMMAND, ...args], {
    cwd: inPackage('.'),
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return stdout;
}

test('the report in the README is the beginning of the real one', () => {
  const shown = /<!-- report:begin -->\n```\n(.*?)\n```/s.exec(readme)?.[1] ?? '';
  const command = /npm ci && npx dmaspan (report \S+)/.exec(readme)?.[1] ?? '';
  assert.ok(shown.length > 500, 'the README shows a report');
  assert.ok(dmaspan(command.split(' ')).startsWith(`${shown}\n`), 'it is what the command prints');
});

test('the command in one piece says what its parts say, and finds its worker', () => {
  const parts = inPackage('dist', 'cli', 'index.js');
  const args = ['report', '--format', 'json', inPackage('traces', 'samples', 'buggy-driver', 'trace.dat')];
  assert.is(dmaspan(args), spawnSync(process.execPath, [parts, ...args], { encoding: 'utf8' }).stdout);
  assert.ok(readFileSync(join(dirname(COMMAND), 'worker.js')).length > 0);
});

test('the command in one piece reads a configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dmaspan-readme-'));
  const config = join(folder, 'config.json');
  writeFileSync(config, '{ "param": { "unbounded-pin": { "bound_ms": 100 } } }');
  const capture = inPackage('traces', 'samples', 'rdma', 'trace.txt.zst');
  assert.match(
    dmaspan(['report', capture, '--only', 'unbounded-pin', '--config', config]),
    /INFO: unbounded-pin: 2 pinned/,
  );
  rmSync(folder, { recursive: true });
});

test('the SQL in the README runs', () => {
  const [, capture = '', sql = ''] = /npx dmaspan sql (\S+) "\s*(SELECT.*?)"\n/s.exec(readme) ?? [];
  assert.match(
    dmaspan(['sql', capture, sql, '--format', 'csv']),
    /^device,kind,open,size,longest\n0000:00:05\.0,/,
  );
});

test('every link of the README leads somewhere', () => {
  for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    assert.not.throws(
      () => readFileSync(inPackage(target.endsWith('/') ? `${target}README.md` : target)),
      target,
    );
  }
});

test.run();
