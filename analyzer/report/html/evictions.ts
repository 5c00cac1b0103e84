/**
 * The picture of how long importers take to undo their mappings after an invalidation.
 *
 * In: the database, a capture. Out: a histogram in powers of two a layer and device; nothing where no invalidation touched a mapping.
 */
import type { Queryable, Row } from '../../findings.js';
import { ask } from './ask.js';
import type { Evictions } from './picture-data.js';
import { spaceName } from './words.js';

export async function evictions(db: Queryable, capture: number): Promise<Evictions[]> {
  const importers = new Map<string, Row[]>();
  for (const row of await ask(db, 'evictions', { capture })) {
    const name = spaceName(String(row.layer), String(row.device));
    importers.set(name, [...(importers.get(name) ?? []), row]);
  }
  return [...importers].map(([name, rows]) => histogram(name, rows));
}

function histogram(name: string, rows: readonly Row[]): Evictions {
  const ended = rows.filter(({ bin }) => bin !== null);
  const first = Number(ended[0]?.bin ?? 0);
  const done = Array<number>(ended.length === 0 ? 0 : Number(ended.at(-1)!.bin) - first + 1).fill(0);
  for (const row of ended) done[Number(row.bin) - first] = Number(row.mappings);
  const never = rows.find(({ bin }) => bin === null);
  return { name, first, done, never: Number(never?.mappings ?? 0) };
}
