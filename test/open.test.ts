/** From a path or standard input to bytes: compression by content, damage counted, and clear words for what is no capture. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Inflate, inflateZlib, loadInflateZstd } from '../traces/decompress.js';
import { fileSource } from '../traces/file-source.js';
import { type Capture, CaptureError, type Format } from '../traces/format.js';
import { openCapture } from '../traces/open.js';
import { openSource } from '../traces/open-source.js';
import { inPackage } from '../traces/package-root.js';
import { type ByteSource, HEAD_BYTES } from '../traces/source.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-test-'));
test.after(() => rmSync(folder, { recursive: true }));

let written = 0;
function file(bytes: Uint8Array | string): string {
  const path = join(folder, `input-${written++}.jpg`);
  writeFileSync(path, bytes);
  return path;
}

/** Text that compresses, but not to nothing, and is several decompression steps long. */
const plain = Buffer.from(
  Array.from(
    { length: 40_000 },
    (_, line) => `task-${line % 97} [000] ${(line * 7919) % 100_003}: event: n=${line * line}\n`,
  ).join(''),
);

// Node 20 has no zstd compressor, so the samples in this file come as frames of raw blocks, which any decoder must read.
// Frame: magic, descriptor 0x00 with a window byte (RFC 8878, 3.1.1.1); block header: last | type << 1 | size << 3.
function zstdFrame(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])];
  const step = 100_000;
  for (let at = 0; at < bytes.length; at += step) {
    const block = bytes.subarray(at, at + step);
    const header = Number(at + step >= bytes.length) | (block.length << 3);
    parts.push(Buffer.from([header & 255, (header >> 8) & 255, header >> 16]), block);
  }
  return Buffer.concat(parts);
}

/** 65536 times 'a': one RLE block (type 1), content size in the frame header (descriptor 0xa0: 4 bytes, single segment). */
const zstdRun = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 1, 0, 0x03, 0x00, 0x08, 0x61]);

/** A skippable frame of three bytes. */
const zstdSkippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

async function readAll(source: ByteSource, step = 100_003): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.alloc(step);
    const got = await source.read(part);
    if (got === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, got));
  }
}

async function readFile(path: string): Promise<[Buffer, ByteSource]> {
  const { source } = await openSource(path);
  try {
    return [await readAll(source), source];
  } finally {
    await source.close();
  }
}

const accepting: Format = {
  name: 'any',
  title: 'anything',
  sniff: () => true,
  async open(source): Promise<Capture> {
    await readAll(source);
    const info = { format: 'any', clockUnit: 'ns' as const, pageSize: 4096, notes: [] };
    return { info, streams: [], counters: () => [], eventCounts: () => new Map(), close: async () => {} };
  },
};
const refusing: Format = { ...accepting, title: 'ftrace text, or trace.dat', sniff: () => false };

async function refusal(path: string, format = refusing): Promise<CaptureError> {
  try {
    await openCapture(path, { dictionary: { entries: [] } }, [format]);
  } catch (error) {
    assert.instance(error, CaptureError, String(error));
    return error as CaptureError;
  }
  throw new Error(`was accepted: ${path}`);
}

const forms: Record<string, Buffer> = {
  plain,
  gzip: gzipSync(plain),
  'two gzip members': Buffer.concat([gzipSync(plain.subarray(0, 999)), gzipSync(plain.subarray(999))]),
  zstd: zstdFrame(plain),
  'two zstd frames': Buffer.concat([zstdFrame(plain.subarray(0, 999)), zstdFrame(plain.subarray(999))]),
  'zstd after skippable frames': Buffer.concat([...Array(50).fill(zstdSkippable), zstdFrame(plain)]),
  'zstd in gzip': gzipSync(zstdFrame(plain)),
};

for (const [form, bytes] of Object.entries(forms)) {
  test(`${form}: the same bytes, in order`, async () => {
    const [read, source] = await readFile(file(bytes));
    assert.ok(read.equals(plain));
    assert.equal(source.counters(), []);
  });

  test(`${form}: the head does not consume`, async () => {
    const { source } = await openSource(file(bytes));
    const head = await source.head();
    assert.is(head.length, HEAD_BYTES);
    assert.ok(plain.subarray(0, HEAD_BYTES).equals(head));
    assert.ok(plain.subarray(0, HEAD_BYTES).equals(await source.head()));
    assert.ok((await readAll(source)).equals(plain));
    await source.close();
  });

  test(`${form}: at any offset, then in order`, async () => {
    const { source } = await openSource(file(bytes));
    const part = Buffer.alloc(1000);
    for (const offset of [plain.length - 300, 5, 77_777]) {
      const got = await source.readAt(part, offset);
      assert.is(got, Math.min(1000, plain.length - offset));
      assert.ok(part.subarray(0, got).equals(plain.subarray(offset, offset + got)));
    }
    assert.is(await source.readAt(part, plain.length + 5), 0);
    assert.is(source.size, plain.length);
    assert.ok((await readAll(source)).equals(plain));
    await source.close();
    await source.close();
  });
}

test('a plain file has a path and a size, for workers; a compressed one has not', async () => {
  const path = file(plain);
  const open = await openSource(path);
  assert.equal([open.source.path, open.source.size, open.compressed], [path, plain.length, false]);
  await open.source.close();
  const packed = await openSource(file(forms.gzip!));
  assert.equal([packed.source.path, packed.source.size, packed.compressed], [undefined, undefined, true]);
  await packed.source.close();
});

test('a compressed input tells how much of the file was read', async () => {
  const heard: number[] = [];
  const { source } = await openSource(file(forms.zstd!), (bytes) => heard.push(bytes));
  await readAll(source);
  assert.is(heard.at(-1), forms.zstd!.length);
  assert.equal(
    heard,
    [...heard].sort((a, b) => a - b),
  );
  await source.close();
});

for (const form of ['gzip', 'zstd']) {
  test(`${form}, cut anywhere: what came before is read, the loss is counted`, async () => {
    const whole = forms[form]!;
    for (const part of [0.01, 0.3, 0.5, 0.9, 0.999]) {
      const [read, source] = await readFile(file(whole.subarray(0, Math.floor(whole.length * part))));
      assert.ok(read.length > 0 && read.equals(plain.subarray(0, read.length)), `${part}`);
      assert.ok(read.length > plain.length * (part - 0.15), `${part}: read ${read.length}`);
      const [counter] = source.counters();
      assert.equal([counter?.name, counter?.severity, counter?.count], ['input-cut-short', 'error', 1]);
      assert.match(counter!.help, 'cut short');
    }
  });
}

test('damage inside compressed data is counted, and never hangs', async () => {
  for (const form of ['gzip', 'zstd']) {
    const damaged = Buffer.from(forms[form]!);
    // The middle of gzip's codes; for zstd a block header that claims the reserved block type.
    const at = form === 'gzip' ? damaged.length >> 1 : 6 + 5 * 100_003;
    damaged.fill(0xff, at, at + 8);
    const [read, source] = await readFile(file(damaged));
    assert.ok(read.length > 50_000, form);
    assert.match(source.counters()[0]!.help, 'damaged');
    assert.is(source.counters()[0]!.first, `after ${read.length} bytes of decompressed data`);
  }
});

test('the loss of the source is among the counters of the capture', async () => {
  const capture = await openCapture(file(forms.gzip!.subarray(0, 50_000)), { dictionary: { entries: [] } }, [
    accepting,
  ]);
  assert.is(capture.counters()[0]?.name, 'input-cut-short');
  await capture.close();
});

test('what is no file, or cannot be read', async () => {
  assert.match((await refusal(join(folder, 'missing'))).problem, 'no such file');
  assert.match((await refusal(folder)).problem, 'found a directory');
  assert.match((await refusal(file(''))).problem, 'empty file');
  assert.match((await refusal(file(forms.gzip!.subarray(0, 5)))).problem, 'cut short');
  assert.match((await refusal(file(forms.zstd!.subarray(0, 5)))).problem, 'cut short');
  assert.match((await refusal(file(gzipSync('')))).problem, 'empty');
  assert.match((await refusal(file(gzipSync(gzipSync(gzipSync(plain)))))).problem, 'compressed more than');
});

test('a file without permission', async () => {
  if (process.getuid?.() === 0) return; // root may read everything
  const path = file(plain);
  chmodSync(path, 0);
  assert.match((await refusal(path)).problem, 'permission denied');
});

test('files of other kinds are called what they are', async () => {
  const kinds: readonly (readonly [Uint8Array | string, RegExp])[] = [
    [
      Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
      /expected ftrace text, or trace\.dat; found a JPEG image \(by its bytes at 0\)/,
    ],
    ['\x7fELF\x02\x01', /found an ELF file/],
    ['%PDF-1.7\n', /found a PDF document/],
    ['PK\x03\x04zip', /found a zip archive/],
    [Buffer.from('\xfd7zXZ\x00', 'latin1'), /found xz data/],
    [Buffer.from('\x89PNG\r\n', 'latin1'), /found a PNG image/],
    [`${'x'.repeat(257)}ustar`, /found a tar archive \(by its bytes at 257\)/],
    [Buffer.alloc(500), /nothing but zero bytes in the first 500/],
    [Buffer.from([7, 1, 2, 3]), /unknown binary data, from byte 0: 07 01 02 03/],
    [
      '# a comment\n\nGrüße an alle\nmore\n',
      /found text that is no trace; line 3 \(byte 13\) is: Grüße an alle/,
    ],
    ['# only\n\n', /only blank lines and comments/],
    ['[    1.234567] pci 0000:00:01.0: [8086:10d3]\n', /a kernel log \(dmesg\); line 1/],
    ['version https://git-lfs.github.com/spec/v1\n', /Git LFS/],
    ['{"events": []}', /found JSON/],
    [`${'long '.repeat(50)}\n`, /is: (long ){15}long…$/],
    ['evil \x1b[31m red\n', /is: evil \.\[31m red$/],
  ];
  for (const [bytes, problem] of kinds) {
    const error = await refusal(file(bytes));
    assert.match(error.problem, problem);
    assert.ok(error.advice.length > 10);
    assert.match(error.message, error.file);
  }
});

test('a file that shrinks while it is read ends early', async () => {
  const path = file(plain);
  const source = fileSource(openSync(path, 'r'), path);
  await source.read(Buffer.alloc(1000));
  truncateSync(path, 1500);
  assert.is((await readAll(source)).length, 500);
  await source.close();
});

/** Runs a script that reads its standard input through `openSource('-')` and prints what it found. */
function readStdin(input: Buffer, shell: string, path = ''): Promise<string> {
  const script = `import(${JSON.stringify(inPackage('dist', 'traces', 'open-source.js'))}).then(async ({ openSource }) => {
    const { source } = await openSource('-');
    const part = Buffer.alloc(70000);
    let bytes = 0;
    let sum = 0;
    for (let got; (got = await source.read(part)) > 0; bytes += got) for (let i = 0; i < got; i++) sum = (sum * 31 + part[i]) >>> 0;
    await source.close();
    console.log(source.name, bytes, sum);
  })`;
  const child = spawn('sh', ['-c', shell], {
    env: { ...process.env, SCRIPT: script, NODE: process.execPath, INPUT: path },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let out = '';
  child.stdout.on('data', (data) => (out += data));
  return new Promise((resolve) => child.on('close', () => resolve(out.trim())));
}

const expectedSum = plain.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 0);
const expected = `<stdin> ${plain.length} ${expectedSum}`;

test('standard input as a pipe, a slow pipe, and a file', async () => {
  assert.is(await readStdin(plain, '"$NODE" -e "$SCRIPT"'), expected);
  assert.is(await readStdin(forms.zstd!, 'cat | "$NODE" -e "$SCRIPT"'), expected);
  assert.is(await readStdin(forms.gzip!, '(head -c 1000; sleep 0.2; cat) | "$NODE" -e "$SCRIPT"'), expected);
  assert.is(await readStdin(Buffer.alloc(0), '"$NODE" -e "$SCRIPT" < "$INPUT"', file(forms.gzip!)), expected);
});

test('a named pipe', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', 'cat > "$0"', pipe]);
  writer.stdin.end(forms.gzip);
  const [read] = await readFile(pipe);
  assert.ok(read.equals(plain));
});

test('whole blocks: the size must be right, damage is told', async () => {
  const inflateZstd = await loadInflateZstd();
  const inflated = (inflate: Inflate, block: Uint8Array, size: number): Buffer | undefined => {
    const into = Buffer.alloc(size);
    return inflate(block, into) ? into : undefined;
  };
  const run = Buffer.alloc(65536, 'a');
  assert.ok(run.equals(inflated(inflateZstd, zstdRun, 65536)!));
  assert.ok(plain.equals(inflated(inflateZstd, zstdFrame(plain), plain.length)!));
  for (const size of [1, 65535, 65537]) assert.is(inflated(inflateZstd, zstdRun, size), undefined, `${size}`);
  assert.is(inflated(inflateZstd, Buffer.from('no zstd'), 100), undefined);
  assert.is(inflated(inflateZstd, zstdRun.subarray(0, 10), 65536), undefined);
  assert.ok(run.equals(inflated(inflateZstd, zstdRun, 65536)!), 'works on after damage');

  const deflated = deflateSync(plain);
  assert.ok(plain.equals(inflated(inflateZlib, deflated, plain.length)!));
  for (const size of [0, 10, plain.length - 1, plain.length + 1])
    assert.is(inflated(inflateZlib, deflated, size), undefined, `${size}`);
  assert.is(inflated(inflateZlib, deflated.subarray(0, 500), plain.length), undefined);
});

test.run();
