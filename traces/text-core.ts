/**
 * The boundary of text.wasm: the only place that calls it and builds views on its memory.
 *
 * In: a plan, and bytes of text. Out: event batches, names, and what was counted.
 */
import { readFileSync } from 'node:fs';
import { EVENT_BYTES, TEXT_COUNTERS, type TextCounter, type TextTool } from '../wasm/schema.js';
import type { EventBatch, Frame, NameTables } from './format.js';
import { inPackage } from './package-root.js';

interface TextExports {
  readonly memory: WebAssembly.Memory;
  planRoom(bytes: number): number;
  readPlan(at: number): void;
  setTool(tool: number): void;
  makeRoom(): number;
  readBytes(): number;
  fed(bytes: number): void;
  run(): number;
  finish(): number;
  clearBatch(): void;
  batchRows(): number;
  batchBlock(): number;
  batchSide(): number;
  batchSideWords(): number;
  counted(counter: number): number;
  firstLine(counter: number): number;
  excerpt(counter: number): number;
  excerptLength(counter: number): number;
  nameTotal(table: number): number;
  namePointer(table: number, id: number): number;
  nameLength(table: number, id: number): number;
  nameCount(name: number): number;
  typeCount(type: number): number;
  planTypes(): number;
  readonly lineNumber: WebAssembly.Global;
  readonly secondStamps: WebAssembly.Global;
  readonly countStamps: WebAssembly.Global;
  readonly functionLines: WebAssembly.Global;
}

/** String tables of the module, by number. */
enum Table {
  comms = 0,
  devices = 1,
  symbols = 2,
  stacks = 3,
  events = 4,
  attributes = 5,
}

/** What one counter of the scanner says; `line` is that of the first case, from 1. */
export interface TextCount {
  readonly counter: TextCounter;
  readonly count: number;
  readonly line: number;
  readonly excerpt: string;
}

/** What a scanner has seen, as plain data. */
export interface TextTotals {
  readonly lines: number;
  /** Lines by the shape of their time stamp. */
  readonly secondStamps: number;
  readonly countStamps: number;
  readonly counts: readonly TextCount[];
  /** Rows by event type, and events that became no row by the name that the text gives them. */
  readonly types: ReadonlyMap<number, number>;
  readonly names: ReadonlyMap<string, number>;
  readonly unknownAttributes: readonly string[];
}

/** `run` and `finish` answer whether the batch is full: take it, empty it, and call again. */
export interface TextCore {
  /** Where the next bytes of input go; valid until the next call of anything else. */
  room(): Uint8Array;
  fed(bytes: number): void;
  run(): boolean;
  finish(): boolean;
  rows(): number;
  /** The batch, as views that hold until `empty` or `run`. */
  batch(): EventBatch;
  empty(): void;
  /** Lines read so far. */
  lines(): number;
  totals(): TextTotals;
}

let compiled: WebAssembly.Module | undefined;

/** The module, compiled once; workers are given it. */
export function compiledText(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(inPackage('dist', 'wasm', 'text.wasm')));
  return compiled;
}

function instance(module: WebAssembly.Module): TextExports {
  const abort = (): never => {
    throw new Error('text.wasm: out of memory');
  };
  return new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as TextExports;
}

const FULL = 1;

/** A scanner of its own, with its own memory. */
export function openTextCore(plan: Uint8Array, tool: TextTool, module = compiledText()): TextCore {
  const wasm = instance(module);
  const at = wasm.planRoom(plan.length) >>> 0;
  new Uint8Array(wasm.memory.buffer).set(plan, at);
  wasm.readPlan(at);
  wasm.setTool(tool);
  const names = nameReader(wasm);
  return {
    room: () => new Uint8Array(wasm.memory.buffer, wasm.makeRoom() >>> 0, wasm.readBytes()),
    fed: (bytes) => wasm.fed(bytes),
    run: () => wasm.run() === FULL,
    finish: () => wasm.finish() === FULL,
    rows: () => wasm.batchRows(),
    batch: () => batchOf(wasm, names.read()),
    empty: () => wasm.clearBatch(),
    lines: () => Number(wasm.lineNumber.value),
    totals: () => totalsOf(wasm),
  };
}

function batchOf(wasm: TextExports, names: NameTables): EventBatch {
  const buffer = wasm.memory.buffer;
  return {
    rows: wasm.batchRows(),
    block: new Uint8Array(buffer, wasm.batchBlock() >>> 0, EVENT_BYTES),
    side: new Uint8Array(buffer, wasm.batchSide() >>> 0, 8 * wasm.batchSideWords()),
    names,
  };
}

const utf8 = new TextDecoder('utf-8');

function textOf(wasm: TextExports, at: number, length: number): string {
  return utf8.decode(new Uint8Array(wasm.memory.buffer, at >>> 0, length));
}

const nameOf = (wasm: TextExports, table: Table, id: number): string =>
  textOf(wasm, wasm.namePointer(table, id), wasm.nameLength(table, id));

/** Keeps the names that the host knows in step with the module's. */
function nameReader(wasm: TextExports): { read(): NameTables } {
  const comms = [''];
  const devices = [''];
  const stacks: Frame[][] = [[]];
  const symbols: Frame[] = [''];
  const grow = (table: Table, known: Frame[]): void => {
    for (let id = known.length; id <= wasm.nameTotal(table); id++) known.push(nameOf(wasm, table, id));
  };
  const read = (): NameTables => {
    grow(Table.comms, comms);
    grow(Table.devices, devices);
    for (let id = symbols.length; id <= wasm.nameTotal(Table.symbols); id++)
      symbols.push(frameOf(nameOf(wasm, Table.symbols, id)));
    for (let id = stacks.length; id <= wasm.nameTotal(Table.stacks); id++)
      stacks.push(stackOf(wasm, id, symbols));
    return { comms, devices, stacks };
  };
  return { read };
}

/** An address without a symbol is printed as one. */
const frameOf = (text: string): Frame => (/^0x[0-9a-f]{1,16}$/.test(text) ? BigInt(text) : text);

function stackOf(wasm: TextExports, id: number, symbols: Frame[]): Frame[] {
  const at = wasm.namePointer(Table.stacks, id) >>> 0;
  const words = new DataView(wasm.memory.buffer, at, wasm.nameLength(Table.stacks, id));
  const frames: Frame[] = [];
  for (let i = 0; i < words.byteLength; i += 8) frames.push(symbols[words.getUint32(i, true)] ?? '');
  // trace-cmd prints the end of a short stack as a frame.
  return frames.filter((frame) => frame !== 0n);
}

function totalsOf(wasm: TextExports): TextTotals {
  return {
    lines: Number(wasm.lineNumber.value),
    secondStamps: Number(wasm.secondStamps.value),
    countStamps: Number(wasm.countStamps.value),
    counts: countsOf(wasm),
    types: typesOf(wasm),
    names: namesOf(wasm),
    unknownAttributes: Array.from({ length: wasm.nameTotal(Table.attributes) }, (_, i) =>
      nameOf(wasm, Table.attributes, i + 1),
    ),
  };
}

function countsOf(wasm: TextExports): TextCount[] {
  const counts: TextCount[] = [];
  for (let counter = 0; counter < TEXT_COUNTERS; counter++) {
    const count = wasm.counted(counter);
    const excerpt = textOf(wasm, wasm.excerpt(counter), wasm.excerptLength(counter));
    if (count > 0) counts.push({ counter, count, line: wasm.firstLine(counter), excerpt });
  }
  return counts;
}

function typesOf(wasm: TextExports): Map<number, number> {
  const types = new Map<number, number>();
  for (let type = 0; type < wasm.planTypes(); type++) {
    if (wasm.typeCount(type) > 0) types.set(type, wasm.typeCount(type));
  }
  return types;
}

/** System calls are printed without their event's name: "sys_mmap(…" is sys_enter_mmap, "sys_mmap -> …" is sys_exit_mmap. */
function eventName(text: string): string {
  const call = /^sys_(\w+)(\(| -)$/.exec(text);
  if (call !== null) return `sys_${call[2] === '(' ? 'enter' : 'exit'}_${call[1]}`;
  return text.replace(/(\(| -)$/, '');
}

function namesOf(wasm: TextExports): Map<string, number> {
  const names = new Map<string, number>();
  for (let id = 1; id <= wasm.nameTotal(Table.events); id++) {
    if (wasm.nameCount(id) === 0) continue;
    const name = eventName(nameOf(wasm, Table.events, id));
    names.set(name, (names.get(name) ?? 0) + wasm.nameCount(id));
  }
  const functions = Number(wasm.functionLines.value);
  return functions > 0 ? names.set('function', functions) : names;
}
