/**
 * The pictures in tables, for who does not see them, and for who wants the numbers.
 *
 * In: what the pictures are drawn from. Out: HTML, a table a view.
 */
import { timeText } from '../layout.js';
import { type Html, html } from './markup.js';
import type { CapturePictures, Durations, LiveBytes, PageMap } from './picture-data.js';
import { table } from './table.js';
import { counted, countText, durationText, sizeText, spaceName } from './words.js';

const timeAt = ({ begin, unit }: CapturePictures, offset: number): string =>
  timeText(BigInt(begin) + BigInt(Math.round(offset)), unit);

export const liveTitle = ({ layer, by }: LiveBytes): string =>
  `${layer}, by ${by === 'device' ? 'device' : 'call site'}`;

const PEAKS = [
  { name: 'Who' },
  { name: 'Highest', number: true },
  { name: 'At', number: true },
  { name: 'Most mappings', number: true },
  { name: 'Live at the end', number: true },
  { name: 'Mappings at the end', number: true },
];

/** Time is cut into so many parts in the tables. */
const PARTS = 16;

export function liveTables(pictures: CapturePictures): Html[] {
  return pictures.liveBytes.map((live) => {
    const peaks = live.series.map((one) => [
      one.name,
      sizeText(one.peak),
      timeAt(pictures, one.peakTs),
      countText(one.mostMappings),
      sizeText(one.last),
      countText(one.lastMappings),
    ]);
    const bins = live.series[0]?.high.length ?? 0;
    const parts = Array.from({ length: PARTS }, (_, part) => {
      const [from, to] = [Math.floor((part * bins) / PARTS), Math.floor(((part + 1) * bins) / PARTS)];
      return [
        timeAt(pictures, (part * pictures.length) / PARTS),
        ...live.series.map((one) => sizeText(Math.max(...one.high.slice(from, to)))),
      ];
    });
    const columns = [
      { name: 'From', number: true },
      ...live.series.map(({ name }) => ({ name, number: true })),
    ];
    return html`${table(`Live bytes of ${liveTitle(live)}`, PEAKS, peaks)}${table(`Highest level of live bytes of ${liveTitle(live)}, in ${PARTS} equal parts of the capture`, columns, parts)}`;
  });
}

const RUNS = [
  { name: 'First address', number: true },
  { name: 'Bytes', number: true },
  { name: 'Mapped at', number: true },
  { name: 'Unmapped at', number: true },
  { name: 'Mapped for', number: true },
  { name: 'Lifetime', number: true },
  { name: 'Call site' },
];
const LONGEST = 25;

export function mapTables(pictures: CapturePictures): Html[] {
  return pictures.pageMaps.map((map) => {
    const rows = map.rectangles
      .slice(0, LONGEST)
      .map(([, , addr, bytes, opened, closed, lifetime, site]) => [
        `0x${addr}`,
        countText(bytes),
        timeAt(pictures, opened),
        closed === null ? 'still mapped' : timeAt(pictures, closed),
        durationText((closed ?? pictures.length) - opened, pictures.unit),
        lifetime < 0 ? '' : String(lifetime),
        map.sites[site] ?? '',
      ]);
    const which = map.grid === null ? 'The longest-lived' : 'The oldest still mapped at the end';
    return html`<p>${mapSummary(map)}</p>${table(`${which} runs of pages of ${spaceName(map.layer, map.device)}`, RUNS, rows)}`;
  });
}

export const mapSummary = (map: PageMap): string =>
  `${spaceName(map.layer, map.device)}: ${counted(map.runs, 'run')} of pages at ${counted(map.places, 'address')} between 0x${map.lowest} and 0x${map.beyond}; ${countText(map.open)} still mapped at the end (${counted(map.openPages, 'page')}).`.replace(
    'addresss',
    'addresses',
  );

/** "64 µs to 128 µs". */
export const binText = (power: number, unit: string): string =>
  `${durationText(2 ** power, unit)} to ${durationText(2 ** (power + 1), unit)}`;

export function durationTables({ durations, unit }: CapturePictures): Html[] {
  const columns = [
    { name: 'Lived' },
    { name: 'Unmapped', number: true },
    { name: 'Still mapped', number: true },
  ];
  return durations.map((one: Durations) =>
    table(
      `How long mappings of ${spaceName(one.layer, one.device)} lived`,
      columns,
      one.closed.map((closed, at) => [
        binText(one.first + at, unit),
        countText(closed),
        countText(one.open[at]!),
      ]),
    ),
  );
}

export function evictionTables({ evictions, unit }: CapturePictures): Html[] {
  const columns = [{ name: 'Undone after' }, { name: 'Mappings', number: true }];
  return evictions.map((one) =>
    table(`Evictions of ${one.name}`, columns, [
      ...one.done.map((count, at) => [binText(one.first + at, unit), countText(count)]),
      ['never', countText(one.never)],
    ]),
  );
}
