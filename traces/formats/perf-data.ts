/**
 * perf.data, as perf record writes it: a file, a pipe (-o -), or a directory (--threads).
 *
 * In: bytes by random access, or a pipe in order. Out: a capture with one stream, in order of time.
 */
import { type BinaryCore, loadBinaryCore } from '../binary-core.js';
import { planEvent } from '../binary-plan.js';
import { type Capture, CaptureError, type Format, type OpenContext } from '../format.js';
import { kallsymsLookup } from '../kallsyms.js';
import type { ByteSource } from '../source.js';
import { newTrouble } from './perf-data-counters.js';
import { perfExports } from './perf-data-exports.js';
import { countsOf, infoOf } from './perf-data-facts.js';
import { byteOrder, type Head } from './perf-data-head.js';
import { openInput, type ReadNext } from './perf-data-input.js';
import { dataFiles, openHead } from './perf-data-source.js';
import { perfStream } from './perf-data-stream.js';
import { tasksOf } from './trace-dat-metadata.js';

function setUp(
  core: BinaryCore,
  head: Head,
  context: OpenContext,
  symbol: (address: bigint) => string | undefined,
) {
  const { wasm } = core;
  const perf = perfExports(core);
  wasm.setByteOrder(Number(head.bigEndian));
  for (const attribute of head.attributes) {
    const { tracepoint, sampleType, readFormat, sampleIdAll, ids } = attribute;
    const number = perf.addAttribute(tracepoint, sampleType, readFormat, Number(sampleIdAll));
    const at = wasm.scratch(ids.length);
    core.bytes(at, ids.length).set(ids);
    perf.addIds(number, at, ids.length / 8);
  }
  // Every kernel has this one, and perf makes its name up itself.
  core.setTaskName(0, 'swapper');
  const { tracing } = head;
  if (tracing === undefined) return;
  const common = tracing.formats[0]?.common ?? [];
  const offsetOf = (name: string, size: number, otherwise: number) =>
    common.find((field) => field.name === name && field.size === size)?.offset ?? otherwise;
  wasm.setCommonFields(offsetOf('common_type', 2, 0), offsetOf('common_pid', 4, 4));
  for (const [pid, name] of tasksOf(tracing.cmdlines)) if (pid !== 0) core.setTaskName(pid, name);
  for (const format of tracing.formats)
    planEvent({ core, dictionary: context.dictionary, longSize: tracing.longSize, symbol }, format);
}

/** Without formats a capture of tracepoints says nothing. */
function checkFormats(source: ByteSource, head: Head): void {
  if (head.tracing !== undefined || head.attributes.every(({ tracepoint }) => tracepoint === 0)) return;
  throw new CaptureError(
    source.name,
    'expected the formats of its tracepoints (tracing data), found none',
    'Record again as root, with /sys/kernel/tracing mounted; stop perf with Ctrl-C.',
  );
}

async function open(source: ByteSource, context: OpenContext): Promise<Capture> {
  const { head, read } = await openHead(source, context.onProgress ?? (() => {}));
  checkFormats(source, head);
  const core = loadBinaryCore();
  const perf = perfExports(core);
  const symbols = head.tracing?.kallsyms;
  const symbol = kallsymsLookup(() => symbols);
  setUp(core, head, context, symbol);
  const trouble = newTrouble();
  for (const what of head.skipped) trouble.add('section-skipped', 1, what);
  const files = head.features.directory === true ? dataFiles(source, trouble) : [];
  const inputs = [
    read,
    ...files.map(
      (file): ReadNext =>
        (target) =>
          file.read(target),
    ),
  ].map((next) => openInput(core, head.bigEndian, next));
  const { bigEndian } = head;
  const { eventNames } = head.features;
  return {
    info: infoOf(head, perf.isTimeless() !== 0),
    streams: [perfStream({ core, bigEndian, inputs, trouble, eventNames })],
    counters: () => trouble.counters(perf),
    eventCounts: () => countsOf(perf, head),
    ...(symbols !== undefined && symbols.length > 0 ? { symbol } : {}),
    async close() {
      for (const file of files) await file.close();
    },
  };
}

export const perfData: Format = {
  name: 'perf-data',
  title: 'perf.data (perf record)',
  sniff: (head) => byteOrder(head) !== undefined,
  open,
};
