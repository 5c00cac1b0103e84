/** The README shows what its first command really prints. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPackage } from '../traces/package-root.js';

const readme = readFileSync(inPackage('README.md'), 'utf8');

function dmaspan(args: readonly string[]): string {
  const { stdout } = spawnSync(process.execPath, [inPackage('dist', 'cli', 'index.js'), ...args], {
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
