/** Draws how long things took, in powers of two: what ended, and over it what did not. */
import uPlot from 'uplot';
import type { CapturePictures } from '../picture-data.js';
import { countText, durationText, spaceName } from '../words.js';
import { type Picture, plainAxis, type View } from './picture.js';
import type { Theme } from './theme.js';

interface Histogram {
  readonly title: string;
  readonly first: number;
  readonly done: readonly number[];
  readonly open: readonly number[];
  readonly words: readonly [done: string, open: string];
}

export const durationsPicture: Picture = (capture) =>
  capture.durations.map(({ layer, device, first, closed, open }) =>
    viewOf(capture, {
      title: spaceName(layer, device),
      first,
      done: closed,
      open,
      words: ['unmapped', 'still mapped, by age'],
    }),
  );

export const evictionsPicture: Picture = (capture) =>
  capture.evictions.map(({ name, first, done, never }) =>
    viewOf(capture, {
      title: name,
      first,
      done: [...done, 0],
      open: [...done.map(() => 0), never],
      words: ['undone', 'never'],
    }),
  );

function viewOf({ unit }: CapturePictures, histogram: Histogram): View {
  const { first, done, open, title, words } = histogram;
  const bins = done.map((_count, at) => first + at);
  const sums = done.map((count, at) => count + open[at]!);
  const all = sums.reduce((sum, count) => sum + count, 0);
  return {
    title,
    label: `Histogram of ${countText(all)} mappings of ${title} by how long they lived.`,
    height: 260,
    plane: false,
    legend: words.map((name, at) => ({
      name,
      colour: (theme: Theme) => (at === 0 ? theme.accent : theme.open),
    })),
    data: [bins, sums],
    options: (theme) => options(histogram, unit, theme),
    at: (plot) => {
      const at = plot.cursor.idx;
      if (at == null) return '';
      const [from, to] = [durationText(2 ** bins[at]!, unit), durationText(2 ** (bins[at]! + 1), unit)];
      return `${from} to ${to}:  ${countText(done[at]!)} ${words[0]}  ·  ${countText(open[at]!)} ${words[1]}`;
    },
  };
}

function options(histogram: Histogram, unit: string, theme: Theme): Omit<uPlot.Options, 'width' | 'height'> {
  const last = histogram.first + histogram.done.length - 1;
  return {
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => [histogram.first - 0.5, last + 0.5] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.12)] },
    },
    axes: [
      {
        ...plainAxis(theme),
        grid: { show: false },
        size: 34,
        space: 64,
        incrs: [1, 2, 4, 8],
        // A label stands where its power of two is: at the left edge of its bar.
        splits: (_plot, _axis, _min, _max, increment) =>
          histogram.done.flatMap((_count, at) => (at % increment === 0 ? [histogram.first + at - 0.5] : [])),
        values: (_plot, splits) => splits.map((edge) => durationText(2 ** Math.round(edge + 0.5), unit)),
      },
      { ...plainAxis(theme), size: 74, incrs: COUNTS, values: (_plot, splits) => splits.map(countText) },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [(plot) => drawBars(plot, histogram, theme)] },
  };
}

const COUNTS = Array.from({ length: 40 }, (_, at) => [1, 2, 5][at % 3]! * 10 ** Math.floor(at / 3));

/** The least height of a bar: one among a million can be the leak. */
const LEAST = 3;

function drawBars(plot: uPlot, { first, done, open }: Histogram, theme: Theme): void {
  const { ctx } = plot;
  const base = plot.valToPos(0, 'y', true);
  ctx.save();
  for (let at = 0; at < done.length; at++) {
    const left = plot.valToPos(first + at - 0.5, 'x', true) + uPlot.pxRatio;
    const width = plot.valToPos(first + at + 0.5, 'x', true) - uPlot.pxRatio - left;
    let bottom = base;
    for (const [count, colour] of [
      [done[at]!, theme.accent],
      [open[at]!, theme.open],
    ] as const) {
      if (count === 0) continue;
      const height = Math.max(LEAST * uPlot.pxRatio, base - plot.valToPos(count, 'y', true));
      ctx.fillStyle = colour;
      ctx.fillRect(left, bottom - height, width, height);
      bottom -= height + uPlot.pxRatio;
    }
  }
  ctx.restore();
}
