/**
 * The slow replay's tasks: docs/lifetimes.md, "Calls" and "Echoes".
 *
 * In: the event under way. Out: a return that knows what its entry said; whose child a lifetime is; whether an operation was seen before.
 */
import { MEANS_KVA, MEANS_POINTER, MEANS_RESULT, Op } from '../wasm/schema.js';
import { remembered, type State } from './reference-ledger.js';
import { known } from './reference-meaning.js';
import type { Lifetime, ReplayEvent } from './replay-rows.js';

interface Call {
  readonly entry: ReplayEvent;
  opened: Lifetime[];
}

interface Operation {
  readonly event: ReplayEvent;
  /** Types that have shown it. */
  readonly shown: number[];
  lifetime: number | undefined;
}

export interface Task {
  /** The innermost last. */
  calls: Call[];
  last: Operation | undefined;
}

const DEPTH = 32;
const APART = 1_000_000_000n;
const TYPES = 4;

/** The idle thread is a task a CPU; so is a thread that is not told. */
export function taskOf(s: State): Task {
  const { tid = 0, cpu } = s.event;
  const key = tid > 0 ? `thread ${tid}` : `cpu ${cpu}`;
  const task = s.tasks.get(key) ?? { calls: [], last: undefined };
  s.tasks.set(key, task);
  return task;
}

// ---- Calls ---------------------------------------------------------------------------------------

export function beginCall(s: State): void {
  const { calls } = taskOf(s);
  if (calls.length === DEPTH) endInnermost(calls);
  calls.push({ entry: s.event, opened: [] });
}

/** What it opened goes to the call around it. */
function endInnermost(calls: Call[]): void {
  const { opened } = calls.pop()!;
  calls.at(-1)?.opened.push(...opened);
}

/** The event under way, completed by its call's entry if it is a return; what was opened in the call waits in `s.returned`. */
export function returnFrom(s: State): void {
  const { call, returns } = s.event;
  s.returned = [];
  if (!returns || !call) return;
  const { calls } = taskOf(s);
  const ended = calls.findLast(({ entry }) => entry.call === call);
  if (ended === undefined) return;
  while (calls.at(-1) !== ended) endInnermost(calls);
  calls.pop();
  s.event = completed(s.event, ended.entry);
  s.returned = ended.opened;
}

function completed(event: ReplayEvent, entry: ReplayEvent): ReplayEvent {
  const { means = 0 } = event;
  const { device, addr, len, phys, dir, attrs, mm, other, object, value } = entry;
  const told = Object.fromEntries(
    Object.entries(event).filter(([key, fact]) => key !== 'device' || fact !== 0),
  );
  return {
    ...known({
      ...event,
      ...{ device, len, phys, dir, attrs, mm, other },
      ...(means & MEANS_KVA ? {} : { addr }),
      ...(means & MEANS_POINTER ? {} : { object }),
      ...(means & MEANS_RESULT ? {} : { value }),
    }),
    ...told,
  };
}

/** What the return did not take belongs to the call around it. */
export function afterReturn(s: State): void {
  taskOf(s)
    .calls.at(-1)
    ?.opened.push(...s.returned);
  s.returned = [];
}

/** The lifetime gets what was opened in the call that returns now. */
export function takeReturned(s: State, parent: Lifetime): void {
  for (const child of s.returned) {
    if (child !== parent && remembered(s, child)) child.parent ??= parent.id;
  }
  s.returned = [];
}

/** The lifetime was opened in this call. */
export function openedHere(s: State, l: Lifetime): void {
  taskOf(s).calls.at(-1)?.opened.push(l);
}

// ---- Echoes --------------------------------------------------------------------------------------

/** Whether another type has shown this operation; then that is noted. */
export function isEcho(s: State): boolean {
  const { last } = taskOf(s);
  const facts = ['layer', 'kind', 'op', 'addr'] as const;
  const { event } = s;
  if (last === undefined || !facts.every((fact) => event[fact] === last.event[fact])) return false;
  if ((event.device ?? 0) !== (last.event.device ?? 0) || event.ts - last.event.ts > APART) return false;
  if (last.shown.includes(typeOf(event)) || last.shown.length === TYPES) return false;
  last.shown.push(typeOf(event));
  s.row.lifetime = last.lifetime;
  return true;
}

export function noteOperation(s: State): Operation {
  const operation = { event: s.event, shown: [typeOf(s.event)], lifetime: undefined };
  taskOf(s).last = operation;
  return operation;
}

/** Number of the event's type among those of its layer, operation and kind. */
function typeOf({ probe = 0, call = 0, returns = false, means = 0 }: ReplayEvent): number {
  return probe + 100 * (call + 100 * (Number(returns) + 2 * means));
}

export const isCall = ({ op }: ReplayEvent) => op === Op.call;
