/**
 * What the first lines of `trace-cmd report` tell: whether it is that at all, and in which form.
 *
 * In: the first bytes of a capture. Out: facts. Written by read_data_info(), tracecmd/trace-read.c:
 *
 *   cpus=2
 *   v6:             init-101   [001] .....    18.066216: map:                  IOMMU: …
 */

/**
 * Perhaps the buffer's name; task-pid; [cpu], perhaps flags, or both as one word (-l); time; perhaps the time since the event before
 * (--ts-diff); the event's name and its colon, in 22 columns.
 */
const EVENT_LINE =
  /^ *(?:(\S+): +)?(\S.*)-\d+ +(?:\[\d+\](?:-0x\w+)?|\d+(?=\D)) *(?:[^\s\d:][^\s:]{3,4}(?=[ \d]))? *(\d+(?:\.\d{6,9})?): +(?:\([+-]\d+\) +)?(\w+):( *)/;
/** print_event_name() writes the name, a colon and a blank, and fills up to 20 characters of name. */
const NAME_WIDTH = 20;
const HEADER = /^(?:version = \d+\r?\n|CPU \d+ is empty\r?\n)*cpus=(\d{1,5})\r?\n/;
const SHOWN_LINES = 400;

export interface ReportHead {
  /** It begins with "cpus=2", perhaps behind "version = 7" and "CPU 1 is empty". */
  readonly hasHeader: boolean;
  readonly hasEvent: boolean;
  /** The event's time as printed; seconds have a point. */
  readonly stamp?: string;
  readonly cpus?: number;
  /** Buffers (instances) that are named in the first lines. */
  readonly buffers: readonly string[];
}

export function readReportHead(head: Uint8Array): ReportHead {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const lines = text.split(/\r?\n/);
  if (lines.length > 1) lines.pop();
  const matches = lines.slice(0, SHOWN_LINES).flatMap((line) => {
    const match = EVENT_LINE.exec(line.slice(0, 300));
    return match !== null && isPadded(match) ? [match] : [];
  });
  const cpus = HEADER.exec(text)?.[1];
  const stamp = matches[0]?.[3];
  return {
    hasHeader: cpus !== undefined,
    hasEvent: matches.length > 0,
    buffers: [...new Set(matches.flatMap((match) => match[1] ?? []))].sort(),
    ...(stamp === undefined ? {} : { stamp }),
    ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
  };
}

/** ftrace writes one blank behind the colon, whatever the name's length. */
function isPadded([, , , , name = '', blanks = '']: RegExpExecArray): boolean {
  return name.length < NAME_WIDTH && name.length + blanks.length > NAME_WIDTH;
}
