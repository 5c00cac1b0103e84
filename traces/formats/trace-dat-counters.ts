/**
 * What of a trace.dat did not become events, and why.
 *
 * In: the tallies of the module `binary`, and what the reader of the file met. Out: counters for the report.
 */
import type { BinaryExports } from '../binary-core.js';
import type { Counter } from '../format.js';

type Severity = Counter['severity'];
interface Reason {
  readonly severity: Severity;
  readonly help: string;
}

const COPY_AGAIN = 'Copy the capture again from where it was recorded, or record again.';

const REASONS = {
  'page-damaged': {
    severity: 'error',
    help: `Ring-buffer pages contradict themselves; their events are lost. ${COPY_AGAIN}`,
  },
  'chunk-damaged': {
    severity: 'error',
    help: `Compressed chunks of ring-buffer pages cannot be inflated; their events are lost. ${COPY_AGAIN}`,
  },
  'data-cut-short': {
    severity: 'error',
    help: 'Bytes of ring-buffer data that the file should have are not there: it was cut short. The events before them were read. Copy it again; if the recording itself was interrupted, run trace-cmd restore.',
  },
  'record-damaged': {
    severity: 'error',
    help: `Records are shorter than their format says, or refer to bytes outside themselves; each counts as one lost event. ${COPY_AGAIN}`,
  },
  'event-without-format': {
    severity: 'warning',
    help: 'Records of events whose format the capture does not carry. They were skipped; record with a trace-cmd that saves all formats.',
  },
  'buffer-skipped': {
    severity: 'error',
    help: `Trace instances of which nothing could be read: all their events are missing. ${COPY_AGAIN}`,
  },
  'section-skipped': {
    severity: 'warning',
    help: 'Parts of the file that could not be read; the rest was.',
  },
  'option-skipped': {
    severity: 'info',
    help: 'Options of the file that this version of dmaspan does not know. Nothing is lost as long as they only describe.',
  },
  'list-cut': {
    severity: 'warning',
    help: 'Scatterlists of more than 8191 entries; the entries beyond were left out.',
  },
  'stack-cut': {
    severity: 'warning',
    help: 'Call stacks with fewer frames in the record than it says; the frames that are there were kept.',
  },
  'time-went-back': {
    severity: 'warning',
    help: 'Events with an earlier time than the one before them on the same CPU; they were given that one\'s time. The clock "local" or "mono" does not do this.',
  },
  'device-without-id': {
    severity: 'warning',
    help: 'More than 65535 different device names; the events of further devices have none.',
  },
  'events-overwritten': {
    severity: 'warning',
    help: 'The ring buffer overwrote its oldest events, by its own statistics. Record with a larger buffer (trace-cmd record -b KB).',
  },
  'events-dropped': {
    severity: 'warning',
    help: 'The ring buffer was full and dropped new events, by its own statistics; it does not tell when. Record with a larger buffer (trace-cmd record -b KB).',
  },
} as const satisfies Readonly<Record<string, Reason>>;

export type ReasonName = keyof typeof REASONS;

export interface Trouble {
  /** `first` says where it was seen first, for a person; `at` is where that is among other places in the file, of which the first counts. */
  add(name: ReasonName, count: number, first?: string, at?: number): void;
  /** Makes it `count`, however often it was told before. */
  set(name: ReasonName, count: number, first?: string): void;
  /** Sets where damage was first seen that the module itself counts. */
  where(name: ReasonName, first: string, at: number): void;
  counters(wasm: BinaryExports): Counter[];
}

const TALLIES: Readonly<Partial<Record<ReasonName, (wasm: BinaryExports) => number>>> = {
  'page-damaged': (wasm) => wasm.damagedPages(),
  'record-damaged': (wasm) => wasm.damagedRecords(),
  'event-without-format': (wasm) => wasm.unknownRecords(),
  'list-cut': (wasm) => wasm.longLists(),
  'stack-cut': (wasm) => wasm.cutStacks(),
  'time-went-back': (wasm) => wasm.backwardTimes(),
  'device-without-id': (wasm) => wasm.unnamedDevices(),
};

export function newTrouble(): Trouble {
  const counts = new Map<ReasonName, number>();
  const firsts = new Map<ReasonName, { first: string; firstAt: number }>();
  const where = (name: ReasonName, first: string, firstAt = 0) => {
    if (firstAt < (firsts.get(name)?.firstAt ?? Number.POSITIVE_INFINITY))
      firsts.set(name, { first, firstAt });
  };
  return {
    where,
    set(name, count, first) {
      counts.set(name, count);
      if (first !== undefined) where(name, first);
    },
    add(name, count, first, at) {
      counts.set(name, (counts.get(name) ?? 0) + count);
      if (first !== undefined) where(name, first, at);
    },
    counters(wasm) {
      const names = Object.keys(REASONS) as ReasonName[];
      return names.flatMap((name) => {
        const count = (counts.get(name) ?? 0) + ((TALLIES[name]?.(wasm) ?? 0) >>> 0);
        return count === 0 ? [] : [{ name, count, ...REASONS[name], ...firsts.get(name) }];
      });
    },
  };
}
