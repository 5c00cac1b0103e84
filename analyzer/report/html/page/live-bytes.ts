/** Draws live bytes over time: a line a device or call site, the range within each slice of time shaded. */
import uPlot from 'uplot';
import type { CapturePictures, LiveBytes, Mark } from '../picture-data.js';
import { sizeText } from '../words.js';
import { type Clock, clockOf, type Picture, plainAxis, timeAxis, type View } from './picture.js';
import type { Theme } from './theme.js';

const POWERS = Array.from({ length: 60 }, (_, power) => 2 ** power);

export const liveBytesPicture: Picture = (capture) => capture.liveBytes.map((live) => viewOf(capture, live));

function viewOf(capture: CapturePictures, live: LiveBytes): View {
  const clock = clockOf(capture);
  const bins = live.series[0]?.high.length ?? 0;
  const times = Array.from({ length: bins + 1 }, (_, bin) => clock.at((bin * capture.length) / bins));
  const title = `${live.layer}, by ${live.by === 'device' ? 'device' : 'call site'}`;
  return {
    title,
    label: `Live bytes of ${title}. ${live.series.map((one) => `${one.name}: at most ${sizeText(one.peak)}, ${sizeText(one.last)} at the end`).join('; ')}.`,
    height: 320,
    plane: false,
    legend: live.series.map((one, at) => ({
      name: one.name,
      colour: (theme) => colourOf(live, at, theme),
      series: [2 * at + 1, 2 * at + 2],
    })),
    data: [
      times,
      ...live.series.flatMap(({ high, low }) => [extended(high), extended(low)]),
    ] as uPlot.AlignedData,
    options: (theme) => options(capture, live, theme, clock),
    at: (plot) => readingOf(plot, live, clock),
  };
}

/** The last level holds until the capture's end. */
const extended = (levels: readonly number[]): number[] => [...levels, levels[levels.length - 1] ?? 0];

/** All together is ink; the others have colours of their own. */
const colourOf = (live: LiveBytes, at: number, theme: Theme): string =>
  live.series[0]?.total === true ? (at === 0 ? theme.dim : theme.series[at - 1]!) : theme.series[at]!;

function options(
  capture: CapturePictures,
  live: LiveBytes,
  theme: Theme,
  clock: Clock,
): Omit<uPlot.Options, 'width' | 'height'> {
  const stepped = uPlot.paths.stepped!({ align: 1 });
  return {
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.08)] } },
    axes: [
      timeAxis(theme, capture.unit),
      { ...plainAxis(theme), size: 74, incrs: POWERS, values: (_plot, splits) => splits.map(shortSize) },
    ],
    series: [
      {},
      ...live.series.flatMap((one, at): uPlot.Series[] => [
        {
          stroke: colourOf(live, at, theme),
          width: one.total ? 1 : 1.75,
          ...(one.total ? { dash: [4, 3] } : {}),
          paths: stepped,
          points: { show: false },
        },
        { stroke: 'transparent', paths: stepped, points: { show: false } },
      ]),
    ],
    bands: live.series.map((_one, at) => ({
      series: [2 * at + 1, 2 * at + 2],
      fill: `color-mix(in srgb, ${colourOf(live, at, theme)} 22%, transparent)`,
    })),
    hooks: { draw: [(plot) => drawMarks(plot, capture.marks, theme, clock)] },
  };
}

const shortSize = (bytes: number): string => {
  const unit = Math.min(5, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Number((bytes / 1024 ** unit).toFixed(1))} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][unit]!}`;
};

/** A triangle on the upper edge where a finding begins. */
function drawMarks(plot: uPlot, marks: readonly Mark[], theme: Theme, clock: Clock): void {
  const { ctx, bbox } = plot;
  const size = 5 * uPlot.pxRatio;
  ctx.save();
  for (const { ts, severity } of marks) {
    const x = plot.valToPos(clock.at(ts), 'x', true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.fillStyle = theme.severity[severity] ?? theme.ink;
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top - 2 * uPlot.pxRatio);
    ctx.lineTo(x + size, bbox.top - 2 * uPlot.pxRatio);
    ctx.lineTo(x, bbox.top + 1.5 * size);
    ctx.fill();
  }
  ctx.restore();
}

function readingOf(plot: uPlot, live: LiveBytes, clock: Clock): string {
  const at = plot.cursor.idx;
  if (at == null) return '';
  const bin = Math.min(at, (live.series[0]?.high.length ?? 1) - 1);
  const parts = live.series.map(({ name, high, low }) => {
    const [most, least] = [sizeText(high[bin] ?? 0), sizeText(low[bin] ?? 0)];
    return `${name}: ${most === least ? most : `${least} to ${most}`}`;
  });
  return `${clock.text(plot.data[0][at]!)}  ${parts.join('  ·  ')}`;
}
