/** The step summary of GitHub Actions: Markdown that a step appends to the file that GITHUB_STEP_SUMMARY names. */
import { appendFileSync, statSync } from 'node:fs';
import type { Report } from '../analyzer/report/report.js';
import { UsageError } from './exit-codes.js';

/** GitHub drops a summary of more than 1 MiB a step. */
const LIMIT = 1024 * 1024;

/** Appends what fits beside what other commands of the step have written; nothing outside of GitHub Actions. */
export async function appendStepSummary(report: Report): Promise<void> {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === '') return;
  const { markdownReport } = await import('../analyzer/report/markdown.js');
  const room = LIMIT - (statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  const text = markdownReport(report, room);
  if (Buffer.byteLength(text) > room) return;
  try {
    appendFileSync(file, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `GITHUB_STEP_SUMMARY: ${file}: cannot be written: ${code}`,
      'Unset it, or correct it.',
    );
  }
}
