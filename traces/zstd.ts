/**
 * The boundary of zstddec's Wasm module, the reference decoder of zstd.
 *
 * In: nothing. Out: zstddec's own interface, for streams; and blocks inflated to where they shall be, by the module's exports: zstddec makes an array
 * of each, which a capture in chunks of 40 KB pays for with a twentieth of its time.
 */
import { ZSTDDecoder } from 'zstddec/stream';

export interface Zstd {
  readonly decoder: ZSTDDecoder;
  /** Inflates one whole block into `plain`, whose size is what it must inflate to; false where it is damaged. */
  inflate(block: Uint8Array, plain: Uint8Array): boolean;
}

/** Addresses are byte offsets in its memory, signed as Wasm returns them; 0 = there is no more. */
interface ZstdExports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
  /** The size that it inflated to, or an error, which is above any size. */
  ZSTD_decompress(to: number, room: number, from: number, bytes: number): number;
}

/** Runs `work` while globals are others. */
function withGlobals<T>(globals: readonly (readonly [object, string, unknown])[], work: () => T): T {
  const before = globals.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name));
  for (const [owner, name, value] of globals)
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  try {
    return work();
  } finally {
    for (const [at, [owner, name]] of globals.entries()) {
      const was = before[at];
      if (was === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, was);
    }
  }
}

/**
 * zstddec takes its own module by fetch, where there is one, and Node's takes 40 ms to load: it is not shown that. And it instantiates the
 * module on another thread, for which a worker of Node 20 waits up to 100 ms, until V8's threads have nothing left to do: it is given
 * another instantiate, which tells us the exports, too.
 */
async function load(): Promise<Zstd> {
  let exported: ZstdExports | undefined;
  async function instantiate(bytes: BufferSource, imports: WebAssembly.Imports) {
    const module = new WebAssembly.Module(bytes);
    const instance = new WebAssembly.Instance(module, imports);
    exported = instance.exports as unknown as ZstdExports;
    return { module, instance };
  }
  const decoder = new ZSTDDecoder();
  await withGlobals(
    [
      [globalThis, 'fetch', undefined],
      [WebAssembly, 'instantiate', instantiate],
    ],
    () => decoder.init(),
  );
  return { decoder, inflate: inflater(exported!) };
}

/** Memory of the module that grows as needed; 0 = it cannot. */
function room({ malloc, free }: ZstdExports): (bytes: number) => number {
  let address = 0;
  let size = 0;
  return (bytes) => {
    if (bytes <= size) return address;
    if (address !== 0) free(address);
    address = malloc(bytes);
    size = address === 0 ? 0 : bytes;
    return address;
  };
}

function inflater(zstd: ZstdExports): Zstd['inflate'] {
  const input = room(zstd);
  const output = room(zstd);
  const bytes = (address: number, length: number) =>
    new Uint8Array(zstd.memory.buffer, address >>> 0, length);
  return (block, plain) => {
    const from = input(block.length);
    const to = output(plain.length);
    if (from === 0 || to === 0) return false;
    bytes(from, block.length).set(block);
    if (zstd.ZSTD_decompress(to, plain.length, from, block.length) !== plain.length) return false;
    plain.set(bytes(to, plain.length));
    return true;
  };
}

let zstd: Promise<Zstd> | undefined;

/** Only captures that need the decoder load it. */
export function loadZstd(): Promise<Zstd> {
  zstd ??= load();
  return zstd;
}
