/**
 * What the module `binary` offers for a perf.data beside its record decoder: the exports of `wasm/perf/index.ts`.
 *
 * In: a binary core. Out: the same module under its full type.
 */
import type { BinaryCore, BinaryExports } from '../binary-core.js';

export interface PerfExports extends BinaryExports {
  addAttribute(tracepoint: number, sampleType: number, readFormat: number, sampleIdAll: number): number;
  addIds(attribute: number, at: number, count: number): void;
  setIdCpus(at: number, count: number): void;
  attributeSamples(attribute: number): number;
  samplesHaveIds(): number;
  openChannel(): number;
  channelInput(channel: number): number;
  channelRoom(channel: number): number;
  channelFed(channel: number, bytes: number): void;
  skipBytes(channel: number, bytes: number): void;
  /** 1: there are records left to walk. */
  endChannel(channel: number): number;
  /** Returns NEEDS_INPUT, ROUND_ENDED or HOST_RECORD. */
  walk(channel: number): number;
  isBehind(channel: number, other: number): number;
  hostRecordAt(): number;
  hostRecordBytes(): number;
  heldSegments(): number;
  waitingRecords(): number;
  isTimeless(): number;
  finishRound(late: number): void;
  finishAll(): void;
  finishHalf(): void;
  finishUpTo(channel: number): void;
  /** 1: the batch is full before the end. */
  drain(): number;
  drainLosses(): number;
  recordsOfType(type: number): number;
  cutRecordCount(): number;
  damagedPlaceCount(): number;
  strangerCount(): number;
  filteredCount(): number;
  lostEventCount(): number;
}

/** Why `walk` stopped. */
export const NEEDS_INPUT = 0;
export const ROUND_ENDED = 1;
export const HOST_RECORD = 2;

export const perfExports = (core: BinaryCore): PerfExports => core.wasm as PerfExports;
