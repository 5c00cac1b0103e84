/**
 * The records of a perf.data as one stream of event batches in order of time.
 *
 * In: inputs (one file, or a directory's many). Out: batches. perf writes one CPU's records after another's and marks
 * where it has been round; records wait in the module until nothing older can come.
 */
import type { BinaryCore } from '../binary-core.js';
import type { EventBatch, EventStream } from '../format.js';
import type { Trouble } from './perf-data-counters.js';
import { HOST_RECORD, perfExports, ROUND_ENDED } from './perf-data-exports.js';
import type { PerfInput } from './perf-data-input.js';

export interface StreamParts {
  readonly core: BinaryCore;
  readonly bigEndian: boolean;
  /** The first is read to its end before the others; these have no rounds, each is about in order. */
  readonly inputs: readonly PerfInput[];
  readonly trouble: Trouble;
  /** An event's name by its id, as records tell it late in a pipe. */
  readonly eventNames: Map<bigint, string>;
}

/** Records that wait may hold this much memory, in segments of 1 MiB. */
const MOST_SEGMENTS = 512;

const TRACING_DATA = 66;
const ID_INDEX = 69;
const AUXTRACE = 71;
const EVENT_UPDATE = 78;
const UPDATE_NAME = 2n;
const ID_INDEX_ENTRY = 32;

type TakeRecord = (parts: StreamParts, record: DataView, at: number, input: PerfInput) => void;

/** perf's own records that matter here, by type; `at` is the record's address in the module. */
const RECORDS: Readonly<Record<number, TakeRecord>> = {
  /** header | size u32: as many bytes follow, in eights */
  [TRACING_DATA](parts, record, _at, input) {
    if (record.byteLength < 12) return;
    parts.trouble.add('section-skipped', 1, 'tracing data behind the first events');
    input.skip(8 * Math.ceil(record.getUint32(8, !parts.bigEndian) / 8));
  },
  /** header | nr u64 | ( id u64 | idx u64 | cpu u64 | tid u64 ) × nr */
  [ID_INDEX]({ core, bigEndian }, record, at) {
    if (record.byteLength < 16) return;
    const told = Number(record.getBigUint64(8, !bigEndian));
    const there = Math.floor((record.byteLength - 16) / ID_INDEX_ENTRY);
    perfExports(core).setIdCpus(at + 16, Math.min(told, there));
  },
  /** header | size u64 | …: as many bytes follow */
  [AUXTRACE]({ bigEndian }, record, _at, input) {
    if (record.byteLength >= 16) input.skip(Number(record.getBigUint64(8, !bigEndian)));
  },
  /** header | what u64 | id u64 | name, with zeros at its end */
  [EVENT_UPDATE]({ bigEndian, eventNames }, record) {
    if (record.byteLength <= 24 || record.getBigUint64(8, !bigEndian) !== UPDATE_NAME) return;
    const text = Buffer.from(record.buffer, record.byteOffset + 24, record.byteLength - 24).toString();
    eventNames.set(record.getBigUint64(16, !bigEndian), text.replace(/\0[\s\S]*$/, ''));
  },
};

function takeHostRecord(parts: StreamParts, input: PerfInput): void {
  const wasm = perfExports(parts.core);
  const at = wasm.hostRecordAt();
  const bytes = parts.core.bytes(at, wasm.hostRecordBytes());
  const record = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  RECORDS[record.getUint32(0, !parts.bigEndian)]?.(parts, record, at, input);
}

export function perfStream(parts: StreamParts): EventStream {
  const { core, inputs, trouble } = parts;
  const wasm = perfExports(core);
  const [main, ...others] = inputs;
  let ending = false;

  /** The input that has got least far, among those that have not ended. */
  const laggard = (): PerfInput | undefined => {
    if (main !== undefined && !main.ended()) return main;
    const open = others.filter((input) => !input.ended());
    return open.reduce<PerfInput | undefined>(
      (last, input) =>
        last === undefined || wasm.isBehind(input.channel(), last.channel()) !== 0 ? input : last,
      undefined,
    );
  };

  const mindMemory = (): void => {
    if (wasm.heldSegments() <= MOST_SEGMENTS + 2 * inputs.length || wasm.waitingRecords() === 0) return;
    trouble.add('rounds-too-large', 1);
    wasm.finishHalf();
  };

  const finish = (): void => {
    for (const input of inputs) {
      const problem = input.problem();
      if (problem !== undefined) trouble.add('compressed-data-damaged', 1, problem);
    }
    wasm.finishAll();
    ending = true;
  };

  /** Reads on a little. What has become ready is drained before the next step. */
  const step = async (): Promise<void> => {
    const input = laggard();
    if (input === undefined) return finish();
    const reason = await input.step();
    if (reason === HOST_RECORD) return takeHostRecord(parts, input);
    if (reason === ROUND_ENDED) {
      // Rounds are of one file; in a directory's files there are none.
      if (others.length === 0) wasm.finishRound(Number(input.compressed()));
      return;
    }
    mindMemory();
    const last = laggard();
    if (others.length > 0 && last !== undefined && last !== main) wasm.finishUpTo(last.channel());
  };

  const fill = async (): Promise<void> => {
    for (;;) {
      if (wasm.drain() !== 0) return;
      if (ending) {
        wasm.drainLosses();
        return;
      }
      await step();
    }
  };

  return {
    async next(): Promise<EventBatch | undefined> {
      wasm.clearBatch();
      await fill();
      return core.lendBatch();
    },
  };
}
