/**
 * A path or standard input as plain bytes, whatever it is compressed with.
 *
 * In: a path, or "-". Out: a ByteSource of decompressed bytes, or a CaptureError that says why there are none.
 * Compression is recognised by magic numbers (RFC 1952, RFC 8878), never by the file's name.
 */
import { closeSync, fstatSync, openSync, read, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { type Decompress, decompressGzip, decompressZstd, type StreamEnd } from './decompress.js';
import { fileSource, readError, reasonOf } from './file-source.js';
import { CaptureError } from './format.js';
import type { ByteSource } from './source.js';
import { streamSource } from './stream-source.js';

export const STDIN_NAME = '<stdin>';
const CHUNK_BYTES = 256 << 10;
/** A compressed file inside a compressed file is somebody's mistake; more than that is an attack. */
const LAYERS_MOST = 2;

const RECORD =
  'Record one with `trace-cmd record -e dma -e iommu`, or copy /sys/kernel/tracing/trace to a file.';

const OPEN_PROBLEMS: Readonly<Record<string, readonly [problem: string, advice: string]>> = {
  ENOENT: ['expected a capture, found no such file', 'Check the path.'],
  ENOTDIR: [
    'expected a capture, found no such file: a part of the path is not a directory',
    'Check the path.',
  ],
  EACCES: [
    'permission denied',
    'Captures recorded by root often belong to root: copy it, or change its owner.',
  ],
  EPERM: [
    'permission denied',
    'Captures recorded by root often belong to root: copy it, or change its owner.',
  ],
};

function openError(path: string, error: unknown): CaptureError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [problem, advice] = OPEN_PROBLEMS[code] ?? [
    `cannot be opened: ${reasonOf(error)}`,
    'Check the path.',
  ];
  return new CaptureError(path, problem, advice);
}

function openPath(given: string): { fd: number; path: string } {
  try {
    const path = fileOf(given);
    return { fd: openSync(path, 'r'), path };
  } catch (error) {
    throw openError(given, error);
  }
}

function checkKind(name: string, fd: number, stats: Stats): void {
  if (stats.isDirectory()) {
    throw new CaptureError(name, 'expected a capture, found a directory', 'Give the path of one file in it.');
  }
  if (isatty(fd))
    throw new CaptureError(
      name,
      'expected a capture, found a terminal',
      'Pipe a capture into it, or give a path.',
    );
}

/** Chunks of a pipe or of a file that does not know its size, such as those of tracefs. */
async function* descriptorChunks(fd: number, name: string): AsyncGenerator<Uint8Array> {
  const readSome = promisify(read);
  for (let at = 0; ; ) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let got: number;
    try {
      got = (await readSome(fd, chunk, 0, chunk.length, null)).bytesRead;
    } catch (error) {
      throw readError(name, at, error);
    }
    if (got === 0) return;
    at += got;
    yield chunk.subarray(0, got);
  }
}

/** Standard input as a pipe may be non-blocking, which Node's stream knows how to wait for. */
async function* stdinChunks(): AsyncGenerator<Uint8Array> {
  let at = 0;
  try {
    for await (const chunk of process.stdin) {
      at += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw readError(STDIN_NAME, at, error);
  }
}

/** A recording of several files (perf record --threads) is a directory; its file `data` tells the rest. */
function fileOf(path: string): string {
  const inside = join(path, 'data');
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isDirectory && statSync(inside, { throwIfNoEntry: false })?.isFile() === true ? inside : path;
}

function descriptorSource(fd: number, name: string, path?: string): ByteSource {
  const stats = fstatSync(fd);
  checkKind(name, fd, stats);
  // Files of tracefs and procfs say that they are empty.
  if (stats.isFile() && stats.size > 0) return fileSource(fd, name, path);
  const chunks = fd === 0 ? stdinChunks() : descriptorChunks(fd, name);
  let closed = false;
  const close = async () => {
    if (!closed && fd !== 0) closeSync(fd);
    closed = true;
  };
  return streamSource(name, { chunks, end: {}, close });
}

function openDescriptor(pathOrDash: string): ByteSource {
  if (pathOrDash === '-') return descriptorSource(0, STDIN_NAME);
  const { fd, path } = openPath(pathOrDash);
  try {
    return descriptorSource(fd, pathOrDash, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

interface Compression {
  /** Little-endian, first four bytes. */
  matches(magic: number): boolean;
  readonly decompress: Decompress;
}

const COMPRESSIONS: readonly Compression[] = [
  { matches: (magic) => (magic & 0xffffff) === 0x088b1f, decompress: decompressGzip },
  { matches: (magic) => magic === 0xfd2fb528, decompress: decompressZstd },
  // A zstd file may begin with skippable frames, 0x184d2a50 … 5f; pzstd's do.
  { matches: (magic) => (magic & 0xfffffff0) >>> 0 === 0x184d2a50, decompress: decompressZstd },
];

function compressionOf(head: Uint8Array): Compression | undefined {
  if (head.length < 4) return undefined;
  const magic = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  return COMPRESSIONS.find((compression) => compression.matches(magic));
}

async function* chunksOf(source: ByteSource, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const got = await source.read(chunk);
    if (got === 0) return;
    at += got;
    onBytes(at);
    yield chunk.subarray(0, got);
  }
}

/** What `openSource` gives. */
export interface OpenSource {
  readonly source: ByteSource;
  /** Whether `onBytes` is called as the source is read; if not, the reader knows better where it is. */
  readonly compressed: boolean;
}

/** `onBytes` hears how many bytes of a compressed input have been read. Throws CaptureError. */
export async function openSource(
  pathOrDash: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<OpenSource> {
  let source = openDescriptor(pathOrDash);
  let end: StreamEnd = {};
  try {
    for (let layers = 0; ; layers++) {
      const head = await source.head();
      const compression = compressionOf(head);
      if (compression === undefined)
        return { source: checkNotEmpty(source, head, end), compressed: layers > 0 };
      if (layers === LAYERS_MOST)
        throw new CaptureError(
          source.name,
          `compressed more than ${LAYERS_MOST} times over`,
          'Decompress it first.',
        );
      end = {};
      source = decompressed(source, compression, end, layers === 0 ? onBytes : () => {});
    }
  } catch (error) {
    await source.close();
    throw error;
  }
}

function decompressed(
  input: ByteSource,
  compression: Compression,
  end: StreamEnd,
  onBytes: (bytes: number) => void,
): ByteSource {
  const chunks = compression.decompress(chunksOf(input, onBytes), end);
  return streamSource(input.name, { chunks, end, close: () => input.close() });
}

function checkNotEmpty(source: ByteSource, head: Uint8Array, end: StreamEnd): ByteSource {
  if (head.length > 0) return source;
  if (end.problem === undefined)
    throw new CaptureError(source.name, 'expected a capture, found an empty file: 0 bytes', RECORD);
  const problem = `expected a capture, found nothing that can be read: ${end.problem}`;
  throw new CaptureError(source.name, problem, 'Copy the file again, or record again.');
}
