/** What a kind of picture is to its frame (frame.ts). */
import type uPlot from 'uplot';
import type { CapturePictures } from '../picture-data.js';
import type { Theme } from './theme.js';

/** One way to look at a picture: a layer, a device, a grouping. */
export interface View {
  readonly title: string;
  /** What the drawing shows, for who does not see it. */
  readonly label: string;
  readonly height: number;
  readonly legend: readonly LegendEntry[];
  options(theme: Theme): Omit<uPlot.Options, 'width' | 'height'>;
  readonly data: uPlot.AlignedData;
  /** What lies under the cursor, in words; '' where nothing does. */
  at(plot: uPlot, left: number, top: number): string;
  /** Whether the cursor moves up and down too. */
  readonly plane: boolean;
}

export interface LegendEntry {
  readonly name: string;
  colour(theme: Theme): string;
  /** The drawing's series that the entry shows and hides; absent where it only explains. */
  readonly series?: readonly number[];
}

export type Picture = (capture: CapturePictures) => readonly View[];

/** Time on the x axis: seconds on the capture's clock, or its ticks. */
export interface Clock {
  readonly begin: number;
  readonly end: number;
  /** From an offset to the axis. */
  at(offset: number): number;
  text(x: number): string;
}

export function clockOf({ begin, length, unit }: CapturePictures): Clock {
  const [scale, digits, name] = unit === 'ns' ? [1e9, 6, ' s'] : [1, 0, ' ticks'];
  const at = (offset: number): number => Number(begin) / scale + offset / scale;
  return { begin: at(0), end: at(length), at, text: (x) => `${x.toFixed(digits)}${name}` };
}

/** An axis of time, in the theme's colours. */
export const timeAxis = (theme: Theme, unit: string): uPlot.Axis => ({
  ...plainAxis(theme),
  size: 34,
  space: 90,
  values: (_plot, splits, _axis, _space, increment) => {
    const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(increment) + 1e-9)));
    return splits.map((value) => `${value.toFixed(digits)}${unit === 'ns' ? ' s' : ''}`);
  },
});

export const plainAxis = (theme: Theme): uPlot.Axis => ({
  stroke: theme.dim,
  font: theme.font,
  grid: { stroke: theme.line, width: 1 },
  ticks: { stroke: theme.line, width: 1, size: 5 },
});
