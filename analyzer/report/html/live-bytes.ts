/**
 * The picture of live bytes over time.
 *
 * In: the database, a capture, a layer. Out: for each device, or call site, the highest and lowest level in each bin of time.
 */
import type { Queryable, Row } from '../../findings.js';
import { ask } from './ask.js';
import type { LiveBytes, LiveSeries } from './picture-data.js';

/** Lines of their own; what is left is one line together. */
const SERIES = 7;

export async function liveBytes(
  db: Queryable,
  capture: number,
  layer: string,
  by: 'device' | 'site',
  bins: number,
  begin: bigint,
): Promise<LiveBytes> {
  const rows = await ask(db, 'live-bytes', { capture, layer, by, bins, series: SERIES });
  const bySeries = new Map<number, Row[]>();
  for (const row of rows) {
    const series = Number(row.series);
    bySeries.set(series, [...(bySeries.get(series) ?? []), row]);
  }
  const series = [...bySeries].map(([number, changes]) => seriesOf(number, changes, bins, begin, by));
  // All together says nothing beside a single line.
  return { layer, by, series: series.length === 2 ? series.slice(1) : series };
}

const UNKNOWN = { device: 'device not told', site: 'no call site' } as const;

function nameOf(number: number, name: unknown, by: 'device' | 'site'): string {
  if (number === 0) return 'all together';
  if (number > SERIES) return by === 'device' ? 'other devices' : 'other call sites';
  return name === '' ? UNKNOWN[by] : String(name);
}

function seriesOf(
  number: number,
  changes: readonly Row[],
  bins: number,
  begin: bigint,
  by: 'device' | 'site',
): LiveSeries {
  const top = changes.reduce((best, row) => (Number(row.high) > Number(best.high) ? row : best));
  const end = changes[changes.length - 1]!;
  return {
    name: nameOf(number, changes[0]!.name, by),
    total: number === 0,
    ...levels(changes, bins),
    peak: Number(top.high),
    peakTs: Number(BigInt(top.high_ts as bigint) - begin),
    last: Number(end.last),
    lastMappings: Number(end.last_mappings),
    mostMappings: Math.max(...changes.map((row) => Number(row.most_mappings))),
  };
}

/** Where nothing changes, the level stays; a bin begins with the level of the one before. */
function levels(changes: readonly Row[], bins: number): { high: number[]; low: number[] } {
  const high: number[] = [];
  const low: number[] = [];
  let level = 0;
  let at = 0;
  for (let bin = 0; bin < bins; bin++) {
    const row = changes[at];
    if (row !== undefined && Number(row.bin) === bin) {
      high.push(Math.max(level, Number(row.high)));
      low.push(Math.min(level, Number(row.low)));
      level = Number(row.last);
      at++;
    } else {
      high.push(level);
      low.push(level);
    }
  }
  return { high, low };
}
