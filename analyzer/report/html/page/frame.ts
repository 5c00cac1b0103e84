/**
 * What stands around every drawing: the choice of a view, the legend, the reading under the cursor, keys.
 *
 * In: an element of the page and the views of its picture. Out: a drawing that follows the width, the colours and the keyboard.
 */
import uPlot from 'uplot';
import { element } from './element.js';
import { cursorKeys, showAll } from './keys.js';
import type { View } from './picture.js';
import { currentTheme } from './theme.js';

export interface Frame {
  /** Draws again, in the colours and at the width of now. */
  redraw(width?: number): void;
}

export function frameOf(place: HTMLElement, views: readonly View[]): Frame {
  const canvas = element('div', { class: 'plot', tabindex: '0', role: 'group' });
  const reading = element('output', { class: 'reading' });
  const legend = element('ul', { class: 'legend', 'aria-label': 'Legend' });
  const reset = element('button', { type: 'button', class: 'reset', hidden: '' }, 'Whole capture');
  let view = views[0]!;
  let plot: uPlot | undefined;
  const hidden = new Set<number>();

  const draw = (width?: number): void => {
    plot?.destroy();
    const theme = currentTheme();
    const options = view.options(theme);
    plot = new uPlot(
      {
        ...options,
        width: width ?? Math.max(260, canvas.clientWidth),
        height: view.height,
        hooks: { ...options.hooks, setCursor: [read], setScale: [() => showReset()] },
      },
      view.data,
      canvas,
    );
    for (const series of hidden) plot.setSeries(series, { show: false });
    canvas.setAttribute(
      'aria-label',
      `${view.label} Arrow keys move the cursor, plus and minus zoom, Escape shows all.`,
    );
    drawLegend();
    read(plot);
  };

  const read = (now: uPlot): void => {
    const { left = -10, top = -10 } = now.cursor;
    reading.value = left < 0 ? HINT : view.at(now, left, top) || HINT;
  };

  const showReset = (): void => {
    reset.hidden = plot === undefined || !isZoomed(plot);
  };

  const drawLegend = (): void => {
    const theme = currentTheme();
    legend.replaceChildren(
      ...view.legend.map(({ name, colour, series }) => {
        const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
        swatch.style.background = colour(theme);
        if (series === undefined) return element('li', {}, swatch, name);
        const shown = !hidden.has(series[0]!);
        const button = element('button', { type: 'button', 'aria-pressed': String(shown) }, swatch, name);
        button.addEventListener('click', () => {
          for (const one of series) {
            if (shown) hidden.add(one);
            else hidden.delete(one);
            plot?.setSeries(one, { show: !shown });
          }
          drawLegend();
          legend.querySelectorAll('button')[view.legend.findIndex((entry) => entry.name === name)]?.focus();
        });
        return element('li', {}, button);
      }),
    );
  };

  const choose = (at: number): void => {
    view = views[at]!;
    hidden.clear();
    draw();
  };
  reset.addEventListener('click', () => {
    if (plot !== undefined) showAll(plot);
    canvas.focus();
  });
  cursorKeys(
    canvas,
    reading,
    () => plot,
    () => view.plane,
  );
  place.append(
    element('div', { class: 'controls' }, ...chooser(views, choose), legend, reset),
    canvas,
    reading,
  );
  place.hidden = false;
  draw();
  return { redraw: draw };
}

const HINT = 'Point at the picture, or focus it and use the arrow keys. Drag to zoom.';

function chooser(views: readonly View[], choose: (at: number) => void): HTMLElement[] {
  if (views.length < 2) return [];
  const select = element(
    'select',
    {},
    ...views.map(({ title }, at) => element('option', { value: String(at) }, title)),
  );
  select.addEventListener('change', () => choose(Number(select.value)));
  return [element('label', { class: 'view' }, 'Show ', select)];
}

function wholeOf({ data }: uPlot): [min: number, max: number] {
  const times = data[0];
  return [times[0] ?? 0, times[times.length - 1] ?? 1];
}

function isZoomed(plot: uPlot): boolean {
  const [min, max] = wholeOf(plot);
  const { min: from, max: to } = plot.scales.x!;
  const slack = (max - min) * 1e-6;
  return from != null && to != null && (from > min + slack || to < max - slack);
}
