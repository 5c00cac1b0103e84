/** Views, macros and tables that are made when a statement first names them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onDemand } from '../analyzer/on-demand.js';

const DEFINITIONS = [
  { name: 'ms', isMacro: true, sql: 'CREATE MACRO ms(x) AS x / 1e6' },
  { name: 'slow', isMacro: false, sql: 'CREATE VIEW slow AS SELECT ms(age) FROM old' },
  { name: 'old', isMacro: false, sql: 'CREATE TABLE old AS SELECT 1 AS age' },
];

async function made(...statements: string[]): Promise<string[]> {
  const ran: string[] = [];
  const ensure = onDemand(DEFINITIONS, async (sql) => {
    ran.push(/(?:MACRO|VIEW|TABLE) (\w+)/.exec(sql)![1]!);
  });
  for (const sql of statements) await ensure(sql);
  return ran;
}

test('what a statement names is made, with what that names, each once', async () => {
  assert.equal(await made('SELECT 1'), []);
  assert.equal(await made('SELECT * FROM old', 'SELECT * FROM OLD'), ['old']);
  assert.equal(await made('FROM slow'), ['ms', 'old', 'slow']);
  assert.equal(await made('FROM old', 'FROM slow', 'FROM slow'), ['old', 'ms', 'slow']);
});

test('a statement waits for what another one is having made, and for nothing else', async () => {
  const done: string[] = [];
  const ensure = onDemand(DEFINITIONS, async (sql) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    done.push(/(?:MACRO|VIEW|TABLE) (\w+)/.exec(sql)![1]!);
  });
  await Promise.all([
    ensure('FROM slow').then(() => assert.equal(done, ['ms', 'old', 'slow'])),
    ensure('SELECT ms(1)').then(() => assert.equal(done, ['ms'])),
    ensure('FROM slow'),
    ensure('SELECT 1').then(() => assert.equal(done, [])),
  ]);
  assert.equal(done, ['ms', 'old', 'slow'], 'each once');
});

test('a macro is named by a call, and a part of a word names nothing', async () => {
  assert.equal(await made('SELECT ms FROM slowest, older'), []);
  assert.equal(await made('SELECT ms (3)'), ['ms']);
});

test.run();
