/** The page's script: draws every picture of the report from the JSON in the page, and again when width, colours or medium change. */
import type { PictureData } from '../picture-data.js';
import { type Frame, frameOf } from './frame.js';
import { durationsPicture, evictionsPicture } from './histogram.js';
import { liveBytesPicture } from './live-bytes.js';
import { pageMapPicture } from './page-map.js';
import type { Picture } from './picture.js';

const PICTURES: Readonly<Record<string, Picture>> = {
  live: liveBytesPicture,
  pages: pageMapPicture,
  durations: durationsPicture,
  evictions: evictionsPicture,
};

/** Width of a drawing on paper. */
const PAPER = 680;

const { captures } = JSON.parse(document.getElementById('pictures')!.textContent!) as PictureData;
const frames: Frame[] = [];
for (const place of document.querySelectorAll<HTMLElement>('.drawing')) {
  const capture = captures.find(({ id }) => id === place.dataset.capture);
  const views = capture === undefined ? [] : (PICTURES[place.dataset.picture ?? '']?.(capture) ?? []);
  if (views.length > 0) {
    place.hidden = false; // it must have a width
    frames.push(frameOf(place, views));
  }
}

const redraw = (width?: number): void => {
  for (const frame of frames) frame.redraw(width);
};

let width = document.documentElement.clientWidth;
let waiting: number | undefined;
addEventListener('resize', () => {
  if (document.documentElement.clientWidth === width) return;
  width = document.documentElement.clientWidth;
  clearTimeout(waiting);
  waiting = setTimeout(() => redraw(), 150);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw());

addEventListener('beforeprint', () => {
  document.documentElement.dataset.print = '';
  for (const details of document.querySelectorAll<HTMLDetailsElement>('details.history')) details.open = true;
  redraw(PAPER);
});
addEventListener('afterprint', () => {
  delete document.documentElement.dataset.print;
  redraw();
});
