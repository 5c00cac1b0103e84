/**
 * The words and the memory layouts that every part shares.
 *
 * In: nothing. Out: integers. This file holds integer constants only, so that AssemblyScript (the
 * two Wasm modules) and TypeScript (everything else) compile the very same text.
 *
 * Absent facts are one value a width: all ones. A reader turns it into NULL.
 */

/** The address space that a mapping lives in; each has its own key and its own way to match. */
export enum Layer {
  none = 0,
  dma = 1,
  iommu = 2,
  pool = 3,
  /** Called 'import' wherever a person reads it; the bare word is the compilers'. */
  import_ = 4,
  dmabuf = 5,
  watch = 6,
  page = 7,
}

/** What an event does, whatever the kernel calls it. The event dictionary translates to these. */
export enum Op {
  /** Known to the dictionary, kept as a row, no effect on any lifetime. */
  note = 0,
  open = 1,
  close = 2,
  /** An attempt that did not succeed; `error` holds the errno where the event has one. */
  fail = 3,
  sync = 4,
  fault = 5,
  invalidate_begin = 6,
  invalidate_end = 7,
  /** The memory behind mappings is gone. */
  free = 8,
  /** A device is about to lose its driver, or to go. */
  remove = 9,
  exit = 10,
  /** `len` events were lost on `cpu`; `len` is absent where the format does not say how many. */
  lost = 11,
  /** The call stack of the newest event on the same CPU that has none yet. Not kept as a row. */
  stack = 12,
  /** The device has lost its driver: what the driver still holds now, nobody will give back. */
  removed = 13,
}

/** How a mapping was made; dma-debug calls it the type, and unmapping by another kind is misuse. */
export enum Kind {
  none = 0,
  single = 1,
  sg = 2,
  coherent = 3,
  resource = 4,
  pages = 5,
  noncontiguous = 6,
  translation = 7,
  p2p = 8,
  mr = 9,
  odp = 10,
  mirror = 11,
  pinned = 12,
  attachment = 13,
  attachment_map = 14,
  notifier = 15,
}

/** `enum dma_data_direction`, as the kernel numbers it. */
export enum Dir {
  bidirectional = 0,
  to_device = 1,
  from_device = 2,
  none = 3,
}

/** Why a lifetime has an end, or none. */
export enum EndReason {
  /** Still open when the capture ended. */
  capture_end = 0,
  /** Its own unmap or free was seen. */
  closed = 1,
  device_removed = 2,
  process_exit = 3,
  replaced = 4,
  /** A loss hid its unmap: the same address was mapped again after the loss. */
  inferred_lost = 5,
  /** Some of its pages were unmapped before the rest; this row is one part. */
  split = 6,
}

/** Bits of `lifetimes.flags`. */
export const FLAG_TRUNCATED = 1; // an sg list of which the event shows the first 128 entries only
export const FLAG_UNRECORDABLE_UNMAP = 2; // an sg list so long that ftrace drops its unmap event
export const FLAG_AFTER_LOSS = 4; // events were lost somewhere before its end (or the capture's)
export const FLAG_MISMATCH = 8; // closed by an unmap that names another size, direction or kind
export const FLAG_OVERLAP = 16; // the same device had the same memory mapped already
export const FLAG_BEFORE_REMOVAL = 32; // opened before its device was removed
export const FLAG_REMAINDER = 64; // an sg entry that its list's unmap left out

/** What the replay saw with its own eyes. Each is a row of `anomalies`; rules judge them. */
export enum Anomaly {
  none = 0,
  /** An unmap of a key that this capture already saw closed. */
  double_unmap = 1,
  /** An unmap where, by the IOMMU's own events, nothing was mapped. */
  unmap_unknown = 2,
  size_mismatch = 3,
  direction_mismatch = 4,
  kind_mismatch = 5,
  sg_count_mismatch = 6,
  /** An unmap for a device that has no such mapping while another device has. */
  device_mismatch = 7,
  attrs_mismatch = 8,
  overlapping_map = 9,
  sync_unmapped = 10,
  sync_outside = 11,
  sync_direction = 12,
  /** A new mapping at an address that is still mapped, after events were lost. */
  inferred_lost = 13,
  /** The unmap of an sg list longer than ftrace can record is missing. */
  unmap_unrecordable = 14,
  cpu_address_mismatch = 15,
  /** A sync of memory this capture has never seen mapped: older than the capture, or none. */
  sync_unknown = 16,
  /** An unmap of a key this capture has never seen, most likely mapped before it began. */
  before_capture = 17,
}

// ---------------------------------------------------------------------------------------------
// The event batch: what a decoder hands over, and the block that the events table is made of.
//
//   column by column, ROWS rows each, widest first, so that every column is aligned to its width:
//
//   +--------+--------+--------+--------+-------+-----+------+-------+------+----------+-----+ …
//   | ts i64 | addr   | len    | phys   | attrs | tid | comm | stack | side | lifetime | cpu | …
//   +--------+--------+--------+--------+-------+-----+------+-------+------+----------+-----+ …
// ---------------------------------------------------------------------------------------------

/** Rows in one block of any table, and in one batch. */
export const ROWS = 16384;
export const ROWS_SHIFT = 14;

/** Event time, int64 nanoseconds on the capture's clock (or ticks, where the clock counts). */
export const EVENT_TS = 0;
/** The address in the layer's own space: dma_addr, iova, virtual address, …; u64, all ones = absent. */
export const EVENT_ADDR = EVENT_TS + 8 * ROWS;
/** Bytes; u64, all ones = absent. */
export const EVENT_LEN = EVENT_ADDR + 8 * ROWS;
/** CPU-physical address; u64, all ones = absent. */
export const EVENT_PHYS = EVENT_LEN + 8 * ROWS;
/** DMA_ATTR_* bits; u32, all ones = absent. */
export const EVENT_ATTRS = EVENT_PHYS + 8 * ROWS;
export const EVENT_TID = EVENT_ATTRS + 4 * ROWS; // i32, -1 = absent
export const EVENT_COMM = EVENT_TID + 4 * ROWS; // u32 string id, 0 = absent
export const EVENT_STACK = EVENT_COMM + 4 * ROWS; // u32 stack id, 0 = absent
/** u32: word offset into the batch's side heap, 0 = none (see below). */
export const EVENT_SIDE = EVENT_STACK + 4 * ROWS;
export const EVENT_LIFETIME = EVENT_SIDE + 4 * ROWS; // u32, written by the replay; all ones = none
export const EVENT_CPU = EVENT_LIFETIME + 4 * ROWS; // u16, all ones = absent
export const EVENT_TYPE = EVENT_CPU + 2 * ROWS; // u16 id in the capture's event types
export const EVENT_DEVICE = EVENT_TYPE + 2 * ROWS; // u16 string id, 0 = absent
export const EVENT_ERROR = EVENT_DEVICE + 2 * ROWS; // i16 errno as the kernel returns it (negative), 0 = absent
export const EVENT_DIR = EVENT_ERROR + 2 * ROWS; // u8 Dir, all ones = absent
export const EVENT_BYTES = EVENT_DIR + ROWS; // bytes of one block

/*
 * The side heap: u64 words beside a batch. Word 0 is never used, so that offset 0 means none.
 * What an event's `side` points at depends on the event's type:
 *
 *   a scatterlist (Kind.sg in the layer dma)
 *     [ shape, ents, phys × nPhys, dma × nDma, lengths × nDma ]
 *     shape = nPhys | nDma << 16 | nents << 32 | truncated << 63
 *     nents: entries of the original list as the caller gave it (exceeds nPhys when truncated; nPhys where not told)
 *     ents:  DMA segments that it became, neighbours merged (exceeds nDma when truncated; nDma where not told)
 *     dma_map_sg has all; dma_unmap_sg has nPhys only; dma_sync_sg_* has nDma only (and lengths, where printed).
 *     The event's columns: addr = first DMA address, len = sum of the lengths shown, phys = first phys, as far as it has them.
 *
 *   everything else that has facts beyond the columns: EXTRA_WORDS words
 *     [ mm, object, value, other ]   all ones = absent
 */
export const SG_HEAD = 2; // words before the first physical address

export const EXTRA_MM = 0;
export const EXTRA_OBJECT = 1;
export const EXTRA_VALUE = 2;
export const EXTRA_OTHER = 3;
export const EXTRA_WORDS = 4;

/** dma_map_sg prints at most this many entries (DMA_TRACE_MAX_ENTRIES, include/trace/events/dma.h). */
export const SG_SHOWN_MAX = 128;
/** An unmap of this many entries no longer fits a 4 KiB ring-buffer page and is silently dropped. */
export const SG_UNRECORDABLE = 504;

/** One event type in the replay's table: TYPE_BYTES bytes a type, indexed by EVENT_TYPE. */
export const TYPE_LAYER = 0; // u8 Layer
export const TYPE_OP = 1; // u8 Op
export const TYPE_KIND = 2; // u8 Kind
export const TYPE_FLAGS = 3; // u8 TYPE_FLAG_*
export const TYPE_BYTES = 4;
/** `side` holds EXTRA_WORDS words worth keeping. */
export const TYPE_FLAG_EXTRA = 1;

// Streams name things by small ids of their own; the replay maps them to the capture's ids.
export const NAME_COMM = 0;
export const NAME_DEVICE = 1;
export const NAME_STACK = 2;
export const NAME_TYPE = 3;
export const NAME_KINDS = 4;

// ---------------------------------------------------------------------------------------------
// lifetimes: one row a mapping (an sg list has one row a DMA segment)
// ---------------------------------------------------------------------------------------------
export const LIFETIME_OPENED_TS = 0; // i64
export const LIFETIME_CLOSED_TS = LIFETIME_OPENED_TS + 8 * ROWS; // i64, all ones (-1) = open
export const LIFETIME_ADDR = LIFETIME_CLOSED_TS + 8 * ROWS; // u64
export const LIFETIME_LEN = LIFETIME_ADDR + 8 * ROWS; // u64 bytes
export const LIFETIME_PHYS = LIFETIME_LEN + 8 * ROWS; // u64
export const LIFETIME_OPEN_SEQ = LIFETIME_PHYS + 8 * ROWS; // u32, row of the opening event
export const LIFETIME_CLOSE_SEQ = LIFETIME_OPEN_SEQ + 4 * ROWS; // u32, the event that closed it, or showed it gone; all ones = none
export const LIFETIME_OPEN_TID = LIFETIME_CLOSE_SEQ + 4 * ROWS; // i32
export const LIFETIME_CLOSE_TID = LIFETIME_OPEN_TID + 4 * ROWS; // i32
export const LIFETIME_OPEN_COMM = LIFETIME_CLOSE_TID + 4 * ROWS; // u32
export const LIFETIME_OPEN_STACK = LIFETIME_OPEN_COMM + 4 * ROWS; // u32, 0 = none
export const LIFETIME_CLOSE_STACK = LIFETIME_OPEN_STACK + 4 * ROWS; // u32, 0 = none
export const LIFETIME_ATTRS = LIFETIME_CLOSE_STACK + 4 * ROWS; // u32
export const LIFETIME_GROUP = LIFETIME_ATTRS + 4 * ROWS; // u32, id of the list's first row; all ones = not a list
export const LIFETIME_PARENT = LIFETIME_GROUP + 4 * ROWS; // u32 lifetime, all ones = none
export const LIFETIME_SYNCS = LIFETIME_PARENT + 4 * ROWS; // u32
export const LIFETIME_EXTRA = LIFETIME_SYNCS + 4 * ROWS; // u32 row of the layers' further facts, all ones = none
export const LIFETIME_DEVICE = LIFETIME_EXTRA + 4 * ROWS; // u16, 0 = none
export const LIFETIME_FLAGS = LIFETIME_DEVICE + 2 * ROWS; // u16
export const LIFETIME_LAYER = LIFETIME_FLAGS + 2 * ROWS; // u8
export const LIFETIME_KIND = LIFETIME_LAYER + ROWS; // u8
export const LIFETIME_DIR = LIFETIME_KIND + ROWS; // u8
export const LIFETIME_END = LIFETIME_DIR + ROWS; // u8 EndReason
export const LIFETIME_BYTES = LIFETIME_END + ROWS;

// ---------------------------------------------------------------------------------------------
// anomalies
// ---------------------------------------------------------------------------------------------
export const ANOMALY_TS = 0; // i64
export const ANOMALY_ADDR = ANOMALY_TS + 8 * ROWS; // u64
export const ANOMALY_LEN = ANOMALY_ADDR + 8 * ROWS; // u64 bytes concerned
export const ANOMALY_EXPECTED = ANOMALY_LEN + 8 * ROWS; // u64: size, direction, kind, … of the mapping
export const ANOMALY_ACTUAL = ANOMALY_EXPECTED + 8 * ROWS; // u64: what the event said
export const ANOMALY_SEQ = ANOMALY_ACTUAL + 8 * ROWS; // u32 event
export const ANOMALY_LIFETIME = ANOMALY_SEQ + 4 * ROWS; // u32, all ones = none
export const ANOMALY_OTHER = ANOMALY_LIFETIME + 4 * ROWS; // u32 other lifetime, all ones = none
export const ANOMALY_DEVICE = ANOMALY_OTHER + 4 * ROWS; // u16
export const ANOMALY_KIND = ANOMALY_DEVICE + 2 * ROWS; // u8 Anomaly
export const ANOMALY_AFTER_LOSS = ANOMALY_KIND + ROWS; // u8, 1: events were lost before it
export const ANOMALY_BYTES = ANOMALY_AFTER_LOSS + ROWS;

// ---------------------------------------------------------------------------------------------
// losses
// ---------------------------------------------------------------------------------------------
export const LOSS_FROM = 0; // i64 ts of the last event on that CPU before it, -1 = none
export const LOSS_TO = LOSS_FROM + 8 * ROWS; // i64 ts of the first event after it
export const LOSS_COUNT = LOSS_TO + 8 * ROWS; // u64, all ones = not told
export const LOSS_SEQ = LOSS_COUNT + 8 * ROWS; // u32 seq of the next event
export const LOSS_CPU = LOSS_SEQ + 4 * ROWS; // u16
export const LOSS_BYTES = LOSS_CPU + 2 * ROWS;

// ---------------------------------------------------------------------------------------------
// page_lifetimes: runs of neighbouring pages with one history
// ---------------------------------------------------------------------------------------------
export const PAGE_FIRST = 0; // u64 page number (address / page size)
export const PAGE_COUNT = PAGE_FIRST + 8 * ROWS; // u64 pages
export const PAGE_OPENED_TS = PAGE_COUNT + 8 * ROWS; // i64
export const PAGE_CLOSED_TS = PAGE_OPENED_TS + 8 * ROWS; // i64, -1 = open
export const PAGE_LIFETIME = PAGE_CLOSED_TS + 8 * ROWS; // u32, the mapping that opened it
export const PAGE_PEAK = PAGE_LIFETIME + 4 * ROWS; // u32, most mappings at once
export const PAGE_SPACE = PAGE_PEAK + 4 * ROWS; // u16 device (0: the iommu layer, which names none)
export const PAGE_LAYER = PAGE_SPACE + 2 * ROWS; // u8
export const PAGE_BYTES = PAGE_LAYER + ROWS;

/** Tables that live in the replay module's memory, by number (`tableRows`, `tableBlock`). */
export enum TableId {
  events = 0,
  extras = 1,
  lifetimes = 2,
  anomalies = 3,
  losses = 4,
  page_lifetimes = 5,
}
export const TABLES = 6;

// extras: the further facts of events outside the layers dma and iommu
export const EXTRAS_BYTES = 8 * EXTRA_WORDS * ROWS; // four u64 columns: mm, object, value, other
