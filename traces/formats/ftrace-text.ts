/**
 * ftrace's text: what `trace` and `trace_pipe` in tracefs print.
 *
 * In: bytes of text. Out: one stream of event batches. Lines are read by text.wasm; here are the framing and the counts.
 *
 *   # tracer: nop
 *               nc-181     (    181) [001] b..6.    11.338764: map: IOMMU: iova=0x00000000ffefa000 - …
 */
import { TextTool } from '../../wasm/schema.js';
import type { Capture, CaptureInfo, Counter, Format, OpenContext } from '../format.js';
import { CaptureError } from '../format.js';
import type { ByteSource } from '../source.js';
import type { TextTotals } from '../text-core.js';
import { readText, workersFor } from '../text-reading.js';
import { overwritten, textCounters } from './ftrace-text-counters.js';
import { looksLikeFtrace, readTextHead, type TextHead, unreadableForm } from './ftrace-text-head.js';

export const ftraceText: Format = {
  name: 'ftrace-text',
  title: 'ftrace text (trace, trace_pipe)',
  inOrder: true,
  hasWorkers: (source) => workersFor(source) > 0,
  sniff: (head) => looksLikeFtrace(readTextHead(head)),
  open: openFtraceText,
};

async function openFtraceText(source: ByteSource, context: OpenContext): Promise<Capture> {
  const head = readTextHead(await source.head());
  const unreadable = unreadableForm(head);
  if (unreadable !== undefined)
    throw new CaptureError(
      source.name,
      `expected an event such as "task-123 [000] ..... 12.345678: event: …", found "${unreadable.found}" at byte ${unreadable.byte}`,
      unreadable.advice,
    );
  const reading = readText(source, TextTool.ftrace, context);
  return {
    info: infoOf(head),
    streams: [{ next: reading.next }],
    counters: () => countersOf(head, reading.totals()),
    eventCounts: reading.eventCounts,
    close: reading.close,
  };
}

function infoOf(head: TextHead): CaptureInfo {
  const stamp = head.firstEvent?.[1] ?? '0.0';
  const notes = ['The text does not name its clock.'];
  if (head.written !== undefined)
    notes.push(`${head.inBuffer} of ${head.written} events were still in the buffers.`);
  return {
    format: ftraceText.name,
    clockUnit: stamp.includes('.') ? 'ns' : 'tick',
    ...(head.cpus === undefined ? {} : { cpus: head.cpus }),
    pageSize: 4096,
    notes,
  };
}

function countersOf(head: TextHead, totals: TextTotals): Counter[] {
  const counters = textCounters(totals);
  const gone = (head.written ?? 0) - (head.inBuffer ?? 0);
  return gone > 0 ? [overwritten(gone), ...counters] : counters;
}
