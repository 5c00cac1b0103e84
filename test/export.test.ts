/** What leaves for other tools: read back by readers that are not ours, and held against SQL. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Table, tableFromIPC } from 'apache-arrow';
import protobuf from 'protobufjs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analysisEvidence, type Evidence } from '../analyzer/evidence.js';
import { exportArrow } from '../analyzer/export/arrow.js';
import { ProtobufWriter } from '../analyzer/export/perfetto/protobuf.js';
import { TABLES } from '../analyzer/tables.js';
import { inPackage } from '../traces/package-root.js';
import { type DecodedEvent, PerfettoTrace } from './perfetto-trace.js';
import { syntheticAnalysis } from './synthetic-analysis.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-export-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const COMMAND = inPackage('dist', 'command', 'index.js');
const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const BUGGY = sample('buggy-driver', 'trace.dat');
const LEAK = sample('slow-leak', 'trace.txt.zst');

function ok(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
  assert.is(stderr, '', args.join(' '));
  assert.is.not(status, 2, args.join(' '));
  return stdout;
}

type Rows = Record<string, string | null>[];
const sql = (captures: string[], text: string): Rows =>
  JSON.parse(ok('sql', ...captures, '--format', 'json', text)) as Rows;

/** An Arrow value as DuckDB's client gives it. */
const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? [...(value as Iterable<unknown>)] : value;

async function compareArrow(evidence: Evidence, path: string): Promise<void> {
  await exportArrow(evidence, path, () => {});
  const database = await evidence.open();
  try {
    for (const { name, doc, columns } of TABLES) {
      const rows = await database.query(`SELECT * FROM ${name}`);
      const table: Table = tableFromIPC(readFileSync(join(path, `${name}.arrow`)));
      assert.is(table.numRows, rows.length, name);
      assert.is(table.schema.metadata.get('doc'), doc);
      for (const [index, column] of columns.entries()) {
        const field = table.schema.fields[index]!;
        assert.is(field.name, column.name);
        assert.is(field.metadata.get('doc'), column.doc);
        assert.is(field.metadata.get('unit'), column.unit);
        assert.is(field.metadata.get('null'), column.null);
        const vector = table.getChildAt(index)!;
        const values = [...vector];
        const differs = rows.findIndex(
          (row, number) => String(row[column.name]) !== String(plain(values[number])),
        );
        assert.is(differs, -1, `${name}.${column.name}, row ${differs}`);
        assert.is(vector.nullCount, rows.filter((row) => row[column.name] === null).length, column.name);
      }
    }
  } finally {
    database.close();
  }
  assert.equal(readdirSync(path).sort(), TABLES.map(({ name }) => `${name}.arrow`).sort());
}

test('arrow: every value, type and description; several batches and captures', async () => {
  const big = { events: 40_000, lifetimes: 500, losses: 3, pages: 60, extras: 500, siblings: 5 };
  const small = { events: 50, lifetimes: 40, anomalies: 30, losses: 2, invalidations: 6 };
  const { analysis } = syntheticAnalysis([big, { events: 0, lifetimes: 0 }, small]);
  await compareArrow(analysisEvidence(analysis), at('batches'));
  const events = tableFromIPC(readFileSync(join(at('batches'), 'events.arrow')));
  assert.ok(events.batches.length > 1, `${events.batches.length} batches`);
  assert.equal(
    ['ts', 'device', 'cpu', 'attrs', 'addr', 'mm', 'error', 'tid'].map((name) =>
      String(events.schema.fields.find((field) => field.name === name)!.type),
    ),
    ['Int64', 'Dictionary<Uint8, Utf8>', 'Uint16', 'Uint32', 'Uint64', 'Uint64', 'Int16', 'Int32'],
  );
});

test('arrow: everything absent, and nothing at all', async () => {
  const { analysis } = syntheticAnalysis([{ events: 50, lifetimes: 40 }], { allAbsent: true });
  await compareArrow(analysisEvidence(analysis), at('absent'));
  const none = { captures: [], comms: [''], devices: [''], stacks: [], types: [] };
  await compareArrow(analysisEvidence(none), at('none'));
});

test('arrow: the command, from a capture and from its store', () => {
  ok('export', BUGGY, '--to', 'arrow', '-o', at('arrow'));
  ok('ingest', BUGGY, '-o', at('buggy.duckdb'));
  ok('export', at('buggy.duckdb'), '--to', 'arrow', '-o', at('arrow-of-store'));
  for (const { name } of TABLES) {
    const read = (from: string): Buffer => readFileSync(join(at(from), `${name}.arrow`));
    assert.ok(read('arrow').equals(read('arrow-of-store')), name);
  }
  assert.is(tableFromIPC(readFileSync(join(at('arrow'), 'events.arrow'))).numRows, 2923);
});

test('protobuf: numbers and lengths of every size', () => {
  const writer = new ProtobufWriter();
  const numbers = [0, 1, 127, 128, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n];
  for (const number of numbers) writer.varint(1, number);
  writer.varint(1, -2n);
  const texts = [0, 1, 127, 128, 16_383, 16_384, 70_000].map((length) => 'ä'.repeat(length));
  for (const text of texts) writer.message(2, () => writer.message(3, () => writer.text(4, text)));
  const reader = protobuf.Reader.create(writer.take());
  for (const number of numbers) {
    assert.is(reader.uint32(), 8);
    assert.is(reader.uint64().toString(), String(number));
  }
  reader.uint32();
  assert.is(reader.int64().toString(), '-2');
  for (const text of texts) {
    assert.is(reader.uint32(), (2 << 3) | 2);
    const outer = reader.uint32() + reader.pos;
    assert.is(reader.uint32(), (3 << 3) | 2);
    const inner = reader.uint32() + reader.pos;
    assert.is(reader.uint32(), (4 << 3) | 2);
    assert.is(reader.string(), text);
    assert.equal([reader.pos, reader.pos], [inner, outer]);
  }
  assert.is(reader.pos, reader.len);
});

const MAPPED = `SELECT l.id, l.capture, coalesce(l.device::VARCHAR, 'no device known') AS device, l.layer::VARCHAR AS layer, l.addr, l.len,
    l.phys, l.kind::VARCHAR AS kind, l.dir::VARCHAR AS dir, s.site, l.open_comm::VARCHAR AS comm, l.open_tid AS tid,
    l.opened_ts, l.closed_ts, l.end_reason::VARCHAR AS end_reason
  FROM lifetimes l LEFT JOIN stacks s ON s.id = l.open_stack ORDER BY l.id`;

/** The slices of a trace by the lifetime that they tell of: every track's events nest, so an end belongs to the last begin. */
function slicesOf(trace: PerfettoTrace): Map<string, { begin: DecodedEvent; end?: DecodedEvent }> {
  const open = new Map<string, DecodedEvent>();
  const slices = new Map<string, { begin: DecodedEvent; end?: DecodedEvent }>();
  const last = new Map<string, bigint>();
  for (const event of trace.events.filter(({ type }) => type.startsWith('TYPE_SLICE'))) {
    const [above = ''] = trace.path(event.track).filter((name) => name.startsWith('capture '));
    assert.ok(event.ts >= (last.get(above) ?? 0n), 'not in time order');
    last.set(above, event.ts);
    if (event.type === 'TYPE_SLICE_BEGIN') {
      assert.not(open.has(event.track), 'a slice begins in another');
      open.set(event.track, event);
      slices.set(event.args.lifetime!, { begin: event });
    } else {
      const begin = open.get(event.track)!;
      assert.ok(event.ts >= begin.ts);
      slices.set(begin.args.lifetime!, { begin, end: event });
      open.delete(event.track);
    }
  }
  return slices;
}

for (const [name, captures, rows] of [
  ['buggy', [BUGGY], 1364],
  ['leak', [LEAK], undefined],
  ['two', [sample('overlap-iommu', 'trace.txt'), sample('rdma', 'trace.dat')], undefined],
] as const) {
  test(`perfetto: ${name}: slices, counters and findings are those of the tables`, () => {
    const file = at(`${name}.pftrace`);
    ok('export', ...captures, '--to', 'perfetto', '-o', file);
    const trace = new PerfettoTrace(file);
    const above = (capture: number): string[] =>
      captures.length === 1 ? [] : [`capture ${capture}: ${captures[capture]}`];

    const slices = slicesOf(trace);
    const lifetimes = sql([...captures], MAPPED);
    if (rows !== undefined) assert.is(lifetimes.length, rows);
    assert.is(slices.size, lifetimes.length);
    for (const { id, capture, device, layer, opened_ts, closed_ts, end_reason, ...args } of lifetimes) {
      const { begin, end } = slices.get(String(id))!;
      assert.equal(trace.path(begin.track), [...above(Number(capture)), device, `${layer} mappings`]);
      assert.is(begin.category, layer);
      assert.is(begin.name, args.site ?? args.kind ?? layer);
      assert.is(begin.ts, BigInt(opened_ts!));
      assert.is(end?.ts, closed_ts === null ? undefined : BigInt(closed_ts!));
      assert.is(end?.args.end_reason, closed_ts === null ? undefined : end_reason);
      const told = Object.entries(args).filter(([, value]) => value !== null);
      assert.equal(
        begin.args,
        Object.fromEntries([...told.map(([key, value]) => [key, String(value)]), ['lifetime', String(id)]]),
      );
    }

    const counters = trace.events
      .filter(({ type }) => type === 'TYPE_COUNTER')
      .map(({ track, ts, counter }) => `${trace.path(track).join(' | ')} ${ts} ${counter}`);
    const steps = sql(
      [...captures],
      "SELECT capture, layer::VARCHAR AS layer, coalesce(device::VARCHAR, 'no device known') AS device, ts, bytes::VARCHAR AS bytes FROM live_bytes",
    ).map(
      ({ capture, layer, device, ts, bytes }) =>
        `${[...above(Number(capture)), device, `${layer} live bytes`].join(' | ')} ${ts} ${bytes}`,
    );
    assert.equal(counters.sort(), steps.sort());

    const { findings } = JSON.parse(ok('report', ...captures, '--format', 'json')) as {
      findings: Record<string, string | number | null>[];
    };
    const instants = trace.events
      .filter(({ type }) => type === 'TYPE_INSTANT')
      .map(({ track, ts, name: rule, args }) => [trace.path(track), ts, rule, args.count, args.message]);
    assert.equal(
      instants.sort(),
      findings
        .map(({ capture, device, first_ts, rule, count, message }) => [
          [...above(Number(capture)), device ?? 'no device known'],
          BigInt(first_ts!),
          rule,
          count,
          message,
        ])
        .sort(),
    );
  });
}

test('perfetto: tracks have their parents and units', () => {
  const trace = new PerfettoTrace(at('buggy.pftrace'));
  const counters = [...trace.tracks.values()].filter(({ name }) => name.endsWith('live bytes'));
  assert.ok(counters.length > 2);
  for (const { counter } of counters) assert.is(counter?.unit, 'UNIT_SIZE_BYTES');
  const [lane] = [...trace.tracks.values()].filter(({ name }) => name === 'dma mappings');
  assert.is(lane!.counter, undefined);
});

test('perfetto: a store gives the same trace as its capture', () => {
  ok('export', at('buggy.duckdb'), '--to', 'perfetto', '-o', at('store.pftrace'));
  assert.ok(readFileSync(at('store.pftrace')).equals(readFileSync(at('buggy.pftrace'))));
});

test.run();
