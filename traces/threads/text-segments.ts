/**
 * Where a text capture may be cut, so that its parts can be read by themselves.
 *
 * In: an open file. Out: offsets of event lines that nothing before them belongs to: not stack traces, whose event comes
 * first, and not what follows a loss mark, which gets its time from the next event.
 */
import { readSync } from 'node:fs';
import { TextTool } from '../../wasm/schema.js';

export const SEGMENT_BYTES = 8 << 20;

const WINDOW_BYTES = 64 << 10;
const NEWLINE = 0x0a;
/** First bytes of lines that are no events: '#', 'C' of "CPU:0 [LOST …", '['. */
const MARKS: ReadonlySet<number> = new Set([0x23, 0x43, 0x5b]);
const STACK = ' stack trace>\n';
const KERNEL_STACK = '<stack trace>\n';

export const segmentsOf = (size: number): number => Math.max(1, Math.ceil(size / SEGMENT_BYTES));

/** The bytes of segment `index`, from and to. Neighbours agree, since both ask `cutFrom` for the same offset. */
export function segmentRange(
  fd: number,
  size: number,
  index: number,
  tool: TextTool,
): { from: number; to: number } {
  const last = index + 1 >= segmentsOf(size);
  return {
    from: index === 0 ? 0 : cutFrom(fd, size, index * SEGMENT_BYTES, tool),
    to: last ? size : cutFrom(fd, size, (index + 1) * SEGMENT_BYTES, tool),
  };
}

/** The first place at or behind `offset` where the file may be cut; its end if there is none in sight. */
export function cutFrom(fd: number, size: number, offset: number, tool: TextTool = TextTool.ftrace): number {
  const mayCut = MAY_CUT[tool];
  const window = Buffer.alloc(WINDOW_BYTES);
  for (let at = offset; at < size; ) {
    const bytes = window.subarray(0, readSync(fd, window, 0, WINDOW_BYTES, at));
    const cut = cutIn(bytes, mayCut);
    if (cut >= 0) return at + cut;
    const lastLine = bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
    at += bytes.length < WINDOW_BYTES || lastLine <= 0 ? Math.max(bytes.length, 1) : lastLine;
  }
  return size;
}

/** Whether the file may be cut at `line`, behind the line that begins at `before`; `line` ends at `end`. */
type MayCut = (bytes: Buffer, before: number, line: number, end: number) => boolean;

const textOf = (bytes: Buffer, from: number, to: number): string => bytes.toString('latin1', from, to);

const MAY_CUT: Readonly<Record<TextTool, MayCut>> = {
  [TextTool.ftrace]: (bytes, before, line, end) => isEvent(bytes, before, line) && isEvent(bytes, line, end),
  // Stacks are below their event, and end with an empty line or with the next event.
  [TextTool.perf_script]: (bytes, before, line, end) =>
    /^(?!\t)/.test(textOf(bytes, before, line)) && /^[^\t\n\r#]/.test(textOf(bytes, line, end)),
  [TextTool.trace_cmd_report]: (bytes, before, line, end) =>
    !/EVENTS DROPPED\]\s*$/.test(textOf(bytes, before, line)) &&
    !/^\s*=> |: (?:kernel|user)_stack:|^(?:.*: +)?CPU:\d/.test(textOf(bytes, line, end)),
};

/** A good cut needs the line before it and the whole of its own line. */
function cutIn(bytes: Buffer, mayCut: MayCut): number {
  let before = bytes.indexOf(NEWLINE) + 1;
  for (;;) {
    if (before <= 0) return -1;
    const line = bytes.indexOf(NEWLINE, before) + 1;
    const end = line <= 0 ? 0 : bytes.indexOf(NEWLINE, line) + 1;
    if (end <= 0) return -1;
    if (mayCut(bytes, before, line, end)) return line;
    before = line;
  }
}

function isEvent(bytes: Buffer, from: number, to: number): boolean {
  if (MARKS.has(bytes[from] ?? 0) || bytes.toString('latin1', from, from + 4) === ' => ') return false;
  const tail = bytes.toString('latin1', Math.max(from, to - STACK.length), to);
  return tail !== STACK && !tail.endsWith(KERNEL_STACK);
}
