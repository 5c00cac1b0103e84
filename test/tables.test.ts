/** The schema of the tables: it agrees with the memory layouts, and docs/tables.md agrees with it. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { namesOf } from '../analyzer/names.js';
import { STORED_TABLES, TABLES, tableOf } from '../analyzer/tables.js';
import { readViews } from '../analyzer/views.js';
import { tableDocs } from '../scripts/table-docs.js';
import { inPackage } from '../traces/package-root.js';
import * as schema from '../wasm/schema.js';

test('docs/tables.md is what the schema says (node dist/scripts/make-docs.js writes it)', () => {
  assert.is(readFileSync(inPackage('docs', 'tables.md'), 'utf8'), tableDocs());
});

test('names are unique, and words that SQL lets stand bare', () => {
  const names = [...TABLES, ...readViews()].map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const { name, columns } of TABLES) {
    assert.match(name, /^[a-z_]+$/);
    const columnNames = columns.map((column) => column.name);
    assert.is(new Set(columnNames).size, columnNames.length, name);
    for (const column of columns) {
      assert.match(column.name, /^[a-z0-9_]+$/);
      assert.match(column.doc, /^.+\.$/, `${name}.${column.name} has a doc of whole sentences`);
      if (/(_ts|^ts|duration)$/.test(column.name)) assert.is(column.unit, 'ns', `${name}.${column.name}`);
      if (column.null !== undefined) assert.match(column.null, /^[A-Z].*\.$/, `${name}.${column.name}`);
    }
  }
});

/** The columns of a block in `wasm/schema.ts`: their constants, without the one that is the block's size. */
function layout(prefix: string): Map<number, string> {
  const constants = Object.entries(schema) as [string, unknown][];
  const columns = constants.filter(
    ([name, value]) => name.startsWith(`${prefix}_`) && typeof value === 'number',
  );
  return new Map(
    columns
      .filter(([name]) => name !== `${prefix}_BYTES` && !name.startsWith(`${prefix}_FLAG_`))
      .map(([name, value]) => [value as number, name]),
  );
}

test('every column of the blocks is a column of its table, at its width', () => {
  const prefixes = {
    events: 'EVENT',
    lifetimes: 'LIFETIME',
    anomalies: 'ANOMALY',
    losses: 'LOSS',
    page_lifetimes: 'PAGE',
    siblings: 'SIBLINGS',
    invalidations: 'INVALIDATION',
  };
  for (const { name, columns } of STORED_TABLES) {
    const left = layout(prefixes[name as keyof typeof prefixes]);
    const starts = [
      ...left.keys(),
      (schema as unknown as Record<string, number>)[`${prefixes[name as keyof typeof prefixes]}_BYTES`]!,
    ].sort((a, b) => a - b);
    for (const { name: column, source } of columns) {
      if (!('at' in source)) continue;
      const end = starts[starts.indexOf(source.at) + 1]!;
      const bytes = 'bytes' in source ? source.bytes : ['row of', 'extra'].includes(source.from) ? 4 : 8;
      const width = Math.floor((end - source.at) / schema.ROWS);
      assert.is(width, bytes, `${name}.${column}`);
    }
    for (const { source } of columns) if ('at' in source) left.delete(source.at);
    assert.equal([...left.values()], [], name);
  }
});

test("the model's words", () => {
  const { members, codes } = namesOf({ captures: [], comms: [''], devices: [''], stacks: [], types: [] });
  assert.is(members.layer[codes.layer[schema.Layer.import_]!], 'import');
  assert.is(members.dir[codes.dir[schema.Dir.none]!], 'none');
  assert.is(codes.kind[schema.Kind.none], -1);
  assert.is(members.kind[codes.kind[schema.Kind.notifier]!], 'notifier');
  assert.is(members.anomaly[codes.anomaly[schema.Anomaly.before_capture]!], 'before_capture');
});

test('a table that does not exist', () => {
  assert.throws(() => tableOf('nope'), /no table is named nope/);
});

test.run();
