/**
 * The slow replay's last step: ids in the order of creation become ids as docs/lifetimes.md gives them.
 *
 * In: all rows. Out: the same rows; parts of IOMMU ranges have the numbers behind all others'.
 */
import { Layer } from '../wasm/schema.js';
import type { State } from './reference-ledger.js';
import type { Lifetime } from './replay-rows.js';

const isPart = ({ layer, group }: Lifetime): boolean => layer === Layer.iommu && group !== undefined;

export function numberParts(s: State): void {
  const parts = s.lifetimes.filter(isPart);
  if (parts.length === 0) return;
  const order = [...s.lifetimes.filter((l) => !isPart(l)), ...parts];
  const ids = new Map(order.map(({ id }, index) => [id, index]));
  // The one that the last event would have opened has the next number.
  const next = order.length - parts.length;
  const renumbered = (id: number | undefined) => (id === undefined ? undefined : (ids.get(id) ?? next));
  for (const row of s.events) row.lifetime = renumbered(row.lifetime);
  s.anomalies.splice(
    0,
    s.anomalies.length,
    ...s.anomalies.map((row) => ({
      ...row,
      lifetime: renumbered(row.lifetime),
      other: renumbered(row.other),
    })),
  );
  for (const l of order) {
    l.group = renumbered(l.group);
    l.parent = renumbered(l.parent);
  }
  for (const [index, l] of order.entries()) l.id = index;
  s.lifetimes.splice(0, order.length, ...order);
}
