/**
 * Compares what every event says in every form of every run in a folder, row by row: `node dist/scripts/lab-rows.js DIR`.
 *
 * In: a folder laid out like traces/samples. Out: a line a run and form; exit code 1 when any of them differs.
 */
import { checkRows } from './lab-rows-check.js';
import { runsIn } from './lab-runs.js';

const SHOWN = 12;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node dist/scripts/lab-rows.js DIR');
  process.exit(2);
}
let failed = 0;
for (const run of runsIn(folder)) {
  for (const { form, compared, differences } of await checkRows(run)) {
    const verdict = differences.length === 0 ? 'the same' : `${differences.length} differ`;
    console.log(
      `${run.name.padEnd(24)} ${form.name.padEnd(26)} ${String(compared).padStart(8)} rows, ${verdict}`,
    );
    for (const line of differences.slice(0, SHOWN)) console.log(`    ${line}`);
    if (differences.length > 0) failed++;
  }
}
console.log(failed === 0 ? 'all rows agree' : `${failed} forms differ`);
process.exitCode = failed === 0 ? 0 : 1;
