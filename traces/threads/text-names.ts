/**
 * One set of names for a stream that several workers read, each with ids of its own.
 *
 * In: each worker's new names, in the order of its ids. Out: the stream's tables, and for each worker its ids' meaning.
 */
import type { Frame, NameTables } from '../format.js';
import type { NewNames } from './posted-batch.js';

export interface WorkerNames {
  readonly tables: NameTables;
  /** Index: the worker's id. Value: the stream's id. */
  readonly comms: number[];
  readonly devices: number[];
  readonly stacks: number[];
  learn(names: NewNames): void;
}

/** Gives ids, from 0 in order of first sight. */
function numbering<T>(known: T[], keyOf: (value: T) => string): (value: T) => number {
  const ids = new Map<string, number>();
  return (value) => {
    const key = keyOf(value);
    const id = ids.get(key) ?? known.length;
    if (id === known.length) {
      known.push(value);
      ids.set(key, id);
    }
    return id;
  };
}

const stackKey = (frames: readonly Frame[]): string =>
  frames.map((frame) => `${typeof frame}:${frame}`).join('\n');

export function streamNames(): { forWorker(): WorkerNames } {
  const tables = { comms: [] as string[], devices: [] as string[], stacks: [] as Frame[][] };
  const commId = numbering(tables.comms, String);
  const deviceId = numbering(tables.devices, String);
  const stackId = numbering(tables.stacks, stackKey);
  const forWorker = (): WorkerNames => {
    const own = { comms: [] as number[], devices: [] as number[], stacks: [] as number[] };
    const learn = (names: NewNames): void => {
      for (const name of names.comms) own.comms.push(commId(name));
      for (const name of names.devices) own.devices.push(deviceId(name));
      for (const frames of names.stacks) own.stacks.push(stackId(frames));
    };
    return { ...own, tables, learn };
  };
  return { forWorker };
}
