/**
 * One test file, run in a process of its own by `run.ts`.
 *
 * In: the file's path (argv). Out: a `FileReport`, sent to the parent when every suite of the file has ended.
 *
 * uvu's own `exec` is not used: it hides a throwing `before` hook and a thrown non-Error (both leave a suite
 * through a `return` in `finally`), and it says nothing at all of a file that never calls `test.run()`.
 */
import { pathToFileURL } from 'node:url';

/** Numbers of tests. A test that was to run and did not pass has failed, whatever uvu says of it. */
export interface FileReport {
  passed: number;
  failed: number;
  skipped: number;
  /** What uvu swallowed, in a sentence each. */
  problems: string[];
}

/** What uvu keeps for a suite: `true` or the text of its errors, passed, skipped, total. */
type SuiteResult = [true | string, number, number, number];
type Group = [string | null, ...(() => Promise<SuiteResult>)[]];
const uvu = globalThis as { UVU_DEFER?: number; UVU_QUEUE?: Group[]; UVU_INDEX?: number };

function addSuite(report: FileReport, [errors, passed, skipped, total]: SuiteResult): void {
  report.passed += passed;
  report.skipped += skipped;
  report.failed += total - passed;
  if (typeof errors === 'string') process.stdout.write(`\n${errors}`);
  else if (passed < total)
    report.problems.push(
      `${total - passed} of ${total} tests did not come to an end: a hook threw, or a test threw what is no Error`,
    );
}

async function runQueue(): Promise<FileReport> {
  const report: FileReport = { passed: 0, failed: 0, skipped: 0, problems: [] };
  for (const [, ...suites] of uvu.UVU_QUEUE ?? [])
    for (const runSuite of suites) addSuite(report, await runSuite());
  return report;
}

async function main(file: string): Promise<void> {
  uvu.UVU_DEFER = 1;
  uvu.UVU_INDEX = 0;
  uvu.UVU_QUEUE = [[file]];
  await import(pathToFileURL(file).href);
  const report = await runQueue();
  process.send?.(report);
}

await main(process.argv[2] ?? '');
