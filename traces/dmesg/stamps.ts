/**
 * What stands before a kernel message: level, time, caller, and what a log daemon adds.
 *
 * In: one line of dmesg, /dev/kmsg, journalctl or syslog. Out: the message alone, and its time on the kernel's clock where one is printed.
 * A wall-clock time (`dmesg -T`, syslog) is only told: it does not place a message among events.
 */

export interface StampedLine {
  readonly text: string;
  /** Nanoseconds of the kernel's own clock (local_clock), as printed. */
  readonly ts?: bigint;
  /** The line carries a wall-clock time, and no other. */
  readonly dated: boolean;
}

/** `[   18.711387] DMAR: …`; journalctl -o short-monotonic prints the same before its host. */
const SECONDS = /^\[\s*(\d{1,12})\.(\d{1,9})\]\s?/;
/** `[  T101] …`, `[    C0] …`: who printed it (CONFIG_PRINTK_CALLER). */
const CALLER = /^\[\s*[TC]\d+\]\s?/;
/** `<4>[   18.711387] …` (dmesg -r, /proc/kmsg). */
const LEVEL = /^<\d{1,3}>/;
/** `kern  :err   : [   18.711387] …` (dmesg -x). */
const NAMED_LEVEL = /^[a-z0-9]{2,8}\s*:[a-z]{2,8}\s*: /;
/** `3,1042,18711387,-;DMAR: …` (/dev/kmsg): level, number, microseconds, flags. */
const KMSG = /^\d{1,3},\d+,(\d{1,15}),[^;]{1,60};/;
/** `[Thu Jan  4 23:12:54 2024] …` (dmesg -T), `[Aug 4 09:48] …` and `[  +0.000012] …` (dmesg -e): no place on a clock. */
const DATE =
  /^\[(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}|[A-Z][a-z]{2} ?[ \d]\d \d\d:\d\d|\s*[+<]\s*\d+\.\d+>?)\]\s?/;
/** `2026-11-25T15:22:04,123456+00:00 …` (dmesg --time-format iso), with or without the host of a log daemon. */
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\s/;
/** `Nov 25 15:22:04 …` (syslog, journalctl -o short). */
const SYSLOG = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? /;
/** `lab kernel: …`: what a log daemon puts between its time and the message. */
const HOST = /^\S{1,255} kernel(?:\[\d+\])?: ?/;

const NS = 1_000_000_000n;

const nanoseconds = (seconds: string, fraction: string): bigint =>
  BigInt(seconds) * NS + BigInt(fraction.padEnd(9, '0').slice(0, 9));

/** Takes the line apart. Never throws. */
export function splitLine(line: string): StampedLine {
  let text = line.replace(/\r$/, '');
  let ts: bigint | undefined;
  let dated = false;
  const strip = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    text = text.slice(match[0].length);
    return match;
  };
  strip(LEVEL);
  strip(NAMED_LEVEL);
  dated = (strip(SYSLOG) ?? strip(ISO) ?? strip(DATE)) !== undefined;
  const kmsg = dated ? undefined : strip(KMSG);
  if (kmsg !== undefined) ts = BigInt(kmsg[1]!) * 1000n;
  let seconds = ts === undefined && !HOST.test(text) ? strip(SECONDS) : undefined;
  strip(HOST);
  seconds ??= ts === undefined ? strip(SECONDS) : undefined;
  if (seconds !== undefined) ts = nanoseconds(seconds[1]!, seconds[2]!);
  strip(CALLER);
  return ts === undefined ? { text, dated } : { text, ts, dated: false };
}
