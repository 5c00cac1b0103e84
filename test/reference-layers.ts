/**
 * The slow replay's layers beyond dma and iommu: which operation goes where.
 *
 * In: the event under way. Out: changes to the ledger.
 */
import { Kind, Layer, Op } from '../wasm/schema.js';
import { freePages } from './reference-frees.js';
import { closeImport, loseHidden, openImport, openPages, rangeOf } from './reference-imports.js';
import { beginInvalidation, endInvalidation, release, revoke } from './reference-invalidations.js';
import { settleWaiting } from './reference-iommu.js';
import { common, deviceOf, live, lossSeen, open, type Range, type State } from './reference-ledger.js';
import { closeObject, isObject, openObject, registrationNow } from './reference-objects.js';
import { byAddress, closePart } from './reference-parts.js';
import { beginCall, isEcho, noteOperation, openedHere } from './reference-tasks.js';
import type { Lifetime } from './replay-rows.js';

export function actBeyondDma(s: State): void {
  const { layer, op, mm } = s.event;
  if (op === Op.call) beginCall(s);
  else if (op === Op.open || op === Op.close) operate(s);
  else if (op === Op.free) freePages(s);
  else if (op === Op.exit && layer !== Layer.pool && mm !== undefined) release(s);
  else if (op === Op.invalidate_begin) (layer === Layer.dmabuf ? revoke : beginInvalidation)(s);
  else if (op === Op.invalidate_end) endInvalidation(s);
}

function operate(s: State): void {
  const { op, kind, error = 0 } = s.event;
  if (error !== 0 || kind === Kind.pinned) return;
  const completes = op === Op.open && isObject(s.event) && s.returned.length > 0;
  if (!completes && isEcho(s)) return;
  const operation = noteOperation(s);
  if (op === Op.open) openOne(s);
  else closeOne(s);
  operation.lifetime = s.row.lifetime;
}

function openOne(s: State): void {
  if (isObject(s.event)) openObject(s);
  else if (s.event.layer === Layer.iova) link(s);
  else if (s.event.kind === Kind.mirror) openPages(s, registrationNow(s));
  else openImport(s);
}

function closeOne(s: State): void {
  if (isObject(s.event)) closeObject(s);
  else if (s.event.layer === Layer.iova) unlink(s);
  else closeImport(s);
}

// ---- Layer iova ----------------------------------------------------------------------------------

function linked(s: State, range: Range): Lifetime[] {
  const mine = s.lifetimes.filter((l) => l.layer === Layer.iova && live(l) && l.device === deviceOf(s));
  return byAddress(mine.filter((l) => common(l, range).len > 0n));
}

function link(s: State): void {
  const range = rangeOf(s);
  if (range === undefined) return;
  if (lossSeen(s)) loseHidden(s, linked(s, range), range);
  const l = open(s, range);
  openedHere(s, l);
  settleWaiting(s, [l]);
}

function unlink(s: State): void {
  const range = rangeOf(s);
  if (range !== undefined) for (const l of linked(s, range)) closePart(s, l, range);
}
