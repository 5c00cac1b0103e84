/**
 * What the first lines of ftrace text tell: whether it is ftrace text at all, in which form, and what its header says.
 *
 * In: the first bytes of a capture. Out: facts, or the trace option that keeps this form from being read.
 * The header is written by print_trace_header(), kernel/trace/trace.c:
 *
 *   # tracer: nop
 *   #
 *   # entries-in-buffer/entries-written: 2545/35420   #P:2
 */

/** A line of an event: task-pid, perhaps (tgid), [cpu], perhaps flags, time, event. */
const EVENT_LINE =
  /^ *\S.*-\d+ +(?:\( *(?:\d+|-+)\) +)?\[\d+\] +(?:[^\s:]{4,5} +)?(\d+(?:\.\d{1,9})?): (\S+?)(?:[:(]| ->| <-)( *)/;
const MARK_LINE = /^(?:#| => |CPU:\d+ \[|\[)/;
/** `trace-cmd report` pads an event's name and colon to 22 columns; ftrace writes one blank. */
const REPORT_NAME_WIDTH = 20;

export interface TextHead {
  /** Lines of the header and the first events, whole ones only. */
  readonly lines: readonly string[];
  readonly hasHeader: boolean;
  readonly firstEvent?: RegExpExecArray;
  readonly inBuffer?: number;
  readonly written?: number;
  readonly cpus?: number;
}

/** Bytes as characters of the same number, so that binary rubbish stays visible. */
const textOf = (head: Uint8Array): string =>
  Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');

export function readTextHead(head: Uint8Array): TextHead {
  const text = textOf(head);
  const lines = text.split(/\r?\n/);
  if (lines.length > 1) lines.pop();
  const entries = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15}) +#P:(\d{1,5})\b/m.exec(text);
  const firstEvent = firstMatch(lines, EVENT_LINE);
  return {
    lines,
    hasHeader: /^# tracer: /.test(text) || /^# +TASK-PID /m.test(text),
    ...(firstEvent === undefined ? {} : { firstEvent }),
    ...(entries === null
      ? {}
      : { inBuffer: Number(entries[1]), written: Number(entries[2]), cpus: Number(entries[3]) }),
  };
}

function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match !== null) return match;
  }
  return undefined;
}

/** Whether the text is ftrace's own: not `trace-cmd report`'s and not `perf script`'s, which have similar lines. */
export function looksLikeFtrace(head: TextHead): boolean {
  if (head.hasHeader) return true;
  const lines = head.lines.slice(0, 200).filter((line) => line !== '');
  const events = lines.flatMap((line) => EVENT_LINE.exec(line) ?? []);
  if (events.length === 0 || /^cpus=\d+$/.test(lines[0] ?? '')) return false;
  const matches = lines.map((line) => EVENT_LINE.exec(line)).filter((match) => match !== null);
  if (matches.some(isReport) || matches.some((match) => /^[^:]+:[^:]+:$/.test(match[2] ?? ''))) return false;
  return lines.filter((line) => EVENT_LINE.test(line) || MARK_LINE.test(line)).length * 2 >= lines.length;
}

const isReport = (match: RegExpExecArray): boolean =>
  (match[2]?.length ?? 0) < REPORT_NAME_WIDTH && (match[3]?.length ?? 0) > 1;

/** A form of the text that is not read, and the trace option that makes it. */
interface OtherForm {
  readonly option: string;
  readonly on: boolean;
  readonly line: RegExp;
  readonly header?: RegExp;
}

/*
 *   raw        101 1 30374145127 type: 1274
 *   hex        00000065 00000001 000000071270be8d type: 1274
 *   verbose                init     101   1 0 00000000 00000000 [01cf78f4] 22161.992ms (+1.661ms): map: …
 *   latency    init-101       1..... 22013809us#: map: IOMMU: …
 *   nocontext  map: IOMMU: iova=…
 */
const OTHER_FORMS: readonly OtherForm[] = [
  { option: 'verbose', on: false, line: /\[[0-9a-f]{8}\] \d+\.\d+ms \(\+/ },
  { option: 'latency-format', on: false, line: /^ *\S.*-\d+ +\d\S{4,5} +\d+us/ },
  { option: 'hex', on: false, line: /^[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{16} / },
  { option: 'raw', on: false, line: /^\d+ \d+ \d+ \S/ },
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the option writes binary numbers
  { option: 'bin', on: false, line: /^[^#\n]*[\u0000-\u0008]/ },
  { option: 'context-info', on: true, line: /^[A-Za-z_]\w*(?:: |\()/ },
];

export interface Unreadable {
  readonly found: string;
  readonly byte: number;
  readonly advice: string;
}

/** Why text with a header and lines, none of which is an event, cannot be read; undefined for text without any event. */
export function unreadableForm(head: TextHead): Unreadable | undefined {
  if (head.firstEvent !== undefined) return undefined;
  let byte = 0;
  for (const line of head.lines) {
    if (line !== '' && !MARK_LINE.test(line))
      return { found: line.slice(0, 80), byte, advice: adviceFor(line) };
    byte += line.length + 1;
  }
  return undefined;
}

function adviceFor(line: string): string {
  const form = OTHER_FORMS.find((other) => other.line.test(line));
  if (form === undefined)
    return 'Capture events with the tracer nop: echo nop > /sys/kernel/tracing/current_tracer';
  const verb = form.on ? 'on' : 'off';
  return `Switch the trace option ${form.option} ${verb} and capture again: echo ${form.on ? 1 : 0} > /sys/kernel/tracing/options/${form.option}`;
}
