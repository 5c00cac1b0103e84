/**
 * The event dictionary: kernel events by name, translated to the model's layers and operations.
 *
 * In: JSON files (`events/*.json`, and the user's own). Out: a list of entries; an entry's index is its event
 * type's id everywhere (batches, the replay, the tables). Entries 0 and 1 are reserved (TYPE_LOST, TYPE_STACK).
 *
 * Several entries may share one event name (kernel versions, or systems that text captures do not name): a decoder
 * takes the first whose required columns the record has.
 */
import type { Kind, Layer, Op } from '../wasm/schema.js';

export { DictionaryError, loadDictionary } from './dictionary-file.js';

/** A column of the event batch, or an extra of the side heap, that a field of the event feeds. */
export type Column =
  | 'addr'
  | 'len'
  | 'phys'
  | 'attrs'
  | 'device'
  | 'error'
  | 'dir'
  | 'mm'
  | 'object'
  | 'value'
  | 'other'
  | 'sg_phys'
  | 'sg_dma'
  | 'sg_len'
  | 'sg_nents'
  | 'sg_ents'
  | 'sg_truncated';
export const COLUMNS = [
  ...(['addr', 'len', 'phys', 'attrs', 'device', 'error', 'dir'] as const),
  ...(['mm', 'object', 'value', 'other'] as const),
  ...(['sg_phys', 'sg_dma', 'sg_len', 'sg_nents', 'sg_ents', 'sg_truncated'] as const),
];

/**
 * How a field's text reads. In binary records the event's own format tells.
 * hex: digits with or without 0x. dec. auto: 0x… is hex, else decimal (probe arguments). list: {0x…,0x…}.
 * count: "3" or "3/5" (shown/full: the full number counts). attrs: NAME|NAME or 0x…. errno: signed, kept when negative.
 * flag: the label stands there bare when true. null_is_error: a pointer; zero sets error to -ENOMEM (-12).
 * `options/fields` and libtraceevent's fallbacks print any number as 0x… and a direction as a number; those must read too.
 */
export type TextType =
  | 'hex'
  | 'dec'
  | 'auto'
  | 'dir'
  | 'attrs'
  | 'errno'
  | 'string'
  | 'list'
  | 'count'
  | 'flag'
  | 'null_is_error';
export const TEXT_TYPES = [
  ...(['hex', 'dec', 'auto', 'dir', 'attrs', 'errno', 'string'] as const),
  ...(['list', 'count', 'flag', 'null_is_error'] as const),
];

export interface DictionaryField {
  readonly column: Column;
  /** The field's name in the event's format (binary captures, `options/fields`). */
  readonly field: string;
  /**
   * Its label in the printed body (`label=value`; with `options/fields` it is the field's name instead).
   * One that ends in ':' or ': ' stands before the value as it is. '$1' is the first bare word, 'IOMMU:$1' the first bare word after that prefix.
   */
  readonly label: string;
  readonly type: TextType;
  /** An event that does not have this field at all is another event. A field that reads as absent is there. */
  readonly required: boolean;
  /** What the number means when it is not the column itself: one of MEANS_*; 0 = it is. */
  readonly means: number;
}

export interface DictionaryEntry {
  readonly id: number;
  /** "dma". Absent for reserved entries and for events of any system. */
  readonly system?: string;
  readonly name: string;
  /**
   * For probes: the function that the probe is on. The entry fits an event of its name, unless a text body starts
   * "(other+0x…"; and an event of any name whose text body starts "(function+0x…".
   */
  readonly function?: string;
  readonly layer: Layer;
  readonly op: Op;
  readonly kind: Kind;
  readonly fields: readonly DictionaryField[];
  /** One sentence for `dmaspan events` and the docs. */
  readonly doc: string;
  /** Kernel versions that have it, for people: "6.12 … 6.17". */
  readonly kernels?: string;
  /** No rule reads it unless it failed: a report makes no row of it. */
  readonly aside?: boolean;
  /** The file that it came from: "dma.json" of ours, or the user's path; empty for reserved entries. */
  readonly source: string;
}

export interface Dictionary {
  readonly entries: readonly DictionaryEntry[];
}

/** Names of entries for return probes, by habit of every probe pack. */
const RETURN_NAME = /(_ret|_return|__return|_exit)$/;

/** Whether an entry of a probed function is about its return. */
export const isReturnProbe = (name: string): boolean => RETURN_NAME.test(name);
