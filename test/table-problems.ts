/**
 * Whether an analysis holds together: every id in every table names something, and no table has more rows than events can explain.
 *
 * In: an analysis. Out: what is wrong, in words; page_lifetimes is computed for it.
 */
import type { Analysis } from '../analyzer/analysis.js';
import { captureRows, openCursor } from '../analyzer/capture-rows.js';
import type { Place } from '../analyzer/column-reader.js';
import { type Names, namesOf } from '../analyzer/names.js';
import type { Column, StoredTable } from '../analyzer/tables/column.js';
import { STORED_TABLES } from '../analyzer/tables.js';
import { ROWS, SG_SHOWN_MAX, TableId } from '../wasm/schema.js';

const NONE = 0xffff_ffff;

/** What the replay counts but need not keep: numbers of events, lifetimes, invalidations; rows of the other tables. */
function countOf({ core }: Place['capture'], table: TableId): number {
  if (table === TableId.events) return core.events();
  if (table === TableId.invalidations) return core.invalidations();
  return table === TableId.lifetimes ? core.lifetimes() : core.rows(table);
}

function cellsOf({ memory, block, first, count }: Place, at: number, bytes: 1 | 2 | 4): ArrayLike<number> {
  const offset = block + at + bytes * first;
  if (bytes === 1) return new Uint8Array(memory, offset, count);
  return bytes === 2 ? new Uint16Array(memory, offset, count) : new Uint32Array(memory, offset, count);
}

interface Bound {
  readonly at: number;
  readonly bytes: 1 | 2 | 4;
  /** The first number that names nothing. */
  readonly below: number;
  /** All bits set is none. */
  readonly none: boolean;
}

/** What bounds a column's cells, where something does. */
function boundOf({ name, source }: Column, place: Place, names: Names, stacks: number): Bound | undefined {
  if (source.from === 'name') {
    // Directions that the kernel does not know are what an event says, and are shown as none.
    if (source.names === 'dir') return undefined;
    return { ...source, below: names.codes[source.names].length, none: true };
  }
  // The event after the last is where a loss at the end is.
  if (source.from === 'row of')
    return { at: source.at, bytes: 4, below: countOf(place.capture, source.table) + 1, none: true };
  if (source.from === 'extra')
    return { at: source.at, bytes: 4, below: place.capture.core.rows(TableId.extras), none: true };
  if (source.from === 'cell' && /stack$/.test(name))
    return { at: source.at, bytes: 4, below: stacks + 1, none: false };
  return undefined;
}

function problemsOf(table: StoredTable, analysis: Analysis, names: Names): string[] {
  const problems = new Set<string>();
  const next = openCursor(captureRows(analysis), table.id, ROWS);
  for (let place = next(); place !== undefined; place = next()) {
    for (const column of table.columns) {
      const bound = boundOf(column, place, names, analysis.stacks.length);
      if (bound === undefined) continue;
      const none = bound.none ? NONE >>> (32 - 8 * bound.bytes) : -1;
      const cells = cellsOf(place, bound.at, bound.bytes);
      for (let i = 0; i < cells.length; i++)
        if (cells[i]! >= bound.below && cells[i] !== none)
          problems.add(`${table.name}.${column.name} is ${cells[i]}, of ${bound.below}`);
    }
  }
  return [...problems].slice(0, 3);
}

/** An event makes rows for as many entries as a list shows, and may split or end as many. */
const ROWS_AN_EVENT = 3 * SG_SHOWN_MAX;

function sizeProblems({ captures }: Analysis): string[] {
  return captures.flatMap(({ core }) => {
    const most = ROWS_AN_EVENT * core.events();
    return STORED_TABLES.filter(({ id }) => id !== TableId.losses && core.rows(id) > most).map(
      ({ id, name }) => `${name} has ${core.rows(id)} rows, of ${core.events()} events`,
    );
  });
}

export function tableProblems(analysis: Analysis): string[] {
  const names = namesOf(analysis);
  return [...STORED_TABLES.flatMap((table) => problemsOf(table, analysis, names)), ...sizeProblems(analysis)];
}
