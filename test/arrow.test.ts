/** Arrow and DuckDB show the same tables, row by row; and Arrow does not copy what it need not. */
import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Analysis } from '../analyzer/analysis.js';
import { toArrow } from '../analyzer/arrow.js';
import { openDatabase } from '../analyzer/database.js';
import { TABLES } from '../analyzer/tables.js';
import { ROWS } from '../wasm/schema.js';
import { syntheticAnalysis } from './synthetic-analysis.js';

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

/** An Arrow value as DuckDB's client gives it. */
const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? [...(value as Iterable<unknown>)] : value;

async function compare(analysis: Analysis): Promise<void> {
  const database = await openDatabase(analysis);
  try {
    for (const { name, columns } of TABLES) {
      const rows = await database.query(`SELECT * FROM ${name}`);
      const table: Table = toArrow(analysis, name);
      assert.is(table.numRows, rows.length, name);
      assert.equal(
        table.schema.fields.map((field) => field.name),
        columns.map((column) => column.name),
      );
      for (const column of columns) {
        const vector = table.getChild(column.name)!;
        const differs = rows.findIndex(
          (row, index) => String(row[column.name]) !== String(plain(vector.get(index))),
        );
        assert.is(differs, -1, `${name}.${column.name}, row ${differs}`);
        const nulls = rows.filter((row) => row[column.name] === null).length;
        assert.is(vector.nullCount, nulls, `${name}.${column.name}: number of NULLs`);
      }
    }
  } finally {
    database.close();
  }
}

test('every table, several blocks and captures', async () => {
  const big = {
    events: ROWS + 3000,
    lifetimes: ROWS + 1,
    anomalies: 100,
    losses: 3,
    pages: 2100,
    extras: 500,
    siblings: 5,
    invalidations: 3,
  };
  await compare(syntheticAnalysis([big, { events: 0, lifetimes: 0 }, SMALL]).analysis);
});

test('everything absent', async () => {
  await compare(syntheticAnalysis([SMALL], { allAbsent: true }).analysis);
});

test('no rows', async () => {
  await compare({ captures: [], comms: [''], devices: [''], stacks: [], types: [] });
});

test('columns are views of the memory', () => {
  const { analysis } = syntheticAnalysis([SMALL]);
  const memory = analysis.captures[0]!.core.memory();
  const table = toArrow(analysis, 'lifetimes');
  for (const name of [
    'addr',
    'len',
    'opened_ts',
    'closed_ts',
    'device',
    'open_comm',
    'layer',
    'dir',
    'attrs',
    'syncs',
  ]) {
    assert.is(table.getChild(name)!.data[0]!.values.buffer, memory, name);
  }
});

test('a table survives the way through Arrow IPC', () => {
  const { analysis } = syntheticAnalysis([SMALL, SMALL]);
  for (const { name } of TABLES) {
    const table = toArrow(analysis, name);
    const read = tableFromIPC(tableToIPC(table));
    assert.is(read.numRows, table.numRows);
    assert.equal(String(read.get(1)), String(table.get(1)), name);
    assert.is(
      read.schema.fields[0]!.metadata.get('doc'),
      TABLES.find((one) => one.name === name)!.columns[0]!.doc,
    );
  }
});

test.run();
