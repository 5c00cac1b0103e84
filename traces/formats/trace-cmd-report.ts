/**
 * The text of `trace-cmd report`.
 *
 * In: bytes of text. Out: one stream of event batches: the report has sorted the events of all its buffers by time.
 * Lines are read by text.wasm; here are the framing and the counts.
 *
 *   cpus=2
 *               init-101   [001] .....    18.163394: map:                  IOMMU: iova=0x00000000fffff000 - …
 */
import { TextTool } from '../../wasm/schema.js';
import type { Capture, CaptureInfo, Format, OpenContext } from '../format.js';
import type { ByteSource } from '../source.js';
import { readText, workersFor } from '../text-reading.js';
import { textCounters } from './ftrace-text-counters.js';
import { type ReportHead, readReportHead } from './trace-cmd-report-head.js';

export const traceCmdReport: Format = {
  name: 'trace-cmd-report',
  title: 'trace-cmd report text',
  inOrder: true,
  hasWorkers: (source) => workersFor(source) > 0,
  sniff: (head) => {
    const { hasHeader, hasEvent } = readReportHead(head);
    return hasHeader || hasEvent;
  },
  open: openReport,
};

async function openReport(source: ByteSource, context: OpenContext): Promise<Capture> {
  const head = readReportHead(await source.head());
  const reading = readText(source, TextTool.trace_cmd_report, context);
  return {
    info: infoOf(head),
    streams: [{ next: reading.next }],
    counters: () => textCounters(reading.totals()),
    eventCounts: reading.eventCounts,
    close: reading.close,
  };
}

function infoOf({ stamp = '0.0', cpus, buffers }: ReportHead): CaptureInfo {
  const inSeconds = stamp.includes('.');
  return {
    format: traceCmdReport.name,
    clockUnit: inSeconds ? 'ns' : 'tick',
    ...(cpus === undefined ? {} : { cpus }),
    pageSize: 4096,
    notes: [
      'The text does not name its clock.',
      ...(inSeconds
        ? []
        : ['Times are plain numbers: nanoseconds of the clock boot or of --date, ticks of others.']),
      ...buffers.map((name) => `instance ${name}`),
    ],
  };
}
