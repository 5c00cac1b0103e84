/**
 * The pictures of one capture, each with what it shows in words, and its numbers in a table.
 *
 * In: a report, what the pictures are drawn from, the database. Out: HTML in which the page's script draws.
 */
import type { Queryable } from '../../findings.js';
import type { Report } from '../report.js';
import { durationTables, evictionTables, liveTables, mapTables } from './alternatives.js';
import { ask } from './ask.js';
import { type Content, type Html, html } from './markup.js';
import type { CapturePictures } from './picture-data.js';
import { captureFacts, fileName } from './summary.js';
import { table } from './table.js';
import { countText, durationText, sizeText, spaceName } from './words.js';

const MOST_SITES = 200;

export async function captureSection(
  report: Report,
  pictures: CapturePictures,
  db: Queryable,
): Promise<Html> {
  const { id, unit } = pictures;
  const capture = report.captures[Number(id.replace('capture-', ''))]!;
  const sites = await ask(db, 'sites', { capture: Number(capture.capture), most: MOST_SITES });
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${fileName(capture)}</h2>
${captureFacts(capture)}
${figure(
  pictures,
  'live',
  'Live bytes',
  'What was mapped and not yet unmapped, as time went. Each line is the highest level in its slice of time, with the range within the slice shaded, so no peak is lost. Triangles mark the first instance of each finding.',
  liveTables(pictures),
)}
${figure(
  pictures,
  'pages',
  'Page map',
  'Address against time: each bar is a run of pages while it was mapped. Pages that were never mapped are left out; a run takes more height the more pages it has, on a logarithmic scale. What was still mapped at the end of the capture reaches the right edge, in red.',
  mapTables(pictures),
)}
${figure(
  pictures,
  'durations',
  'How long mappings live',
  'Mappings by their time from map to unmap, in powers of two. What was still mapped at the end is counted by its age then: red far to the right of everything else is what was forgotten, or what is meant to stay.',
  durationTables(pictures),
)}
${
  pictures.evictions.length > 0 &&
  figure(
    pictures,
    'evictions',
    'Evictions',
    'How long importers took, after an invalidation, to undo what they had mapped.',
    evictionTables(pictures),
  )
}
<section aria-labelledby="${id}-sites"><h3 id="${id}-sites">Who maps</h3>
${table(
  'Call sites, the most bytes left open first',
  SITES,
  sites.map((row) => [
    row.site === '' ? html`<span class="dim">no call stack</span>` : String(row.site),
    spaceName(String(row.layer), String(row.device)),
    String(row.kind),
    countText(row.mappings as bigint),
    sizeText(Number(row.bytes)),
    countText(row.open as bigint),
    sizeText(Number(row.open_bytes)),
    ...[row.half, row.most, row.longest].map((time) =>
      time == null ? '' : durationText(Number(time), unit),
    ),
  ]),
)}</section>
</section>
`;
}

const SITES = [
  { name: 'Call site' },
  { name: 'Device' },
  { name: 'Kind' },
  { name: 'Mappings', number: true },
  { name: 'Bytes', number: true },
  { name: 'Open at the end', number: true },
  { name: 'Bytes open', number: true },
  { name: 'Half live up to', number: true },
  { name: '99% up to', number: true },
  { name: 'Longest', number: true },
];

/** The script fills `.drawing` and shows it; without scripts the tables are what there is. */
function figure(
  { id }: CapturePictures,
  picture: string,
  title: string,
  words: string,
  tables: readonly Content[],
): Html {
  return html`<section aria-labelledby="${id}-${picture}"><h3 id="${id}-${picture}">${title}</h3>
<p id="${id}-${picture}-words">${words}</p>
<div class="drawing" data-picture="${picture}" data-capture="${id}" hidden></div>
<details class="numbers"><summary>${title}: the numbers as ${tables.length === 1 ? 'a table' : 'tables'}</summary>
${tables}</details></section>
`;
}
