/** A worker thread: waits for its job, and does it. `workers.ts` starts it. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type DecodeJob, decodeAhead } from './decode-job.js';
import { readSegments, type SegmentsJob } from './segments-job.js';

/** What a worker can do, and with what. */
export type Job = ({ readonly kind: 'decode' } & DecodeJob) | ({ readonly kind: 'segments' } & SegmentsJob);

/** Blocks until the job is there: no event loop has to turn for it. */
function awaitJob(signal: Int32Array): Job {
  Atomics.wait(signal, 0, 0);
  return receiveMessageOnPort(parentPort!)!.message as Job;
}

if (parentPort !== null) {
  const job = awaitJob(workerData as Int32Array);
  if (job.kind === 'segments') readSegments(job, parentPort);
  else await decodeAhead(job, parentPort);
}
