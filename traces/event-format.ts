/**
 * The format of one event, as tracefs shows it and as captures carry it.
 *
 * In: the text of `events/<system>/<event>/format` (kernel/trace/trace_events.c, f_show). Out: name, id, and where
 * each field lies in a record.
 *
 *   name: dma_unmap_sg
 *   ID: 338
 *   format:
 *   	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
 *   	field:__data_loc u64[] addrs;	offset:12;	size:4;	signed:0;
 */

export interface EventField {
  readonly name: string;
  /** As declared, without __data_loc and array brackets: "unsigned long", "char", "enum dma_data_direction". */
  readonly type: string;
  /** Bytes from the record's start; of a field whose data lies elsewhere, where its reference is. */
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  readonly array: boolean;
  /** Where the data is: in the field, or at a place named by it, from the record's start or from the field's end. */
  readonly where: 'inline' | 'data_loc' | 'rel_loc';
}

export interface EventFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  /** The fields that every event has, common_type and common_pid among them. */
  readonly common: readonly EventField[];
  readonly fields: readonly EventField[];
}

const FIELD = /^\tfield:([^;]+);\toffset:(\d+);\tsize:(\d+);(?:\tsigned:(\d+);)?/;
const DECLARATION = /^(.*?)\s*\b(\w+)(\[[^\]]*\])?$/;
const REFERENCE = /^__(data|rel)_loc\s+/;
const LARGEST = 0xffff;

function parseField(line: string): EventField | undefined {
  const [, declared, offset, size, signed] = FIELD.exec(line) ?? [];
  const [, before, name, brackets] = DECLARATION.exec(declared ?? '') ?? [];
  if (before === undefined || name === undefined) return undefined;
  if (Number(offset) > LARGEST || Number(size) > LARGEST) return undefined;
  const [, reference] = REFERENCE.exec(before) ?? [];
  const bare = before.replace(REFERENCE, '').replace(/\[\w*\]$/, '');
  return {
    name,
    type: bare.trim(),
    offset: Number(offset),
    size: Number(size),
    signed: signed === '1',
    array: brackets !== undefined || reference !== undefined,
    where: reference === undefined ? 'inline' : reference === 'data' ? 'data_loc' : 'rel_loc',
  };
}

/** Undefined where the text is no event format, or its id is not one that a record can carry (16 bits). */
export function parseEventFormat(system: string, text: string): EventFormat | undefined {
  const name = /^name: (\S+)$/m.exec(text)?.[1];
  const id = Number(/^ID: (\d+)$/m.exec(text)?.[1]);
  if (name === undefined || !(id > 0 && id <= LARGEST)) return undefined;
  const end = text.indexOf('\nprint fmt:');
  const lines = (end < 0 ? text : text.slice(0, end)).split('\n');
  const fields = lines.map(parseField).filter((field) => field !== undefined);
  const isCommon = (field: EventField) => field.name.startsWith('common_');
  return {
    system,
    name,
    id,
    common: fields.filter(isCommon),
    fields: fields.filter((field) => !isCommon(field)),
  };
}

/** Fields of `events/header_page` and the like: the same lines, without name and id. */
export function parseFields(text: string): EventField[] {
  return text
    .split('\n')
    .map(parseField)
    .filter((field) => field !== undefined);
}

const SIZES: Readonly<Record<string, number>> = {
  char: 1,
  bool: 1,
  u8: 1,
  s8: 1,
  u16: 2,
  s16: 2,
  int: 4,
  u32: 4,
  s32: 4,
  u64: 8,
  s64: 8,
  dma_addr_t: 8,
  phys_addr_t: 8,
};

/** Bytes of one element of an array of this type; 0 where the name does not tell. `longSize` is the kernel's. */
export function elementSize(type: string, longSize: number): number {
  const name = type.replace(/^(const|volatile) /, '');
  const known = SIZES[name.replace(/^(unsigned|signed) /, '')];
  if (known !== undefined) return known;
  if (/^(unsigned |signed )?long long( int)?$/.test(name)) return 8;
  if (/\blong\b|^size_t$|\*$/.test(name)) return longSize;
  if (/\bshort\b/.test(name)) return 2;
  return name === 'unsigned' || name.startsWith('enum ') ? 4 : 0;
}
