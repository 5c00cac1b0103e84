/**
 * Holds the ledger of every run in a folder against the kernel's own: `node dist/scripts/lab-ledger.js DIR`.
 *
 * In: a folder laid out like traces/samples. Out: a line a run and form; exit code 1 when any of them disagrees.
 */
import { checkLedger, disagreements, explained } from './lab-ledger-check.js';
import { type Form, type Run, runsIn } from './lab-runs.js';

/** Whether the two books are at one, or every difference is explained. */
async function check(run: Run, form: Form): Promise<boolean> {
  const title = `${run.name.padEnd(24)} ${form.name.padEnd(24)}`;
  try {
    const ledger = await checkLedger(run, form);
    if (ledger === undefined) return true;
    const wrong = disagreements(ledger);
    const verdict = wrong.length > 0 ? 'DISAGREE' : ledger.odd.length > 0 ? 'explained' : 'agree';
    console.log(`${title} ${verdict.padEnd(9)} ${ledger.agree} open, ${ledger.older} older`);
    for (const line of [...explained(ledger), ...wrong.slice(0, 20)]) console.log(`    ${line}`);
    if (wrong.length > 20) console.log(`    and ${wrong.length - 20} more`);
    return wrong.length === 0;
  } catch (error) {
    console.log(`${title} UNREADABLE ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node dist/scripts/lab-ledger.js DIR');
  process.exit(2);
}
let wrong = 0;
for (const run of runsIn(folder)) for (const form of run.forms) if (!(await check(run, form))) wrong++;
console.log(wrong === 0 ? 'every ledger agrees or is explained' : `${wrong} ledgers disagree`);
process.exitCode = wrong === 0 ? 0 : 1;
