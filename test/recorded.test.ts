/** What a capture recorded is told by the names of its events, whatever system they are of, and by what it says was enabled. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Row } from '../analyzer/findings.js';
import { recordedBy } from '../analyzer/verdicts.js';
import { withCapture } from '../scripts/lab-runs.js';
import { inPackage } from '../traces/package-root.js';
import { Kind, Layer, Op } from '../wasm/schema.js';

const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);

for (const form of ['trace.dat', 'trace.txt.zst']) {
  test(`the probes on removal count as recorded in ${form}, of whatever system`, async () => {
    await withCapture(sample('buggy-driver', form), async (db) => {
      const recorded = await recordedBy(db);
      const has = (layer: Layer, op: Op, kind: Kind): boolean =>
        recorded.some((one) => one.layer === layer && one.op === op && one.kind === kind);
      assert.ok(has(Layer.dma, Op.open, Kind.sg));
      assert.ok(has(Layer.none, Op.removed, Kind.none));
      assert.ok(has(Layer.watch, Op.open, Kind.notifier));
      assert.not(has(Layer.dmabuf, Op.open, Kind.attachment));
      const rows: Row[] = await db.query(
        "SELECT known FROM event_counts WHERE event LIKE '%dev_unbind%' ORDER BY event",
      );
      assert.equal(rows, [{ known: true }, { known: true }]);
    });
  });
}

test.run();
