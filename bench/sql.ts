/**
 * The first query over ten million events: replayed with all rows kept, then one group-by, in place.
 *
 * In: the path of a text (one stream). Out, on stdout: `{ events, openSeconds, seconds, counted }` as JSON.
 */
import type { Analysis } from '../analyzer/analysis.js';
import { openDatabase } from '../analyzer/database.js';
import { createReplaying, recordBatches, shiftTimes, spanOf } from './recorded.js';

const ROWS_WANTED = 10_000_000;
const [path] = process.argv.slice(2);
const recorded = await recordBatches(path!, ROWS_WANTED);
const rounds = Math.ceil(ROWS_WANTED / recorded.events);
const shift = spanOf(recorded) + 1_000_000n;
const { core, names, feed } = await createReplaying(
  recorded,
  { events: true, lifetimes: false },
  rounds,
  () => shiftTimes(recorded, shift),
);
feed();
const { comms, devices, stacks } = names;
const analysis: Analysis = {
  captures: [
    {
      file: path!,
      info: { format: 'bench', clockUnit: 'ns', pageSize: 4096, notes: [] },
      core,
      counters: [],
      eventCounts: new Map(),
    },
  ],
  comms,
  devices,
  stacks,
  types: recorded.dictionary.entries.map(({ system, name, layer, op, kind, doc }) => ({
    name: system === undefined ? name : `${system}:${name}`,
    layer,
    op,
    kind,
    doc,
  })),
};
const opening = performance.now();
const database = await openDatabase(analysis);
const begin = performance.now();
const rows = await database.query(
  'SELECT event, device, count(*) AS n, sum(len) AS bytes FROM events GROUP BY event, device ORDER BY n DESC',
);
const end = performance.now();
console.log(
  JSON.stringify({
    events: core.events(),
    openSeconds: (begin - opening) / 1000,
    seconds: (end - begin) / 1000,
    counted: rows.reduce((sum, { n }) => sum + Number(n), 0),
  }),
);
database.close();
