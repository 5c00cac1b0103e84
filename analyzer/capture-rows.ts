/**
 * The captures of an analysis as one run of rows, block by block.
 *
 * In: an analysis. Out: places that column readers read.
 */
import { ROWS, TableId } from '../wasm/schema.js';
import type { Analysis, CoreTables } from './analysis.js';
import type { CaptureRows, Place } from './column-reader.js';

const prepared = new WeakMap<CoreTables, Set<TableId>>();

/** Has the core compute a table that is made on demand; once. */
function prepare(core: CoreTables, table: TableId): void {
  const done = prepared.get(core) ?? new Set();
  prepared.set(core, done);
  if (done.has(table)) return;
  done.add(table);
  core.prepare?.(table);
}

/** Row numbers start at the sum of the rows before, by table. */
export function captureRows({ captures }: Analysis): CaptureRows[] {
  const next = {
    [TableId.events]: 0,
    [TableId.lifetimes]: 0,
    [TableId.invalidations]: 0,
    [TableId.siblings]: 0,
  };
  return captures.map(({ core, info }, index) => {
    const base = { ...next };
    next[TableId.events] += core.events();
    next[TableId.lifetimes] += core.lifetimes();
    next[TableId.invalidations] += core.invalidations();
    next[TableId.siblings] += core.rows(TableId.siblings);
    const end = { ...next };
    return { index, core, base, end, pageShift: 31 - Math.clz32(info.pageSize) };
  });
}

/** Rows of a table that exist now, in all captures. */
export function rowsNow(captures: readonly CaptureRows[], table: TableId): number {
  return captures.reduce((sum, { core }) => sum + core.rows(table), 0);
}

/** A cursor over the rows of a table in all captures: a place of at most `step` rows in one block, undefined at the end. */
export type Cursor = () => Place | undefined;

/** Starts at the first row; rows of blocks that were not kept are passed over. `step` divides ROWS. */
export function openCursor(captures: readonly CaptureRows[], table: TableId, step: number): Cursor {
  for (const { core } of captures) prepare(core, table);
  let at = 0;
  let row = 0;
  return () => {
    for (; at < captures.length; at++, row = 0) {
      const capture = captures[at]!;
      const rows = capture.core.rows(table);
      while (row < rows) {
        const block = capture.core.block(table, Math.floor(row / ROWS));
        if (block !== 0) {
          const count = Math.min(step, rows - row);
          const place = {
            capture,
            memory: capture.core.memory(),
            block,
            first: row % ROWS,
            count,
            row,
            table,
          };
          row += count;
          return place;
        }
        row += ROWS - (row % ROWS);
      }
    }
    return undefined;
  };
}
