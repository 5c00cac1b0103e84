/**
 * What a perf.data says of itself, and how many events it had.
 *
 * In: its head, and what the module has counted. Out: the capture's info, and events by name.
 */
import type { EventFormat } from '../event-format.js';
import type { CaptureInfo } from '../format.js';
import { clockOf } from './perf-data-attributes.js';
import type { PerfExports } from './perf-data-exports.js';
import type { Head } from './perf-data-head.js';

/** Names of the attributes, in order. */
function attributeNames(head: Head): string[] {
  const formats = new Map((head.tracing?.formats ?? []).map((format) => [format.id, format]));
  return head.attributes.map((attribute) => {
    const format = formats.get(attribute.tracepoint);
    if (format !== undefined) return `${format.system}:${format.name}`;
    const view = new DataView(attribute.ids.buffer, attribute.ids.byteOffset, attribute.ids.byteLength);
    const id = view.byteLength >= 8 ? view.getBigUint64(0, !head.bigEndian) : undefined;
    const name = id === undefined ? undefined : head.features.eventNames.get(id);
    return name ?? `event ${attribute.type}:${attribute.config}`;
  });
}

function add(counts: Map<string, number>, name: string, count: number): void {
  if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
}

/** Samples by event; by attribute where samples name theirs, else by the record's own id. */
export function countsOf(perf: PerfExports, head: Head): Map<string, number> {
  const counts = new Map<string, number>();
  if (perf.samplesHaveIds() !== 0 || head.attributes.length === 1)
    for (const [i, name] of attributeNames(head).entries()) add(counts, name, perf.attributeSamples(i) >>> 0);
  else
    for (const { id, system, name } of head.tracing?.formats ?? ([] as EventFormat[]))
      add(counts, `${system}:${name}`, perf.eventCount(id) >>> 0);
  return counts;
}

function notesOf(head: Head, timeless: boolean): string[] {
  const { features } = head;
  return [
    ...(features.version === undefined ? [] : [`recorded by perf ${features.version}`]),
    // Some versions of perf write its path alone.
    ...(features.command?.includes(' ') === true ? [`command: ${features.command}`] : []),
    ...(features.cpu === undefined ? [] : [`CPU: ${features.cpu}`]),
    ...(head.pipe ? ['written to a pipe'] : []),
    ...(features.compressed === true ? ['compressed records'] : []),
    ...(features.directory === true ? ['a directory of files'] : []),
    ...(timeless ? ['The samples have no times: events are numbered in the order of the file.'] : []),
    ...(head.tracing === undefined ? ['It has no formats of tracepoints.'] : []),
  ];
}

export function infoOf(head: Head, timeless: boolean): CaptureInfo {
  const { features, tracing } = head;
  const { host, kernel, cpus } = features;
  return {
    format: 'perf-data',
    ...(timeless ? {} : { clock: clockOf(head.attributes) }),
    clockUnit: timeless ? 'tick' : 'ns',
    ...(cpus === undefined ? {} : { cpus }),
    pageSize: tracing?.pageSize ?? 4096,
    ...(host === undefined ? {} : { host }),
    ...(kernel === undefined ? {} : { kernel }),
    recordedEvents: attributeNames(head).filter((_, i) => head.attributes[i]!.tracepoint !== 0),
    notes: notesOf(head, timeless),
  };
}
