/**
 * Batches as messages from a worker thread: memory that changes hands, and the names that came since the last one.
 *
 * In: batches, valid until the decoder goes on. Out: copies, in memory that the reader has given back where it has.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { EVENT_BYTES } from '../../wasm/schema.js';
import type { EventBatch, Frame, NameTables } from '../format.js';

export interface PostedBatch {
  readonly rows: number;
  readonly block: ArrayBuffer;
  readonly side: ArrayBuffer;
}

/** Names in the order of their ids, those that were not sent yet. */
export interface NewNames {
  readonly comms: string[];
  readonly devices: string[];
  readonly stacks: Frame[][];
}

/** How many names of each kind have been sent. */
export type Sent = Record<keyof NewNames, number>;

export const nothingSent = (): Sent => ({ comms: 0, devices: 0, stacks: 0 });

/** The names that were not sent yet; they have been, then. */
export function newNames(names: NameTables, sent: Sent): NewNames {
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

/** Memory for a batch's block: what the reader has given back, or new. */
export function blockMemory(): ArrayBuffer {
  const back = parentPort === null ? undefined : receiveMessageOnPort(parentPort);
  return (back?.message as ArrayBuffer | undefined) ?? new ArrayBuffer(EVENT_BYTES);
}

/** A batch that stays what it is when the decoder goes on; its block is in `memory`, its side in memory of its own. */
export function copyInto(
  { rows, block, side, names }: EventBatch,
  memory = new ArrayBuffer(EVENT_BYTES),
): EventBatch {
  const copy = new Uint8Array(memory);
  copy.set(block);
  return { rows, block: copy, side: side.slice(), names };
}

/** A batch in memory that may change hands. */
export const posted = ({ rows, block, side }: EventBatch): PostedBatch => ({
  rows,
  block: block.buffer as ArrayBuffer,
  side: side.buffer as ArrayBuffer,
});
