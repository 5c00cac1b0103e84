/**
 * One sequence of records on its way into the module: a file's data, with what its compressed records hold.
 *
 * In: a function that reads the bytes in order. Out: reasons to stop, as the module's `walk` gives them; compressed
 * records (perf record -z) never leave here.
 *
 *   COMPRESSED   header | zstd data              COMPRESSED2   header | data_size u64 | zstd data | padding
 *
 * All of them are one zstd stream, so records inside go on from one to the next (tools/perf/util/tool.c).
 */
import type { BinaryCore } from '../binary-core.js';
import { openZstdStream, type ZstdStream } from '../decompress.js';
import { HOST_RECORD, NEEDS_INPUT, type PerfExports, perfExports } from './perf-data-exports.js';

/** Fills `target` with the next bytes; returns how many, 0 at the end. */
export type ReadNext = (target: Uint8Array) => Promise<number>;

const COMPRESSED = 81;
const COMPRESSED2 = 83;

/** What the records in compressed ones need. */
interface Inside {
  readonly channel: number;
  readonly stream: ZstdStream;
  /** Inflated, and not yet given to the module. */
  waiting: Uint8Array;
}

export interface PerfInput {
  /** Where the records are that tell how far this input has got. */
  readonly channel: () => number;
  /** Whether all has been read and walked. */
  readonly ended: () => boolean;
  /** Whether compressed records have been met: what they hold may come one record late. */
  readonly compressed: () => boolean;
  /** Goes on to the next record that is the host's, or end of a round, or piece of input. Returns what `walk` does. */
  step(): Promise<number>;
  /** The next bytes behind the record that `step` has just stopped at are no records. */
  skip(bytes: number): void;
  readonly problem: () => string | undefined;
}

const NONE = new Uint8Array(0);

function roomOf(core: BinaryCore, wasm: PerfExports, channel: number): Uint8Array {
  const at = wasm.channelInput(channel);
  return core.bytes(at, wasm.channelRoom(channel) >>> 0);
}

export function openInput(core: BinaryCore, bigEndian: boolean, read: ReadNext): PerfInput {
  const wasm = perfExports(core);
  const outer = wasm.openChannel();
  let inside: Inside | undefined;
  /** Whether the records inside have to be walked before the next one outside. */
  let inInside = false;
  let state: 'reading' | 'ending' | 'ended' = 'reading';

  function payload(): Uint8Array | undefined {
    const length = wasm.hostRecordBytes();
    const record = core.bytes(wasm.hostRecordAt(), length);
    const view = new DataView(record.buffer, record.byteOffset, length);
    const type = view.getUint32(0, !bigEndian);
    if (type === COMPRESSED) return record.slice(8);
    if (type !== COMPRESSED2) return undefined;
    if (length < 16) return NONE;
    const size = view.getBigUint64(8, !bigEndian);
    return record.slice(16, size > BigInt(length - 16) ? length : 16 + Number(size));
  }

  async function enter(data: Uint8Array): Promise<void> {
    inside ??= { channel: wasm.openChannel(), stream: await openZstdStream(), waiting: NONE };
    inside.stream.feed(data);
    inInside = true;
  }

  /** Gives the module the next inflated bytes; false: there are none. */
  function feedInside({ channel, stream }: Inside, waiting: Uint8Array): boolean {
    const bytes = waiting.length > 0 ? waiting : (stream.next() ?? NONE);
    if (bytes.length === 0) return false;
    const room = roomOf(core, wasm, channel);
    const part = bytes.subarray(0, room.length);
    room.set(part);
    wasm.channelFed(channel, part.length);
    inside!.waiting = bytes.subarray(part.length);
    return true;
  }

  function stepInside(within: Inside): number {
    const reason = wasm.walk(within.channel);
    if (reason !== NEEDS_INPUT) return reason;
    inInside = feedInside(within, within.waiting);
    return NEEDS_INPUT;
  }

  async function feedOuter(): Promise<void> {
    const count = await read(roomOf(core, wasm, outer));
    if (count > 0) {
      wasm.channelFed(outer, count);
      return;
    }
    if (wasm.endChannel(outer) !== 0) return;
    inside?.stream.end();
    inInside = inside !== undefined;
    state = 'ending';
  }

  async function stepOuter(): Promise<number> {
    const reason = wasm.walk(outer);
    if (reason === NEEDS_INPUT) await feedOuter();
    if (reason !== HOST_RECORD) return reason;
    const data = payload();
    if (data === undefined) return HOST_RECORD;
    if (data.length > 0) await enter(data);
    return NEEDS_INPUT;
  }

  function finish(): number {
    inInside = inside !== undefined && wasm.endChannel(inside.channel) !== 0;
    if (!inInside) state = 'ended';
    return NEEDS_INPUT;
  }

  return {
    channel: () => inside?.channel ?? outer,
    ended: () => state === 'ended',
    compressed: () => inside !== undefined,
    skip: (bytes) => wasm.skipBytes(inInside ? inside!.channel : outer, bytes),
    problem: () => inside?.stream.problem,
    async step() {
      if (inInside) return stepInside(inside!);
      return state === 'ending' ? finish() : stepOuter();
    },
  };
}
