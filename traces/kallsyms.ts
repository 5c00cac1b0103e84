/**
 * Kernel symbols: names for addresses.
 *
 * In: the text of /proc/kallsyms, as captures carry it. Out: a function from an address to "function+0x1c [module]".
 * A line is "ffffffff81000000 T _text", with a tab and "[module]" behind it for a module's.
 */

/** ftrace's mark for a frame inside its own trampoline (FTRACE_TRAMPOLINE_MARKER, kernel/trace/trace.h). */
const TRAMPOLINE = 0x7fffffffn;
/** Symbols end somewhere, but kallsyms does not say where: farther than this from one is nowhere. */
const FARTHEST = 1n << 24n;

/** The nearest lower symbol; undefined below the first one, and far behind the last. */
export type SymbolLookup = (address: bigint) => string | undefined;

interface Table {
  readonly addresses: BigUint64Array;
  /** Where each symbol's name starts in the text. */
  readonly names: Uint32Array;
}

const NEWLINE = 10;
const SPACE = 32;
const LOWER_A = 97;
/** "c0100000 T x" of a 32-bit kernel; more symbols than that are not looked at. */
const SMALLEST_LINE = 13;

/** What an ASCII hex digit is worth, -1 for all else. */
const DIGITS = Int8Array.from({ length: 256 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

/** Reads every line into `addresses` (low word, high word) and `names`; returns how many symbols there were. */
function readLines(text: Uint8Array, addresses: Uint32Array, names: Uint32Array): number {
  let count = 0;
  for (let at = 0; at < text.length; ) {
    let low = 0;
    let high = 0;
    let end = at;
    for (let digit = DIGITS[text[end] ?? 0]!; digit >= 0; digit = DIGITS[text[++end] ?? 0]!) {
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
    }
    // "ffffffff81000040 T name": kinds a and A are absolute and per-CPU symbols, no code. Hidden addresses are zeros.
    const kind = text[end + 1]! | 0x20;
    if (end > at && text[end] === SPACE && kind !== LOWER_A && (low | high) !== 0) {
      addresses[2 * count] = low;
      addresses[2 * count + 1] = high;
      names[count++] = end + 3;
    }
    at = text.indexOf(NEWLINE, end) + 1;
    if (at === 0 || count === names.length) break;
  }
  return count;
}

const isSorted = (addresses: BigUint64Array): boolean =>
  addresses.every((address, i) => i === 0 || addresses[i - 1]! <= address);

/** Among symbols at one address the first in the file is the one that the kernel prints. */
function buildTable(text: Uint8Array): Table {
  const most = Math.ceil(text.length / SMALLEST_LINE) + 1;
  const words = new Uint32Array(2 * most);
  const names = new Uint32Array(most);
  const count = readLines(text, words, names);
  const addresses = new BigUint64Array(words.buffer, 0, count);
  if (isSorted(addresses)) return { addresses, names };
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  order.sort((a, b) => (addresses[a]! < addresses[b]! ? -1 : addresses[a]! > addresses[b]! ? 1 : a - b));
  return {
    addresses: BigUint64Array.from(order, (i) => addresses[i]!),
    names: Uint32Array.from(order, (i) => names[i]!),
  };
}

/** Index of the last symbol at or below `address`, -1 where there is none. */
function nearest(addresses: BigUint64Array, address: bigint): number {
  let low = 0;
  let high = addresses.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (addresses[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  const at = addresses[low - 1];
  return at === undefined ? -1 : addresses.indexOf(at, Math.max(0, low - 64));
}

function nameAt(text: Uint8Array, start: number): [string, string] {
  const end = text.indexOf(NEWLINE, start);
  const line = Buffer.from(
    text.buffer,
    text.byteOffset + start,
    (end < 0 ? text.length : end) - start,
  ).toString();
  const [name, module] = line.split('\t');
  return [name!.trim(), module === undefined ? '' : ` ${module.trim()}`];
}

/** The table is built when the first address is asked for; `text` is asked for then, too. */
export function kallsymsLookup(text: () => Uint8Array | undefined): SymbolLookup {
  let bytes: Uint8Array | undefined;
  let table: Table | undefined;
  return (address) => {
    if (address === TRAMPOLINE) return '[FTRACE TRAMPOLINE]';
    bytes ??= text() ?? new Uint8Array(0);
    table ??= buildTable(bytes);
    const index = nearest(table.addresses, address);
    if (index < 0) return undefined;
    const offset = address - table.addresses[index]!;
    if (offset > FARTHEST) return undefined;
    const [name, module] = nameAt(bytes, table.names[index]!);
    return `${name}+0x${offset.toString(16)}${module}`;
  };
}
