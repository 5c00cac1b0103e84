/** Every form of a sample has the events that the reference tools count, and tells the same story. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  eventDifferences,
  inOrder,
  type Story,
  sawTheSame,
  storyDifferences,
  storyOf,
} from '../scripts/lab-parity-check.js';
import { checkRows } from '../scripts/lab-rows-check.js';
import { countsOf, type Form, type Run, runsIn } from '../scripts/lab-runs.js';
import { inPackage } from '../traces/package-root.js';

const runs = runsIn(inPackage('traces', 'samples'));
const run = (name: string): Run => runs.find((one) => one.name === name)!;

/** Forms whose recorder did not see what the others saw: an instance of dma events only, and ring buffers that overflowed. */
const OTHER_EVENTS: ReadonlySet<string> = new Set([
  'trace-tsc-zlib.dat',
  'trace-tsc-zlib.report.txt',
  'trace_pipe.txt of lossy',
  'perf.data of lossy',
  'trace.report.txt of lossy',
]);
/** Runs whose events are also the recorders' own: system calls, and pages of the allocator. */
const NOISY: ReadonlySet<string> = new Set(['rdma', 'buggy-driver-frees']);
const sawOthers = (one: Run, form: Form): boolean =>
  (NOISY.has(one.name) && form !== one.forms[0]) ||
  OTHER_EVENTS.has(form.name) ||
  OTHER_EVENTS.has(`${form.name} of ${one.name}`);

const stories = new Map<string, Promise<Story>>();
/** Each form is read once, by whichever test comes first. */
function told(form: Form): Promise<Story> {
  const story = stories.get(form.path) ?? storyOf(form);
  stories.set(form.path, story);
  return story;
}

test('every form of every sample was counted by the reference tools', () => {
  const uncounted = runs.flatMap((one) => one.forms.filter((form) => countsOf(one, form) === undefined));
  assert.equal(
    uncounted.map(({ path }) => path),
    [],
  );
  assert.ok(runs.flatMap(({ forms }) => forms).length >= 35);
});

for (const one of runs) {
  test(`${one.name}: events by name are as counted`, async () => {
    for (const form of one.forms) assert.equal(eventDifferences(one, await told(form)), [], form.name);
  });
}

for (const one of runs.filter(({ forms }) => forms.length > 1)) {
  test(`${one.name}: all forms have the same lifetimes and findings`, async () => {
    const [first, ...others] = one.forms;
    const story = await told(first!);
    assert.ok(story.lifetimes.size > 0);
    for (const form of others) {
      const other = await told(form);
      assert.is(sawTheSame(one, other, story), !sawOthers(one, form), form.name);
      if (!sawOthers(one, form)) assert.equal(storyDifferences(other, story), [], form.name);
    }
  });
}

for (const name of ['rdma', 'dma-buf-revoked', 'buggy-driver-frees', 'p2p-rebound']) {
  test(`${name}: every event says the same in every form`, async () => {
    const checks = await checkRows(run(name));
    assert.ok(checks.length >= 1);
    for (const { form, compared, differences } of checks) {
      assert.ok(compared > 600, form.name);
      assert.equal(differences, [], form.name);
    }
  });
}

test('the forms compared are in the same order, but where recorders stamped events of two CPUs the other way round', async () => {
  const different: string[] = [];
  for (const one of runs) {
    const first = await told(one.forms[0]!);
    for (const form of one.forms) {
      if (!sawOthers(one, form) && !inOrder(await told(form), first))
        different.push(`${one.name}/${form.name}`);
    }
  }
  assert.equal(different, [
    'clean-nvme-old-kernel/trace-noirq.txt',
    'clean-nvme-old-kernel/perf.script.txt',
    'clean-nvme-old-tools/perf.data',
    'clean-nvme-old-tools/perf-compressed.data',
    'clean-nvme-old-tools/perf-pipe.data',
    'clean-nvme-old-tools/trace.report.txt',
    'clean-nvme-old-tools/perf.script.txt',
  ]);
});

test('the stories of two runs differ', async () => {
  const [leaky, clean] = [run('slow-leak').forms[0]!, run('clean-nvme').forms[0]!];
  const [one, other] = [await told(leaky), await told(clean)];
  assert.ok(storyDifferences(one, other).length > 0);
  assert.ok(eventDifferences(run('clean-nvme'), { ...one, form: clean })!.length > 0);
});

test.run();
