/**
 * The text of `perf script`.
 *
 * In: bytes of text. Out: one stream of event batches. Lines are read by text.wasm; here are the framing and the counts.
 *
 *               init     101 [001]    30.377193:                      iommu:map: IOMMU: iova=0x00000000fffff000 - …
 */
import { TextTool } from '../../wasm/schema.js';
import { type Capture, CaptureError, type CaptureInfo, type Format, type OpenContext } from '../format.js';
import type { ByteSource } from '../source.js';
import { readText, workersFor } from '../text-reading.js';
import { textCounters } from './ftrace-text-counters.js';
import { type PerfScriptHead, readPerfScriptHead } from './perf-script-head.js';

export const perfScript: Format = {
  name: 'perf-script',
  title: 'perf script text',
  inOrder: true,
  hasWorkers: (source) => workersFor(source) > 0,
  sniff: (head) => {
    const { firstRecord, timeless, onlyHeader } = readPerfScriptHead(head);
    return firstRecord !== undefined || timeless || onlyHeader;
  },
  open: openPerfScript,
};

async function openPerfScript(source: ByteSource, context: OpenContext): Promise<Capture> {
  const head = readPerfScriptHead(await source.head());
  if (head.timeless)
    throw new CaptureError(
      source.name,
      'expected a time before each event, such as "12.345678: dma:dma_map_phys: …", found none at the beginning, byte 0',
      'Print it again with times: perf script -F +time',
    );
  const reading = readText(source, TextTool.perf_script, context);
  return {
    info: infoOf(head),
    streams: [{ next: reading.next }],
    counters: () => textCounters(reading.totals()),
    eventCounts: reading.eventCounts,
    close: reading.close,
  };
}

function infoOf({ clock, cpus, host, kernel, version, recordedEvents }: PerfScriptHead): CaptureInfo {
  const notes = [
    ...(version === undefined ? [] : [`recorded by perf ${version}`]),
    ...(clock === undefined ? ['The text does not name its clock.'] : []),
    'perf script tells of lost events only with --show-lost-events.',
  ];
  return {
    format: perfScript.name,
    ...(clock === undefined ? {} : { clock }),
    clockUnit: 'ns',
    ...(cpus === undefined ? {} : { cpus }),
    pageSize: 4096,
    ...(kernel === undefined ? {} : { kernel }),
    ...(host === undefined ? {} : { host }),
    ...(recordedEvents.length === 0 ? {} : { recordedEvents: [...recordedEvents].sort() }),
    notes,
  };
}
