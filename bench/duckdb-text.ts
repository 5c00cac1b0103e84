/**
 * The peer on ftrace text: DuckDB's own read_csv and regexp_extract, some fields of each line, counted by event.
 *
 * In: a path, and how many fields besides the event. Out, on stdout: `{ seconds, counts }` as JSON; the seconds are those of the query alone.
 */
import { DuckDBInstance } from '@duckdb/node-api';

/** What dmaspan's table of events has of these lines. Where it can, a pattern begins with literals, which RE2 finds fast. */
const FIELDS = {
  device: ': ([0-9a-z:.]+) dir=',
  dma_addr: 'dma_addr=([0-9a-f]+)',
  size: 'size=([0-9]+)',
  phys_addr: 'phys_addr=([0-9a-f]+)',
  dir: 'dir=([A-Z_]+)',
  ts: ' ([0-9]+[.][0-9]+): ',
  cpu: '[[]([0-9]+)[]]',
  tid: '-([0-9]+) ',
};

const [path, fields] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
// max() so that no field is left out as unused.
const columns = Object.entries(FIELDS)
  .slice(0, Number(fields))
  .map(([name, pattern]) => `max(regexp_extract(line, '${pattern}', 1)) AS ${name}`);
const SQL = `
  SELECT regexp_extract(line, ' ([a-z_]+): ', 1) AS event, count(*) AS n, ${columns.join(', ')}
  FROM read_csv('${path!.replaceAll("'", "''")}', columns = {'line': 'VARCHAR'}, header = false, delim = e'\\x01',
    quote = '', escape = '', auto_detect = false)
  WHERE NOT starts_with(line, '#')
  GROUP BY event`;
const begin = performance.now();
const rows = (await connection.runAndReadAll(SQL)).getRowsJS();
const seconds = (performance.now() - begin) / 1000;
console.log(
  JSON.stringify({ seconds, counts: Object.fromEntries(rows.map(([event, n]) => [event, Number(n)])) }),
);
