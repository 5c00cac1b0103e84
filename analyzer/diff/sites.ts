/**
 * What two runs mapped, compared site by site.
 *
 * In: the rows of both runs. Out: a change a mapper, the largest first.
 */
import { type By, type Mapped, type Mapper, MEASURES, type Run } from './run.js';

/**
 * `grown`: something of it grew, and nothing shrank; `shrunk` the other way round; `mixed`: both. `same`: every measure is the same, however long mappings stayed.
 * `unseen`: one run has it, and the other could not have shown it.
 */
export type State = 'new' | 'gone' | 'grown' | 'shrunk' | 'mixed' | 'same' | 'unseen';

export interface MapperChange {
  readonly state: State;
  readonly mapper: Mapper;
  readonly a: Mapped | null;
  readonly b: Mapped | null;
  /** Why it is unseen. */
  readonly note: string | null;
}

const keyOf = ({ layer, device, kind, site, via }: Mapper): string =>
  JSON.stringify([layer, device, kind, site, via]);

export function changesBy(by: By, a: Run, b: Run): MapperChange[] {
  const before = new Map(a.mapped[by].map((row) => [keyOf(row), row]));
  const after = new Map(b.mapped[by].map((row) => [keyOf(row), row]));
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys
    .map((key) => changeOf(before.get(key) ?? null, after.get(key) ?? null, { a, b }))
    .sort(largestFirst);
}

function changeOf(a: Mapped | null, b: Mapped | null, runs: { a: Run; b: Run }): MapperChange {
  const { layer, device, kind, site, via } = (a ?? b)!;
  const mapper = { layer, device, kind, site, via };
  if (a !== null && b !== null) return { state: stateOf(a, b), mapper, a, b, note: null };
  const [name, other] = a === null ? (['A', runs.a] as const) : (['B', runs.b] as const);
  const note = whyUnseen(name, other, layer);
  return { state: note !== null ? 'unseen' : a === null ? 'new' : 'gone', mapper, a, b, note };
}

/** Why a run need not have shown a mapping of this layer; null: it would have. */
function whyUnseen(name: string, { layers, lossy }: Run, layer: string): string | null {
  if (!layers.has(layer)) return `${name} has no event of the layer ${layer}`;
  return lossy ? `${name} lost events` : null;
}

function stateOf(a: Mapped, b: Mapped): State {
  const grew = MEASURES.some((name) => b[name] > a[name]);
  const shrank = MEASURES.some((name) => b[name] < a[name]);
  return grew && shrank ? 'mixed' : grew ? 'grown' : shrank ? 'shrunk' : 'same';
}

/** What the kernel does for a DMA mapping: it differs where that does, and with the memory that is free. */
const FOLLOWS: ReadonlySet<string> = new Set(['iommu', 'iova']);

/** By what is left at the end, then the peak, then all that was mapped; what follows from other layers last. */
const WEIGHT = ['end_bytes', 'peak_bytes', 'bytes', 'end_mappings', 'peak_mappings', 'mappings'] as const;

function largestFirst(one: MapperChange, two: MapperChange): number {
  const follows = Number(FOLLOWS.has(one.mapper.layer)) - Number(FOLLOWS.has(two.mapper.layer));
  if (follows !== 0) return follows;
  for (const name of WEIGHT) {
    const order = distance(two, name) - distance(one, name);
    if (order !== 0n) return order > 0n ? 1 : -1;
  }
  return keyOf(one.mapper) < keyOf(two.mapper) ? -1 : 1;
}

function distance({ a, b }: MapperChange, name: (typeof WEIGHT)[number]): bigint {
  const difference = (b?.[name] ?? 0n) - (a?.[name] ?? 0n);
  return difference < 0n ? -difference : difference;
}
