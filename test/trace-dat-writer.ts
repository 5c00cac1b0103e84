/**
 * Writes small trace.dat files, for what real ones rarely have: odd byte orders, lost events, every kind of damage.
 *
 * In: a description. Out: the file's bytes, laid out as trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5) say.
 */
import { deflateSync } from 'node:zlib';

export interface Order {
  readonly bigEndian: boolean;
  /** Bytes of the kernel's long. */
  readonly longSize: 4 | 8;
}

export const LITTLE: Order = { bigEndian: false, longSize: 8 };
export const BIG: Order = { bigEndian: true, longSize: 8 };
export const OLD: Order = { bigEndian: false, longSize: 4 };

const encoder = new TextEncoder();

export function number(order: Order, size: 1 | 2 | 4 | 8, value: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  const bytes = new Uint8Array(view.buffer, 0, size);
  return order.bigEndian ? bytes.slice().reverse() : bytes;
}

export const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
export const text = (value: string): Uint8Array => encoder.encode(value);
const named = (value: string): Uint8Array => text(`${value}\0`);

// Ring-buffer pages (kernel/trace/ring_buffer.c) ---------------------------------------------------

const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;

function head(order: Order, type: number, delta: number): Uint8Array {
  return number(order, 4, order.bigEndian ? type * 2 ** 27 + delta : delta * 32 + type);
}

const aligned = (payload: Uint8Array): Uint8Array => join(payload, new Uint8Array(-payload.length & 3));

/** A record, its length in type_len where it fits. */
export function record(order: Order, delta: number, payload: Uint8Array): Uint8Array {
  const body = aligned(payload);
  if (body.length <= 28 * 4) return join(head(order, body.length / 4, delta), body);
  return longRecord(order, delta, payload);
}

/** A record with its length in array[0]. */
export const longRecord = (order: Order, delta: number, payload: Uint8Array): Uint8Array =>
  join(head(order, 0, delta), number(order, 4, payload.length + 4), aligned(payload));

export const timeExtend = (order: Order, delta: number): Uint8Array =>
  join(head(order, TIME_EXTEND, delta % 2 ** 27), number(order, 4, Math.floor(delta / 2 ** 27)));

/** The lower 59 bits of `time`; the rest is to come from the page. */
export function timeStamp(order: Order, time: bigint): Uint8Array {
  const low = BigInt.asUintN(59, time);
  return join(head(order, TIME_STAMP, Number(low % 2n ** 27n)), number(order, 4, low / 2n ** 27n));
}

/** A discarded record of `bytes` bytes behind its head. */
export const discarded = (order: Order, delta: number, bytes: number): Uint8Array =>
  join(head(order, PADDING, delta), number(order, 4, bytes), new Uint8Array(bytes - 4));

export const restOfPage = (order: Order): Uint8Array => join(head(order, PADDING, 0), new Uint8Array(16));

export interface Missed {
  readonly count?: number;
}

export function page(
  order: Order,
  size: number,
  time: bigint,
  events: Uint8Array[],
  missed?: Missed,
): Uint8Array {
  const data = join(...events);
  const flags = missed === undefined ? 0 : 2 ** 31 + (missed.count === undefined ? 0 : 2 ** 30);
  const stored =
    missed?.count === undefined ? new Uint8Array(0) : number(order, order.longSize, missed.count);
  const used = join(number(order, 8, time), number(order, order.longSize, flags + data.length), data, stored);
  if (used.length > size) throw new Error('the page is full');
  return join(used, new Uint8Array(size - used.length));
}

// Event formats ------------------------------------------------------------------------------------

export interface FormatField {
  readonly declared: string;
  readonly offset: number;
  readonly size: number;
  readonly signed?: boolean;
}

const line = ({ declared, offset, size, signed }: FormatField): string =>
  `\tfield:${declared};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};\n`;

const COMMON: readonly FormatField[] = [
  { declared: 'unsigned short common_type', offset: 0, size: 2 },
  { declared: 'unsigned char common_flags', offset: 2, size: 1 },
  { declared: 'unsigned char common_preempt_count', offset: 3, size: 1 },
  { declared: 'int common_pid', offset: 4, size: 4, signed: true },
];

export const format = (name: string, id: number, fields: readonly FormatField[]): string =>
  `name: ${name}\nID: ${id}\nformat:\n${COMMON.map(line).join('')}\n${fields.map(line).join('')}\nprint fmt: "x"\n`;

// The file -----------------------------------------------------------------------------------------

export interface Cpu {
  readonly cpu: number;
  readonly pages: readonly Uint8Array[];
}

export interface Buffer7 {
  readonly name: string;
  readonly cpus: readonly Cpu[];
}

export interface FileContent {
  readonly order: Order;
  readonly pageSize: number;
  /** Format texts by system; "ftrace" apart. */
  readonly formats: Readonly<Record<string, readonly string[]>>;
  readonly buffers: readonly Buffer7[];
  readonly kallsyms?: string;
  readonly cmdlines?: string;
  /** Options beside the necessary ones. */
  readonly options?: readonly (readonly [id: number, data: Uint8Array])[];
}

function headerInfo({ order, pageSize }: FileContent): Uint8Array {
  const long = order.longSize;
  const pageText = [
    line({ declared: ' u64 timestamp', offset: 0, size: 8 }),
    line({ declared: ' local_t commit', offset: 8, size: long, signed: true }),
    line({ declared: ' char overwrite', offset: 8, size: 1, signed: true }),
    line({ declared: ' char data', offset: 8 + long, size: pageSize - 8 - long, signed: true }),
  ].join('');
  const eventText =
    '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n' +
    '\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n';
  const file = (name: string, content: string) =>
    join(named(name), number(order, 8, content.length), text(content));
  return join(file('header_page', pageText), file('header_event', eventText));
}

const sized = (order: Order, content: string): Uint8Array =>
  join(number(order, 8, content.length), text(content));

const ftraceFormats = ({ order, formats }: FileContent): Uint8Array =>
  join(
    number(order, 4, formats.ftrace?.length ?? 0),
    ...(formats.ftrace ?? []).map((content) => sized(order, content)),
  );

function eventFormats({ order, formats }: FileContent): Uint8Array {
  const systems = Object.entries(formats).filter(([system]) => system !== 'ftrace');
  const parts = systems.map(([system, list]) =>
    join(named(system), number(order, 4, list.length), ...list.map((content) => sized(order, content))),
  );
  return join(number(order, 4, systems.length), ...parts);
}

const sized32 = (order: Order, content: string): Uint8Array =>
  join(number(order, 4, content.length), text(content));

function initial(content: FileContent, version: string): Uint8Array {
  const { order, pageSize } = content;
  return join(
    Uint8Array.of(0x17, 0x08, 0x44),
    text('tracing'),
    named(version),
    Uint8Array.of(order.bigEndian ? 1 : 0, order.longSize),
    number(order, 4, pageSize),
  );
}

/** What perf puts into a perf.data: the beginning of a version 6 file, up to the names of tasks. */
export const tracingData = (content: FileContent): Uint8Array =>
  join(
    initial(content, '0.6'),
    headerInfo(content),
    ftraceFormats(content),
    eventFormats(content),
    sized32(content.order, content.kallsyms ?? ''),
    sized32(content.order, ''),
    sized(content.order, content.cmdlines ?? ''),
  );

const option = (order: Order, id: number, data: Uint8Array): Uint8Array =>
  join(number(order, 2, id), number(order, 4, data.length), data);

const dataOf = (cpu: Cpu): Uint8Array => join(...cpu.pages);

/** A table of CPUs: where each one's pages are, when they start at `at`. */
function cpuTable(order: Order, cpus: readonly Cpu[], at: number): Uint8Array {
  let next = at;
  const parts = cpus.map((cpu) => {
    const size = dataOf(cpu).length;
    const part = join(number(order, 8, next), number(order, 8, size));
    next += size;
    return part;
  });
  return join(...parts);
}

/** Version 6; every buffer must have the same CPUs, 0 and up. */
export function writeVersion6(content: FileContent): Uint8Array {
  const { order } = content;
  const [top, ...instances] = content.buffers;
  if (top === undefined) throw new Error('no top-level buffer');
  const front = join(
    initial(content, '6'),
    headerInfo(content),
    ftraceFormats(content),
    eventFormats(content),
    sized32(order, content.kallsyms ?? ''),
    sized32(order, ''),
    sized(order, content.cmdlines ?? ''),
    number(order, 4, top.cpus.length),
  );
  // Offsets in the options depend on the options' length, not on the offsets' values: lay out twice.
  const layout = (tablesAt: number, dataAt: number) => {
    const tableBytes = 10 + 16 * top.cpus.length;
    const options = join(
      ...(content.options ?? []).map(([id, data]) => option(order, id, data)),
      ...instances.map(({ name }, i) =>
        option(order, 3, join(number(order, 8, tablesAt + (i + 1) * tableBytes), named(name))),
      ),
      number(order, 2, 0),
    );
    let at = dataAt;
    const tables = content.buffers.map(({ cpus }) => {
      const table = join(named('flyrecord'), cpuTable(order, cpus, at));
      at += cpus.reduce((bytes, cpu) => bytes + dataOf(cpu).length, 0);
      return table;
    });
    return { options: join(named('options  '), options), tables: join(...tables) };
  };
  const draft = layout(0, 0);
  const tablesAt = front.length + draft.options.length;
  const { options, tables } = layout(tablesAt, tablesAt + draft.tables.length);
  return join(front, options, tables, ...content.buffers.flatMap(({ cpus }) => cpus.map(dataOf)));
}

function section(order: Order, id: number, data: Uint8Array, compressed: boolean): Uint8Array {
  const packed = compressed ? new Uint8Array(deflateSync(data)) : data;
  const body = compressed
    ? join(number(order, 4, packed.length), number(order, 4, data.length), packed)
    : data;
  return join(
    number(order, 2, id),
    number(order, 2, compressed ? 1 : 0),
    number(order, 4, 0),
    number(order, 8, body.length),
    body,
  );
}

/** One chunk a page. */
export const chunks = (order: Order, cpu: Cpu): Uint8Array =>
  join(
    number(order, 4, cpu.pages.length),
    ...cpu.pages.map((plain) => {
      const packed = new Uint8Array(deflateSync(plain));
      return join(number(order, 4, packed.length), number(order, 4, plain.length), packed);
    }),
  );

/** Version 7, with zlib or uncompressed; a list of options for the metadata, and one more for each buffer. */
export function writeVersion7(content: FileContent, compressed: boolean): Uint8Array {
  const { order } = content;
  const parts = [
    join(initial(content, '7'), named(compressed ? 'zlib' : 'none'), named(compressed ? '1.3' : '')),
    new Uint8Array(8),
  ];
  const end = () => parts.reduce((bytes, part) => bytes + part.length, 0);
  const add = (part: Uint8Array) => {
    const at = end();
    parts.push(part);
    return at;
  };
  const sections = [
    [16, headerInfo(content)],
    [17, ftraceFormats(content)],
    [18, eventFormats(content)],
    [19, sized32(order, content.kallsyms ?? '')],
    [21, sized(order, content.cmdlines ?? '')],
  ] as const;
  const places = sections.map(([id, data]) =>
    option(order, id, number(order, 8, add(section(order, id, data, compressed)))),
  );
  const others = (content.options ?? []).map(([id, data]) => option(order, id, data));
  // The chain of options: each list's last option is the offset of the next list.
  let pending = join(...others, ...places);
  const lists: { index: number; body: Uint8Array }[] = [];
  const openList = (body: Uint8Array) => {
    const whole = section(order, 0, join(body, option(order, 0, number(order, 8, 0))), false);
    const at = add(whole);
    const before = lists.at(-1);
    lists.push({ index: parts.length - 1, body });
    if (before === undefined) parts[1] = number(order, 8, at);
    else
      parts[before.index] = section(
        order,
        0,
        join(before.body, option(order, 0, number(order, 8, at))),
        false,
      );
  };
  openList(pending);
  for (const buffer of content.buffers) {
    const headAt = add(section(order, 3, new Uint8Array(0), compressed));
    const cpus = buffer.cpus.map((cpu) => {
      const data = compressed ? chunks(order, cpu) : dataOf(cpu);
      return join(number(order, 4, cpu.cpu), number(order, 8, add(data)), number(order, 8, data.length));
    });
    pending = join(
      number(order, 8, headAt),
      named(buffer.name),
      named('mono'),
      number(order, 4, content.pageSize),
      number(order, 4, cpus.length),
      ...cpus,
    );
    openList(option(order, 3, pending));
  }
  return join(...parts);
}
