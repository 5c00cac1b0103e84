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

/** The number at `at`, in hex digits up to a space; undefined where it is something else. */
function hexAt(text: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  let end = at;
  while (end < text.length && text[end] !== SPACE && end - at <= 16) end++;
  const digits = Buffer.from(text.buffer, text.byteOffset + at, end - at).toString('latin1');
  return /^[0-9a-f]{1,16}$/i.test(digits) ? { value: BigInt(`0x${digits}`), end } : undefined;
}

function* symbols(text: Uint8Array): Generator<readonly [bigint, number]> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf(NEWLINE, at);
    const address = hexAt(text, at);
    // " T name": the kind is one letter. Absolute and per-CPU symbols (a, A) are no code.
    const kind = address === undefined ? 0 : (text[address.end + 1] ?? 0) | 0x20;
    if (address !== undefined && address.value > 0n && kind !== 0x61) yield [address.value, address.end + 3];
    if (end < 0) return;
    at = end + 1;
  }
}

function buildTable(text: Uint8Array): Table {
  const found = [...symbols(text)];
  // Among symbols at one address the first in the file is the one the kernel prints.
  found.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
  return {
    addresses: BigUint64Array.from(found, ([address]) => address),
    names: Uint32Array.from(found, ([, name]) => name),
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
