/**
 * A table that is wider than its terminal, narrowed.
 *
 * In: cells, and columns of a terminal. Out: cells that fit: first the widest columns are cut short (the cut is marked with "…"), then,
 * when every column is short and it is still too wide, columns in the middle are left out.
 */
import { type Cells, widthsOf } from './cells.js';

/** No column is cut to less, as long as there is another way. */
const SHORT = 14;
/** Between the first and the last columns, in place of those left out. */
const LEFT_OUT = '…';

/** Each column takes two blanks and a line; the table one line more. */
const taken = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width + 3, 1);

/** The most that a column may have so that all fit. */
function capFor(widths: readonly number[], width: number): number {
  let cap = Math.max(...widths, SHORT);
  while (cap > SHORT && taken(widths.map((one) => Math.min(one, cap))) > width) cap--;
  return cap;
}

/** Numbers of the columns that stay: from both ends, as many as fit; at least the first. */
function columnsThatFit(widths: readonly number[], width: number): number[] {
  const short = widths.map((one) => Math.min(one, SHORT));
  let kept = short.map((_, at) => at);
  while (kept.length > 1 && taken([...kept.map((at) => short[at]!), LEFT_OUT.length]) > width) {
    const middle = Math.floor(kept.length / 2);
    kept = kept.filter((_, at) => at !== middle);
  }
  return kept;
}

const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text;

function withColumns(cells: Cells, kept: readonly number[]): Cells {
  const gap = kept.findIndex((column, at) => column !== at);
  const at = gap === -1 ? kept.length : gap;
  const pick = <T>(row: readonly T[], filler: T): T[] => {
    const picked = kept.map((column) => row[column]!);
    return [...picked.slice(0, at), filler, ...picked.slice(at)];
  };
  return {
    ...cells,
    names: pick(cells.names, LEFT_OUT),
    types: pick(cells.types, ''),
    right: pick(cells.right, false),
    rows: cells.rows.map((row) => pick(row, LEFT_OUT)),
  };
}

export interface Narrowed {
  readonly cells: Cells;
  readonly widths: readonly number[];
  /** Columns left out. */
  readonly without: number;
}

export function narrowed(cells: Cells, width: number): Narrowed {
  const wide = (one: Cells): number[] =>
    widthsOf({ names: one.names, rows: [one.types, ...one.rows] }).map((column, at) =>
      one.names[at] === LEFT_OUT ? LEFT_OUT.length : column,
    );
  const all = wide(cells);
  const kept = taken(all.map((one) => Math.min(one, SHORT))) > width ? columnsThatFit(all, width) : undefined;
  const fitting = kept === undefined ? cells : withColumns(cells, kept);
  const widths = wide(fitting);
  const cap = Math.min(capFor(widths, width), Math.max(width - 4, 3));
  const shorten = (row: string[]): string[] => row.map((one) => cut(one, cap));
  return {
    cells: {
      ...fitting,
      names: shorten(fitting.names),
      types: shorten(fitting.types),
      rows: fitting.rows.map(shorten),
    },
    widths: widths.map((one) => Math.min(one, cap)),
    without: kept === undefined ? 0 : cells.names.length - kept.length,
  };
}
