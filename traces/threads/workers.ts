/**
 * Threads that decode.
 *
 * In: jobs for worker.ts. Out: a worker that does one. A thread takes a tenth of a second to start: `readyWorker` starts one before its job is known.
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Job } from './worker.js';

/** Smaller files are decoded before a worker has started. */
const WORTHWHILE_BYTES = 4 << 20;

/** Whether a worker is worth its start; not for what is no path at all. DMASPAN_WORKERS=0 says never. */
export function isWorthwhile(path: string): boolean {
  if (process.env.DMASPAN_WORKERS === '0' || availableParallelism() < 2) return false;
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size >= WORTHWHILE_BYTES;
  } catch {
    return false;
  }
}

interface Waiting {
  readonly worker: Worker;
  /** One int32, which becomes 1 when the job has been posted. */
  readonly signal: Int32Array;
}

let ready: Waiting | undefined;

function start(): Waiting {
  const signal = new Int32Array(new SharedArrayBuffer(4));
  return { worker: new Worker(new URL('./worker.js', import.meta.url), { workerData: signal }), signal };
}

/** Starts a worker that waits for whoever needs one first; the process may end without it. */
export function readyWorker(): void {
  if (ready !== undefined) return;
  ready = start();
  ready.worker.unref();
}

/** A worker with its job. */
export function startWorker(job: Job): Worker {
  const { worker, signal } = ready ?? start();
  ready = undefined;
  worker.ref();
  worker.postMessage(job);
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
  return worker;
}
