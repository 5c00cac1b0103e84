/** docs/importers.md shows what its commands really print. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPackage } from '../traces/package-root.js';

const { bin } = JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { bin: { dmaspan: string } };
const page = readFileSync(inPackage('docs', 'importers.md'), 'utf8');

interface Shown {
  readonly command: string;
  /** Runs of neighbouring lines, in order. */
  readonly runs: readonly string[];
  /** Whether lines are left out before the first run, and after the last. */
  readonly open: readonly [boolean, boolean];
}

/** A block is a command, and lines of its output; "…" stands for any number of lines. */
function blocks(text: string): Shown[] {
  return [...text.matchAll(/```console\n\$ (npx dmaspan [^\n]*)\n(.*?)\n```/gs)].map(
    ([, command = '', output = '']) => ({
      command,
      runs: output
        .split(/^…$/m)
        .map((run) => run.replace(/^\n|\n$/g, ''))
        .filter((run) => run !== ''),
      open: [output.startsWith('…'), output.endsWith('…')],
    }),
  );
}

function printed(command: string): string {
  const line = command.replace(/^npx dmaspan/, `"${process.execPath}" "${inPackage(bin.dmaspan)}"`);
  const { stdout } = spawnSync('sh', ['-c', line], {
    cwd: inPackage('.'),
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 1 << 26,
  });
  return `\n${stdout}`;
}

/** The first run of lines that the output does not have where it should, or undefined. */
function missing({ runs, open: [before, after] }: Shown, output: string): string | undefined {
  let from = 0;
  for (const [number, run] of runs.entries()) {
    const at = output.indexOf(`\n${run}\n`, from);
    if (at < 0 || (number === 0 && !before && at !== 0)) return run;
    from = at + run.length + 1;
  }
  return after || from === output.length - 1 ? undefined : output.slice(from);
}

const all = blocks(page);

test('there is a command for each promise', () => {
  const rows = [...page.matchAll(/^## .*$/gm)];
  assert.ok(rows.length >= 11);
  for (const part of page.split(/^## /m).slice(1)) assert.ok(blocks(part).length > 0, part.slice(0, 60));
});

for (const shown of all) {
  test(shown.command.slice(0, 100), () => {
    assert.is(missing(shown, printed(shown.command)), undefined);
  });
}

test('what is not printed would be missed', () => {
  const [first] = all;
  const output = printed(first!.command);
  assert.ok(missing({ ...first!, runs: ['no such line'] }, output) !== undefined);
  assert.ok(
    missing({ ...first!, runs: [...first!.runs].reverse().concat(first!.runs) }, output.slice(0, 400)) !==
      undefined,
  );
  assert.ok(missing({ ...first!, open: [false, true] }, output) !== undefined);
});

test.run();
