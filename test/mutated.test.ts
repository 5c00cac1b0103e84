/**
 * Damaged captures of every format: each ends in a report or in a refusal with words, in time, never in anything else.
 *
 * DMASPAN_MUTATIONS says how many of each format, DMASPAN_SEED which. `node dist/scripts/mutate.js` runs thousands, in
 * processes of their own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mutationOf, runOver, writeFiles } from './mutation.js';
import { MUTATED_FORMATS } from './mutation-bases.js';

const FILES = Number(process.env.DMASPAN_MUTATIONS ?? 10);
const SEED = Number(process.env.DMASPAN_SEED ?? 20261120);
const LIMIT_MS = 5000;
/** Made-up captures say that they have lost events, and that nobody names their addresses. */
const EXPECTED: ReadonlySet<string> = new Set([
  'events-lost',
  'events-dropped',
  'events-overwritten',
  'address-unnamed',
]);

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-mutated-'));
test.after(() => rmSync(folder, { recursive: true }));

for (const format of MUTATED_FORMATS) {
  test(`${format.name}: made-up captures are well before they are damaged`, async () => {
    for (const { name, files } of (await format.bases()).filter((base) => base.name.startsWith('made'))) {
      const path = writeFiles(join(folder, 'whole'), files);
      const outcome = await runOver(path, { keep: 'none', judge: false });
      assert.equal(outcome.problems, [], name);
      assert.ok(outcome.events > 100, name);
      assert.equal(
        outcome.counters.filter((counter) => !EXPECTED.has(counter)),
        [],
        name,
      );
    }
  });

  test(`${format.name}: ${FILES} damaged captures`, async () => {
    let [reports, refused] = [0, 0];
    for (let index = 0; index < FILES; index++) {
      const { base, files, recipe } = await mutationOf(format, SEED, index);
      const path = writeFiles(join(folder, 'mutated'), files);
      const again = `node dist/scripts/mutate.js --only ${format.name} --seed ${SEED} --one ${index}`;
      const at = [base.name, ...recipe, again].join('\n');
      const began = performance.now();
      const kept = await runOver(path, { keep: 'all', judge: index % 5 === 0 });
      const streamed = await runOver(path, { keep: 'none', judge: false });
      assert.ok(performance.now() - began < 2 * LIMIT_MS, `it took too long\n${at}`);
      assert.equal([...kept.problems, ...streamed.problems], [], at);
      assert.equal(streamed, kept, `what is kept changes what is seen\n${at}`);
      if (kept.kind === 'report') reports++;
      else refused++;
    }
    assert.ok(
      FILES < 20 || reports > FILES / 5,
      `only ${reports} of ${FILES} could be read, ${refused} were refused`,
    );
  });
}

test('the same seed and number make the same capture, others make others', async () => {
  for (const format of MUTATED_FORMATS) {
    const [one, same] = [await mutationOf(format, SEED, 1), await mutationOf(format, SEED, 1)];
    assert.equal(one, same);
    for (const other of [await mutationOf(format, SEED, 2), await mutationOf(format, SEED + 1, 1)])
      assert.not.equal(one.recipe, other.recipe);
  }
});

test.run();
