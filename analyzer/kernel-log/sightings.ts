/**
 * When a capture's events named an address of a device: marks that a kernel log's messages may coincide with.
 *
 * In: the replayed tables, and which (device, address) to look for. Out: times by key.
 */
import * as schema from '../../wasm/schema.js';
import { ROWS, TableId } from '../../wasm/schema.js';
import type { CoreTables } from '../analysis.js';

/** "3:0xfffff000": device id and address. */
export type SightingKey = string;

export const sightingKey = (device: number, addr: bigint): SightingKey => `${device}:${addr}`;

interface Layout {
  readonly table: TableId;
  readonly times: readonly number[];
  readonly addr: number;
  readonly device: number;
}

const LAYOUTS: readonly Layout[] = [
  {
    table: TableId.lifetimes,
    times: [schema.LIFETIME_OPENED_TS, schema.LIFETIME_CLOSED_TS],
    addr: schema.LIFETIME_ADDR,
    device: schema.LIFETIME_DEVICE,
  },
  {
    table: TableId.anomalies,
    times: [schema.ANOMALY_TS],
    addr: schema.ANOMALY_ADDR,
    device: schema.ANOMALY_DEVICE,
  },
];

/** Sorted times at which a wanted key was mapped, unmapped or misused. */
export function sightingsIn(core: CoreTables, wanted: ReadonlySet<SightingKey>): Map<SightingKey, bigint[]> {
  const found = new Map<SightingKey, bigint[]>();
  const low = new Set(
    [...wanted].map((key) => Number(BigInt(key.slice(key.indexOf(':') + 1)) & 0xffff_ffffn)),
  );
  for (const layout of LAYOUTS) {
    for (let row = 0; row < core.rows(layout.table); row += ROWS) {
      const block = core.block(layout.table, row / ROWS);
      if (block !== 0)
        scan(core.memory(), block, Math.min(ROWS, core.rows(layout.table) - row), layout, low, wanted, found);
    }
  }
  for (const times of found.values()) times.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return found;
}

function scan(
  memory: ArrayBuffer,
  block: number,
  rows: number,
  { times, addr, device }: Layout,
  low: ReadonlySet<number>,
  wanted: ReadonlySet<SightingKey>,
  found: Map<SightingKey, bigint[]>,
): void {
  const words = new Uint32Array(memory, block + addr, 2 * rows);
  const devices = new Uint16Array(memory, block + device, rows);
  const columns = times.map((at) => new BigInt64Array(memory, block + at, rows));
  for (let at = 0; at < rows; at++) {
    if (!low.has(words[2 * at]!)) continue;
    const key = sightingKey(devices[at]!, (BigInt(words[2 * at + 1]!) << 32n) | BigInt(words[2 * at]!));
    if (!wanted.has(key)) continue;
    const list = found.get(key) ?? [];
    for (const column of columns) if (column[at]! !== -1n) list.push(column[at]!);
    found.set(key, list);
  }
}
