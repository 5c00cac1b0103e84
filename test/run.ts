/**
 * Runs the test files, each in a process of its own, and counts what happened.
 *
 * In: `node dist/test/run.js [name filter…]`; an argument that ends in `.js` is a file to run as it is.
 * Out: a line a file, the output of those that failed, and at the very end `N passed, N failed`.
 * Exit code 1 when anything failed, or nothing ran.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileReport } from './run-file.js';

const compiled = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const AT_ONCE = 2;
/** How long a file may take: loaded machines are slow, but a hang must end. */
const LIMIT_MS = 1000 * Number(process.env.TEST_FILE_SECONDS ?? 300);
/** How long the output of a dead file's own children is waited for. */
const DRAIN_MS = 1000;

export interface FileResult extends FileReport {
  file: string;
  output: string;
  seconds: number;
}

interface Ending {
  report: FileReport | undefined;
  code: number | null;
  signal: string | null;
  late: boolean;
}

/** What is wrong with a file as a whole, beside its failed tests. */
function problemsOf({ report, code, signal, late }: Ending, limitMs: number): string[] {
  const ended = signal ? `the file was ended by ${signal}` : `the file exited with code ${code}`;
  if (late) return [`the file took more than ${limitMs / 1000} s and was stopped`];
  if (!report) return [`${ended} before its tests had ended`];
  const problems: string[] = [];
  if (code !== 0) problems.push(`${ended} after its tests had ended`);
  if (report.passed + report.failed === 0) problems.push('the file ran no test: is `test.run()` missing?');
  return problems;
}

function watch(child: ChildProcess, limitMs: number): Promise<Ending> {
  return new Promise((resolve) => {
    const ending: Ending = { report: undefined, code: null, signal: null, late: false };
    const timer = setTimeout(() => {
      ending.late = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('message', (report) => {
      ending.report = report as FileReport;
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      Object.assign(ending, { code, signal });
      setTimeout(() => resolve(ending), DRAIN_MS).unref();
    });
    child.on('close', () => resolve(ending));
  });
}

/** Runs one compiled test file. Whatever it does, the result says so: it never rejects. */
export async function runFile(file: string, limitMs = LIMIT_MS): Promise<FileResult> {
  const begun = performance.now();
  const child = fork(join(compiled, 'run-file.js'), [file], { cwd: root, silent: true });
  let output = '';
  const collect = (text: string) => {
    output += text;
  };
  for (const pipe of [child.stdout, child.stderr]) pipe?.setEncoding('utf8').on('data', collect);
  const ending = await watch(child, limitMs);
  for (const pipe of [child.stdout, child.stderr]) pipe?.destroy();
  const report = ending.report ?? { passed: 0, failed: 0, skipped: 0, problems: [] };
  const whole = problemsOf(ending, limitMs);
  const failed = report.failed + whole.length;
  const seconds = (performance.now() - begun) / 1000;
  return { ...report, file, output, seconds, failed, problems: [...report.problems, ...whole] };
}

/** The test files by their sources: a stale compiled file is not run, an uncompiled source is missed. */
function testFiles(filters: string[]): string[] {
  const names = filters.filter((filter) => !filter.endsWith('.js'));
  const files = filters.filter((filter) => filter.endsWith('.js'));
  if (files.length > 0 && names.length === 0) return files;
  const sources = readdirSync(join(root, 'test')).filter((name) => name.endsWith('.test.ts'));
  const wanted = sources.filter((name) => names.length === 0 || names.some((part) => name.includes(part)));
  return [...files, ...wanted.sort().map((name) => join(compiled, name.replace(/\.ts$/, '.js')))];
}

function missing(file: string): FileResult {
  return {
    file,
    output: '',
    seconds: 0,
    passed: 0,
    failed: 1,
    skipped: 0,
    problems: ['the file is not there: run `npm run build`'],
  };
}

function indented(text: string): string {
  return text.trim() === '' ? '' : `${text.trimEnd().replace(/^/gm, '    ')}\n`;
}

function print(result: FileResult): void {
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : '';
  const mark = result.failed > 0 ? 'FAIL' : 'ok  ';
  const counts = `${result.passed} passed${result.failed > 0 ? `, ${result.failed} failed` : ''}${skipped}`;
  console.log(`${mark} ${basename(result.file, '.js')}: ${counts} (${result.seconds.toFixed(1)} s)`);
  if (result.failed === 0) return;
  process.stdout.write(indented(result.output));
  for (const problem of result.problems) console.log(`    ${problem}`);
}

async function runAll(files: string[]): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = existsSync(file) ? await runFile(file) : missing(file);
      results.push(result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

async function main(filters: string[]): Promise<number> {
  const results = await runAll(testFiles(filters));
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  if (results.length === 0) console.log(`No test file matches ${filters.join(' ')}.`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
