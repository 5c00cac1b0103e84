/**
 * A kernel log beside a capture.
 *
 * In: a path ("-" is stdin) of what dmesg, journalctl -k, syslog or /dev/kmsg printed; plain, .gz or .zst. Out: the messages that are understood
 * (`messages.ts`), and how many lines were not. Nothing is guessed: a line about faults or about dma-debug in words unknown is counted.
 */
import { CaptureError } from '../format.js';
import { openSource } from '../open-source.js';
import { shortened } from '../printable.js';
import type { ByteSource } from '../source.js';
import { completed, type KernelMessage, type MessageFacts, mention, understand } from './message.js';
import { CONCERNS, type MessagePattern } from './messages.js';
import { type StampedLine, splitLine } from './stamps.js';

export interface KernelLog {
  /** As the user gave it. */
  readonly file: string;
  readonly lines: number;
  /** Lines with a time of the kernel's clock, and lines with a date alone. */
  readonly stamped: number;
  readonly dated: number;
  readonly messages: readonly KernelMessage[];
  /** Lines about DMA faults or misuse whose wording no pattern has. */
  readonly unknown: number;
  readonly firstUnknown?: string;
  /** What of the file could not be read. */
  readonly cut: boolean;
}

const TEXT_SHOWN = 300;
/** A driver's own lines are kept as marks in time; this many are more than enough. */
const MAX_MENTIONS = 50_000;
const ADVICE =
  'Save it on the machine that recorded, in the same boot: dmesg > dmesg.txt (not dmesg -T), or journalctl -k -o short-monotonic.';

/** Takes lines one by one. */
class LogReader {
  readonly messages: KernelMessage[] = [];
  lines = 0;
  stamped = 0;
  dated = 0;
  unknown = 0;
  firstUnknown: string | undefined;
  private mentions = 0;
  /** The last message, while the next line may go on with it. */
  private open: { facts: MessageFacts; pattern: MessagePattern } | undefined;

  take(line: string): void {
    this.lines++;
    const stamped = splitLine(line);
    if (stamped.ts !== undefined) this.stamped++;
    if (stamped.dated) this.dated++;
    if (this.goesOn(stamped.text)) return;
    const understood = understand(stamped.text);
    this.open = understood?.pattern.more === undefined ? undefined : understood;
    if (understood !== undefined) this.add(stamped, understood.facts);
    else this.other(stamped);
  }

  private goesOn(text: string): boolean {
    if (this.open === undefined) return false;
    const facts = completed(this.open.facts, this.open.pattern, text);
    this.open = undefined;
    if (facts === undefined) return false;
    this.messages.push({ ...this.messages.pop()!, ...facts });
    return true;
  }

  private other(stamped: StampedLine): void {
    if (CONCERNS.test(stamped.text)) {
      this.unknown++;
      this.firstUnknown ??= `line ${this.lines}: ${shortened(stamped.text, TEXT_SHOWN)}`;
    } else if (stamped.ts !== undefined && this.mentions < MAX_MENTIONS) {
      const facts = mention(stamped.text);
      if (facts === undefined) return;
      this.mentions++;
      this.add(stamped, facts);
    }
  }

  private add({ text, ts }: StampedLine, facts: MessageFacts): void {
    const shown = shortened(text, TEXT_SHOWN);
    this.messages.push({ line: this.lines, ...facts, text: shown, ...(ts === undefined ? {} : { ts }) });
  }
}

const CHUNK_BYTES = 1 << 20;
/** Longer than the kernel prints (LOG_LINE_MAX): such a line is cut. */
const MAX_LINE = 64 << 10;

async function eachLine(source: ByteSource, take: (line: string) => void): Promise<void> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let rest = '';
  for (let count = await source.read(chunk); count > 0; count = await source.read(chunk)) {
    const lines = (rest + Buffer.from(chunk.buffer, 0, count).toString('latin1')).split('\n');
    rest = lines.pop()!.slice(0, MAX_LINE);
    for (const line of lines) take(line.slice(0, MAX_LINE));
  }
  if (rest !== '') take(rest);
}

/** Throws CaptureError for a file that cannot be read, or is no kernel log. */
export async function readKernelLog(file: string): Promise<KernelLog> {
  const { source } = await openSource(file);
  const reader = new LogReader();
  try {
    await eachLine(source, (line) => reader.take(line));
    const { lines, stamped, dated, messages, unknown, firstUnknown } = reader;
    if (stamped + dated + messages.length === 0) {
      const found = lines === 0 ? 'an empty file' : `${lines} lines without one`;
      throw new CaptureError(
        source.name,
        `expected a kernel log, lines as "[   12.345678] DMAR: …"; found ${found}`,
        ADVICE,
      );
    }
    const cut = source.counters().length > 0;
    return {
      file,
      lines,
      stamped,
      dated,
      messages,
      unknown,
      cut,
      ...(firstUnknown === undefined ? {} : { firstUnknown }),
    };
  } finally {
    await source.close();
  }
}
