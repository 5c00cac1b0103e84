/**
 * Event attributes: what perf was told to record.
 *
 * In: the bytes of a perf_event_attr (include/uapi/linux/perf_event.h), of any kernel's size. Out: the facts that
 * reading samples needs.
 *
 *   type u32 | size u32 | config u64 | period u64 | sample_type u64 | read_format u64 | flags u64 | … | clockid s32 at 92
 */

/** PERF_TYPE_TRACEPOINT: config is the event's id. */
const TRACEPOINT = 2;
const SMALLEST = 64;
const CLOCKID_AT = 92;
const FLAG_SAMPLE_ID_ALL = 18;
const FLAG_USE_CLOCKID = 25;

export interface Attribute {
  readonly type: number;
  readonly config: bigint;
  /** The tracepoint's id, 0 for events of another kind. */
  readonly tracepoint: number;
  readonly sampleType: number;
  readonly readFormat: number;
  readonly sampleIdAll: boolean;
  /** Of clock_gettime(2), where perf was told which clock to use. */
  readonly clockid?: number;
  /** Ids of its events, u64 each, in the capture's byte order. */
  readonly ids: Uint8Array;
}

/** Bit fields are filled from the low end, by big-endian machines from the high end. */
const flagOf = (flags: bigint, bit: number, bigEndian: boolean): boolean =>
  ((flags >> BigInt(bigEndian ? 63 - bit : bit)) & 1n) === 1n;

/** Undefined where the bytes are too few to be one. */
export function parseAttribute(
  bytes: Uint8Array,
  ids: Uint8Array,
  bigEndian: boolean,
): Attribute | undefined {
  if (bytes.length < SMALLEST) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u64 = (at: number) => view.getBigUint64(at, !bigEndian);
  const type = view.getUint32(0, !bigEndian);
  const config = u64(8);
  const flags = u64(40);
  const clocked = bytes.length >= CLOCKID_AT + 4 && flagOf(flags, FLAG_USE_CLOCKID, bigEndian);
  return {
    type,
    config,
    tracepoint: type === TRACEPOINT ? Number(config & 0xffffn) : 0,
    sampleType: Number(u64(24) & 0xffffffffn),
    readFormat: Number(u64(32) & 0x1fn),
    sampleIdAll: flagOf(flags, FLAG_SAMPLE_ID_ALL, bigEndian),
    ids,
    ...(clocked ? { clockid: view.getInt32(CLOCKID_AT, !bigEndian) } : {}),
  };
}

/** clock_gettime(2)'s clocks under the names that ftrace has for them. */
const CLOCKS: Readonly<Record<number, string>> = {
  0: 'realtime',
  1: 'mono',
  4: 'mono_raw',
  7: 'boot',
  11: 'tai',
};

/** perf's own clock is the one that ftrace calls perf. */
export function clockOf(attributes: readonly Attribute[]): string {
  const clockid = attributes.find((attribute) => attribute.clockid !== undefined)?.clockid;
  return clockid === undefined ? 'perf' : (CLOCKS[clockid] ?? `clockid ${clockid}`);
}
