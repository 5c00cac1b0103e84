/**
 * The names that all captures of an analysis share, and how each decoder's own ids translate to them.
 *
 * In: the name tables of event batches. Out: ids for the replay, and the lists behind the ids.
 */
import type { Frame, NameTables } from '../traces/format.js';
import { NAME_COMM, NAME_DEVICE, NAME_STACK } from '../wasm/schema.js';
import type { StackRow } from './analysis.js';
import type { Core } from './core.js';
import { siteOf } from './sites.js';

/** EVENT_DEVICE and EVENT_COMM leave this much room; what comes later has no name. */
const MAX_DEVICES = 0xffff;

export interface NameRegistry {
  readonly comms: string[];
  readonly devices: string[];
  readonly stacks: StackRow[];
  /** A stream's names, told to the core as they come. `symbol` names the addresses in stacks. */
  forStream(core: Core, stream: number, symbol: (address: bigint) => string | undefined): StreamNames;
}

/** Call with each batch's names before the batch is loaded. */
export type StreamNames = (names: NameTables) => void;

/** The capture's ids of one decoder's names, as far as they have been seen; index = the decoder's id. */
interface Translation {
  readonly comms: number[];
  readonly devices: number[];
  readonly stacks: number[];
}

type Intern<T> = (value: T) => number;

/** Gives each new string the next id; the list starts with the name of "none". SQL ends at a zero byte, so names have none. */
function interner(list: string[], limit = Number.POSITIVE_INFINITY): Intern<string> {
  const ids = new Map<string, number>();
  return (given) => {
    const name = given.includes('\0') ? given.replaceAll('\0', '·') : given;
    let id = ids.get(name);
    if (id === undefined) {
      if (list.length >= limit) return 0;
      id = list.push(name) - 1;
      ids.set(name, id);
    }
    return id;
  };
}

function stackInterner(stacks: StackRow[]): Intern<string[]> {
  const ids = new Map<string, number>();
  return (frames) => {
    const key = frames.join('\n');
    let id = ids.get(key);
    if (id === undefined) {
      id = stacks.length + 1;
      ids.set(key, id);
      stacks.push({ id, frames, ...siteOf(frames) });
    }
    return id;
  };
}

export function createNameRegistry(): NameRegistry {
  const comms = [''];
  const devices = [''];
  const stacks: StackRow[] = [];
  const intern = {
    comm: interner(comms),
    device: interner(devices, MAX_DEVICES),
    stack: stackInterner(stacks),
  };
  const translations = new WeakMap<NameTables, Translation>();

  /** Translates what the decoder has named since the last time. */
  function translate(names: NameTables, symbol: (address: bigint) => string | undefined): Translation {
    const known = translations.get(names) ?? { comms: [0], devices: [0], stacks: [0] };
    translations.set(names, known);
    const frameText = (frame: Frame) =>
      typeof frame === 'string' ? frame : (symbol(frame) ?? `0x${frame.toString(16)}`);
    for (let id = known.comms.length; id < names.comms.length; id++)
      known.comms.push(intern.comm(names.comms[id]!));
    for (let id = known.devices.length; id < names.devices.length; id++)
      known.devices.push(intern.device(names.devices[id]!));
    for (let id = known.stacks.length; id < names.stacks.length; id++) {
      known.stacks.push(intern.stack(names.stacks[id]!.map(frameText)));
    }
    return known;
  }

  function forStream(
    core: Core,
    stream: number,
    symbol: (address: bigint) => string | undefined,
  ): StreamNames {
    let current: NameTables | undefined;
    const told = [0, 0, 0];
    return (names) => {
      if (names !== current) told.fill(0);
      current = names;
      const { comms, devices, stacks } = translate(names, symbol);
      tell(core, stream, NAME_COMM, comms, told);
      tell(core, stream, NAME_DEVICE, devices, told);
      tell(core, stream, NAME_STACK, stacks, told);
    };
  }

  return { comms, devices, stacks, forStream };
}

/** Tells the core the ids that it has not heard of; `told` counts them a kind. */
function tell(core: Core, stream: number, kind: number, ids: readonly number[], told: number[]): void {
  const from = told[kind]!;
  if (from < ids.length) core.name(stream, kind, from, ids.slice(from));
  told[kind] = ids.length;
}
