/**
 * Writes small perf.data files, for what real ones rarely have: odd sample layouts, byte orders, lost events, damage.
 *
 * In: attributes, formats and records. Out: the file's bytes, laid out as tools/perf/Documentation/perf.data-file-format.txt says.
 */
import { type FileContent, join, LITTLE, number, type Order, text, tracingData } from './trace-dat-writer.js';

export const IP = 1;
export const TID = 2;
export const TIME = 4;
export const ADDR = 8;
export const READ = 1 << 4;
export const CALLCHAIN = 1 << 5;
export const ID = 1 << 6;
export const CPU = 1 << 7;
export const PERIOD = 1 << 8;
export const STREAM_ID = 1 << 9;
export const RAW = 1 << 10;
export const IDENTIFIER = 1 << 16;

export interface Attribute {
  /** 2 is a tracepoint. */
  readonly type?: number;
  readonly config: number;
  readonly sampleType: number;
  readonly readFormat?: number;
  readonly sampleIdAll?: boolean;
  readonly clockid?: number;
  readonly ids: readonly number[];
}

export interface Fact {
  readonly time?: bigint | number;
  readonly tid?: number;
  readonly cpu?: number;
  readonly id?: number;
  /** The words of READ, of CALLCHAIN behind its count, and the bytes of RAW. */
  readonly read?: readonly (bigint | number)[];
  readonly chain?: readonly bigint[];
  readonly raw?: Uint8Array;
}

export interface PerfWriter {
  record(type: number, body: Uint8Array, misc?: number): Uint8Array;
  sample(attribute: Attribute, fact: Fact): Uint8Array;
  /** What records other than samples have at their end. */
  trailer(attribute: Attribute, fact: Fact): Uint8Array;
  comm(attribute: Attribute, tid: number, name: string, fact: Fact): Uint8Array;
  fork(attribute: Attribute, tid: number, parent: number, fact: Fact): Uint8Array;
  lost(attribute: Attribute, count: number, fact: Fact): Uint8Array;
  lostSamples(attribute: Attribute, count: number, fact: Fact, misc?: number): Uint8Array;
  idIndex(entries: readonly (readonly [id: number, cpu: number])[]): Uint8Array;
  readonly round: Uint8Array;
  file(content: PerfContent): Uint8Array;
  pipe(content: PerfContent): Uint8Array;
}

export interface PerfContent {
  readonly attributes: readonly Attribute[];
  /** Format texts by system. */
  readonly formats?: FileContent['formats'];
  readonly records: readonly Uint8Array[];
  /** Bytes of an attribute in the file beside its ids. */
  readonly attributeBytes?: number;
  readonly features?: readonly (readonly [number: number, data: Uint8Array])[];
}

const NONE = new Uint8Array(0);

export function perfWriter(order: Order): PerfWriter {
  const u16 = (value: number) => number(order, 2, value);
  const u32 = (value: number) => number(order, 4, value);
  const u64 = (value: number | bigint) => number(order, 8, value);
  const record = (type: number, body: Uint8Array, misc = 0) =>
    join(u32(type), u16(misc), u16(8 + body.length), body);
  const ids = (fact: Fact) => join(u32(fact.tid ?? 0), u32(fact.tid ?? 0));
  const cpu = (fact: Fact) => join(u32(fact.cpu ?? 0), u32(0));
  const padded = (bytes: Uint8Array) => join(bytes, new Uint8Array(-bytes.length & 7));

  const pick = (type: number, parts: readonly (readonly [bit: number, bytes: () => Uint8Array])[]) =>
    join(...parts.map(([bit, bytes]) => (type & bit ? bytes() : NONE)));

  const raw = (bytes: Uint8Array) => {
    const size = Math.ceil((bytes.length + 4) / 8) * 8 - 4;
    return join(u32(size), bytes, new Uint8Array(size - bytes.length));
  };

  const sample = ({ sampleType }: Attribute, fact: Fact) =>
    record(
      9,
      pick(sampleType, [
        [IDENTIFIER, () => u64(fact.id ?? 0)],
        [IP, () => u64(0xffffffff81000000n)],
        [TID, () => ids(fact)],
        [TIME, () => u64(fact.time ?? 0)],
        [ADDR, () => u64(0xaddn)],
        [ID, () => u64(fact.id ?? 0)],
        [STREAM_ID, () => u64(0x57)],
        [CPU, () => cpu(fact)],
        [PERIOD, () => u64(1)],
        [READ, () => join(...(fact.read ?? []).map(u64))],
        [CALLCHAIN, () => join(u64(fact.chain?.length ?? 0), ...(fact.chain ?? []).map(u64))],
        [RAW, () => raw(fact.raw ?? NONE)],
      ]),
      1,
    );

  const trailer = ({ sampleType, sampleIdAll = true }: Attribute, fact: Fact) =>
    pick(sampleIdAll ? sampleType : 0, [
      [TID, () => ids(fact)],
      [TIME, () => u64(fact.time ?? 0)],
      [ID, () => u64(fact.id ?? 0)],
      [STREAM_ID, () => u64(0x57)],
      [CPU, () => cpu(fact)],
      [IDENTIFIER, () => u64(fact.id ?? 0)],
    ]);

  function attributeBytes(attribute: Attribute, bytes: number): Uint8Array {
    const { type = 2, config, sampleType, readFormat = 0, sampleIdAll = true, clockid } = attribute;
    const bit = (at: number) => 1n << BigInt(order.bigEndian ? 63 - at : at);
    const flags = (sampleIdAll ? bit(18) : 0n) | (clockid === undefined ? 0n : bit(25));
    const front = join(
      u32(type),
      u32(bytes),
      u64(config),
      u64(1),
      u64(sampleType),
      u64(readFormat),
      u64(flags),
    );
    return join(front, new Uint8Array(92 - front.length), u32(clockid ?? 0), new Uint8Array(bytes - 96));
  }

  const tracing = ({ formats }: PerfContent): Uint8Array | undefined =>
    formats === undefined ? undefined : tracingData({ order, pageSize: 4096, formats, buffers: [] });

  function features(content: PerfContent): (readonly [number, Uint8Array])[] {
    const data = tracing(content);
    const all = [...(data === undefined ? [] : [[1, data] as const]), ...(content.features ?? [])];
    return all.sort(([a], [b]) => a - b);
  }

  return {
    record,
    sample,
    trailer,
    comm: (attribute, tid, name, fact) =>
      record(3, join(u32(tid), u32(tid), padded(text(`${name}\0`)), trailer(attribute, fact))),
    fork: (attribute, tid, parent, fact) =>
      record(
        7,
        join(u32(tid), u32(parent), u32(tid), u32(parent), u64(fact.time ?? 0), trailer(attribute, fact)),
      ),
    lost: (attribute, count, fact) =>
      record(2, join(u64(fact.id ?? 0), u64(count), trailer(attribute, fact))),
    lostSamples: (attribute, count, fact, misc = 0) =>
      record(13, join(u64(count), trailer(attribute, fact)), misc),
    idIndex: (entries) =>
      record(
        69,
        join(u64(entries.length), ...entries.map(([id, on]) => join(u64(id), u64(0), u64(on), u64(-1)))),
      ),
    round: record(68, NONE),
    file(content) {
      const bytes = content.attributeBytes ?? 128;
      const idParts = content.attributes.map((attribute) => join(...attribute.ids.map(u64)));
      const attrsAt = 104 + idParts.reduce((sum, part) => sum + part.length, 0);
      let idsAt = 104;
      const attrs = content.attributes.map((attribute, i) => {
        const place = join(u64(idsAt), u64(idParts[i]!.length));
        idsAt += idParts[i]!.length;
        return join(attributeBytes(attribute, bytes), place);
      });
      const attrBytes = (bytes + 16) * attrs.length;
      const data = join(...content.records);
      const dataAt = attrsAt + attrBytes;
      const sections = features(content);
      let at = dataAt + data.length + 16 * sections.length;
      const table = sections.map(([, body]) => {
        const place = join(u64(at), u64(body.length));
        at += body.length;
        return place;
      });
      const bits = sections.reduce((set, [feature]) => set | (1n << BigInt(feature)), 0n);
      const header = join(
        order.bigEndian ? text('2ELIFREP') : text('PERFILE2'),
        u64(104),
        u64(bytes + 16),
        join(u64(attrsAt), u64(attrBytes), u64(dataAt), u64(data.length), u64(0), u64(0)),
        join(u64(bits), u64(0), u64(0), u64(0)),
      );
      return join(header, ...idParts, ...attrs, data, ...table, ...sections.map(([, body]) => body));
    },
    pipe(content) {
      const bytes = content.attributeBytes ?? 128;
      const data = tracing(content);
      return join(
        order.bigEndian ? text('2ELIFREP') : text('PERFILE2'),
        u64(16),
        ...content.attributes.map((attribute) =>
          record(64, join(attributeBytes(attribute, bytes), ...attribute.ids.map(u64))),
        ),
        ...(content.features ?? []).map(([feature, body]) => record(80, join(u64(feature), body))),
        ...(data === undefined ? [] : [record(66, u32(data.length)), padded(data)]),
        ...content.records,
      );
    },
  };
}

/** A zstd frame of raw blocks that is never ended, in pieces, as perf's flushed stream is (RFC 8878, 3.1.1). */
export function zstdPieces(pieces: readonly Uint8Array[]): Uint8Array[] {
  const block = (bytes: Uint8Array) => join(number(LITTLE, 4, bytes.length * 8).subarray(0, 3), bytes);
  const magic = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58);
  return pieces.map((piece, i) => (i === 0 ? join(magic, block(piece)) : block(piece)));
}
