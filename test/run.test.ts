/** The test runner against files that misbehave (`fixtures/run/`): none may pass for a success. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runFile } from './run.js';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/run/${name}.js`, import.meta.url));

// fixture | passed | failed | skipped | what the runner says of it
const CASES = `
  passes          | 2 | 0 | 0 |
  fails           | 1 | 1 | 1 |
  forgets-run     | 0 | 1 | 0 | ran no test
  before-throws   | 0 | 2 | 0 | a hook threw
  after-throws    | 0 | 1 | 0 | before its tests had ended
  throws-string   | 1 | 2 | 0 | threw what is no Error
  throws-later    | 1 | 1 | 0 | code 1 after its tests had ended
  throws-on-import| 0 | 1 | 0 | code 1 before its tests had ended
  exits-early     | 0 | 1 | 0 | code 0 before its tests had ended
  never-settles   | 0 | 1 | 0 | code 13 before its tests had ended
  hangs           | 1 | 1 | 0 | was stopped
`;

for (const line of CASES.trim().split('\n')) {
  const [name = '', passed, failed, skipped, problem = ''] = line.split('|').map((cell) => cell.trim());
  test(name, async () => {
    const result = await runFile(fixture(name), name === 'hangs' ? 1500 : 60_000);
    assert.equal(
      [result.passed, result.failed, result.skipped],
      [Number(passed), Number(failed), Number(skipped)],
      result.output,
    );
    if (problem) assert.match(result.problems.join('\n'), problem);
    else assert.equal(result.problems, []);
  });
}

function run(...files: string[]) {
  const runner = fileURLToPath(new URL('run.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [runner, ...files], { encoding: 'utf8' });
  return { status, stdout, last: stdout.trimEnd().split('\n').at(-1) };
}

test('the last line adds up all files, and the exit code tells', () => {
  const mixed = run(fixture('passes'), fixture('fails'), fixture('forgets-run'));
  assert.is(mixed.last, '3 passed, 2 failed');
  assert.is(mixed.status, 1);
  assert.match(mixed.stdout, /FAIL {2}"fails"/);
  const fine = run(fixture('passes'));
  assert.is(fine.last, '2 passed, 0 failed');
  assert.is(fine.status, 0);
});

test('nothing to run is a failure', () => {
  const none = run('no-such-test');
  assert.is(none.last, '0 passed, 0 failed');
  assert.is(none.status, 1);
  assert.is(run(fixture('no-such-file')).last, '0 passed, 1 failed');
});

test.run();
