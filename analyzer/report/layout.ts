/** Words, numbers and lines of a report for people. */

export const WIDTH = 88;

/** Breaks text at blanks, the first line after `first`, the others after `rest`; a longer word keeps its length. */
export function wrap(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  lines.push(line);
  return lines;
}

export function plural(count: number | bigint, one: string): string {
  return `${count} ${one}${BigInt(count) === 1n ? '' : 's'}`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** "4096 bytes", "36.0 KiB": binary units from 10 KiB on. */
export function bytesText(bytes: bigint): string {
  if (bytes < 10240n) return `${bytes} bytes`;
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${UNITS[unit]!}`;
}

/** Nanoseconds as seconds with microseconds, as ftrace prints them; other clocks' ticks as they are. */
export function timeText(ts: bigint, unit: string): string {
  if (unit !== 'ns') return `${ts} ticks`;
  const us = ts / 1000n;
  return `${us / 1_000_000n}.${(us % 1_000_000n).toString().padStart(6, '0')} s`;
}

export function hex(address: unknown): string {
  return address == null ? 'address unknown' : `0x${BigInt(address as bigint).toString(16)}`;
}
