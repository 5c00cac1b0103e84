/** A large text that several read: every segment once, in time to spare some of them, in order. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDictionary } from '../traces/dictionary.js';
import { compiledText } from '../traces/text-core.js';
import { textPlan } from '../traces/text-plan.js';
import { blockMemory } from '../traces/threads/posted-batch.js';
import { type SegmentMessage, type SharedText, segmentReader } from '../traces/threads/segments.js';
import { segmentsHere } from '../traces/threads/segments-here.js';
import { noTakers, takerOf } from '../traces/threads/takers.js';
import { SEGMENT_BYTES } from '../traces/threads/text-segments.js';
import { EVENT_TS, TextTool } from '../wasm/schema.js';

const folder = mkdtempSync(join(tmpdir(), 'dmaspan-segments-'));
const path = join(folder, 'text.txt');
const SEGMENTS = 3;
/** Event i happens at second i + 1. */
const line = (i: number): string =>
  `  task-1  [000] d..1. ${i + 1}.000000: unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 unmapped_size=4096\n`;
let lines = 0;
let shared: Omit<SharedText, 'takers'>;

test.before(async () => {
  const parts: string[] = [];
  for (let size = 0; size < (SEGMENTS - 0.5) * SEGMENT_BYTES; lines++) {
    parts.push(line(lines));
    size += parts.at(-1)!.length;
  }
  const text = parts.join('');
  writeFileSync(path, text);
  const plan = textPlan(await loadDictionary([]));
  shared = { path, size: text.length, plan, tool: TextTool.ftrace, module: compiledText() };
});
test.after(() => rmSync(folder, { recursive: true }));

/** Seconds of the events in messages, and the lines of the segments that end in them. */
function told(messages: readonly SegmentMessage[]): { seconds: number[]; lines: number[] } {
  const batches = messages.flatMap((message) => (message.kind === 'batch' ? [message] : []));
  return {
    seconds: batches.flatMap(({ block, rows }) =>
      Array.from(new BigInt64Array(block, EVENT_TS, rows), (ts) => Number(ts / 1_000_000_000n)),
    ),
    lines: messages.flatMap((message) => (message.kind === 'segment' ? [message.lines] : [])),
  };
}
const all = (): number[] => Array.from({ length: lines }, (_, i) => i + 1);

test('segments one after another are the text', () => {
  const reader = segmentReader({ ...shared, takers: noTakers(SEGMENTS) }, blockMemory);
  const messages = Array.from({ length: SEGMENTS }, (_, segment) => [...reader.read(segment)]).flat();
  const { seconds, lines: each } = told(messages);
  assert.equal(seconds, all());
  assert.is(each.length, SEGMENTS);
  assert.is(reader.totals().lines, lines);
  reader.close();
});

test('each segment is read by who takes it first', () => {
  const takers = noTakers(SEGMENTS);
  const [one, other] = [1, 2].map((me) => segmentsHere({ ...shared, takers }, me, Number.POSITIVE_INFINITY));
  for (let reading = true; reading; ) reading = [one!.use(0), other!.use(0)].includes(true);
  const taken = Array.from({ length: SEGMENTS }, (_, segment) => takerOf(takers, segment, 9));
  assert.equal(taken, [1, 2, taken[2]!]);
  const messages = taken.flatMap((taker) => {
    const from = [one!, other!][taker - 1]!;
    const segment: SegmentMessage[] = [];
    while (segment.at(-1)?.kind !== 'segment') segment.push(from.next());
    return segment;
  });
  assert.equal(told(messages).seconds, all());
  assert.is(one!.totals()!.lines + other!.totals()!.lines, lines);
  for (const here of [one!, other!]) here.close();
});

test('no more is read ahead than may be; what is asked for is read then', () => {
  const takers = noTakers(SEGMENTS);
  const here = segmentsHere({ ...shared, takers }, 1, 2);
  assert.equal([here.use(1), here.use(1), here.use(1)], [true, true, false]);
  assert.equal([...takers].slice(0, SEGMENTS), [0, 1, 0], 'the first is another one’s');
  const messages: SegmentMessage[] = [];
  while (messages.at(-1)?.kind !== 'segment') messages.push(here.next());
  const { seconds, lines: each } = told(messages);
  assert.is(seconds.length, each[0]);
  assert.equal(
    seconds,
    Array.from({ length: seconds.length }, (_, i) => seconds[0]! + i),
  );
  here.close();
});

test.run();
