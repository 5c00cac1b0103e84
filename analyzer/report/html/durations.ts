/**
 * The picture of how long mappings live.
 *
 * In: the database, a capture. Out: for each address space a histogram in powers of two, of what was unmapped and of what was not.
 */
import type { Queryable, Row } from '../../findings.js';
import { ask } from './ask.js';
import type { Durations } from './picture-data.js';

export async function durations(db: Queryable, capture: number): Promise<Durations[]> {
  const spaces = new Map<string, Row[]>();
  for (const row of await ask(db, 'durations', { capture })) {
    const key = `${String(row.layer)} ${String(row.device)}`;
    spaces.set(key, [...(spaces.get(key) ?? []), row]);
  }
  return [...spaces.values()].map(histogram).sort((a, b) => mappingsOf(b) - mappingsOf(a));
}

export const mappingsOf = ({ closed, open }: Durations): number =>
  [...closed, ...open].reduce((sum, count) => sum + count, 0);

function histogram(rows: readonly Row[]): Durations {
  const first = Number(rows[0]!.bin);
  const bins = Number(rows[rows.length - 1]!.bin) - first + 1;
  const [closed, open] = [Array<number>(bins).fill(0), Array<number>(bins).fill(0)];
  for (const row of rows) {
    closed[Number(row.bin) - first] = Number(row.closed);
    open[Number(row.bin) - first] = Number(row.open);
  }
  return { layer: String(rows[0]!.layer), device: String(rows[0]!.device), first, closed, open };
}
