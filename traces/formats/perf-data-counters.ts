/**
 * What of a perf.data did not become events, and why.
 *
 * In: the tallies of the module `binary`, and what the reader met. Out: counters for the report.
 */
import type { Counter } from '../format.js';
import type { PerfExports } from './perf-data-exports.js';

interface Reason {
  readonly severity: Counter['severity'];
  readonly help: string;
  /** What the module counts of it. */
  tally?(wasm: PerfExports): number;
}

const COPY_AGAIN = 'Copy the capture again from where it was recorded, or record again.';
const RECORD_UNTHROTTLED = 'Raise kernel.perf_event_max_sample_rate, or filter events.';

const AUX = 11;
const AUXTRACE = 71;
const THROTTLE = 5;
/** Kernel records after CALLCHAIN_DEFERRED, and perf's own after BPF_METADATA and SCHEDSTAT, are of newer versions. */
const KNOWN_KERNEL = 22;
const KNOWN_OWN = 90;

function unknownRecords(wasm: PerfExports): number {
  let count = 0;
  for (let type = KNOWN_KERNEL + 1; type < 64; type++) count += wasm.recordsOfType(type);
  for (let type = KNOWN_OWN + 1; type < 128; type++) count += wasm.recordsOfType(type);
  return count;
}

const REASONS = {
  'data-cut-short': {
    severity: 'error',
    help: `The file ends before its data do. The events before were read. ${COPY_AGAIN}`,
    tally: (wasm) => wasm.cutRecordCount(),
  },
  'data-damaged': {
    severity: 'error',
    help: `Places where something else stands where a record should begin. Reading went on at the next record that could be found; how many events were lost is unknown. ${COPY_AGAIN}`,
    tally: (wasm) => wasm.damagedPlaceCount(),
  },
  'record-damaged': {
    severity: 'error',
    help: `Records that do not hold what their attribute or their event's format promises; each counts as one lost event. ${COPY_AGAIN}`,
    tally: (wasm) => wasm.damagedRecords(),
  },
  'compressed-data-damaged': {
    severity: 'error',
    help: `Compressed records cannot be inflated from some point on; the events behind it are lost. ${COPY_AGAIN}`,
  },
  'data-file-missing': {
    severity: 'error',
    help: "The capture is a directory (perf record --threads), and files of it are missing or were not given. Give the directory's path.",
  },
  'event-without-attribute': {
    severity: 'error',
    help: `Samples with an id that no attribute has; each counts as one lost event. ${COPY_AGAIN}`,
    tally: (wasm) => wasm.strangerCount(),
  },
  'event-without-format': {
    severity: 'warning',
    help: 'Samples of events whose format the capture does not carry. They were skipped.',
    tally: (wasm) => wasm.unknownRecords(),
  },
  'time-went-back': {
    severity: 'warning',
    help: 'Records that are older than records that were already read; they were given the newer time. Record with the default buffers, and without --overwrite.',
    tally: (wasm) => wasm.backwardTimes(),
  },
  'rounds-too-large': {
    severity: 'warning',
    help: 'Too many records had to wait for older ones, so some were taken out of order. Record with smaller buffers (perf record -m).',
  },
  throttled: {
    severity: 'warning',
    help: `Times that the kernel stopped an event for a moment because it came too often; events are missing there. ${RECORD_UNTHROTTLED}`,
    tally: (wasm) => wasm.recordsOfType(THROTTLE),
  },
  'events-lost': {
    severity: 'warning',
    help: 'Events that were lost because a buffer was full, as the kernel and perf tell; the table losses says where. Record with larger buffers (perf record -m 16M), or filter events.',
    tally: (wasm) => wasm.lostEventCount(),
  },
  'events-filtered': {
    severity: 'info',
    help: 'Events that the filter of the recording left out, as it was asked to.',
    tally: (wasm) => wasm.filteredCount(),
  },
  'list-cut': {
    severity: 'warning',
    help: 'Scatterlists of more than 8191 entries; the entries beyond were left out.',
    tally: (wasm) => wasm.longLists(),
  },
  'device-without-id': {
    severity: 'warning',
    help: 'More than 65535 different device names; the events of further devices have none.',
    tally: (wasm) => wasm.unnamedDevices(),
  },
  'section-skipped': {
    severity: 'warning',
    help: 'Parts of the file that could not be read; the rest was.',
  },
  'aux-skipped': {
    severity: 'info',
    help: 'Records of hardware tracing (AUX), which has no DMA events. They were skipped.',
    tally: (wasm) => wasm.recordsOfType(AUX) + wasm.recordsOfType(AUXTRACE),
  },
  'record-unknown': {
    severity: 'info',
    help: 'Records of types that this version of dmaspan does not know. They were skipped.',
    tally: unknownRecords,
  },
} as const satisfies Readonly<Record<string, Reason>>;

export type ReasonName = keyof typeof REASONS;

export interface Trouble {
  /** `first` says where it was seen first, for a person. */
  add(name: ReasonName, count: number, first?: string): void;
  counters(wasm: PerfExports): Counter[];
}

export function newTrouble(): Trouble {
  const counts = new Map<ReasonName, number>();
  const firsts = new Map<ReasonName, string>();
  return {
    add(name, count, first) {
      counts.set(name, (counts.get(name) ?? 0) + count);
      if (first !== undefined && !firsts.has(name)) firsts.set(name, first);
    },
    counters: (wasm) =>
      (Object.keys(REASONS) as ReasonName[]).flatMap((name) => {
        const { severity, help, tally }: Reason = REASONS[name];
        const count = (counts.get(name) ?? 0) + (tally?.(wasm) ?? 0);
        const first = firsts.get(name);
        return count === 0
          ? []
          : [{ name, severity, help, count, ...(first === undefined ? {} : { first }) }];
      }),
  };
}
