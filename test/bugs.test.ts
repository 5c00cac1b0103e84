/** What the rules find in the buggy driver's samples is its own list, and clean samples are clean. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../analyzer/findings.js';
import { judge } from '../analyzer/judge.js';
import { loadRules } from '../analyzer/rules.js';
import { checkBugs, isRight, RULES_OF } from '../scripts/lab-bugs-check.js';
import { type Form, type Run, runsIn, withCapture } from '../scripts/lab-runs.js';
import { inPackage } from '../traces/package-root.js';

const runs = runsIn(inPackage('traces', 'samples'));
const run = (name: string): Run => runs.find((one) => one.name === name)!;

const findingsIn = ({ path }: Form): Promise<Finding[]> =>
  withCapture(path, async (db) => {
    const results = await judge(db, loadRules(undefined));
    return results.flatMap(({ findings }) => findings);
  });

/** Lines of each list, and how many of them have no mapping: unmaps of what was never mapped, a map that failed. */
const LISTS: Readonly<Record<string, readonly [deeds: number, without: number]>> = {
  'buggy-driver': [134, 3],
  'slow-leak': [1100, 0],
  'big-lists': [25, 0],
  'clean-no-iommu': [102, 0],
  'overlap-iommu': [25, 0],
  'overlap-no-iommu': [25, 0],
};

for (const [name, [deeds, without]] of Object.entries(LISTS)) {
  test(`${name}: every mistake is found by its rule, none is made up, none blames the innocent`, async () => {
    const forms = run(name).forms.filter(({ mono }) => mono);
    assert.ok(forms.length > 0);
    for (const form of forms) {
      const bugs = (await checkBugs(run(name), form))!;
      assert.is(bugs.deeds, deeds);
      assert.is(bugs.placed, deeds - without, 'lines that were found among the mappings');
      assert.equal(
        bugs.lines.filter((line) => !isRight(line)),
        [],
        form.name,
      );
      assert.equal(bugs.wrong, [], form.name);
      assert.equal(
        [...bugs.kinds.keys()].filter((kind) => !(kind in RULES_OF)),
        [],
      );
    }
  });
}

test('buggy-driver: rules find eighty-two instances of its mistakes, by rule and device', async () => {
  const { lines } = (await checkBugs(
    run('buggy-driver'),
    run('buggy-driver').forms.find(({ mono }) => mono)!,
  ))!;
  assert.is(lines.length, 20);
  assert.is(
    lines.reduce((sum, { found }) => sum + found, 0),
    82,
  );
});

test('slow-leak: each leaking call site is named with its count', async () => {
  const [form] = run('slow-leak').forms;
  const leaks = (await findingsIn(form!)).filter(({ rule }) => rule === 'leak-growing-site');
  assert.equal(leaks.map(({ kind, site, via, count }) => `${count} ${kind} ${site} ${via}`).sort(), [
    '12 single cmd_write dma_map_page_attrs',
    '3 coherent cmd_write dma_alloc_attrs',
    '5 sg cmd_write dma_map_sg_attrs',
  ]);
});

for (const one of runs.filter(({ name }) => name.startsWith('clean-'))) {
  test(`${one.name}: no error, no warning`, async () => {
    for (const form of one.forms) {
      const loud = (await findingsIn(form)).filter(({ severity }) => severity !== 'info');
      assert.equal(
        loud.map(({ rule, message }) => `${rule}: ${message}`),
        [],
        form.name,
      );
    }
  });
}

test('lossy: what rests on an event that is not there is possible, no more', async () => {
  for (const form of run('lossy').forms) {
    const certain = (await findingsIn(form)).filter(
      ({ severity, confidence }) => severity !== 'info' && confidence !== 'possible',
    );
    assert.equal(
      certain.map(({ rule, message }) => `${rule}: ${message}`),
      [],
      form.name,
    );
  }
});

test("another run's list does not fit", async () => {
  const strange = { ...run('clean-no-iommu'), forms: run('overlap-iommu').forms };
  const bugs = (await checkBugs(strange, strange.forms[0]!))!;
  assert.ok(bugs.lines.some((line) => !isRight(line)));
  assert.ok(bugs.wrong.length > 0);
});

test.run();
