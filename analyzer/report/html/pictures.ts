/**
 * All that the page's pictures are drawn from.
 *
 * In: a report and its database, with whole tables. Out: for each capture bins, rectangles and histograms, counted by SQL.
 */
import type { Finding, Queryable } from '../../findings.js';
import type { Report } from '../report.js';
import { ask, keep } from './ask.js';
import { durations } from './durations.js';
import { evictions } from './evictions.js';
import { liveBytes } from './live-bytes.js';
import { pageMaps } from './page-map.js';
import type { CapturePictures, LiveBytes, Mark, PictureData } from './picture-data.js';

/** How fine the pictures are: as fine as a screen for one capture, coarser for many, so that the page stays small. */
interface Fineness {
  readonly liveBins: number;
  readonly mapBins: number;
  readonly spaces: number;
}

const FINE: Fineness = { liveBins: 640, mapBins: 480, spaces: 8 };
const COARSE: Fineness = { liveBins: 240, mapBins: 200, spaces: 3 };
/** More captures than these are listed and judged, and have no pictures. */
export const MOST_CAPTURES = 12;

export async function pictureData(report: Report, db: Queryable): Promise<PictureData> {
  await keep(db, 'page-runs');
  const shown = report.captures.slice(0, MOST_CAPTURES);
  const fineness = shown.length <= 2 ? FINE : COARSE;
  const captures: CapturePictures[] = [];
  for (const row of shown) {
    if (row.first_ts == null) continue; // no event, no picture
    captures.push(await capturePictures(report, db, Number(row.capture), fineness));
  }
  return { captures };
}

async function capturePictures(
  report: Report,
  db: Queryable,
  capture: number,
  { liveBins, mapBins, spaces }: Fineness,
): Promise<CapturePictures> {
  const row = report.captures[capture]!;
  const begin = BigInt(row.first_ts as bigint);
  const live: LiveBytes[] = [];
  for (const { layer, with_site } of await ask(db, 'layers', { capture })) {
    live.push(await liveBytes(db, capture, String(layer), 'device', liveBins, begin));
    if (Number(with_site) > 0)
      live.push(await liveBytes(db, capture, String(layer), 'site', liveBins, begin));
  }
  return {
    id: `capture-${capture}`,
    begin: String(begin),
    length: Math.max(1, Number(BigInt(row.last_ts as bigint) - begin)),
    unit: String(row.clock_unit),
    liveBytes: live,
    pageMaps: await pageMaps(db, capture, mapBins, spaces),
    durations: await durations(db, capture),
    evictions: await evictions(db, capture),
    marks: report.findings.flatMap((finding, at) =>
      finding.capture === capture ? [mark(finding, at, begin)] : [],
    ),
  };
}

const mark = ({ first_ts, severity, rule }: Finding, finding: number, begin: bigint): Mark => ({
  ts: Number(first_ts - begin),
  severity,
  finding,
  rule,
});
