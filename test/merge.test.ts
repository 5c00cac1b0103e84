/** Captures of one run as one; what was lost; names from a kallsyms file: through the command, as users meet them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inPackage } from '../traces/package-root.js';

const sample = (name: string): string => inPackage('traces', 'samples', name);
const DRIVER = sample('buggy-driver/trace.dat');
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-merge-'));

function dmaspan(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [inPackage('dist', 'command', 'index.js'), ...args],
    {
      encoding: 'utf8',
    },
  );
  return { stdout, stderr, status };
}

interface Json {
  captures: { events: string }[];
  findings: { rule: string; kind: string; count: string; bytes: string }[];
  counters: { name: string; count: string }[];
}

const report = (...args: string[]): Json =>
  JSON.parse(dmaspan('report', '--format', 'json', ...args).stdout) as Json;
const found = ({ findings }: Json): string[] =>
  findings.map(({ rule, kind, count, bytes }) => `${rule} ${kind} ${count} ${bytes}`).sort();

test('two recordings of one run, merged, are the run: every event counts once', () => {
  const alone = report(DRIVER);
  const merged = report('--merge', DRIVER, sample('buggy-driver/trace.txt.zst'));
  assert.equal(found(merged), found(alone));
  assert.is(merged.captures.length, 1);
  assert.is(merged.captures[0]?.events, '2923');
  assert.equal(
    merged.counters.filter(({ name }) => name === 'event-repeated').map(({ count }) => count),
    ['2923'],
  );
});

test('without --merge they are two captures', () => {
  const both = report(DRIVER, sample('buggy-driver/trace.txt.zst'));
  assert.is(both.captures.length, 2);
  assert.is(both.findings.length, 2 * report(DRIVER).findings.length);
});

test('recordings by different clocks are not merged', () => {
  const { stderr, status } = dmaspan('report', '--merge', DRIVER, sample('buggy-driver/trace-v6.dat.zst'));
  assert.is(status, 2);
  assert.match(stderr, /trace-v6\.dat\.zst: recorded with the clock local, but .*trace\.dat with mono/);
});

test('--require-complete: 3 when events were lost, and only then', () => {
  assert.is(dmaspan('report', '--require-complete', sample('lossy/trace_pipe.txt.zst')).status, 3);
  assert.is(dmaspan('report', sample('lossy/trace_pipe.txt.zst')).status, 0);
  assert.is(dmaspan('report', '--require-complete', sample('slow-leak/trace.txt.zst')).status, 0);
  assert.is(dmaspan('report', '--require-complete', DRIVER).status, 1);
});

test('info and report say how much was lost, and how to lose none', () => {
  const { stdout } = dmaspan('info', sample('lossy/trace_pipe.txt.zst'));
  assert.match(stdout, /losses +4 gaps, 2175 events\. To lose none, record with larger buffers/);
  assert.match(
    dmaspan('report', sample('lossy/trace_pipe.txt.zst')).stdout,
    /events-lost: 2175\n.*in 4 gaps/,
  );
});

test('--kallsyms: a file that is none, or hides its addresses, is refused with a reason', () => {
  const refuse = (text: string, pattern: RegExp): void => {
    const file = join(folder, 'kallsyms');
    writeFileSync(file, text);
    const { stderr, status } = dmaspan('report', '--kallsyms', file, DRIVER);
    assert.is(status, 2);
    assert.match(stderr, pattern);
  };
  refuse('no symbols here\n', /expected lines as "ffffffff81000000 T _text", found none/);
  refuse('0000000000000000 T _text\n0000000000000000 T _etext\n', /every address is zero/);
  assert.match(dmaspan('report', '--kallsyms', join(folder, 'nowhere'), DRIVER).stderr, /no such file/);
});

test.after(() => rmSync(folder, { recursive: true }));

test.run();
