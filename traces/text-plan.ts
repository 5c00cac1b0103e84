/**
 * The event dictionary, compiled for the text scanner.
 *
 * In: a Dictionary. Out: the plan's bytes, as `wasm/schema.ts` describes them and `wasm/text/plan.ts` reads them.
 *
 * An entry has two variants where labels and field names differ: as printed, and with the trace option `fields`.
 */
import { PLAN_FIELD_NAMES, PLAN_FIELDS_MAX, PLAN_RETURN, PlanColumn, PlanRead } from '../wasm/schema.js';
import {
  type Column,
  type Dictionary,
  type DictionaryEntry,
  type DictionaryField,
  isReturnProbe,
} from './dictionary.js';
import { DMA_ATTRS } from './dma-attrs.js';
import { TYPE_STACK } from './format.js';

interface Label {
  /** What to look for: the label with its '=', a flag's own text, or the prefix of a place; may be empty. */
  readonly text: string;
  /** n: the nth bare word; 0: found by its label. */
  readonly position: number;
}

const PLACE = /^(?:(.+:))?\$(\d+)$/;
/** "addr: 0x7f…" of system calls, "attachment:0000…" of dma-bufs. */
const OWN_SEPARATOR = /: ?$/;

function printedLabel(field: DictionaryField): Label {
  const place = PLACE.exec(field.label);
  if (place !== null) return { text: place[1] ?? '', position: Number(place[2]) };
  const whole = field.type === 'flag' || OWN_SEPARATOR.test(field.label);
  return { text: whole ? field.label : `${field.label}=`, position: 0 };
}

const namedLabel = (field: DictionaryField): Label => ({ text: `${field.field}=`, position: 0 });

/** Little-endian u32 words, and strings padded to whole words. */
class Words {
  private readonly words: number[] = [];

  add(...words: number[]): void {
    for (const word of words) this.words.push(word >>> 0);
  }

  addText(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.words.push(bytes.length);
    for (let i = 0; i < bytes.length; i += 4) {
      let word = 0;
      for (let k = 0; k < 4; k++) word |= (bytes[i + k] ?? 0) << (8 * k);
      this.words.push(word >>> 0);
    }
  }

  bytes(): Uint8Array {
    const view = new DataView(new ArrayBuffer(4 * this.words.length));
    this.words.forEach((word, i) => {
      view.setUint32(4 * i, word, true);
    });
    return new Uint8Array(view.buffer);
  }
}

/** A column that the number of another field feeds besides: the text has it once. */
const TWINS: readonly Column[] = ['addr', 'len', 'phys'];

const twinOf = (fields: readonly DictionaryField[], field: DictionaryField): DictionaryField | undefined =>
  fields.find((other) => other !== field && other.field === field.field && TWINS.includes(other.column));

function addField(plan: Words, field: DictionaryField, label: Label, twin?: DictionaryField): void {
  const besides = twin === undefined ? 0 : 1 + PlanColumn[twin.column];
  plan.add(
    PlanColumn[field.column] | (besides << 16),
    PlanRead[field.type],
    field.required ? 1 : 0,
    label.position,
  );
  plan.addText(label.text);
}

interface Variant {
  readonly entry: DictionaryEntry;
  readonly fields: readonly DictionaryField[];
  readonly labels: readonly Label[];
  readonly flags: number;
}

function variantsOf(entry: DictionaryEntry): Variant[] {
  const fields = entry.fields
    .filter((field) => !entry.fields.some((other) => twinOf(entry.fields, other) === field))
    .slice(0, PLAN_FIELDS_MAX);
  const printed = fields.map(printedLabel);
  const named = fields.map(namedLabel);
  const flags = isReturnProbe(entry.name) ? PLAN_RETURN : 0;
  const same = printed.every((label, i) => label.text === named[i]?.text && label.position === 0);
  const first = { entry, fields, labels: printed, flags };
  return same ? [first] : [first, { entry, fields, labels: named, flags: flags | PLAN_FIELD_NAMES }];
}

function addVariant(plan: Words, { entry, fields, labels, flags }: Variant): void {
  plan.add(entry.id, flags);
  plan.addText(entry.name);
  plan.addText(entry.system ?? '');
  plan.addText(entry.function ?? '');
  plan.add(labels.length);
  labels.forEach((label, i) => {
    addField(plan, fields[i]!, label, twinOf(entry.fields, fields[i]!));
  });
}

/** The plan of all entries but the reserved ones; printed variants come before those by field names. */
export function textPlan(dictionary: Dictionary): Uint8Array {
  const entries = dictionary.entries.filter((entry) => entry.id > TYPE_STACK);
  const variants = entries.flatMap(variantsOf);
  const byNames = (variant: Variant): boolean => (variant.flags & PLAN_FIELD_NAMES) !== 0;
  const ordered = [...variants.filter((v) => !byNames(v)), ...variants.filter(byNames)];
  const attributes = Object.entries(DMA_ATTRS);
  const plan = new Words();
  plan.add(ordered.length, attributes.length);
  for (const variant of ordered) addVariant(plan, variant);
  for (const [name, bit] of attributes) {
    plan.add(bit);
    plan.addText(name);
  }
  return plan.bytes();
}
