/**
 * One entry of an event dictionary file, checked.
 *
 * In: a value from JSON, and what to call it. Out: a DictionaryEntry without its id, or a DictionaryError that names
 * the file, the place inside it, what was expected and what was found.
 * `events/dictionary.schema.json` says the same to editors; a test holds both together.
 */
import { Kind, Layer, Op } from '../wasm/schema.js';
import {
  type Column,
  type DictionaryEntry,
  type DictionaryField,
  isReturnProbe,
  type TextType,
} from './dictionary.js';
import {
  checkEnum,
  checkObject,
  checkText,
  checkWord,
  DictionaryError,
  enumWords,
  inside,
  optionalBoolean,
  optionalText,
  type Place,
} from './dictionary-check.js';
import { checkMeans } from './dictionary-means.js';

/** How a column's text reads unless the field says otherwise. Probe arguments show their own base. */
const TYPE_OF_COLUMN: Readonly<Record<Column, TextType>> = {
  addr: 'hex',
  phys: 'hex',
  mm: 'hex',
  object: 'hex',
  len: 'dec',
  value: 'auto',
  other: 'auto',
  attrs: 'attrs',
  device: 'string',
  error: 'errno',
  dir: 'dir',
  sg_phys: 'list',
  sg_dma: 'list',
  sg_len: 'list',
  sg_nents: 'count',
  sg_ents: 'count',
  sg_truncated: 'flag',
};
const COLUMNS = Object.keys(TYPE_OF_COLUMN) as readonly Column[];
const TEXT_TYPES: readonly TextType[] = [
  'hex',
  'dec',
  'auto',
  'dir',
  'attrs',
  'errno',
  'string',
  'list',
  'count',
  'flag',
  'null_is_error',
];
const NUMBERS: readonly TextType[] = ['hex', 'dec'];

/** The columns that say what an event is about; their fields are required, except where another event may say it too. */
const KEYS: readonly Column[] = ['device', 'addr', 'len', 'mm', 'object', 'sg_phys', 'sg_dma', 'sg_len'];

/** What an operation cannot do without, by layer: each line is one choice of columns. */
const NEEDED: Readonly<Partial<Record<Layer, readonly (readonly Column[])[]>>> = {
  [Layer.dma]: [
    ['device', 'addr', 'len'],
    ['device', 'sg_dma', 'sg_len'],
    ['device', 'sg_phys'],
  ],
  [Layer.iommu]: [['addr', 'len']],
};
const LEDGER_OPS: readonly Op[] = [Op.open, Op.close, Op.sync];

const ENTRY_KEYS = ['event', 'function', 'probe', 'layer', 'op', 'kind', 'aside', 'kernels', 'doc', 'fields'];
const FIELD_KEYS = ['field', 'label', 'type', 'required', 'means'];
const EVENT_NAME = /^(?:([A-Za-z_][\w-]*):)?([A-Za-z_][\w.-]*)$/;
const FUNCTION_NAME = /^[A-Za-z_][\w.]*$/;

const LAYERS = enumWords(Layer);
const KINDS = enumWords(Kind);
/** Ops that an entry may have: the others are rows that the formats make themselves. */
export const ENTRY_OPS = new Map([...enumWords(Op)].filter(([, op]) => op !== Op.lost && op !== Op.stack));

interface FieldDefaults {
  readonly probe: boolean;
  /** Whether the columns that say what an event is about are required. */
  readonly keys: boolean;
}

function checkField(place: Place, column: Column, value: unknown, defaults: FieldDefaults): DictionaryField {
  const given = typeof value === 'string' ? { field: value } : checkObject(place, value, FIELD_KEYS);
  const field = checkText(inside(place, 'field'), given.field, "the field's name in the event's format");
  const byColumn = TYPE_OF_COLUMN[column];
  const usual = defaults.probe && NUMBERS.includes(byColumn) ? 'auto' : byColumn;
  return {
    column,
    field,
    label:
      optionalText(inside(place, 'label'), given.label, 'the label before "=" in the printed text') ?? field,
    type: given.type === undefined ? usual : checkWord(inside(place, 'type'), given.type, TEXT_TYPES),
    required:
      optionalBoolean(inside(place, 'required'), given.required) ?? (defaults.keys && KEYS.includes(column)),
    means: checkMeans(inside(place, 'means'), column, given.means),
  };
}

function checkFields(place: Place, value: unknown, defaults: FieldDefaults): DictionaryField[] {
  return Object.entries(checkObject(place, value, COLUMNS)).map(([column, field]) =>
    checkField(inside(place, column), column as Column, field, defaults),
  );
}

/** Ops about a device, not about a mapping in one address space. */
const DEVICE_OPS: readonly Op[] = [Op.remove, Op.removed];

function neededColumns(layer: Layer, op: Op): readonly (readonly Column[])[] | undefined {
  if (DEVICE_OPS.includes(op)) return [['device']];
  return LEDGER_OPS.includes(op) ? NEEDED[layer] : undefined;
}

function checkNeeded(place: Place, layer: Layer, op: Op, fields: readonly DictionaryField[]): void {
  const about = `op "${Op[op]}" in layer "${Layer[layer]}"`;
  if (DEVICE_OPS.includes(op) && layer !== Layer.none) {
    throw new DictionaryError(
      place.file,
      place.path,
      `${about}: a device goes in all layers at once, so the layer must be "none"`,
    );
  }
  const has = (column: Column) => fields.some((field) => field.column === column);
  const choices = neededColumns(layer, op);
  if (choices === undefined || choices.some((choice) => choice.every(has))) return;
  const wanted = choices.map((choice) => choice.join(' and ')).join(', or ');
  throw new DictionaryError(place.file, place.path, `${about} needs fields for ${wanted}`);
}

/** A call and its return complete each other, and a note may say as much or as little as it likes. */
const needsKeys = (op: Op, onReturn: boolean): boolean => op !== Op.note && op !== Op.call && !onReturn;

/** Throws DictionaryError. */
export function checkEntry(place: Place, value: unknown): Omit<DictionaryEntry, 'id'> {
  const given = checkObject(place, value, ENTRY_KEYS);
  const event = checkText(inside(place, 'event'), given.event, '"system:name" or "name"', EVENT_NAME);
  const [, system, name] = EVENT_NAME.exec(event)!;
  const onFunction = optionalText(
    inside(place, 'function'),
    given.function,
    "a function's name",
    FUNCTION_NAME,
  );
  const probe = optionalBoolean(inside(place, 'probe'), given.probe) ?? onFunction !== undefined;
  const layer = checkEnum(inside(place, 'layer'), given.layer, LAYERS) as Layer;
  const op = checkEnum(inside(place, 'op'), given.op, ENTRY_OPS) as Op;
  const kind =
    given.kind === undefined ? Kind.none : (checkEnum(inside(place, 'kind'), given.kind, KINDS) as Kind);
  const kernels = optionalText(inside(place, 'kernels'), given.kernels, 'kernel versions as text');
  const keys = needsKeys(op, onFunction !== undefined && isReturnProbe(name!));
  const fields = checkFields(inside(place, 'fields'), given.fields, { probe, keys });
  checkNeeded(place, layer, op, fields);
  const aside = optionalBoolean(inside(place, 'aside'), given.aside);
  const doc = checkText(inside(place, 'doc'), given.doc, 'a sentence');
  return {
    ...(system === undefined ? {} : { system }),
    name: name!,
    ...(onFunction === undefined ? {} : { function: onFunction }),
    layer,
    op,
    kind,
    fields,
    doc,
    ...(kernels === undefined ? {} : { kernels }),
    ...(aside === true ? { aside } : {}),
    source: place.file,
  };
}
