/**
 * The bench; docs/bench.md explains it, `--help` how to call it.
 *
 * In: real captures. Out: a table of times, ratios and targets; exit code 1 when row counts differ between two sides.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inPackage } from '../traces/package-root.js';
import { ORDERS } from './import-range.js';
import type { ImportsRound } from './imports.js';
import { type Counts, type Sources, sourcesIn, unpackTo } from './inputs.js';
import { inTurns, type Measured, run, runCommand, runNode } from './measure.js';
import { benchOptions } from './options.js';

const { parts, lab, size, rounds, gib, perf } = benchOptions(process.argv.slice(2));
const temp = mkdtempSync(join(tmpdir(), 'dmaspan-bench-'));
const big = join(temp, 'looped.txt');
const MEMORY_MOST = 1.5e9;
const IMPORTS_MEMORY_MOST = 1e9;
let loops = 0;
let failed = false;

function say(what: string, figure: string, target = '', met = true): void {
  const verdict = target === '' ? '' : `${target}: ${met ? 'met' : 'MISSED'}`;
  console.log(`| ${what.padEnd(46)} | ${figure.padEnd(34)} | ${verdict.padEnd(30)} |`);
}

function sameCounts(what: string, mine: Counts, theirs: Counts): void {
  const names = new Set([...mine.keys(), ...theirs.keys()]);
  const wrong = [...names].filter((name) => mine.get(name) !== theirs.get(name));
  if (wrong.length > 0) failed = true;
  const total = [...mine.values()].reduce((a, b) => a + b, 0);
  say(`rows: ${what}`, wrong.length === 0 ? `${total} events, all alike` : `DIFFERENT: ${wrong.join(', ')}`);
}

/** Events by name, without their system, as `dmaspan info` prints them: `       393611  dma:dma_map_phys`. */
async function countedByDmaspan(path: string): Promise<Counts> {
  const { out } = await runNode('command/index.js', ['info', path]);
  const counts = new Map<string, number>();
  for (const [, count, name] of out.matchAll(/^ +(\d+) {2}(?:\w+:)?(\w+)(?: \*)?$/gm)) {
    counts.set(name!, (counts.get(name!) ?? 0) + Number(count));
  }
  return counts;
}

const REPORT_CODES = [0, 1];
const report = (path: string) => (): Promise<Measured> => runCommand(['report', path], REPORT_CODES);
/** Short runs are repeated so many times as often. */
const SHORT = 3;
const speed = (path: string, seconds: number): string =>
  `${seconds.toFixed(2)} s, ${(statSync(path).size / 1e6 / seconds).toFixed(0)} MB/s`;
const times = (ratio: number): string => `${ratio.toFixed(1)} times`;

async function sayMemory(path: string): Promise<void> {
  const { bytes } = await runNode('command/index.js', ['report', path], REPORT_CODES);
  say('  its peak memory', `${(bytes! / 1e6).toFixed(0)} MB`, 'below 1.5 GB', bytes! < MEMORY_MOST);
}

async function makeText({ text }: Sources): Promise<void> {
  if (loops > 0) return;
  loops = Number((await runNode('bench/loop-text.js', [text, big, `${size}`])).out);
  say('input: ftrace text', `${(statSync(big).size / 1e6).toFixed(0)} MB, ${loops} loops`);
}

/** DuckDB over the text: the time of its query. */
const duckdbText = (fields: number) => async (): Promise<Measured> => {
  const measured = await runNode('bench/duckdb-text.js', [big, String(fields)]);
  return { ...measured, seconds: (JSON.parse(measured.out) as { seconds: number }).seconds };
};
const countedByDuckdb = ({ out }: Measured): Counts =>
  new Map(Object.entries((JSON.parse(out) as { counts: Record<string, number> }).counts));

async function benchText(sources: Sources): Promise<void> {
  await makeText(sources);
  const grepLines = () => run('grep', ['-c', 'dma_', big]);
  const [mine, full, few, grep] = await inTurns(rounds, report(big), duckdbText(8), duckdbText(3), grepLines);
  say('dmaspan report, ftrace text', speed(big, mine.seconds));
  await sayMemory(big);
  say('DuckDB regexp_extract, nine fields', speed(big, full.seconds));
  say('DuckDB regexp_extract, four fields', speed(big, few.seconds));
  say('grep -c dma_', speed(big, grep.seconds));
  const [faster, slower] = [full.seconds / mine.seconds, mine.seconds / grep.seconds];
  say('dmaspan against DuckDB, nine fields', `${times(faster)} as fast`, 'at least 8 (goal 10)', faster >= 8);
  say('dmaspan against DuckDB, four fields', `${times(few.seconds / mine.seconds)} as fast`);
  say('dmaspan against grep', `${times(slower)} as long`, 'at most 5 (goal 3)', slower <= 5);
  const looped = new Map([...sources.counts.text].map(([name, count]) => [name, count * loops]));
  const own = await countedByDmaspan(big);
  sameCounts('dmaspan and DuckDB', own, countedByDuckdb(full));
  sameCounts('dmaspan and the capture, times the loops', own, looped);
}

async function benchTraceDat({ traceDat, counts }: Sources): Promise<void> {
  if (traceDat === undefined) {
    say('trace.dat', 'skipped: needs --lab');
    return;
  }
  const traceCmd = () => run('sh', ['-c', 'trace-cmd report "$0" > /dev/null 2>&1', traceDat]);
  const isHere = await traceCmd().then(
    () => true,
    () => false,
  );
  const [mine, theirs] = await inTurns(SHORT * rounds, report(traceDat), ...(isHere ? [traceCmd] : []));
  say('dmaspan report, trace.dat', speed(traceDat, mine.seconds));
  await sayMemory(traceDat);
  if (theirs === undefined) say('trace-cmd report', 'skipped: trace-cmd is not here');
  else {
    const faster = theirs.seconds / mine.seconds;
    say('trace-cmd report > /dev/null', speed(traceDat, theirs.seconds));
    say('dmaspan against trace-cmd', `${times(faster)} as fast`, 'at least 5 (goal 10)', faster >= 5);
  }
  sameCounts('dmaspan and trace-cmd report', await countedByDmaspan(traceDat), counts.traceDat!);
}

async function benchPerfData({ perfData, counts }: Sources): Promise<void> {
  if (perfData === undefined) {
    say('perf.data', 'skipped: needs --lab');
    return;
  }
  const plain = join(temp, 'perf.data');
  await unpackTo(perfData, plain);
  // perf script goes on, and ends with 0, when it does not know the header's size: what it prints tells.
  const script = `${perf} script -f -i "$0"`;
  const printed = await run('sh', ['-c', `${script} 2> /dev/null | head -1`, plain]).catch(() => undefined);
  const perfScript = () => run('sh', ['-c', `${script} > /dev/null 2>&1`, plain]);
  const isRead = printed !== undefined && printed.out !== '';
  const [mine, theirs] = await inTurns(SHORT * rounds, report(plain), ...(isRead ? [perfScript] : []));
  say('dmaspan report, perf.data', speed(plain, mine.seconds));
  await sayMemory(plain);
  if (theirs === undefined) say('perf script', 'skipped: this perf does not read it');
  else {
    const faster = theirs.seconds / mine.seconds;
    say('perf script > /dev/null', speed(plain, theirs.seconds));
    say('dmaspan against perf', `${times(faster)} as fast`, 'at least 5 (goal 10)', faster >= 5);
  }
  sameCounts('dmaspan and perf script', await countedByDmaspan(plain), counts.perfData!);
}

async function benchStore(sources: Sources): Promise<void> {
  await makeText(sources);
  const store = join(temp, 'store.duckdb');
  const ingest = await runNode('command/index.js', ['ingest', big, '-o', store]);
  const [raw, kept] = await inTurns(rounds, report(big), report(store));
  say('dmaspan ingest, ftrace text', speed(big, ingest.seconds));
  say('dmaspan report, the text', `${raw.seconds.toFixed(2)} s`);
  say('dmaspan report, the store', `${kept.seconds.toFixed(2)} s`);
  const faster = raw.seconds / kept.seconds;
  say('the store against the text', `${times(faster)} as fast`, 'at least 5', faster >= 5);
  sameCounts('the store and the text', await countedByDmaspan(store), await countedByDmaspan(big));
  if (raw.out !== kept.out) failed = true;
  say('reports: the store and the text', raw.out === kept.out ? 'alike' : 'DIFFERENT');
  rmSync(store);
}

async function replayAlone(what: string, path: string, least: number): Promise<void> {
  const { out } = await runNode('bench/replay.js', [path, String(2 * rounds + 1)]);
  const fed = JSON.parse(out) as { events: number; rounds: { seconds: number; loading: number }[] };
  const middle = fed.rounds.sort((a, b) => a.seconds - b.seconds)[fed.rounds.length >> 1]!;
  const rate = (seconds: number) => fed.events / seconds / 1e6;
  const met = rate(middle.seconds) >= least;
  say(
    `replay alone, ${what}`,
    `${rate(middle.seconds).toFixed(1)} million events/s`,
    `at least ${least}`,
    met,
  );
  say('  with the copy of its input', `${rate(middle.seconds + middle.loading).toFixed(1)} million events/s`);
}

async function benchReplay(sources: Sources): Promise<void> {
  await makeText(sources);
  const { traceDat } = sources;
  await replayAlone('ftrace text, one stream', big, 25);
  if (traceDat !== undefined) await replayAlone('trace.dat, a stream a CPU', traceDat, 25);
}

/** Captures of importers, too small to measure once: looped. */
const IMPORTERS = ['hmm-mirror', 'rdma'] as const;
const IMPORTERS_BYTES = 150e6;

async function benchImporters(): Promise<void> {
  for (const name of IMPORTERS) {
    const once = inPackage('traces', 'samples', name, 'trace.txt.zst');
    const looped = join(temp, `${name}.txt`);
    const times = Number((await runNode('bench/loop-text.js', [once, looped, `${IMPORTERS_BYTES}`])).out);
    await replayAlone(`importers as recorded (${name})`, looped, 10);
    const counts = [...(await countedByDmaspan(once))].map(
      ([event, count]) => [event, count * times] as const,
    );
    sameCounts(`${name}, times the loops`, await countedByDmaspan(looped), new Map(counts));
    rmSync(looped);
  }
}

/** Rounds of made events; their rows are checked where they are made. */
async function importRounds(
  what: string,
  ...args: readonly string[]
): Promise<{ rounds: ImportsRound[]; bytes: number }> {
  const { out, bytes } = await runNode('bench/imports.js', args);
  const all = JSON.parse(out) as ImportsRound[];
  const wrong = [...new Set(all.flatMap((round) => round.wrong))];
  if (wrong.length > 0) failed = true;
  say(`rows: ${what}`, wrong.length === 0 ? `${all[0]!.events} events, as expected` : wrong.join(', '));
  return { rounds: all, bytes: bytes! };
}

async function benchMix(): Promise<void> {
  const what = 'imports of many processes';
  const mixed = await importRounds(what, 'mix', '2000000', String(2 * rounds + 1));
  const middle = mixed.rounds.sort((a, b) => a.seconds - b.seconds)[mixed.rounds.length >> 1]!;
  const rate = middle.events / middle.seconds / 1e6;
  say(`replay alone, ${what}`, `${rate.toFixed(1)} million events/s of CPU time`, 'at least 10', rate >= 10);
}

async function benchRange(order: string, gib: number, obeys: string): Promise<void> {
  const what = `${gib} GiB in 4 KiB steps, ${order}${obeys === 'obeys' ? '' : ', not obeyed'}`;
  const { rounds: ranged, bytes } = await importRounds(what, order, String(gib), obeys);
  const { seconds, events, quarters } = ranged[0]!;
  const slower = Math.max(...quarters) / quarters[0]!;
  say(what, `${seconds.toFixed(1)} s, ${((seconds * 1e9) / events).toFixed(0)} ns an event`);
  say('  its slowest quarter against the first', `${times(slower)} as long`, 'at most 2', slower <= 2);
  const below = bytes < IMPORTS_MEMORY_MOST;
  if (obeys === 'obeys') say('  its peak memory', `${(bytes / 1e6).toFixed(0)} MB`, 'below 1 GB', below);
  else say('  its peak memory', `${(bytes / 1e6).toFixed(0)} MB`);
}

async function benchImports(): Promise<void> {
  await benchImporters();
  await benchMix();
  for (const order of ORDERS) await benchRange(order, gib, 'obeys');
  await benchRange('forward', gib / 4, 'stays');
}

async function benchSql({ text }: Sources): Promise<void> {
  const { out } = await runNode('bench/sql.js', [text]);
  const { events, seconds, openSeconds, counted } = JSON.parse(out) as Record<string, number>;
  say(
    'first GROUP BY, with the database opened',
    `${(seconds! + openSeconds!).toFixed(2)} s, ${(events! / 1e6).toFixed(1)} million events`,
    'below 1 s',
    seconds! + openSeconds! < 1,
  );
  sameCounts('query and replay', new Map([['events', counted!]]), new Map([['events', events!]]));
}

const BENCHES = {
  text: benchText,
  'trace-dat': benchTraceDat,
  'perf-data': benchPerfData,
  store: benchStore,
  replay: benchReplay,
  imports: benchImports,
  sql: benchSql,
};
try {
  const sources = sourcesIn(lab);
  for (const part of parts) await BENCHES[part](sources);
} finally {
  rmSync(temp, { recursive: true });
}
process.exitCode = failed ? 1 : 0;
