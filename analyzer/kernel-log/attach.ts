/**
 * A kernel log put beside an analysis.
 *
 * In: an analysis of one run, and its kernel log. Out: the analysis with the log's messages on the capture's clock, and notes that say how.
 */

import type { KernelLog } from '../../traces/dmesg/kernel-log.js';
import type { KernelMessage } from '../../traces/dmesg/message.js';
import type { Counter } from '../../traces/format.js';
import type { Analysis, PlacedLog } from '../analysis.js';
import { type Alignment, align, type CaptureClock, type Mark } from './align.js';
import { type SightingKey, sightingKey, sightingsIn } from './sightings.js';

/** A name without a PCI domain is the capture's device that ends so, when there is one alone; else of domain 0. */
function deviceResolver(devices: readonly string[]): (name: string) => string {
  return (name) => {
    if (devices.includes(name) || !/^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name)) return name;
    const fits = devices.filter((device) => device.endsWith(`:${name}`));
    return fits.length === 1 ? fits[0]! : `0000:${name}`;
  };
}

/** Puts the log beside the first (the only) capture. */
export function withKernelLog(analysis: Analysis, log: KernelLog): Analysis {
  const [capture] = analysis.captures;
  const resolve = deviceResolver(analysis.devices);
  const ids = new Map(analysis.devices.map((device, id) => [device, id]));
  const messages = log.messages.map((message) =>
    message.device === undefined ? message : { ...message, device: resolve(message.device) },
  );
  const keyOf = ({ device, addr }: KernelMessage): SightingKey | undefined => {
    const id = device === undefined ? undefined : ids.get(device);
    return id === undefined || addr === undefined ? undefined : sightingKey(id, addr);
  };
  const wanted = new Set(messages.map(keyOf).filter((key) => key !== undefined));
  const seen = sightingsIn(capture!.core, wanted);
  const sightings = (message: KernelMessage): readonly bigint[] => seen.get(keyOf(message) ?? '') ?? [];
  const marks: Mark[] = messages.flatMap((message) =>
    message.ts === undefined || message.kind === 'fault'
      ? []
      : [{ ts: message.ts, sightings: sightings(message) }],
  );
  const alignment = alignmentOf(
    log,
    { clock: capture!.info.clock, unit: capture!.info.clockUnit, firstTs: capture!.firstTs },
    marks,
  );
  const kernelLog: PlacedLog = {
    log,
    alignment,
    // A driver's own lines are of use where they speak of what the capture has.
    messages: messages.filter((message) => message.kind !== 'mention' || sightings(message).length > 0),
  };
  const notes = [
    ...capture!.info.notes,
    `kernel log ${log.file}: ${log.messages.length} messages; its times: ${alignment.how}`,
  ];
  const first = {
    ...capture!,
    info: { ...capture!.info, notes },
    counters: [...capture!.counters, ...countersOf(log)],
  };
  return { ...analysis, captures: [first, ...analysis.captures.slice(1)], kernelLog };
}

function alignmentOf(log: KernelLog, clock: CaptureClock, marks: readonly Mark[]): Alignment {
  if (log.stamped === 0)
    return { how: 'not possible: its lines carry no time of the kernel (save it with dmesg, not dmesg -T)' };
  let last = 0n;
  for (const { ts } of log.messages) if (ts !== undefined && ts > last) last = ts;
  return align(clock, marks, last);
}

function countersOf({ unknown, firstUnknown, cut }: KernelLog): Counter[] {
  const counters: Counter[] = [];
  if (unknown > 0)
    counters.push({
      name: 'kernel-message-unknown',
      severity: 'info',
      count: unknown,
      help: 'Lines of the kernel log about faults or misuse of DMA whose wording is not known; they are left out.',
      ...(firstUnknown === undefined ? {} : { first: firstUnknown }),
    });
  if (cut)
    counters.push({
      name: 'kernel-log-cut',
      severity: 'warning',
      count: 1,
      help: 'The compressed kernel log ends early: its last lines are missing.',
    });
  return counters;
}
