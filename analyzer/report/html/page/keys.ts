/**
 * A drawing by keyboard.
 *
 * In: keys on the focused drawing. Out: its cursor moves, the reading is spoken; plus and minus zoom around the cursor, Escape shows all.
 */
import type uPlot from 'uplot';

/** The cursor moves by so much of the width; with Shift ten times as far. */
const STEP = 1 / 100;

const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function cursorKeys(
  place: HTMLElement,
  reading: HTMLElement,
  plotNow: () => uPlot | undefined,
  isPlane: () => boolean,
): void {
  // The mouse would have every pixel spoken.
  place.addEventListener('keydown', (event) => {
    const plot = plotNow();
    if (plot === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    reading.setAttribute('aria-live', 'polite');
    if (act(plot, event.key, event.shiftKey, isPlane())) event.preventDefault();
  });
  place.addEventListener('pointermove', () => reading.setAttribute('aria-live', 'off'));
}

function act(plot: uPlot, key: string, far: boolean, plane: boolean): boolean {
  const move = MOVES[key];
  if (move !== undefined) {
    if (move[1] !== 0 && !plane) return false;
    moveCursor(plot, move, far ? 10 : 1);
    return true;
  }
  if (key === '+' || key === '=') zoom(plot, 0.5);
  else if (key === '-') zoom(plot, 2);
  else if (key === 'Escape' || key === '0') showAll(plot);
  else if (key === 'Home' || key === 'End') moveCursor(plot, [key === 'Home' ? -1 : 1, 0], 1 / STEP);
  else return false;
  return true;
}

function moveCursor(plot: uPlot, [x, y]: readonly [number, number], times: number): void {
  const { width, height } = plot.over.getBoundingClientRect();
  const { left = -10, top = -10 } = plot.cursor;
  const from = left < 0 ? { left: x > 0 ? 0 : width - 1, top: height / 2 } : { left, top: Math.max(0, top) };
  const within = (value: number, size: number): number => Math.max(0, Math.min(size - 1, value));
  plot.setCursor({
    left: within(from.left + x * times * STEP * width, width),
    top: within(from.top + y * times * STEP * height, height),
  });
}

function zoom(plot: uPlot, factor: number): void {
  const { min, max } = plot.scales.x!;
  if (min == null || max == null) return;
  const times = plot.data[0];
  const [first, last] = [times[0]!, times[times.length - 1]!];
  const { left = -10 } = plot.cursor;
  const centre = left < 0 ? (min + max) / 2 : plot.posToVal(left, 'x');
  const half = ((max - min) * factor) / 2;
  plot.setScale('x', { min: Math.max(first, centre - half), max: Math.min(last, centre + half) });
}

/** Takes a zoom back. */
export function showAll(plot: uPlot): void {
  plot.setData(plot.data, true);
}
