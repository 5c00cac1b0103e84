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
  /** The two-step IOVA API (dma_iova_*): no tracepoint of its own, and nothing that dma-debug knows. */
  iova = 8,
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
  /** A call begins whose return will say what it did: the return has the operation, and takes what it does not say itself from here. */
  call = 14,
  /** The memory is about to be somewhere else: migrated, or remapped. */
  move = 15,
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
  /** An exporter's hook gave an importer pages of a VMA. */
  grant = 16,
  /** Peer-to-peer memory taken from its provider's pool. */
  pool = 17,
  /** Peer-to-peer memory that its provider mapped into a process. */
  vma = 18,
  /** A range linked by dma_iova_link. */
  iova = 19,
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
export const FLAG_AFTER_EXIT = 128; // still open when its address space was gone
export const FLAG_UNWATCHED = 256; // an invalidation passed over it, and no notifier was known that would have told its importer

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
  /** The memory under a live mapping was freed. */
  freed_mapped = 18,
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

/*
 * A gap behind each column: without it all columns' cells of one row would fall into the same few sets of the
 * processor's caches, and filling a row would be several times slower.
 */
const GAP = 320;
/** Bytes of a column of 8-byte, 4-byte, 2-byte and 1-byte cells. */
export const COLUMN8 = 8 * ROWS + GAP;
export const COLUMN4 = 4 * ROWS + GAP;
export const COLUMN2 = 2 * ROWS + GAP;
export const COLUMN1 = ROWS + GAP;

/** Event time, int64 nanoseconds on the capture's clock (or ticks, where the clock counts). */
export const EVENT_TS = 0;
/** The address in the layer's own space: dma_addr, iova, virtual address, …; u64, all ones = absent. */
export const EVENT_ADDR = EVENT_TS + COLUMN8;
/** Bytes; u64, all ones = absent. */
export const EVENT_LEN = EVENT_ADDR + COLUMN8;
/** CPU-physical address; u64, all ones = absent. */
export const EVENT_PHYS = EVENT_LEN + COLUMN8;
/** DMA_ATTR_* bits; u32, all ones = absent. */
export const EVENT_ATTRS = EVENT_PHYS + COLUMN8;
export const EVENT_TID = EVENT_ATTRS + COLUMN4; // i32, -1 = absent
export const EVENT_COMM = EVENT_TID + COLUMN4; // u32 string id, 0 = absent
export const EVENT_STACK = EVENT_COMM + COLUMN4; // u32 stack id, 0 = absent
/** u32: word offset into the batch's side heap, 0 = none (see below). */
export const EVENT_SIDE = EVENT_STACK + COLUMN4;
export const EVENT_LIFETIME = EVENT_SIDE + COLUMN4; // u32, written by the replay; all ones = none
export const EVENT_SEQ = EVENT_LIFETIME + COLUMN4; // u32, written by the replay: number of the event, from 0
export const EVENT_CPU = EVENT_SEQ + COLUMN4; // u16, all ones = absent
export const EVENT_TYPE = EVENT_CPU + COLUMN2; // u16 id in the capture's event types
export const EVENT_DEVICE = EVENT_TYPE + COLUMN2; // u16 string id, 0 = absent
export const EVENT_ERROR = EVENT_DEVICE + COLUMN2; // i16 errno as the kernel returns it (negative), 0 = absent
export const EVENT_DIR = EVENT_ERROR + COLUMN2; // u8 Dir, all ones = absent
export const EVENT_BYTES = EVENT_DIR + COLUMN1; // bytes of one block

/*
 * The side heap: u64 words beside a batch, in the order of its rows. Word 0 is never used, so that offset 0 means none.
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
export const TYPE_MEANS = 4; // u16 MEANS_*: columns that hold something else until the replay has worked them out
export const TYPE_CALL = 6; // u16 number of the probed function, the same for its entry and its return; 0 = of no call
export const TYPE_BYTES = 8;
/** `side` holds EXTRA_WORDS words worth keeping. */
export const TYPE_FLAG_EXTRA = 1;
/** The event is traced where the function returns. */
export const TYPE_FLAG_RETURN = 2;
/** No rule reads the event unless it failed. */
export const TYPE_FLAG_ASIDE = 4;

/*
 * What a field means when it is not the column itself (the dictionary's "means"). The decoders put the number where the
 * dictionary says; the replay works the column out, in one place for all formats, before it looks at the event.
 */
export const MEANS_END = 1; // len holds the address behind the range
export const MEANS_LAST = 2; // len holds the range's last address
export const MEANS_PAGES = 4; // len holds a number of pages
export const MEANS_ORDER = 8; // len holds the order of a block of pages
export const MEANS_PFN = 16; // phys holds a page frame number
export const MEANS_STRUCT_PAGE = 32; // phys holds a struct page (or folio) pointer; absent when vmemmap's place is not the usual one
export const MEANS_OFFSET = 64; // value is to be added to addr
export const MEANS_POINTER = 128; // object is a result: a pointer, or NULL (-ENOMEM) or an error
export const MEANS_RESULT = 256; // value is a result: a number, or an error when negative
export const MEANS_KVA = 512; // addr is a pointer result, as MEANS_POINTER

// Streams name things by small ids of their own; the replay maps them to the capture's ids.
export const NAME_COMM = 0;
export const NAME_DEVICE = 1;
export const NAME_STACK = 2;
export const NAME_TYPE = 3;
export const NAME_KINDS = 4;

// ---------------------------------------------------------------------------------------------
// lifetimes: one row a mapping (an sg list has one row a DMA segment), in the order in which they ended; ids tell the
// order in which they began
// ---------------------------------------------------------------------------------------------
export const LIFETIME_OPENED_TS = 0; // i64
export const LIFETIME_CLOSED_TS = LIFETIME_OPENED_TS + COLUMN8; // i64, all ones (-1) = open
export const LIFETIME_ADDR = LIFETIME_CLOSED_TS + COLUMN8; // u64
export const LIFETIME_LEN = LIFETIME_ADDR + COLUMN8; // u64 bytes
export const LIFETIME_PHYS = LIFETIME_LEN + COLUMN8; // u64
export const LIFETIME_ID = LIFETIME_PHYS + COLUMN8; // u32, from 0 in the order of opening
export const LIFETIME_OPEN_SEQ = LIFETIME_ID + COLUMN4; // u32, row of the opening event
export const LIFETIME_CLOSE_SEQ = LIFETIME_OPEN_SEQ + COLUMN4; // u32, the event that closed it, or showed it gone; all ones = none
export const LIFETIME_OPEN_TID = LIFETIME_CLOSE_SEQ + COLUMN4; // i32
export const LIFETIME_CLOSE_TID = LIFETIME_OPEN_TID + COLUMN4; // i32
export const LIFETIME_OPEN_COMM = LIFETIME_CLOSE_TID + COLUMN4; // u32
export const LIFETIME_OPEN_STACK = LIFETIME_OPEN_COMM + COLUMN4; // u32, 0 = none
export const LIFETIME_CLOSE_STACK = LIFETIME_OPEN_STACK + COLUMN4; // u32, 0 = none
export const LIFETIME_ATTRS = LIFETIME_CLOSE_STACK + COLUMN4; // u32
export const LIFETIME_GROUP = LIFETIME_ATTRS + COLUMN4; // u32, id of the list's first row; all ones = not a list
export const LIFETIME_PARENT = LIFETIME_GROUP + COLUMN4; // u32 lifetime, all ones = none
export const LIFETIME_SYNCS = LIFETIME_PARENT + COLUMN4; // u32
/** u32: how many siblings (same layer, device, kind and direction) were closed while it was open. */
export const LIFETIME_PASSED = LIFETIME_SYNCS + COLUMN4;
export const LIFETIME_SIBLINGS = LIFETIME_PASSED + COLUMN4; // u32 row of `siblings`
export const LIFETIME_EXTRA = LIFETIME_SIBLINGS + COLUMN4; // u32 row of `extras`, all ones = none
/** u32 row of `invalidations`: the first that it should have obeyed and did not, else the one that it was closed in; all ones = none. */
export const LIFETIME_INVALIDATION = LIFETIME_EXTRA + COLUMN4;
export const LIFETIME_DEVICE = LIFETIME_INVALIDATION + COLUMN4; // u16, 0 = none
export const LIFETIME_FLAGS = LIFETIME_DEVICE + COLUMN2; // u16
export const LIFETIME_LAYER = LIFETIME_FLAGS + COLUMN2; // u8
export const LIFETIME_KIND = LIFETIME_LAYER + COLUMN1; // u8
export const LIFETIME_DIR = LIFETIME_KIND + COLUMN1; // u8
export const LIFETIME_END = LIFETIME_DIR + COLUMN1; // u8 EndReason
export const LIFETIME_BYTES = LIFETIME_END + COLUMN1;

// ---------------------------------------------------------------------------------------------
// anomalies
// ---------------------------------------------------------------------------------------------
export const ANOMALY_TS = 0; // i64
export const ANOMALY_ADDR = ANOMALY_TS + COLUMN8; // u64
export const ANOMALY_LEN = ANOMALY_ADDR + COLUMN8; // u64 bytes concerned
export const ANOMALY_EXPECTED = ANOMALY_LEN + COLUMN8; // u64: size, direction, kind, … of the mapping
export const ANOMALY_ACTUAL = ANOMALY_EXPECTED + COLUMN8; // u64: what the event said
export const ANOMALY_SEQ = ANOMALY_ACTUAL + COLUMN8; // u32 event
export const ANOMALY_LIFETIME = ANOMALY_SEQ + COLUMN4; // u32, all ones = none
export const ANOMALY_OTHER = ANOMALY_LIFETIME + COLUMN4; // u32 other lifetime, all ones = none
export const ANOMALY_DEVICE = ANOMALY_OTHER + COLUMN4; // u16
export const ANOMALY_KIND = ANOMALY_DEVICE + COLUMN2; // u8 Anomaly
export const ANOMALY_AFTER_LOSS = ANOMALY_KIND + COLUMN1; // u8, 1: events were lost before it
export const ANOMALY_BYTES = ANOMALY_AFTER_LOSS + COLUMN1;

// ---------------------------------------------------------------------------------------------
// losses
// ---------------------------------------------------------------------------------------------
export const LOSS_FROM = 0; // i64 ts of the last event on that CPU before it, -1 = none
export const LOSS_TO = LOSS_FROM + COLUMN8; // i64 ts of the first event after it
export const LOSS_COUNT = LOSS_TO + COLUMN8; // u64, all ones = not told
export const LOSS_SEQ = LOSS_COUNT + COLUMN8; // u32 seq of the next event
export const LOSS_CPU = LOSS_SEQ + COLUMN4; // u16
export const LOSS_BYTES = LOSS_CPU + COLUMN2;

// ---------------------------------------------------------------------------------------------
// page_lifetimes: runs of neighbouring pages with one history
// ---------------------------------------------------------------------------------------------
export const PAGE_FIRST = 0; // u64 page number (address / page size)
export const PAGE_COUNT = PAGE_FIRST + COLUMN8; // u64 pages
export const PAGE_OPENED_TS = PAGE_COUNT + COLUMN8; // i64
export const PAGE_CLOSED_TS = PAGE_OPENED_TS + COLUMN8; // i64, -1 = open
export const PAGE_LIFETIME = PAGE_CLOSED_TS + COLUMN8; // u32, the mapping that opened it
export const PAGE_PEAK = PAGE_LIFETIME + COLUMN4; // u32, most mappings at once
export const PAGE_SPACE = PAGE_PEAK + COLUMN4; // u16 device (0: the iommu layer, which names none)
export const PAGE_LAYER = PAGE_SPACE + COLUMN2; // u8
export const PAGE_BYTES = PAGE_LAYER + COLUMN1;

// ---------------------------------------------------------------------------------------------
// siblings: one row a (layer, device, kind, direction): what its mappings have in common
// ---------------------------------------------------------------------------------------------
export const SIBLINGS_OPENED = 0; // u64 mappings opened (of a list each segment)
export const SIBLINGS_CLOSED = SIBLINGS_OPENED + COLUMN8; // u64 of these, closed
export const SIBLINGS_OLDER = SIBLINGS_CLOSED + COLUMN8; // u64 closed that were mapped before the capture (lists: once)
export const SIBLINGS_OPENED_BYTES = SIBLINGS_OLDER + COLUMN8; // u64
export const SIBLINGS_CLOSED_BYTES = SIBLINGS_OPENED_BYTES + COLUMN8; // u64
export const SIBLINGS_FIRST_TS = SIBLINGS_CLOSED_BYTES + COLUMN8; // i64 first open
export const SIBLINGS_LAST_TS = SIBLINGS_FIRST_TS + COLUMN8; // i64 last open or close
export const SIBLINGS_LONGEST = SIBLINGS_LAST_TS + COLUMN8; // i64 longest closed lifetime, clock units, -1 = none closed
export const SIBLINGS_MOST_PASSED = SIBLINGS_LONGEST + COLUMN8; // u32 most siblings closed while a closed one was open
export const SIBLINGS_DEVICE = SIBLINGS_MOST_PASSED + COLUMN4; // u16
export const SIBLINGS_LAYER = SIBLINGS_DEVICE + COLUMN2; // u8
export const SIBLINGS_KIND = SIBLINGS_LAYER + COLUMN1; // u8
export const SIBLINGS_DIR = SIBLINGS_KIND + COLUMN1; // u8
export const SIBLINGS_BYTES = SIBLINGS_DIR + COLUMN1;

// ---------------------------------------------------------------------------------------------
// invalidations: one row from begin to end (docs/lifetimes.md says what ends those that no event ends)
// ---------------------------------------------------------------------------------------------
export const INVALIDATION_BEGIN_TS = 0; // i64
export const INVALIDATION_END_TS = INVALIDATION_BEGIN_TS + COLUMN8; // i64, -1 = not seen
export const INVALIDATION_ADDR = INVALIDATION_END_TS + COLUMN8; // u64
export const INVALIDATION_LEN = INVALIDATION_ADDR + COLUMN8; // u64 bytes; all ones = everything
export const INVALIDATION_MM = INVALIDATION_LEN + COLUMN8; // u64, all ones = none (a dma-buf)
export const INVALIDATION_OBJECT = INVALIDATION_MM + COLUMN8; // u64 the dma-buf, all ones = none
export const INVALIDATION_ID = INVALIDATION_OBJECT + COLUMN8; // u32, from 0 in the order of beginning
export const INVALIDATION_BEGIN_SEQ = INVALIDATION_ID + COLUMN4; // u32
export const INVALIDATION_END_SEQ = INVALIDATION_BEGIN_SEQ + COLUMN4; // u32, all ones = not seen
export const INVALIDATION_TID = INVALIDATION_END_SEQ + COLUMN4; // i32
export const INVALIDATION_IMPORTS = INVALIDATION_TID + COLUMN4; // u32 live mappings that it touched when it began
export const INVALIDATION_OBEYED = INVALIDATION_IMPORTS + COLUMN4; // u32 mappings (and parts of mappings) closed in it
export const INVALIDATION_REMAINING = INVALIDATION_OBEYED + COLUMN4; // u32 that should have been and were not
export const INVALIDATION_LAYER = INVALIDATION_REMAINING + COLUMN4; // u8 Layer: import or dmabuf
export const INVALIDATION_CAUSE = INVALIDATION_LAYER + COLUMN1; // u8 enum mmu_notifier_event, all ones = not told
export const INVALIDATION_FLAGS = INVALIDATION_CAUSE + COLUMN1; // u8 INVALIDATION_FLAG_*
export const INVALIDATION_BYTES = INVALIDATION_FLAGS + COLUMN1;
export const INVALIDATION_FLAG_NON_BLOCKING = 1; // callbacks may not sleep: an importer may refuse
export const INVALIDATION_FLAG_INFERRED = 2; // no event tells its end: it is known from what came next

/** enum mmu_notifier_event (include/linux/mmu_notifier.h). */
export enum Cause {
  unmap = 0,
  clear = 1,
  protection_vma = 2,
  protection_page = 3,
  soft_dirty = 4,
  release = 5,
  migrate = 6,
  exclusive = 7,
}

/** Tables that live in the replay module's memory, by number (`tableRows`, `tableBlock`). */
export enum TableId {
  events = 0,
  extras = 1,
  lifetimes = 2,
  anomalies = 3,
  losses = 4,
  page_lifetimes = 5,
  siblings = 6,
  invalidations = 7,
}
export const TABLES = 8;

// extras: the further facts of events outside the layers dma and iommu
export const EXTRAS_BYTES = EXTRA_WORDS * COLUMN8; // four u64 columns: mm, object, value, other

// ---------------------------------------------------------------------------------------------
// the plan of a text scanner: the event dictionary as u32 words (traces/text-plan.ts writes, wasm/text/plan.ts reads)
//
//   plan  = entries, attribute names, entry × entries, attribute × attribute names
//   entry = type, flags, name, system, function, fields, field × fields
//   field = PlanColumn | (1 + the addr, len or phys that the same number feeds besides) << 16, PlanRead, required (0, 1), position, label     attribute = bits, name
//   a name, system, function or label is its length in bytes and the bytes, padded with zeros to whole words
// ---------------------------------------------------------------------------------------------

/** Where a field's value goes. */
export enum PlanColumn {
  addr = 0,
  len = 1,
  phys = 2,
  attrs = 3,
  device = 4,
  error = 5,
  dir = 6,
  mm = 7,
  object = 8,
  value = 9,
  other = 10,
  sg_phys = 11,
  sg_dma = 12,
  sg_len = 13,
  sg_nents = 14,
  sg_ents = 15,
  sg_truncated = 16,
}

/** How a field's text reads: the dictionary's text types, under their names. */
export enum PlanRead {
  hex = 0,
  dec = 1,
  auto = 2,
  dir = 3,
  attrs = 4,
  errno = 5,
  string = 6,
  list = 7,
  count = 8,
  flag = 9,
  null_is_error = 10,
}

/** Flags of a plan's entry: the labels are the binary field names (`options/fields`), numbers without text are absent. */
export const PLAN_FIELD_NAMES = 1;
/** The entry is a return probe's (its body starts "(caller <- function)"). */
export const PLAN_RETURN = 2;
/** Fields of one entry at most. */
export const PLAN_FIELDS_MAX = 31;

/** The tool that printed a text: what stands before the events differs, bodies hardly. */
export enum TextTool {
  ftrace = 0,
  perf_script = 1,
  trace_cmd_report = 2,
}

/** What a text scanner counts, in the order of its counters (wasm/text/counters.ts). */
export enum TextCounter {
  line_not_understood = 0,
  event_not_understood = 1,
  line_cut = 2,
  last_line_open = 3,
  line_too_long = 4,
  line_too_big = 5,
  list_too_long = 6,
  value_not_understood = 7,
  attribute_unknown = 8,
  user_stack = 9,
  stack_frame_stray = 10,
  device_unnumbered = 11,
  task_record = 12,
  line_joined = 13,
}
export const TEXT_COUNTERS = 14;
