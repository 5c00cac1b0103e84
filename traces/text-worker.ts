/**
 * A worker thread that reads every nth segment of a text capture.
 *
 * In: a plain file, the plan, which segments. Out: messages with batches whose memory is handed over, and with the names that are new.
 * It runs ahead of its reader by the number of its credits; the reader gives one back, with the memory, for each batch it is done with.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EVENT_BYTES, type TextTool } from '../wasm/schema.js';
import type { Frame, NameTables } from './format.js';
import { openTextCore, type TextCore, type TextTotals } from './text-core.js';
import { segmentRange, segmentsOf } from './text-segments.js';

export interface TextJob {
  readonly path: string;
  readonly size: number;
  readonly plan: Uint8Array;
  readonly tool: TextTool;
  readonly module: WebAssembly.Module;
  /** This worker reads the segments first, first + step, … */
  readonly first: number;
  readonly step: number;
  /** One int32: how many more batches may be sent. */
  readonly credits: Int32Array;
}

/** Names in the order of their ids, those that were not sent yet. */
export interface NewNames {
  readonly comms: string[];
  readonly devices: string[];
  readonly stacks: Frame[][];
}

export type TextMessage =
  | { kind: 'batch'; rows: number; block: ArrayBuffer; side: ArrayBuffer; names: NewNames; position: number }
  /** A segment is done; `lines` it had. */
  | { kind: 'segment'; lines: number }
  | { kind: 'end'; totals: TextTotals };

function newNames(names: NameTables, sent: { comms: number; devices: number; stacks: number }): NewNames {
  const fresh = {
    comms: names.comms.slice(sent.comms),
    devices: names.devices.slice(sent.devices),
    stacks: names.stacks.slice(sent.stacks),
  };
  sent.comms = names.comms.length;
  sent.devices = names.devices.length;
  sent.stacks = names.stacks.length;
  return fresh;
}

function takeCredit(credits: Int32Array): void {
  while (Atomics.load(credits, 0) <= 0) Atomics.wait(credits, 0, 0);
  Atomics.sub(credits, 0, 1);
}

/** Memory for a batch: what the reader has given back, or new. */
function blockMemory(): Uint8Array {
  const back = parentPort === null ? undefined : receiveMessageOnPort(parentPort);
  return new Uint8Array(back === undefined ? new ArrayBuffer(EVENT_BYTES) : (back.message as ArrayBuffer));
}

function work(job: TextJob): void {
  const port = parentPort!;
  const core = openTextCore(job.plan, job.tool, job.module);
  const fd = openSync(job.path, 'r');
  const sent = { comms: 0, devices: 0, stacks: 0 };
  const send = (position: number): void => {
    takeCredit(job.credits);
    const { rows, block, side, names } = core.batch();
    const copy = blockMemory();
    copy.set(block);
    const sideCopy = side.slice();
    const message: TextMessage = {
      ...{
        kind: 'batch',
        rows,
        block: copy.buffer as ArrayBuffer,
        side: sideCopy.buffer as ArrayBuffer,
        position,
      },
      names: newNames(names, sent),
    };
    port.postMessage(message, [message.block, message.side]);
    core.empty();
  };
  for (let index = job.first; index < segmentsOf(job.size); index += job.step) {
    const lines = core.lines();
    readSegment(core, fd, segmentRange(fd, job.size, index, job.tool), send);
    port.postMessage({ kind: 'segment', lines: core.lines() - lines } satisfies TextMessage);
  }
  closeSync(fd);
  port.postMessage({ kind: 'end', totals: core.totals() } satisfies TextMessage);
}

function readSegment(
  core: TextCore,
  fd: number,
  { from, to }: { from: number; to: number },
  send: (position: number) => void,
): void {
  for (let at = from; ; ) {
    while (core.run()) send(at);
    const room = core.room();
    const count = at < to ? readSync(fd, room, 0, Math.min(room.length, to - at), at) : 0;
    if (count === 0) break;
    core.fed(count);
    at += count;
  }
  while (core.finish()) send(to);
  if (core.rows() > 0) send(to);
}

if (parentPort !== null) work(workerData as TextJob);
