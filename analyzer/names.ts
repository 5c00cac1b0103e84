/**
 * The names that columns hold one of: from ids to ENUM members.
 *
 * In: an analysis. Out: for each list its members, and for each kind of id a table from id to member (-1 = none).
 * Names that captures bring are sorted, so that ORDER BY sorts as text does; the model's own words keep the model's order.
 */
import { Anomaly, Cause, Dir, EndReason, Kind, Layer, Op } from '../wasm/schema.js';
import type { Analysis } from './analysis.js';
import type { NameKey, NameList } from './tables/column.js';
import { words, wordsFromOne } from './words.js';

export interface Names {
  /** Members of each ENUM type; an ENUM value is an index in this list. */
  readonly members: Readonly<Record<NameList, readonly string[]>>;
  /** Member by id, -1 where the id has no name. Ids past its end have none either. */
  readonly codes: Readonly<Record<NameKey, Int32Array>>;
  /** The name of each id, as ids lie in memory ('' = none). */
  readonly byId: Readonly<Record<NameList, readonly string[]>>;
}

function codesOf(byId: readonly string[], members: readonly string[]): Int32Array {
  const index = new Map(members.map((name, code) => [name, code]));
  index.delete('');
  return Int32Array.from(byId, (name) => index.get(name) ?? -1);
}

function membersOf(byId: readonly string[], sorted: boolean): string[] {
  const members = [...new Set(byId)].filter((name) => name !== '');
  if (members.length === 0) return ['']; // an ENUM has at least one member
  return sorted ? members.sort() : members;
}

/** Every list, as the ENUM types are named. */
export const NAME_LISTS: readonly NameList[] = [
  'layer',
  'op',
  'kind',
  'dir',
  'end_reason',
  'anomaly',
  'cause',
  'device',
  'comm',
  'event',
] as const;
const CAPTURED: readonly NameList[] = ['device', 'comm', 'event'];

const forLists = <T>(make: (list: NameList) => T): Record<NameList, T> =>
  Object.fromEntries(NAME_LISTS.map((list) => [list, make(list)])) as Record<NameList, T>;

/** The lists of an analysis. */
export function namesOf({ devices, comms, types }: Analysis): Names {
  const byId: Record<NameList, readonly string[]> = {
    layer: wordsFromOne(Layer),
    op: words(Op),
    kind: wordsFromOne(Kind),
    dir: words(Dir),
    end_reason: words(EndReason),
    anomaly: wordsFromOne(Anomaly),
    cause: words(Cause),
    device: ['', ...devices.slice(1)],
    comm: ['', ...comms.slice(1)],
    event: types.map(({ name }) => name),
  };
  const members = forLists((list) => membersOf(byId[list], CAPTURED.includes(list)));
  const codes = forLists((list) => codesOf(byId[list], members[list]));
  const ofTypes = {
    'layer of type': Int32Array.from(types, ({ layer }) => codes.layer[layer] ?? -1),
    'op of type': Int32Array.from(types, ({ op }) => codes.op[op] ?? -1),
    'kind of type': Int32Array.from(types, ({ kind }) => codes.kind[kind] ?? -1),
  };
  return { members, codes: { ...codes, ...ofTypes }, byId };
}

/** Bytes of an ENUM value: DuckDB keeps 255 members in one byte, 65,535 in two (`EnumTypeInfo::DictType`). */
export const enumBytes = (members: readonly string[]): 1 | 2 | 4 =>
  members.length <= 0xff ? 1 : members.length <= 0xffff ? 2 : 4;
