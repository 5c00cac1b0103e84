/**
 * Page lifetimes, one page at a time: the section "Pages" of docs/lifetimes.md, as literally as it can be written.
 *
 * In: lifetimes, a page size in bytes. Out: one row a page and span of time in which something mapped it.
 */
import { Layer } from '../wasm/schema.js';
import type { Lifetime, PageLifetime } from './replay-rows.js';

interface Step {
  readonly seq: number;
  readonly opens: boolean;
  readonly lifetime: Lifetime;
}

/** What happens to each page of each space, by a key that names both. */
function stepsByPage(lifetimes: readonly Lifetime[], pageSize: bigint): Map<string, Step[]> {
  const pages = new Map<string, Step[]>();
  for (const lifetime of lifetimes) {
    if (lifetime.layer !== Layer.dma && lifetime.layer !== Layer.iommu) continue;
    const { layer, device, addr, len, openSeq, closeSeq } = lifetime;
    const space = layer === Layer.dma ? device : 0;
    for (let page = addr / pageSize; page * pageSize < addr + len; page++) {
      const key = `${layer} ${space} ${page}`;
      const steps = pages.get(key) ?? [];
      pages.set(key, steps);
      steps.push({ seq: openSeq, opens: true, lifetime });
      if (closeSeq !== undefined) steps.push({ seq: closeSeq, opens: false, lifetime });
    }
  }
  return pages;
}

/** In time order; of one event closes come first, and opens in the order of their ids. */
function inOrder(steps: Step[]): Step[] {
  return steps.sort(
    (a, b) => a.seq - b.seq || Number(a.opens) - Number(b.opens) || a.lifetime.id - b.lifetime.id,
  );
}

export function referencePages(lifetimes: readonly Lifetime[], pageSize = 4096): PageLifetime[] {
  const rows: PageLifetime[] = [];
  for (const [key, steps] of stepsByPage(lifetimes, BigInt(pageSize))) {
    const [layer, space, page] = key.split(' ');
    const where = { layer: Number(layer), space: Number(space), page: BigInt(page!) };
    let mapped = 0;
    let peak = 0;
    let first = steps[0]!.lifetime;
    const end = (closedTs: bigint | undefined) =>
      rows.push({ ...where, openedTs: first.openedTs, closedTs, lifetime: first.id, peak });
    for (const { opens, lifetime } of inOrder(steps)) {
      if (mapped === 0) [first, peak] = [lifetime, 0];
      mapped += opens ? 1 : -1;
      peak = Math.max(peak, mapped);
      if (mapped === 0) end(lifetime.closedTs);
    }
    if (mapped > 0) end(undefined);
  }
  return rows;
}
