/**
 * Holds every form of every run in a folder against the reference tools' counts and against the run's first form:
 * `node dist/scripts/lab-parity.js DIR`.
 *
 * In: a folder laid out like traces/samples. Out: a line a run and form; exit code 1 when any of them differs.
 */
import {
  eventDifferences,
  inOrder,
  type Story,
  sawTheSame,
  storyDifferences,
  storyOf,
} from './lab-parity-check.js';
import { type Form, type Run, runsIn, sum } from './lab-runs.js';

const SHOWN = 12;

/** What is wrong with a form; `first` is the story that it must repeat. */
function judgeForm(run: Run, story: Story, first: Story): { verdict: string; wrong: string[] } {
  const counted = eventDifferences(run, story);
  const wrong = [...(counted ?? [])];
  const told = counted === undefined ? 'nobody counted its events' : 'events as counted';
  if (story === first) return { verdict: told, wrong };
  if (story.form.partial || !sawTheSame(run, story, first)) {
    return { verdict: `${told}; not compared, its recorder saw other events than ${first.form.name}`, wrong };
  }
  return {
    verdict: `${told}; lifetimes and findings as ${first.form.name}${inOrder(story, first) ? '' : ' (its events are in another order)'}`,
    wrong: [...wrong, ...storyDifferences(story, first)],
  };
}

async function storyOrNot(run: Run, form: Form): Promise<Story | undefined> {
  try {
    return await storyOf(form);
  } catch (error) {
    console.log(
      `${run.name} ${form.name} UNREADABLE ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** How many of its forms differ. */
async function checkRun(run: Run): Promise<number> {
  let failed = 0;
  let first: Story | undefined;
  for (const form of run.forms) {
    const story = await storyOrNot(run, form);
    if (story === undefined) {
      failed++;
      continue;
    }
    first ??= story;
    const { verdict, wrong } = judgeForm(run, story, first);
    const title = `${run.name.padEnd(24)} ${form.name.padEnd(26)} ${String(sum(story.events)).padStart(8)}`;
    console.log(`${title} ${wrong.length === 0 ? verdict : 'DIFFERS'}`);
    for (const line of wrong.slice(0, SHOWN)) console.log(`    ${line}`);
    if (wrong.length > SHOWN) console.log(`    and ${wrong.length - SHOWN} more`);
    if (wrong.length > 0) failed++;
  }
  return failed;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node dist/scripts/lab-parity.js DIR');
  process.exit(2);
}
let failed = 0;
for (const run of runsIn(folder)) failed += await checkRun(run);
console.log(failed === 0 ? 'all forms agree' : `${failed} forms differ`);
process.exitCode = failed === 0 ? 0 : 1;
