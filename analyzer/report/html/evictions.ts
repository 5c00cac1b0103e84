/**
 * The picture of how long importers take to undo their mappings after an invalidation.
 *
 * In: the database, a capture. Out: a histogram a layer and device; nothing where no invalidation was recorded.
 */
import type { Queryable } from '../../findings.js';
import type { Evictions } from './picture-data.js';

export async function evictions(_db: Queryable, _capture: number): Promise<Evictions[]> {
  return [];
}
