/**
 * What the bench reads: a large ftrace text, made by repeating a real one with shifted times, a large trace.dat and a large perf.data.
 *
 * In: a folder of captures (or none: then the samples of this repository). Out: paths.
 */
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';

export interface Sources {
  /** ftrace text, packed or not. */
  readonly text: string;
  /** Undefined when there is none that is large enough to measure. */
  readonly traceDat: string | undefined;
  /** Packed. */
  readonly perfData: string | undefined;
  /** Events by name as the reference tools count them, of each. */
  readonly counts: {
    readonly text: Counts;
    readonly traceDat: Counts | undefined;
    readonly perfData: Counts | undefined;
  };
}

export type Counts = ReadonlyMap<string, number>;

function countsIn(folder: string, ...keys: readonly string[]): Counts | undefined {
  const all = JSON.parse(readFileSync(join(folder, 'counts.json'), 'utf8')) as Record<
    string,
    Record<string, number>
  >;
  const counted = keys.map((key) => all[key]).find((counts) => counts !== undefined);
  return counted && new Map(Object.entries(counted).filter(([name]) => !name.startsWith('(')));
}

/** `lab`: a folder with text.txt.zst, tc-v7-zstd.dat, perf.data.zst and counts.json, itself or in net-big or big/net-big. */
export function sourcesIn(lab: string | undefined): Sources {
  if (lab === undefined) {
    const folder = inPackage('traces', 'samples', 'clean-nvme');
    return {
      text: join(folder, 'trace.txt.zst'),
      traceDat: undefined,
      perfData: undefined,
      counts: { text: countsIn(folder, 'trace.txt')!, traceDat: undefined, perfData: undefined },
    };
  }
  const folder = [lab, join(lab, 'net-big'), join(lab, 'big', 'net-big')].find((path) =>
    existsSync(join(path, 'text.txt.zst')),
  );
  if (folder === undefined)
    throw new Error(`${lab}: expected text.txt.zst there, in net-big or in big/net-big`);
  return {
    text: join(folder, 'text.txt.zst'),
    traceDat: join(folder, 'tc-v7-zstd.dat'),
    perfData: join(folder, 'perf.data.zst'),
    counts: {
      text: countsIn(folder, 'text.txt')!,
      traceDat: countsIn(folder, 'tc-v7-zstd.report.txt'),
      perfData: bare(countsIn(folder, 'perf.data (perf script 7.2)')),
    },
  };
}

/** By names without their system. */
const bare = (counts: Counts | undefined): Counts | undefined =>
  counts && new Map([...counts].map(([name, count]) => [name.replace(/^.*:/, ''), count]));

/** Writes what a packed file holds. */
export async function unpackTo(path: string, target: string): Promise<void> {
  writeFileSync(target, await unpacked(path));
}

async function unpacked(path: string): Promise<Buffer> {
  const { source } = await openSource(path);
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const part = Buffer.allocUnsafe(8 << 20);
      const bytes = await source.read(part);
      if (bytes === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, bytes));
    }
  } finally {
    await source.close();
  }
}

const [NEWLINE, HASH, COLON, DOT, SPACE, ZERO] = [10, 35, 58, 46, 32, 48];
const isDigit = (byte: number): boolean => byte >= ZERO && byte < ZERO + 10;

/** Where the line's time ends ("    11.449324:" → its colon): the first colon behind six digits and a dot; -1 when there is none. */
function timeEnd(text: Buffer, from: number, to: number): number {
  for (let at = text.indexOf(COLON, from + 8); at >= 0 && at < to; at = text.indexOf(COLON, at + 1)) {
    if (text[at - 7] === DOT && isDigit(text[at - 1]!) && isDigit(text[at - 6]!) && isDigit(text[at - 8]!))
      return at;
  }
  return -1;
}

function timeEnds(text: Buffer): Uint32Array {
  const ends = new Uint32Array(text.length >> 6);
  let count = 0;
  for (let from = 0, to: number; from < text.length; from = to + 1) {
    to = text.indexOf(NEWLINE, from);
    if (to < 0) break;
    const end = text[from] === HASH ? -1 : timeEnd(text, from, to);
    if (end >= 0) ends[count++] = end;
  }
  return ends.subarray(0, count);
}

/** Adds to the time that ends before `end`, in place: seconds grow into the spaces before them. */
function addMicroseconds(text: Buffer, end: number, add: number): void {
  let start = end - 7;
  while (isDigit(text[start - 1]!)) start--;
  const seconds = Number(text.toString('latin1', start, end - 7));
  const total = seconds * 1e6 + Number(text.toString('latin1', end - 6, end)) + add;
  let left = total;
  for (let at = end - 1; at > end - 7; at--, left = Math.floor(left / 10)) text[at] = ZERO + (left % 10);
  for (let at = end - 8; left > 0 || at >= start; at--, left = Math.floor(left / 10)) {
    if (at < start && text[at] !== SPACE) throw new Error(`no room for a longer time before byte ${end}`);
    text[at] = ZERO + (left % 10);
  }
}

const microseconds = (text: Buffer, end: number): number => {
  let start = end - 7;
  while (isDigit(text[start - 1]!)) start--;
  return (
    Number(text.toString('latin1', start, end - 7)) * 1e6 + Number(text.toString('latin1', end - 6, end))
  );
};

const DOMAIN = 4;

/** Where names of PCI devices stand ("0000:00:01.0"). */
function deviceNames(text: Buffer): Uint32Array {
  const names = new Uint32Array(text.length >> 6);
  let count = 0;
  for (let at = text.indexOf('0000:'); at >= 0; at = text.indexOf('0000:', at + DOMAIN))
    if (text[at + 7] === COLON && text[at + 10] === DOT && text[at - 1] === SPACE) names[count++] = at;
  return names.subarray(0, count);
}

/**
 * Writes the text again and again until `bytes` are reached, each time later than the last, and with the devices of another PCI domain: what
 * a round leaves mapped is nothing to the next. Returns how often.
 */
export async function loopText(from: string, to: string, bytes: number): Promise<number> {
  const text = await unpacked(from);
  const ends = timeEnds(text);
  const shift = microseconds(text, ends.at(-1)!) - microseconds(text, ends[0]!) + 1000;
  const body = text.lastIndexOf(NEWLINE, ends[0]!) + 1;
  const names = deviceNames(text);
  const out = openSync(to, 'w');
  let loops = 0;
  for (let written = 0; written < bytes; loops++) {
    if (loops > 0) for (const end of ends) addMicroseconds(text, end, shift);
    const domain = loops.toString(16).padStart(DOMAIN, '0');
    for (const at of names) text.write(domain, at, 'latin1');
    written += writeSync(out, text, loops === 0 ? 0 : body);
  }
  closeSync(out);
  return loops;
}
