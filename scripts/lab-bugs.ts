/**
 * Holds what the rules find against the buggy driver's own list: `node dist/scripts/lab-bugs.js DIR`.
 *
 * In: a folder laid out like traces/samples. Out: a table a run; exit code 1 when anything is missing, too much, or blames the innocent.
 */
import { checkBugs, isRight, RULES_OF } from './lab-bugs-check.js';
import { type Form, type Run, runsIn } from './lab-runs.js';

/** Whether the form's findings are those of the list; undefined when there is no list. */
async function check(run: Run, form: Form): Promise<boolean | undefined> {
  const bugs = await checkBugs(run, form);
  if (bugs === undefined) return undefined;
  console.log(
    `\n${run.name}, ${form.name}: ${bugs.deeds} lines of the list, ${bugs.placed} of them with a mapping in the capture`,
  );
  for (const [kind, count] of bugs.kinds) {
    const rule = kind in RULES_OF ? RULES_OF[kind]!.join(', ') || 'no event shows it' : 'UNKNOWN KIND';
    console.log(`    ${String(count).padStart(4)} ${kind.padEnd(30)} ${rule}`);
  }
  console.log(`    ${'rule'.padEnd(20)} ${'device'.padEnd(14)} expected found`);
  for (const line of bugs.lines) {
    const { rule, device, least, most, found } = line;
    const expected = least === most ? String(most) : `${least}..${most}`;
    console.log(
      `    ${rule.padEnd(20)} ${device.padEnd(14)} ${expected.padStart(8)} ${String(found).padStart(5)} ${isRight(line) ? '' : 'WRONG'}`,
    );
  }
  for (const text of bugs.wrong) console.log(`    WRONG: ${text}`);
  const unknown = [...bugs.kinds.keys()].filter((kind) => !(kind in RULES_OF));
  return bugs.lines.every(isRight) && bugs.wrong.length === 0 && unknown.length === 0;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node dist/scripts/lab-bugs.js DIR');
  process.exit(2);
}
let wrong = 0;
let checked = 0;
for (const run of runsIn(folder)) {
  for (const form of run.forms) {
    const right = await check(run, form);
    if (right === undefined) continue;
    checked++;
    if (!right) wrong++;
  }
}
console.log(
  `\n${checked} captures of the buggy driver: ${wrong === 0 ? 'all as listed' : `${wrong} not as listed`}`,
);
process.exitCode = wrong === 0 ? 0 : 1;
