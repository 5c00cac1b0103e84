/** The cookbook: every question runs, and answers what the page shows; the macros that it leads with say what a join says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analysisEvidence } from '../analyzer/evidence.js';
import { analyze } from '../analyzer/pipeline.js';
import { answerTo, cookbookPage, questionsOf } from '../scripts/cookbook.js';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';

const page = cookbookPage();
const questions = questionsOf(page);

test('fifteen questions, each with its answer', () => {
  const titles = [...page.matchAll(/^### (.+)$/gm)].map(([, title]) => title);
  assert.equal(
    questions.map(({ title }) => title),
    titles,
  );
  assert.equal(
    titles.map((title) => Number(title!.split('.')[0])),
    Array.from({ length: 15 }, (_, at) => at + 1),
  );
  assert.is(page.match(/```sql/g)!.length, questions.length, 'every block of SQL is held');
});

for (const question of questions) {
  test(question.title, () => {
    const answer = answerTo(question);
    assert.match(answer, /^┌[\s\S]*\n[1-9]\d* rows?\n$/, 'an answer has rows');
    assert.is(question.answer, answer, 'npm run docs writes the page');
  });
}

test('site, driver and live_at say what joins and comparisons say', async () => {
  const analysis = await analyze([inPackage('traces', 'samples', 'buggy-driver', 'trace.dat')], {
    dictionary: await loadDictionary([]),
  });
  const database = await analysisEvidence(analysis).open();
  try {
    const ask = async (sql: string): Promise<unknown> => (await database.query(sql))[0];
    assert.equal(
      await ask(`SELECT count(*) AS n, count(*) FILTER (site(l.open_stack) IS DISTINCT FROM s.site) AS sites,
           count(*) FILTER (driver(l.open_stack) IS DISTINCT FROM CASE WHEN s.site LIKE '%[dmabug]' THEN 'dmabug' END) AS drivers
         FROM lifetimes l LEFT JOIN stacks s ON s.id = l.open_stack`),
      { n: BigInt(analysis.captures[0]!.core.lifetimes()), sites: 0n, drivers: 0n },
    );
    assert.equal(
      await ask(
        "SELECT driver(0) AS d, site(0) AS s, driver((SELECT min(id) FROM stacks WHERE site NOT LIKE '%[%')) AS b",
      ),
      {
        d: null,
        s: null,
        b: null,
      },
    );
    assert.equal(
      await ask(`SELECT count(*) FILTER (v.mappings <> (SELECT count(*) FROM live_at(v.ts) l WHERE l.layer = v.layer AND l.device = v.device)) AS wrong
         FROM live_bytes v WHERE v.layer = 'import'`),
      { wrong: 0n },
    );
    const comments = await database.query(
      "SELECT function_name AS name, comment IS NOT NULL AS told FROM duckdb_functions() WHERE NOT internal AND function_name IN ('site', 'driver', 'live_at') ORDER BY 1",
    );
    assert.equal(
      comments,
      ['driver', 'live_at', 'site'].map((name) => ({ name, told: true })),
    );
  } finally {
    database.close();
  }
});

test.run();
