/** The database: every table, row by row, against rows that were made without it; and the ways in which SQL can fail. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Analysis, CoreTables } from '../analyzer/analysis.js';
import { type Database, openDatabase, SqlError } from '../analyzer/database.js';
import { STORED_TABLES, TABLES } from '../analyzer/tables.js';
import { readViews } from '../analyzer/views.js';
import { ROWS, TableId } from '../wasm/schema.js';
import { type Expected, type Row, syntheticAnalysis } from './synthetic-analysis.js';

const SMALL = {
  events: 50,
  lifetimes: 40,
  anomalies: 30,
  losses: 20,
  pages: 10,
  extras: 5,
  siblings: 4,
  invalidations: 6,
};

async function withDatabase<T>(analysis: Analysis, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(analysis);
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

async function rowsOf(database: Database, sql: string, parameters?: (string | number)[]): Promise<Row[]> {
  return (await database.query(sql, parameters)) as Row[];
}

async function oneValue(database: Database, sql: string, parameters?: (string | number)[]): Promise<unknown> {
  return Object.values((await rowsOf(database, sql, parameters))[0]!)[0];
}

/** Which SQL failed, and how. */
async function failure(database: Database, sql: string): Promise<SqlError> {
  try {
    await database.query(sql);
  } catch (error) {
    assert.instance(error, SqlError);
    return error as SqlError;
  }
  throw new Error(`did not fail: ${sql}`);
}

async function compareAll(analysis: Analysis, expected: Expected): Promise<void> {
  await withDatabase(analysis, async (database) => {
    for (const { name, columns } of STORED_TABLES) {
      const rows = await rowsOf(database, `SELECT * FROM ${name}`);
      const truth = expected[name as keyof Expected];
      assert.is(rows.length, truth.length, name);
      for (const [index, row] of rows.entries()) assert.equal(row, truth[index], `${name}, row ${index}`);
      for (const column of columns) {
        const values = await rowsOf(database, `SELECT ${column.name} AS v FROM ${name}`);
        const differs = values.findIndex(({ v }, index) => v !== truth[index]![column.name]);
        assert.is(differs, -1, `${name}.${column.name} alone, row ${differs}`);
      }
    }
  });
}

test('all tables, several blocks and captures', async () => {
  const sizes = [
    {
      events: ROWS + 3000,
      lifetimes: ROWS + 1,
      anomalies: 100,
      losses: 3,
      pages: 2100,
      extras: 500,
      siblings: 9,
      invalidations: 70,
    },
    { events: 0, lifetimes: 0 },
    {
      events: 2049,
      lifetimes: 10,
      anomalies: 1,
      losses: 5,
      pages: 1,
      extras: 7,
      siblings: 2,
      invalidations: 3,
    },
  ];
  const { analysis, expected } = syntheticAnalysis(sizes);
  const wide = expected.events.filter(({ addr }) => typeof addr === 'bigint' && addr > 2n ** 63n);
  assert.ok(wide.length > 1000, 'addresses above 2^63 are among the rows');
  await compareAll(analysis, expected);
});

test('everything absent', async () => {
  const { analysis, expected } = syntheticAnalysis([SMALL], { allAbsent: true, pageSize: 65536 });
  assert.is(expected.lifetimes[0]!.device, null);
  assert.is(expected.lifetimes[0]!.closed_ts, null);
  await compareAll(analysis, expected);
});

test('no rows, no names, no captures', async () => {
  const none: Analysis = { captures: [], comms: [''], devices: [''], stacks: [], types: [] };
  for (const analysis of [
    none,
    { ...none, captures: syntheticAnalysis([{ events: 0, lifetimes: 0 }]).analysis.captures },
  ]) {
    await withDatabase(analysis, async (database) => {
      for (const { name } of [...TABLES, ...readViews().filter(({ kind }) => kind === 'view')]) {
        assert.is(
          await oneValue(database, `SELECT count(*) FROM ${name}`),
          BigInt(
            name === 'captures' || (analysis !== none && ['counters', 'event_counts'].includes(name))
              ? analysis === none
                ? 0
                : name === 'event_counts'
                  ? 3
                  : 1
              : 0,
          ),
          name,
        );
      }
      assert.is(
        await oneValue(database, "SELECT count(*) FROM lifetimes WHERE device = 'x' OR open_comm = 'y'"),
        0n,
      );
    });
  }
});

test('ids that name nothing are NULL, and never reach DuckDB', async () => {
  const { analysis } = syntheticAnalysis([SMALL]);
  const poor: Analysis = {
    ...analysis,
    devices: ['', 'only'],
    comms: [''],
    types: analysis.types.slice(0, 3),
  };
  await withDatabase(poor, async (database) => {
    const names = await rowsOf(database, 'SELECT DISTINCT device AS n FROM lifetimes ORDER BY n NULLS FIRST');
    assert.equal(names, [{ n: null }, { n: 'only' }]);
    assert.is(await oneValue(database, 'SELECT count(open_comm) FROM lifetimes'), 0n);
    assert.is(
      ((await oneValue(
        database,
        'SELECT count(*) FROM events WHERE event IS NULL AND op IS NULL',
      )) as bigint) > 0n,
      true,
    );
  });
});

test('more names than a byte, and than two bytes, can count', async () => {
  for (const count of [255, 256, 65535, 65536]) {
    const { analysis } = syntheticAnalysis([{ events: 20, lifetimes: 20 }]);
    const last = ['thread y', 'thread x', 'thread w'];
    const comms = ['', ...last, ...Array.from({ length: count - 3 }, (_, index) => `thread ${index}`)];
    await withDatabase({ ...analysis, comms }, async (database) => {
      const rows = await rowsOf(
        database,
        'SELECT DISTINCT open_comm AS c FROM lifetimes ORDER BY c DESC NULLS LAST',
      );
      assert.equal(
        rows.map(({ c }) => c),
        [...last, null],
        `${count} names`,
      );
    });
  }
});

test('COUNT(*), LIMIT, joins of two scans, a self-join, a filter', async () => {
  const { analysis, expected } = syntheticAnalysis([{ events: 40_000, lifetimes: 20_000 }, SMALL]);
  await withDatabase(analysis, async (database) => {
    assert.is(await oneValue(database, 'SELECT count(*) FROM events'), 40_050n);
    assert.is(
      await oneValue(database, 'SELECT count(*) FROM lifetimes WHERE closed_ts IS NULL'),
      BigInt(expected.lifetimes.filter(({ closed_ts }) => closed_ts === null).length),
    );
    assert.equal(
      (await rowsOf(database, 'SELECT seq FROM events LIMIT 3')).map(({ seq }) => seq),
      expected.events.slice(0, 3).map(({ seq }) => seq),
    );
    const seqs: Set<unknown> = new Set(expected.events.map(({ seq }) => seq));
    const ids: Set<unknown> = new Set(expected.lifetimes.map(({ id }) => id));
    const joined = await oneValue(
      database,
      'SELECT count(*) FROM lifetimes l JOIN events e ON e.seq = l.open_seq',
    );
    assert.is(joined, BigInt(expected.lifetimes.filter(({ open_seq }) => seqs.has(open_seq)).length));
    const groups = await oneValue(
      database,
      'SELECT count(*) FROM lifetimes a JOIN lifetimes b ON b.id = a.sg_group WHERE b.capture = a.capture',
    );
    assert.is(groups, BigInt(expected.lifetimes.filter(({ sg_group }) => ids.has(sg_group)).length));
  });
});

test('a name that the database does not know equals nothing, and fails nothing', async () => {
  const { analysis } = syntheticAnalysis([SMALL]);
  await withDatabase(analysis, async (database) => {
    for (const where of [
      "device = 'nope'",
      "layer = 'dmaa'",
      "device IN ('nope', 'nada')",
      "op = 'dma'",
      "kind LIKE 'nope%'",
    ]) {
      assert.is(
        await oneValue(
          database,
          `SELECT count(*) FROM lifetimes JOIN events USING (device, layer, kind) WHERE ${where}`,
        ),
        0n,
        where,
      );
    }
    assert.is(await oneValue(database, 'SELECT count(*) FROM events WHERE device = ?', ['nope']), 0n);
    assert.is(
      await oneValue(
        database,
        "SELECT count(*) FROM events WHERE coalesce(device, 'none') = 'none' AND device IS NOT NULL",
      ),
      0n,
    );
    assert.is(
      await oneValue(database, "SELECT count(*) FROM events WHERE device <> 'nope'"),
      await oneValue(database, 'SELECT count(device) FROM events'),
    );
    assert.is(
      await oneValue(database, "SELECT upper(device) FROM events WHERE device = 'eth0' LIMIT 1"),
      'ETH0',
    );
    assert.is(
      await oneValue(database, 'SELECT count(*) FROM events e SEMI JOIN devices d ON d.device = e.device'),
      await oneValue(database, 'SELECT count(device) FROM events'),
    );
  });
});

test('names sort as text', async () => {
  await withDatabase(syntheticAnalysis([SMALL]).analysis, async (database) => {
    const names = (
      await rowsOf(database, 'SELECT DISTINCT device AS d FROM lifetimes WHERE d IS NOT NULL ORDER BY d')
    ).map(({ d }) => d);
    assert.equal(names, [...names].sort());
    assert.is(names.length, 4);
  });
});

test('small tables', async () => {
  const { analysis, expected } = syntheticAnalysis([SMALL, SMALL]);
  await withDatabase(analysis, async (database) => {
    const [first, second] = await rowsOf(database, 'SELECT * FROM captures ORDER BY capture');
    assert.is(first!.file, 'capture-0.dat');
    assert.is(first!.events, 55n, 'events, also those without a row');
    assert.is(second!.lifetimes, 45n);
    assert.is(first!.kernel, null);
    assert.is(second!.last_ts, expected.events.at(-1)!.ts);
    const lost = (capture: number) =>
      expected.losses
        .filter((row) => row.capture === capture)
        .reduce((sum, { count }) => sum + ((count as bigint | null) ?? 0n), 0n);
    assert.is(first!.lost, lost(0));
    assert.is(second!.lost, lost(1));
    assert.is(await oneValue(database, 'SELECT notes[1] FROM captures'), "it's a note");
    assert.equal(await rowsOf(database, 'SELECT id, site, len(frames) AS n FROM stacks ORDER BY id'), [
      { id: 1, site: 'odd [mod]', n: 2n },
      { id: 2, site: null, n: 0n },
      { id: 3, site: 'f', n: 1n },
    ]);
    assert.equal(
      await rowsOf(database, 'SELECT event, known FROM event_counts WHERE capture = 0 ORDER BY event'),
      [
        { event: 'dma:dma_map_phys', known: true },
        { event: 'sched:sched_switch', known: false },
        { event: 'unmap', known: true },
      ],
    );
    assert.is(await oneValue(database, 'SELECT sum(count)::INTEGER FROM counters'), 6);
    assert.is(await oneValue(database, "SELECT id FROM devices WHERE device = 'eth0'"), 2);
  });
});

test('page lifetimes are computed when a query reads them, once', async () => {
  const { analysis, captures, expected } = syntheticAnalysis([SMALL, SMALL]);
  const preparations = () => captures.map((capture) => capture.preparations());
  await withDatabase(analysis, async (database) => {
    await database.query('DESCRIBE page_lifetimes');
    await database.query('EXPLAIN SELECT * FROM page_lifetimes');
    assert.equal(preparations(), [0, 0]);
    assert.is(await oneValue(database, 'SELECT count(*) FROM page_lifetimes a, page_lifetimes b'), 400n);
    assert.equal(preparations(), [1, 1]);
    const pages = expected.page_lifetimes.reduce((sum, row) => sum + (row.pages as bigint), 0n);
    assert.is(await oneValue(database, 'SELECT count(*) FROM pages'), pages);
    assert.equal(preparations(), [1, 1]);
  });
});

test('an error in a scan, and bad SQL, are errors with a place', async () => {
  const { analysis } = syntheticAnalysis([SMALL]);
  const capture = analysis.captures[0]!;
  let broken = false;
  const memory = () => {
    if (broken) throw new Error('the memory is gone');
    return capture.core.memory();
  };
  const detached = new ArrayBuffer(64);
  let small = false;
  const core = { ...capture.core, memory: () => (small ? detached : memory()) };
  await withDatabase({ ...analysis, captures: [{ ...capture, core }] }, async (database) => {
    broken = true;
    assert.match((await failure(database, 'SELECT * FROM events')).message, /the memory is gone/);
    broken = false;
    small = true;
    structuredClone(detached, { transfer: [detached] });
    for (const column of ['ts', 'tid', 'device', 'seq, len'])
      await failure(database, `SELECT ${column} FROM events`);
    small = false;
    assert.is(await oneValue(database, 'SELECT count(ts) FROM events'), 50n, 'the database goes on');
    const error = await failure(database, 'SELECT ts,\n  nocolumn FROM events');
    assert.is(error.kind, 'Binder Error');
    assert.match(error.message, /LINE 2: {3}nocolumn FROM events\n {10}\^/);
    assert.is((await failure(database, 'SELEC 1')).kind, 'Parser Error');
    assert.is((await failure(database, 'SELECT * FROM event')).kind, 'Catalog Error');
  });
});

test('rows of blocks that were not kept are no rows', async () => {
  const { analysis, expected } = syntheticAnalysis([{ events: 3 * ROWS + 100, lifetimes: ROWS + 10 }, SMALL]);
  const [first, second] = analysis.captures;
  const dropped = (table: TableId, index: number) =>
    (table === TableId.events && index !== 1) || (table === TableId.lifetimes && index === 1);
  const core: CoreTables = {
    ...first!.core,
    block: (table, index) => (dropped(table, index) ? 0 : first!.core.block(table, index)),
  };
  await withDatabase({ ...analysis, captures: [{ ...first!, core }, second!] }, async (database) => {
    const kept = (row: number) => (row >= ROWS && row < 2 * ROWS) || row >= 3 * ROWS + 100;
    const seqs = expected.events.filter((_, row) => kept(row)).map(({ seq }) => seq);
    assert.equal(
      (await rowsOf(database, 'SELECT seq FROM events')).map(({ seq }) => seq),
      seqs,
    );
    assert.is(await oneValue(database, 'SELECT count(*) FROM lifetimes'), BigInt(ROWS + 40));
  });
});

test('rows can be streamed', async () => {
  const { analysis } = syntheticAnalysis([{ events: 30_000, lifetimes: 1 }]);
  await withDatabase(analysis, async (database) => {
    const result = await database.stream('SELECT seq, device FROM events');
    let rows = 0;
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    )
      rows += chunk.rowCount;
    assert.is(rows, 30_000);
  });
});

test('the machine is out of reach', async () => {
  await withDatabase(syntheticAnalysis([SMALL]).analysis, async (database) => {
    for (const sql of [
      "SELECT * FROM read_text('package.json')",
      "COPY events TO 'x.csv'",
      "ATTACH 'x.db'",
      'INSTALL httpfs',
      "FROM glob('*')",
      'SET enable_external_access = true',
    ]) {
      assert.match((await failure(database, sql)).kind, /Permission Error|Invalid Input Error/, sql);
    }
  });
});

test('two connections read at the same time, and see the same', async () => {
  const { analysis, expected } = syntheticAnalysis([SMALL]);
  await withDatabase(analysis, async (database) => {
    const beside = await database.beside();
    const counted =
      'SELECT layer, count(*) AS n FROM events JOIN lifetimes USING (device, layer) GROUP BY layer ORDER BY layer';
    const [one, other] = await Promise.all([rowsOf(database, counted), rowsOf(beside, counted)]);
    assert.equal(one, other);
    await database.query('CREATE TABLE mine AS FROM lifetimes');
    assert.is(await oneValue(beside, 'SELECT count(*) FROM mine'), BigInt(expected.lifetimes.length));
    assert.is((await failure(beside, "SELECT * FROM read_text('/etc/hosts')")).kind, 'Permission Error');
  });
});

test('views and macros', async () => {
  const { analysis, expected } = syntheticAnalysis([{ ...SMALL, lifetimes: 500 }]);
  await withDatabase(analysis, async (database) => {
    const open = expected.lifetimes.filter(({ closed_ts }) => closed_ts === null);
    assert.is(await oneValue(database, 'SELECT count(*) FROM open_lifetimes'), BigInt(open.length));
    const last = expected.events.at(-1)!.ts as bigint;
    assert.is(
      await oneValue(database, `SELECT age FROM open_lifetimes WHERE id = ${open[0]!.id}`),
      last - (open[0]!.opened_ts as bigint),
    );
    assert.is(await oneValue(database, 'SELECT sum(mappings)::INTEGER FROM sites'), 500);
    assert.is(await oneValue(database, 'SELECT sum(open)::INTEGER FROM sites'), open.length);
    const left =
      'SELECT sum(bytes)::HUGEINT AS v FROM (SELECT bytes FROM live_bytes QUALIFY row_number() OVER (PARTITION BY capture, layer, device ORDER BY ts DESC) = 1)';
    assert.is(
      await oneValue(database, left),
      open.reduce((sum, { len }) => sum + ((len as bigint | null) ?? 0n), 0n),
    );
    const expressions: [string, unknown][] = [
      ['addr_hex(18446744073709551615::UBIGINT)', '0xffffffffffffffff'],
      ['addr_hex(NULL)', null],
      ['seconds(1500000000)', 1.5],
      ['ms(1500000)', 1.5],
      ['us(1500)', 1.5],
      ['bytes_text(4096::UBIGINT)', '4.0 KiB'],
      ['bytes_text(18446744073709551615::UBIGINT)', '18446744073709551615 bytes'],
      ['duration_text(812)', '812 ns'],
      ['duration_text(4210)', '4.21 µs'],
      ['duration_text(-12300000)', '-12.30 ms'],
      ['duration_text(59999999999)', '60.00 s'],
      ['duration_text(200000000000)', '3 min 20 s'],
      ['duration_text(7500000000000)', '2 h 5 min'],
      ["anomaly_text('direction_mismatch', 1::UBIGINT)", 'to_device'],
      ["anomaly_text('kind_mismatch', 3::UBIGINT)", 'coherent'],
      ["anomaly_text('device_mismatch', 2::UBIGINT)", 'eth0'],
      ["anomaly_text('size_mismatch', 512::UBIGINT)", '512 bytes'],
      ["anomaly_text('attrs_mismatch', 1024::UBIGINT)", '0x400'],
    ];
    for (const [sql, value] of expressions) assert.is(await oneValue(database, `SELECT ${sql}`), value, sql);
    assert.is(
      ((await oneValue(
        database,
        'SELECT count(*) FROM anomalies WHERE anomaly_text(kind, expected) IS NOT NULL',
      )) as bigint) > 0n,
      true,
    );
  });
});

test('every table, view and column has its docs in the database', async () => {
  await withDatabase(syntheticAnalysis([SMALL]).analysis, async (database) => {
    const mine = "NOT internal AND schema_name = 'main'";
    assert.equal(
      await rowsOf(
        database,
        `SELECT table_name, column_name FROM duckdb_columns() WHERE ${mine} AND comment IS NULL`,
      ),
      [],
    );
    assert.equal(
      await rowsOf(database, `SELECT view_name FROM duckdb_views() WHERE ${mine} AND comment IS NULL`),
      [],
    );
    assert.equal(
      await rowsOf(database, `SELECT table_name FROM duckdb_tables() WHERE ${mine} AND comment IS NULL`),
      [],
    );
    for (const view of readViews().filter(({ kind }) => kind === 'view')) {
      const columns = (await rowsOf(database, `SELECT column_name AS c FROM (DESCRIBE ${view.name})`)).map(
        ({ c }) => c,
      );
      assert.equal(
        columns,
        view.columns.map(({ name }) => name),
        view.name,
      );
    }
  });
});

test.run();
