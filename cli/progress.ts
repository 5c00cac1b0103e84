/** Progress bars on stderr, when that is a terminal and the work takes more than a second. */
import { statSync } from 'node:fs';
import cliProgress from 'cli-progress';

const PATIENCE_MS = 1000;
const MIB = 1024 * 1024;

export interface Progress {
  readonly onProgress: (file: string, bytes: number) => void;
  stop(): void;
}

export function showProgress(files: readonly string[]): Progress {
  if (process.stderr.isTTY !== true) return { onProgress: () => {}, stop: () => {} };
  const sizes = new Map(files.map((file) => [file, sizeOf(file)]));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const done = new Map<string, number>();
  const bar = new cliProgress.SingleBar(
    {
      format: '{bar} {percentage}% | {value}/{total} MiB | {file}',
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    cliProgress.Presets.legacy,
  );
  const start = Date.now();
  let shown = false;
  return {
    onProgress: (file, bytes) => {
      done.set(file, bytes);
      const read = Math.round([...done.values()].reduce((sum, value) => sum + value, 0) / MIB);
      if (!shown && Date.now() - start < PATIENCE_MS) return;
      if (!shown) bar.start(Math.max(1, Math.round(total / MIB)), read, { file });
      shown = true;
      bar.update(read, { file });
    },
    stop: () => {
      if (shown) bar.stop();
    },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Steps of a work, of which each is named when it begins. */
export function showSteps(): { onStep: (what: string, done: number, of: number) => void; stop(): void } {
  if (process.stderr.isTTY !== true) return { onStep: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar(
    {
      format: '{bar} {value}/{total} | writing {what}',
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
    },
    cliProgress.Presets.legacy,
  );
  let shown = false;
  return {
    onStep: (what, done, of) => {
      if (!shown) bar.start(of, done, { what });
      shown = true;
      bar.update(done, { what });
    },
    stop: () => {
      if (shown) bar.stop();
    },
  };
}
