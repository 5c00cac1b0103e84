/** Events that no rule reads: a report keeps no row of them unless they failed, SQL has them all. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analysisEvidence } from '../analyzer/evidence.js';
import { analyze } from '../analyzer/pipeline.js';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';

const dictionary = await loadDictionary([]);
const capture = inPackage('traces', 'samples', 'rdma', 'trace.txt.zst');

/** Rows of mmap, munmap and failed calls. */
async function rowsOf(whole: boolean): Promise<Record<string, unknown>> {
  const keep = { events: whole, lifetimes: whole };
  const evidence = analysisEvidence(await analyze([capture], { dictionary, keep }));
  const database = await evidence.open({ terse: true, reads: keep });
  try {
    const sql = `SELECT count(*) FILTER (event::VARCHAR LIKE '%sys_enter_mmap')::INTEGER AS aside,
      count(*) FILTER (event::VARCHAR LIKE '%sys_enter_munmap')::INTEGER AS read,
      count(*) FILTER (error IS NOT NULL)::INTEGER AS failed FROM events`;
    return (await database.query(sql))[0]!;
  } finally {
    database.close();
  }
}

test('a report keeps what rules read and what failed, and nothing that stands aside', async () => {
  const [report, all] = [await rowsOf(false), await rowsOf(true)];
  assert.ok((all.aside as number) > 0 && (all.read as number) > 0);
  assert.equal(report, { ...all, aside: 0 });
});

test.run();
