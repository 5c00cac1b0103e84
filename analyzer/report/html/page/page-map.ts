/** Draws a page map: rectangles, or a grid of cells with what was still mapped at the end over it. */
import uPlot from 'uplot';
import type { CapturePictures, Grid, PageMap, Rectangle } from '../picture-data.js';
import { durationText, sizeText, spaceName } from '../words.js';
import { type Clock, clockOf, type Picture, plainAxis, timeAxis, type View } from './picture.js';
import type { Theme } from './theme.js';

export const pageMapPicture: Picture = (capture) => capture.pageMaps.map((map) => viewOf(capture, map));

function viewOf(capture: CapturePictures, map: PageMap): View {
  const clock = clockOf(capture);
  const cells = map.grid === null ? null : cellsOf(map.grid);
  return {
    title: spaceName(map.layer, map.device),
    label: `Page map of ${spaceName(map.layer, map.device)}: ${map.runs} runs of pages, ${map.open} still mapped at the end.`,
    height: 420,
    plane: true,
    legend: [
      {
        name: map.grid === null ? 'mapped' : 'mapped (the darker, the more of it)',
        colour: (theme) => theme.accent,
      },
      { name: 'still mapped at the end', colour: (theme) => theme.open },
    ],
    data: [
      [clock.begin, clock.end],
      [0, map.height],
    ],
    options: (theme) => options(capture, map, cells, theme, clock),
    at: (plot, left, top) => readingOf(plot, map, cells, capture, clock, left, top),
  };
}

function cellsOf({ cells }: Grid): Uint8Array {
  return Uint8Array.from(atob(cells), (one) => one.charCodeAt(0));
}

function options(
  capture: CapturePictures,
  map: PageMap,
  cells: Uint8Array | null,
  theme: Theme,
  clock: Clock,
): Omit<uPlot.Options, 'width' | 'height'> {
  const image = map.grid === null || cells === null ? null : imageOf(map.grid, cells, theme);
  return {
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: true, y: true, uni: 24 } },
    scales: { x: { time: false, range: zoomable }, y: { range: zoomable } },
    axes: [
      timeAxis(theme, capture.unit),
      {
        ...plainAxis(theme),
        size: 104,
        splits: (_plot, _axis, min, max) => splitsOf(map, min, max),
        values: (_plot, splits) => splits.map((y) => addressAt(map, y)),
      },
    ],
    series: [{}, { stroke: 'transparent', points: { show: false } }],
    hooks: {
      drawAxes: [
        (plot) => {
          if (image !== null) drawImage(plot, image, map, clock);
          drawRectangles(plot, map, theme, clock);
        },
      ],
    },
  };
}

const zoomable = (_plot: uPlot, min: number, max: number): [number, number] => [
  min,
  Math.max(max, min + 1e-9),
];

/** The lowest address at a height: that of its row, or of the next below that begins one. */
function addressAt({ rows, height }: PageMap, y: number): string {
  let row = Math.max(0, Math.min(rows.length - 1, Math.floor((y / height) * rows.length + 1e-6)));
  while (row > 0 && rows[row] === null) row--;
  const address = rows[row];
  return address == null ? '' : `0x${address}`;
}

/** About six rows that have an address. */
function splitsOf({ rows, height }: PageMap, min: number, max: number): number[] {
  const splits: number[] = [];
  const step = (max - min) / 6;
  let last = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows.length; row++) {
    const y = (row / rows.length) * height;
    if (rows[row] === null || y < min || y > max || y - last < step) continue;
    splits.push(y);
    last = y;
  }
  return splits;
}

/** A pixel a cell; the upper row is the highest address. */
function imageOf({ rows, bins }: Grid, cells: Uint8Array, theme: Theme): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [bins, rows];
  const context = canvas.getContext('2d')!;
  context.fillStyle = theme.accent;
  for (let row = 0; row < rows; row++) {
    for (let bin = 0; bin < bins; bin++) {
      const level = cells[row * bins + bin]!;
      if (level === 0) continue;
      context.globalAlpha = 0.18 + 0.82 * Math.sqrt(level / 255);
      context.fillRect(bin, rows - 1 - row, 1, 1);
    }
  }
  return canvas;
}

function drawImage(plot: uPlot, image: HTMLCanvasElement, map: PageMap, clock: Clock): void {
  const { ctx } = plot;
  const [left, right] = [clock.begin, clock.end].map((x) => plot.valToPos(x, 'x', true)) as [number, number];
  const [bottom, top] = [0, map.height].map((y) => plot.valToPos(y, 'y', true)) as [number, number];
  clipped(plot, () => {
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(image, left, top, right - left, bottom - top);
  });
}

/** Edges lie between pixels, so that colours stay whole; neighbours are kept apart where they are high enough for it. */
function drawRectangles(plot: uPlot, map: PageMap, theme: Theme, clock: Clock): void {
  const { ctx } = plot;
  const pixel = (value: number, scale: string): number => Math.round(plot.valToPos(value, scale, true));
  clipped(plot, () => {
    for (const [y0, y1, , , opened, closed] of map.rectangles) {
      const [left, right] = [
        pixel(clock.at(opened), 'x'),
        pixel(closed === null ? clock.end : clock.at(closed), 'x'),
      ];
      const [bottom, top] = [pixel(y0, 'y'), pixel(y1, 'y')];
      const gap = bottom - top >= 4 * uPlot.pxRatio ? 1 : 0;
      ctx.fillStyle = closed === null ? theme.open : theme.accent;
      ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top - gap));
    }
  });
}

function clipped({ ctx, bbox }: uPlot, draw: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

function readingOf(
  plot: uPlot,
  map: PageMap,
  cells: Uint8Array | null,
  capture: CapturePictures,
  clock: Clock,
  left: number,
  top: number,
): string {
  const [x, y] = [plot.posToVal(left, 'x'), plot.posToVal(top, 'y')];
  if (y < 0 || y > map.height) return '';
  const hit = map.rectangles.find(
    ([y0, y1, , , opened, closed]) =>
      y >= y0 && y < y1 && x >= clock.at(opened) && (closed === null || x <= clock.at(closed)),
  );
  if (hit !== undefined) return `${clock.text(x)}  ${rectangleText(hit, map, capture, clock)}`;
  const share =
    cells === null || map.grid === null
      ? 0
      : shareAt(map, map.grid, cells, (x - clock.begin) / (clock.end - clock.begin), y);
  return `${clock.text(x)}  ${addressAt(map, y)}  ${share > 0 ? `${share} % mapped in this cell` : 'not mapped'}`;
}

function shareAt(map: PageMap, { rows, bins }: Grid, cells: Uint8Array, part: number, y: number): number {
  const bin = Math.max(0, Math.min(bins - 1, Math.floor(part * bins)));
  const row = Math.max(0, Math.min(rows - 1, Math.floor((y / map.height) * rows)));
  const level = cells[row * bins + bin]!;
  return level === 0 ? 0 : Math.max(1, Math.round((level / 255) * 100));
}

function rectangleText(
  [, , addr, bytes, opened, closed, lifetime, site]: Rectangle,
  map: PageMap,
  { length, unit }: CapturePictures,
  clock: Clock,
): string {
  const lived =
    closed === null
      ? `mapped at ${clock.text(clock.at(opened))} and still, for ${durationText(length - opened, unit)}`
      : `mapped for ${durationText(closed - opened, unit)}`;
  const who = map.sites[site] ?? '';
  return `0x${addr}, ${sizeText(bytes)}, ${lived}${who === '' ? '' : `, by ${who}`}${lifetime < 0 ? '' : ` (lifetime ${lifetime})`}`;
}
