/**
 * A trace for Perfetto (https://ui.perfetto.dev): mappings as slices, findings as instants, live bytes as counters.
 *
 * In: evidence. Out: one file, in time order for each kind; docs/export-perfetto.md says what is in it.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { inPackage } from '../../traces/package-root.js';
import type { Database, Row } from '../database.js';
import type { Evidence } from '../evidence.js';
import type { Finding } from '../findings.js';
import { judge } from '../judge.js';
import type { Rule } from '../rules.js';
import type { OnStep } from '../store/write.js';
import { type Argument, PacketWriter } from './perfetto/packets.js';
import { type Place, Tracks } from './perfetto/tracks.js';

const STEPS = ['live bytes', 'mappings', 'findings'];

export async function exportPerfetto(
  evidence: Evidence,
  path: string,
  onStep: OnStep,
  rules: readonly Rule[],
): Promise<void> {
  const database = await evidence.open({ allowFiles: true, terse: true });
  const fd = openSync(path, 'wx');
  try {
    const captures = await database.query('SELECT file FROM captures ORDER BY capture');
    const packets = new PacketWriter(fd);
    const tracks = new Tracks(
      packets,
      captures.map(({ file }) => String(file)),
    );
    const step = (at: number): void => onStep(STEPS[at]!, at, STEPS.length);
    step(0);
    await writeLiveBytes(database, packets, tracks);
    step(1);
    await writeMappings(database, packets, tracks);
    step(2);
    await writeFindings(database, packets, tracks, rules);
    packets.end();
  } finally {
    closeSync(fd);
    database.close();
  }
}

/** The rows of a question in `perfetto/`, as they come. */
async function forEachRow(database: Database, question: string, visit: (row: Row) => void): Promise<void> {
  const sql = readFileSync(inPackage('analyzer', 'export', 'perfetto', `${question}.sql`), 'utf8');
  const result = await database.stream(sql);
  const names = result.columnNames();
  for (;;) {
    const chunk = await result.fetchChunk();
    const rows = chunk?.rowCount ?? 0;
    if (chunk === null || rows === 0) return;
    const vectors = names.map((_, at) => chunk.getColumnVector(at));
    const row: Row = {};
    for (let k = 0; k < rows; k++) {
      for (let at = 0; at < names.length; at++) row[names[at]!] = vectors[at]!.getItem(k) as Row[string];
      visit(row);
    }
  }
}

const placeOf = (row: Row): Place => ({
  capture: Number(row.capture),
  device: row.device as string | null,
  layer: String(row.layer),
});

async function writeLiveBytes(database: Database, packets: PacketWriter, tracks: Tracks): Promise<void> {
  await forEachRow(database, 'live-bytes', (row) =>
    packets.event({
      type: 'counter',
      track: tracks.counter(placeOf(row)),
      ts: row.ts as bigint,
      counter: row.bytes as bigint,
    }),
  );
}

const MAP = 1;

async function writeMappings(database: Database, packets: PacketWriter, tracks: Tracks): Promise<void> {
  const lanes = new Map<bigint, number>();
  await forEachRow(database, 'mapping-steps', (row) => {
    const id = row.id as bigint;
    const ts = row.ts as bigint;
    const place = placeOf(row);
    if (row.step === MAP) {
      const track = tracks.takeLane(place);
      lanes.set(id, track);
      const name = String(row.site ?? row.kind ?? row.layer);
      packets.event({ type: 'begin', track, ts, name, category: place.layer, args: mapArguments(row) });
    } else {
      const track = lanes.get(id)!;
      packets.event({ type: 'end', track, ts, args: [text('end_reason', row.end_reason)] });
      lanes.delete(id);
      tracks.giveLane(place, track);
    }
  });
}

type Value = Row[string] | undefined;

const text = (name: string, value: Value): Argument => ({
  name,
  kind: 'text',
  value: value == null ? null : String(value),
});
const number = (name: string, value: Value, kind: 'uint' | 'int' | 'pointer' = 'uint'): Argument => ({
  name,
  kind,
  value: value as bigint | number | null,
});

const mapArguments = (row: Row): Argument[] => [
  number('addr', row.addr, 'pointer'),
  number('len', row.len),
  text('kind', row.kind),
  text('dir', row.dir),
  text('site', row.site),
  number('phys', row.phys, 'pointer'),
  text('comm', row.open_comm),
  number('tid', row.open_tid, 'int'),
  number('lifetime', row.id),
];

async function writeFindings(
  database: Database,
  packets: PacketWriter,
  tracks: Tracks,
  rules: readonly Rule[],
): Promise<void> {
  const results = await judge(database, rules);
  const findings = results.flatMap((result) => result.findings);
  for (const finding of findings)
    packets.event({
      type: 'instant',
      track: tracks.device(finding),
      ts: finding.first_ts,
      name: finding.rule,
      category: 'finding',
      args: findingArguments(finding),
    });
}

const findingArguments = (finding: Finding): Argument[] => [
  text('severity', finding.severity),
  text('confidence', finding.confidence),
  text('message', finding.message),
  text('reason', finding.reason),
  number('count', finding.count),
  number('bytes', finding.bytes),
  text('kind', finding.kind),
  text('site', finding.site),
  text('close_site', finding.close_site),
  number('last_ts', finding.last_ts, 'int'),
  number('lifetime', finding.lifetime),
];
