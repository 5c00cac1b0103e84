/**
 * What importers do on a busy machine: many processes that fault, are invalidated, map again, and exit.
 *
 * In: how many events. Out: the events, and what the replay must make of them.
 */
import { randomFrom } from '../test/random.js';
import { Kind, Layer, MEANS_POINTER, MEANS_RESULT, Op } from '../wasm/schema.js';
import { type MadeEvent, typeTable } from './made-batches.js';

export interface Sums {
  /** Lifetimes of imports, notifiers and registrations, parts too. */
  lifetimes: number;
  invalidations: number;
  /** Bytes of imports by range. */
  bytes: number;
  /** Imports, and parts of imports, closed in an invalidation; that should have been and were not. */
  obeyed: number;
  remaining: number;
}

const import_ = Layer.import_;
const none = Kind.none;
const [GET, FAULT] = [1, 2];

export const MIX = typeTable({
  lost: { layer: Layer.none, op: Op.lost, kind: none },
  stack: { layer: Layer.none, op: Op.stack, kind: none },
  odpGet: { layer: import_, op: Op.call, kind: none, call: GET },
  odpGot: { layer: import_, op: Op.open, kind: Kind.odp, call: GET, means: MEANS_POINTER, returns: true },
  odpMap: { layer: import_, op: Op.call, kind: none, call: FAULT },
  odpMapped: {
    layer: import_,
    op: Op.open,
    kind: Kind.mirror,
    call: FAULT,
    means: MEANS_RESULT,
    returns: true,
  },
  odpUnmap: { layer: import_, op: Op.close, kind: Kind.mirror },
  odpRelease: { layer: import_, op: Op.close, kind: Kind.odp },
  insert: { layer: Layer.watch, op: Op.open, kind: Kind.notifier },
  dismiss: { layer: Layer.watch, op: Op.close, kind: Kind.notifier },
  map: { layer: import_, op: Op.open, kind: Kind.p2p },
  unmap: { layer: import_, op: Op.close, kind: Kind.p2p },
  begin: { layer: import_, op: Op.invalidate_begin, kind: none },
  end: { layer: import_, op: Op.invalidate_end, kind: none },
  exit: { layer: import_, op: Op.exit, kind: none },
});
const TYPE = MIX.numbers;

const PAGE = 4096;
const PROCESSES = 500;
/** Steps in a process's life: faults, mappings and invalidations. */
const STEPS = 400;
const REGISTERED = { addr: 0x7f00_0000_0000, pages: 512 };
const MAPPED = { addr: 0x7f10_0000_0000, pages: 64 };
const ELSEWHERE = 0x7f20_0000_0000;
const PIECES = 8;

interface Process {
  readonly tid: number;
  readonly mm: number;
  readonly object: number;
  readonly device: number;
  left: number;
  /** Which eighths of its registration are mapped. */
  readonly faulted: boolean[];
  mapped: boolean;
}

/** Gives `most` events or a few more to `add`; every process has ended by then. */
export function importMix(most: number, add: (event: MadeEvent) => void): Sums {
  const random = randomFrom(1);
  const sums: Sums = { lifetimes: 0, invalidations: 0, bytes: 0, obeyed: 0, remaining: 0 };
  let events = 0;
  const tell = (process: Process, type: number, facts: Omit<MadeEvent, 'type' | 'tid'>) => {
    events++;
    add({ type, tid: process.tid, ...facts });
  };
  let began = 0;

  /** Slots keep their mm: the next process has the last one's pointer, as the kernel's allocator likes it. */
  function begin(slot: number): Process {
    const tid = 1000 + began++;
    const process: Process = {
      tid,
      mm: 0x1000_0000 + slot * 0x400,
      object: 0x8000_0000 + slot * 0x100,
      device: 1 + (slot % 4),
      left: STEPS,
      faulted: Array.from({ length: PIECES }, () => false),
      mapped: false,
    };
    const { mm, object, device } = process;
    const whole = { addr: REGISTERED.addr, len: REGISTERED.pages * PAGE };
    tell(process, TYPE.odpGet, { device, ...whole });
    tell(process, TYPE.insert, { mm, object: object + 1, ...whole });
    tell(process, TYPE.odpGot, { object });
    tell(process, TYPE.insert, { mm, object: object + 2, addr: MAPPED.addr, len: MAPPED.pages * PAGE });
    sums.lifetimes += 3;
    return process;
  }

  function piece(k: number): { addr: number; len: number } {
    const len = (REGISTERED.pages / PIECES) * PAGE;
    return { addr: REGISTERED.addr + k * len, len };
  }

  function invalidated(process: Process, range: { addr: number; len: number }, within: () => void): void {
    tell(process, TYPE.begin, { mm: process.mm, value: 1, other: 1, ...range });
    within();
    tell(process, TYPE.end, { mm: process.mm, value: 1, other: 1, ...range });
    sums.invalidations++;
  }

  function faultOrLose(process: Process): void {
    const { mm, object, device, faulted } = process;
    const k = random(PIECES);
    const range = piece(k);
    if (faulted[k]) {
      invalidated(process, range, () => {
        tell(process, TYPE.odpUnmap, { mm, object, device, ...range });
        sums.obeyed++;
      });
    } else {
      tell(process, TYPE.odpMap, { mm, object, device, other: 1, ...range });
      tell(process, TYPE.odpMapped, { value: range.len / PAGE });
      sums.lifetimes++;
      sums.bytes += range.len;
    }
    faulted[k] = !faulted[k];
  }

  /** The device maps all of a range, and lets go of it page by page, as it is told. */
  function mapOrLose(process: Process): void {
    const { mm, device } = process;
    const pages = 2 + random(MAPPED.pages - 2);
    const range = { mm, device, addr: MAPPED.addr, len: pages * PAGE };
    tell(process, TYPE.map, range);
    sums.lifetimes++;
    sums.bytes += range.len;
    const first = random(pages - 1);
    const one = { addr: MAPPED.addr + first * PAGE, len: PAGE };
    invalidated(process, one, () => {
      tell(process, TYPE.unmap, { mm, device, ...one });
      sums.obeyed++;
      sums.lifetimes += first === 0 ? 1 : 2;
    });
    invalidated(process, { addr: MAPPED.addr, len: range.len }, () => {
      tell(process, TYPE.unmap, range);
      sums.obeyed += first === 0 ? 1 : 2;
    });
  }

  function step(process: Process): void {
    const what = random(10);
    if (what < 5) faultOrLose(process);
    else if (what < 7) mapOrLose(process);
    else invalidated(process, { addr: ELSEWHERE + random(1000) * PAGE, len: 4 * PAGE }, () => {});
    process.left--;
  }

  /** The process exits: its registrations go when its files are closed, before its notifiers' release or in it. */
  function exit(process: Process): void {
    const { mm, object, faulted } = process;
    tell(process, TYPE.exit, { mm });
    sums.invalidations++;
    tell(process, TYPE.odpRelease, { object });
    sums.obeyed += faulted.filter(Boolean).length;
    tell(process, TYPE.dismiss, { object: object + 1 });
    tell(process, TYPE.dismiss, { object: object + 2 });
  }

  const processes: (Process | undefined)[] = Array.from({ length: PROCESSES });
  while (events < most) {
    const slot = random(PROCESSES);
    const process = processes[slot] ?? begin(slot);
    if (process.left > 0) step(process);
    else exit(process);
    processes[slot] = process.left > 0 || processes[slot] === undefined ? process : undefined;
  }
  for (const process of processes) if (process !== undefined) exit(process);
  return sums;
}
