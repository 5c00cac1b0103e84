/**
 * The picture of pages: address against time.
 *
 * In: the database with the table page_runs (page-runs.sql), a capture. Out: each address space, as rectangles when they
 * are few, else as a grid with the pages that were still mapped at the end drawn over it.
 */
import type { Queryable, Row } from '../../findings.js';
import { ask, type Values } from './ask.js';
import type { Grid, PageMap, Rectangle } from './picture-data.js';

/** As many runs can be told apart by eye, and each can be asked about. */
const MOST_RECTANGLES = 2500;
const MOST_OPEN = 1500;
const ROWS = 160;

export async function pageMaps(
  db: Queryable,
  capture: number,
  bins: number,
  spaces: number,
): Promise<PageMap[]> {
  const rows = await ask(db, 'page-spaces', { capture });
  const maps: PageMap[] = [];
  for (const row of rows.slice(0, spaces)) maps.push(await pageMap(db, capture, row, bins));
  return maps;
}

async function pageMap(db: Queryable, capture: number, space: Row, bins: number): Promise<PageMap> {
  const [layer, device, height] = [String(space.layer), String(space.device), Number(space.height)];
  const where = { capture, layer, device };
  const dense = Number(space.runs) > MOST_RECTANGLES;
  const sites: string[] = [];
  const rectangles = await ask(db, 'page-rectangles', {
    ...where,
    open_only: dense ? 1 : 0,
    most: dense ? MOST_OPEN : MOST_RECTANGLES,
  });
  return {
    layer,
    device,
    height,
    runs: Number(space.runs),
    places: Number(space.places),
    open: Number(space.open),
    openPages: Number(space.open_pages),
    lowest: hexOf(space.lowest),
    beyond: hexOf(space.beyond),
    rows: await rowAddresses(db, { ...where, height, rows: ROWS }),
    grid: dense ? await grid(db, { ...where, height, rows: ROWS, bins }) : null,
    rectangles: rectangles.map((row) => rectangleOf(row, sites)),
    sites,
  };
}

const hexOf = (address: unknown): string => BigInt(address as bigint).toString(16);

/** Three digits tell pixels apart. */
const rounded = (value: unknown): number => Math.round(Number(value) * 1000) / 1000;

function rectangleOf(row: Row, sites: string[]): Rectangle {
  const site = String(row.site);
  if (!sites.includes(site)) sites.push(site);
  return [
    rounded(row.y0),
    rounded(row.y1),
    hexOf(row.addr),
    Number(row.len),
    Number(row.opened),
    row.closed == null ? null : Number(row.closed),
    row.lifetime == null ? -1 : Number(row.lifetime),
    sites.indexOf(site),
  ];
}

async function rowAddresses(db: Queryable, values: Values): Promise<(string | null)[]> {
  const addresses: (string | null)[] = Array(ROWS).fill(null);
  for (const row of await ask(db, 'page-rows', values)) addresses[Number(row.row)] = hexOf(row.addr);
  return addresses;
}

/** Below this a cell's sum is what rounding left of nothing. */
const NOTHING = 1e-7;

/** Whatever was mapped, however shortly, is at least 1. */
const levelOf = (mapped: number): number =>
  mapped < NOTHING ? 0 : Math.max(1, Math.min(255, Math.round(mapped * 255)));

async function grid(db: Queryable, values: Values & { bins: number }): Promise<Grid> {
  const { bins } = values;
  const cells = new Uint8Array(ROWS * bins);
  let after = { row: -1, bin: 0, level: 0 };
  const fill = (row: number, until: number): void => {
    if (row >= 0) cells.fill(after.level, row * bins + after.bin, row * bins + until);
  };
  for (const cell of await ask(db, 'page-grid', values)) {
    const [row, bin] = [Number(cell.row), Number(cell.bin)];
    if (row >= ROWS) continue;
    if (row === after.row) fill(row, bin);
    else fill(after.row, bins);
    cells[row * bins + bin] = levelOf(Number(cell.mapped));
    after = { row, bin: bin + 1, level: levelOf(Number(cell.after)) };
  }
  fill(after.row, bins);
  return { rows: ROWS, bins, cells: Buffer.from(cells).toString('base64') };
}
