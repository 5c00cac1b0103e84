/** What the page's pictures are drawn from: the JSON inside it. Times are in the clock's unit, from the capture's beginning. */

export interface PictureData {
  readonly captures: readonly CapturePictures[];
}

export interface CapturePictures {
  /** Prefix of the ids of its figures: "capture-0". */
  readonly id: string;
  /** Time of its first event, as a decimal string, and how long it is. */
  readonly begin: string;
  readonly length: number;
  readonly unit: string;
  readonly liveBytes: readonly LiveBytes[];
  readonly pageMaps: readonly PageMap[];
  readonly durations: readonly Durations[];
  readonly evictions: readonly Evictions[];
  readonly marks: readonly Mark[];
}

/** The first instance of a finding, to be marked in time. */
export interface Mark {
  readonly ts: number;
  readonly severity: string;
  readonly finding: number;
  readonly rule: string;
}

export interface LiveBytes {
  readonly layer: string;
  readonly by: 'device' | 'site';
  /** All together first, unless there is but one; then the highest peaks. */
  readonly series: readonly LiveSeries[];
}

export interface LiveSeries {
  readonly name: string;
  readonly total: boolean;
  /** Highest and lowest level in each bin of time, in bytes. */
  readonly high: readonly number[];
  readonly low: readonly number[];
  readonly peak: number;
  readonly peakTs: number;
  readonly last: number;
  readonly lastMappings: number;
  readonly mostMappings: number;
}

/** One address space: runs of pages as rectangles, or a grid of how much of a cell was mapped. */
export interface PageMap {
  readonly layer: string;
  readonly device: string;
  readonly height: number;
  readonly runs: number;
  readonly places: number;
  readonly open: number;
  readonly openPages: number;
  readonly lowest: string;
  readonly beyond: string;
  /** Lowest address of each row, in hex, from the bottom; null where none begins there. */
  readonly rows: readonly (string | null)[];
  readonly grid: Grid | null;
  /** All runs; with a grid only those that were still mapped at the end. */
  readonly rectangles: readonly Rectangle[];
  readonly sites: readonly string[];
}

export interface Grid {
  readonly rows: number;
  readonly bins: number;
  /** A byte a cell, row by row, base64: 0 nothing, 255 all of it mapped all the time. */
  readonly cells: string;
}

/** y0, y1, first address in hex, bytes, opened, closed (null: never), lifetime, index in `sites`. */
export type Rectangle = readonly [
  y0: number,
  y1: number,
  addr: string,
  bytes: number,
  opened: number,
  closed: number | null,
  lifetime: number,
  site: number,
];

export interface Durations {
  readonly layer: string;
  readonly device: string;
  /** Bin i counts from 2^(first + i) to twice that. */
  readonly first: number;
  readonly closed: readonly number[];
  readonly open: readonly number[];
}

/** How long importers took to undo their mappings after an invalidation. */
export interface Evictions {
  readonly name: string;
  readonly first: number;
  readonly done: readonly number[];
  readonly never: number;
}
