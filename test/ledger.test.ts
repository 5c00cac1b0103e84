/** What the samples leave open is what the kernel's dma-debug held as mapped, entry for entry. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkLedger, disagreements, explained } from '../scripts/lab-ledger-check.js';
import { fileOf, type Run, runsIn } from '../scripts/lab-runs.js';
import { inPackage } from '../traces/package-root.js';

const runs = runsIn(inPackage('traces', 'samples'));
const run = (name: string): Run => runs.find((one) => one.name === name)!;

/** The only differences, all known from traces/samples: the leaked list's entries that its event does not show, and unmaps never recorded. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  'buggy-driver': ['32 in the end dump only: beyond the entries that dma_map_sg shows of an open list'],
  'big-lists': [
    '2176 open by events only: unmap too large to be recorded',
    '72 in the end dump only: beyond the entries that dma_map_sg shows of an open list',
  ],
};

const judged = runs.filter((one) => fileOf(one, 'dma-end.txt') !== undefined);

test('there are samples to judge', () => {
  assert.ok(judged.length >= 9);
  assert.ok(judged.flatMap(({ forms }) => forms).length >= 30);
});

for (const one of judged.filter(({ name }) => name !== 'lossy')) {
  test(`${one.name}: every form agrees with the dumps`, async () => {
    for (const form of one.forms) {
      const ledger = (await checkLedger(one, form))!;
      assert.equal(disagreements(ledger), [], form.name);
      assert.equal(explained(ledger), DIFFERENCES[one.name] ?? [], form.name);
      assert.ok(ledger.agree + ledger.older > 0, form.name);
    }
  });
}

test('lossy: what differs is what was lost', async () => {
  for (const form of run('lossy').forms) {
    const ledger = (await checkLedger(run('lossy'), form))!;
    assert.equal(disagreements(ledger), [], form.name);
    for (const line of explained(ledger)) assert.match(line, /events were lost/);
  }
});

test('the dumps of another run disagree', async () => {
  const [form] = run('slow-leak').forms;
  const ledger = (await checkLedger(run('clean-nvme'), form!))!;
  assert.ok(disagreements(ledger).length >= 35, disagreements(ledger).join('\n'));
});

test.run();
