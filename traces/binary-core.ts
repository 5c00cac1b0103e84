/**
 * The boundary of the Wasm module `binary`: the only place that builds views on its memory.
 *
 * In: plans, names of tasks, pages of ring buffers or single records. Out: event batches, names, tallies.
 * One core serves one capture; its streams share the batch, so each batch is copied out, to memory that whoever asks for it gives.
 */
import { readFileSync } from 'node:fs';
import {
  EVENT_ADDR,
  EVENT_ATTRS,
  EVENT_BYTES,
  EVENT_COMM,
  EVENT_CPU,
  EVENT_DEVICE,
  EVENT_DIR,
  EVENT_ERROR,
  EVENT_LEN,
  EVENT_LIFETIME,
  EVENT_PHYS,
  EVENT_SIDE,
  EVENT_STACK,
  EVENT_TID,
  EVENT_TS,
  EVENT_TYPE,
} from '../wasm/schema.js';
import { type EventBatch, type Frame, type NameTables, TYPE_LOST, TYPE_STACK } from './format.js';
import { inPackage } from './package-root.js';

/** The exports of `wasm/binary/index.ts`. Addresses are byte offsets in its memory, signed as Wasm returns them. */
export interface BinaryExports {
  readonly memory: WebAssembly.Memory;
  scratch(bytes: number): number;
  setTaskName(pid: number, length: number): void;
  setByteOrder(bigEndian: number): void;
  setClock(multiplier: number, shift: number, offset: bigint): void;
  setCommonFields(id: number, pid: number): void;
  setReservedTypes(lost: number, stack: number): void;
  setPageLayout(bytes: number, stamp: number, commit: number, long: number, data: number): void;
  knowEvent(id: number): void;
  planBegin(type: number): void;
  planU64(column: number, offset: number, size: number, signed: number): void;
  planU32(column: number, offset: number, size: number, signed: number): void;
  planU8(column: number, offset: number, size: number, signed: number): void;
  planErrno(offset: number, size: number): void;
  planNullIsError(offset: number, size: number): void;
  planDeviceInline(offset: number, bytes: number): void;
  planDeviceAt(offset: number, relative: number): void;
  planExtra(word: number, offset: number, size: number, signed: number): void;
  planList(which: number, offset: number, element: number, relative: number): void;
  planListFact(which: number, offset: number, size: number): void;
  planStack(offset: number, word: number, countOffset: number, countSize: number): void;
  planAsk(offset: number, size: number): void;
  planNothing(id: number): void;
  planDone(id: number): void;
  eventCount(id: number): number;
  openStream(cpu: number, capacity: number): number;
  closeStream(stream: number): void;
  streamInput(stream: number): number;
  feedStream(stream: number, length: number): void;
  decodePages(stream: number, limit: number): number;
  firstDamage(stream: number): number;
  loseEvents(stream: number): void;
  beginPart(stream: number, first: number): void;
  endPart(stream: number): void;
  clearBatch(): void;
  batchRows(): number;
  batchBlock(): number;
  batchSide(): number;
  batchSideWords(): number;
  commCount(): number;
  commPointer(id: number): number;
  commLength(id: number): number;
  deviceCount(): number;
  devicePointer(id: number): number;
  deviceLength(id: number): number;
  stackCount(): number;
  stackPointer(id: number): number;
  stackLength(id: number): number;
  damagedPages(): number;
  damagedRecords(): number;
  unknownRecords(): number;
  longLists(): number;
  cutStacks(): number;
  backwardTimes(): number;
  unnamedDevices(): number;
}

/** `decodePages` returns this when it has done all that was fed. */
export const NEEDS_INPUT = 0;

export interface BinaryCore {
  /** Plans, clock, page layout, tallies: the module's own functions, for numbers only. */
  readonly wasm: BinaryExports;
  readonly names: NameTables;
  setTaskName(pid: number, name: string): void;
  /** `plan` is called when the first record of this id comes, with its probe's address; it makes a plan or none. */
  onProbe(id: number, plan: (address: bigint) => void): void;
  /** The module's memory at `address`; any call into the module may move it. */
  bytes(address: number, length: number): Uint8Array;
  /** Copies the batch out, its block into `memory` (EVENT_BYTES, of which rows that are not there are left alone), and empties it; undefined when it has no rows. */
  takeBatch(memory: ArrayBuffer): EventBatch | undefined;
  /** The batch where it is, valid until the next call into the module; `clearBatch` empties it. For a capture of one stream. */
  lendBatch(): EventBatch | undefined;
}

/** The event block's columns: where each begins, and how many bytes a row has in it. */
const COLUMNS: readonly (readonly [number, number])[] = [
  ...[EVENT_TS, EVENT_ADDR, EVENT_LEN, EVENT_PHYS].map((at) => [at, 8] as const),
  ...[EVENT_ATTRS, EVENT_TID, EVENT_COMM, EVENT_STACK, EVENT_SIDE, EVENT_LIFETIME].map(
    (at) => [at, 4] as const,
  ),
  ...[EVENT_CPU, EVENT_TYPE, EVENT_DEVICE, EVENT_ERROR].map((at) => [at, 2] as const),
  [EVENT_DIR, 1],
];

let compiled: WebAssembly.Module | undefined;

/*
 * Read and compiled at once, not by readFile and WebAssembly.compile: while Node 20 has nothing to wait for but its own threads, it waits
 * for all of V8's as well. One that optimises the zstd decoder takes 40 ms; one that optimises JavaScript may in turn wait for the main
 * thread to collect garbage, for ever.
 */
function binaryModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(inPackage('dist', 'wasm', 'binary.wasm')));
  return compiled;
}

type ProbePlans = Map<number, (address: bigint) => void>;

function instantiate(probes: ProbePlans): BinaryExports {
  const env = {
    resolveProbe(id: number, address: bigint) {
      probes.get(id)?.(BigInt.asUintN(64, address));
    },
    abort(_message: number, _file: number, line: number, column: number) {
      throw new Error(`binary.wasm stopped at ${line}:${column}; this is a defect of dmaspan`);
    },
  };
  const instance = new WebAssembly.Instance(binaryModule(), { env });
  return instance.exports as unknown as BinaryExports;
}

const text = new TextDecoder();

function framesOf(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength >> 3 }, (_, i) => view.getBigUint64(i * 8, true));
}

export function loadBinaryCore(): BinaryCore {
  const probes: ProbePlans = new Map();
  const wasm = instantiate(probes);
  wasm.setReservedTypes(TYPE_LOST, TYPE_STACK);
  const names: NameTables = { comms: [''], devices: [''], stacks: [[]] };
  const bytes = (address: number, length: number) =>
    new Uint8Array(wasm.memory.buffer, address >>> 0, length);

  function readNames(): void {
    for (let id = names.comms.length; id <= wasm.commCount(); id++)
      names.comms.push(text.decode(bytes(wasm.commPointer(id), wasm.commLength(id))));
    for (let id = names.devices.length; id <= wasm.deviceCount(); id++)
      names.devices.push(text.decode(bytes(wasm.devicePointer(id), wasm.deviceLength(id))));
    for (let id = names.stacks.length; id <= wasm.stackCount(); id++)
      names.stacks.push(framesOf(bytes(wasm.stackPointer(id), wasm.stackLength(id))));
  }

  function copyBlock(rows: number, block: Uint8Array): void {
    const from = wasm.batchBlock();
    for (const [at, width] of COLUMNS) block.set(bytes(from + at, rows * width), at);
  }

  return {
    wasm,
    names,
    bytes,
    setTaskName(pid, name) {
      const encoded = new TextEncoder().encode(name);
      bytes(wasm.scratch(encoded.length), encoded.length).set(encoded);
      wasm.setTaskName(pid, encoded.length);
    },
    onProbe: (id, plan) => void probes.set(id, plan),
    lendBatch() {
      const rows = wasm.batchRows();
      readNames();
      if (rows === 0) return undefined;
      const block = bytes(wasm.batchBlock(), EVENT_BYTES);
      return { rows, block, side: bytes(wasm.batchSide(), wasm.batchSideWords() * 8), names };
    },
    takeBatch(memory) {
      const rows = wasm.batchRows();
      readNames();
      if (rows === 0) return undefined;
      const block = new Uint8Array(memory);
      copyBlock(rows, block);
      const side = bytes(wasm.batchSide(), wasm.batchSideWords() * 8).slice();
      wasm.clearBatch();
      return { rows, block, side, names };
    },
  };
}
