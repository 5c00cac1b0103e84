/**
 * What a file is that no capture format knows.
 *
 * In: its first bytes. Out: a CaptureError that names it where that is cheap, and says what to do instead.
 */
import { CaptureError, type Format } from './format.js';

const CONVERT_COMPRESSED = (tool: string) => `Decompress it first: ${tool} -dc FILE | dmaspan report -`;
const RECORD =
  'Record a capture with `trace-cmd record -e dma -e iommu`, or: echo 1 | tee /sys/kernel/tracing/events/{dma,iommu}/enable, then copy /sys/kernel/tracing/trace.';
const WRONG_FILE =
  'Is it the wrong file? Captures are made with trace-cmd, or copied from /sys/kernel/tracing.';

/** Magic bytes: [offset, bytes as latin1, what it is, what to do]. The first that fits. */
const MAGICS: readonly (readonly [offset: number, bytes: string, what: string, advice: string])[] = [
  [0, '\xff\xd8\xff', 'a JPEG image', WRONG_FILE],
  [0, '\x89PNG', 'a PNG image', WRONG_FILE],
  [0, 'GIF8', 'a GIF image', WRONG_FILE],
  [0, '%PDF-', 'a PDF document', WRONG_FILE],
  [0, '\x7fELF', 'an ELF file (a program, library, module or core dump)', WRONG_FILE],
  [0, 'PK\x03\x04', 'a zip archive', 'Unpack it, and give the capture inside.'],
  [0, '\xfd7zXZ\x00', 'xz data', CONVERT_COMPRESSED('xz')],
  [0, 'BZh', 'bzip2 data', CONVERT_COMPRESSED('bzip2')],
  [0, '\x04\x22\x4d\x18', 'lz4 data', CONVERT_COMPRESSED('lz4')],
  [0, '7z\xbc\xaf', 'a 7z archive', 'Unpack it, and give the capture inside.'],
  [257, 'ustar', 'a tar archive', 'Unpack it, and give the capture inside.'],
  [
    0,
    '\x17\x08\x44tracing',
    'a trace.dat file of an unknown version',
    'Convert it with `trace-cmd convert`.',
  ],
  [0, 'SQLite format 3\x00', 'an SQLite database', WRONG_FILE],
  [8, 'DUCK', 'a DuckDB database', WRONG_FILE],
  [0, 'PAR1', 'a Parquet file', WRONG_FILE],
  [0, '\x0a\x0d\x0d\x0a', 'a pcapng network capture', WRONG_FILE],
  [0, '\xd4\xc3\xb2\xa1', 'a pcap network capture', WRONG_FILE],
  [0, '\x00asm', 'a WebAssembly module', WRONG_FILE],
  [
    0,
    '\xff\xfe',
    'UTF-16 text, as some Windows shells write it',
    'Convert it: iconv -f UTF-16 -t UTF-8 FILE | dmaspan report -',
  ],
];

/** Texts by their first line that says something. */
const TEXTS: readonly (readonly [pattern: RegExp, what: string, advice: string])[] = [
  [/^(<\d+>)?\[ *\d+\.\d+\]/, 'a kernel log (dmesg)', `Events are not in the log. ${RECORD}`],
  [/^version https:\/\/git-lfs/, 'a pointer of Git LFS instead of the file', 'Fetch the file: git lfs pull'],
  [/^<(!doctype|\?xml|html)/i, 'HTML or XML', WRONG_FILE],
  [/^[{[]\s*("|$|\{)/, 'JSON', WRONG_FILE],
  [/^name: \S+$/, "an event's format file", RECORD],
];

/** One character a byte, so that positions are byte positions. */
const characters = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

function looksLikeText(head: Uint8Array): boolean {
  const odd = head.reduce(
    (count, byte) => count + (byte < 9 || (byte > 13 && byte < 32 && byte !== 27) ? 1 : 0),
    0,
  );
  return odd === 0;
}

interface Line {
  readonly text: string;
  readonly number: number;
  readonly offset: number;
}

/** The first line that is neither blank nor a comment. */
function firstLine(head: Uint8Array): Line | undefined {
  let offset = 0;
  for (const [index, text] of characters(head).split('\n').entries()) {
    if (!/^\s*(#|$)/.test(text)) return { text, number: index + 1, offset };
    offset += text.length + 1;
  }
  return undefined;
}

/** A line for a message: no terminal sequences, not too long. */
function shortened(text: string): string {
  const line = Buffer.from(text, 'latin1')
    .toString('utf8')
    .trimEnd()
    .replace(/\p{Cc}/gu, '.');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

const hexBytes = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

function describeBinary(head: Uint8Array): readonly [found: string, advice: string] {
  if (head.every((byte) => byte === 0))
    return [
      `nothing but zero bytes in the first ${head.length}`,
      'The file was not written to the end; copy it again.',
    ];
  return [`unknown binary data, from byte 0: ${hexBytes(head.subarray(0, 16))}`, WRONG_FILE];
}

function describeText(head: Uint8Array): readonly [found: string, advice: string] {
  const line = firstLine(head);
  if (line === undefined) return ['only blank lines and comments', RECORD];
  const place = `line ${line.number} (byte ${line.offset}) is: ${shortened(line.text)}`;
  const known = TEXTS.find(([pattern]) => pattern.test(line.text));
  return known === undefined
    ? [`text that is no trace; ${place}`, RECORD]
    : [`${known[1]}; ${place}`, known[2]];
}

function describe(head: Uint8Array): readonly [found: string, advice: string] {
  const text = characters(head.subarray(0, 512));
  const magic = MAGICS.find(([offset, bytes]) => text.startsWith(bytes, offset));
  if (magic !== undefined) return [`${magic[2]} (by its bytes at ${magic[0]})`, magic[3]];
  return looksLikeText(head) ? describeText(head) : describeBinary(head);
}

/** `head` has at least one byte; none of `formats` recognises it. */
export function notACapture(name: string, head: Uint8Array, formats: readonly Format[]): CaptureError {
  const [found, advice] = describe(head);
  const expected = formats.map((format) => format.title).join(', or ');
  return new CaptureError(name, `expected ${expected}; found ${found}`, advice);
}
