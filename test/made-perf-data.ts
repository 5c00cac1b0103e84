/**
 * Made-up perf.data: small, of every form and with every part that the format can have, so that damage hits the parts.
 *
 * In: nothing. Out: bytes by name.
 */
import { type MadeEvent, madeEvents, madeFormats, SAMPLED_IDS } from './made-events.js';
import type { Made } from './made-trace-dat.js';
import {
  type Attribute,
  CALLCHAIN,
  CPU,
  type Fact,
  ID,
  IDENTIFIER,
  IP,
  PERIOD,
  type PerfContent,
  perfWriter,
  RAW,
  READ,
  STREAM_ID,
  TID,
  TIME,
  zstdPieces,
} from './perf-data-writer.js';
import { BIG, join, LITTLE, number, type Order, text } from './trace-dat-writer.js';

const USUAL = IDENTIFIER | IP | TID | TIME | CPU | PERIOD | RAW;

interface PerfShape {
  readonly sampleType: number;
  readonly readFormat?: number;
  readonly read?: Fact['read'];
}

const SHAPES: Readonly<Record<string, PerfShape>> = {
  usual: { sampleType: USUAL },
  'call chains': { sampleType: USUAL | CALLCHAIN },
  'read values': { sampleType: USUAL | READ | CALLCHAIN, readFormat: 8, read: [2, 5, 6] },
  'ids in the middle': { sampleType: IP | TID | TIME | ID | STREAM_ID | CPU | RAW },
};

const CHAIN = [-128n, 0xffffffff81000010n, 0xffffffffc0000020n, -512n, 0x401000n];

/** The samples of one CPU while one mapping lived. */
type Turn = readonly Uint8Array[];

interface Sampled {
  readonly attributes: readonly Attribute[];
  /** Those of each CPU, in order. */
  readonly byCpu: readonly (readonly Turn[])[];
  readonly writer: ReturnType<typeof perfWriter>;
}

/** Time of a turn's first sample. */
const turnTime = (turn: number): number => 1000 * turn;

function sampled(order: Order, { sampleType, readFormat = 0, read }: PerfShape, turns: number): Sampled {
  const writer = perfWriter(order);
  const attributes = SAMPLED_IDS.map(
    (config, i): Attribute => ({
      config,
      sampleType,
      readFormat,
      ids: [10 + 2 * i, 11 + 2 * i],
      clockid: 1,
    }),
  );
  const sampleOf = (cpu: number, time: number, { id, payload }: MadeEvent): Uint8Array[] => {
    const attribute = attributes.find(({ config }) => config === id);
    if (attribute === undefined) return [];
    const facts = { id: attribute.ids[cpu]!, cpu, tid: 100 + cpu, time, raw: payload, chain: CHAIN };
    return [writer.sample(attribute, read === undefined ? facts : { ...facts, read })];
  };
  const byCpu = [0, 1].map((cpu) =>
    Array.from({ length: turns }, (_, turn) =>
      madeEvents(order, 2 * turn + cpu).flatMap((event, k) =>
        sampleOf(cpu, turnTime(turn) + 10 * k + cpu, event),
      ),
    ),
  );
  return { attributes, byCpu, writer };
}

const ROUND = 5;

/** Both CPUs in turns, with tasks, rounds and losses between. */
function recordsOf({ attributes, byCpu, writer }: Sampled): Uint8Array[] {
  const [attribute] = attributes;
  const fact = (turn: number): Fact => ({ id: 10, cpu: 0, tid: 100, time: turnTime(turn) + 500 });
  const records = [
    writer.comm(attribute!, 100, 'nvme0', { ...fact(0), time: 1 }),
    writer.idIndex(attributes.flatMap(({ ids }) => ids.map((id, cpu) => [id, cpu] as const))),
  ];
  for (let turn = 0; turn < byCpu[0]!.length; turn += ROUND) {
    records.push(...byCpu.flatMap((turns) => turns.slice(turn, turn + ROUND).flat()));
    if (turn === 2 * ROUND) records.push(writer.lost(attribute!, 3, fact(turn)));
    if (turn === 3 * ROUND) records.push(writer.lostSamples(attribute!, 4, fact(turn)));
    if (turn === ROUND) records.push(writer.fork(attribute!, 101, 100, fact(turn)));
    records.push(writer.round);
  }
  return records;
}

const contentOf = (order: Order, samples: Sampled, more: Partial<PerfContent> = {}): PerfContent => ({
  attributes: samples.attributes,
  formats: madeFormats(order),
  records: recordsOf(samples),
  features: [
    [3, sized(order, 'lab')], // HOSTNAME
    [4, sized(order, '7.2.13')], // OSRELEASE
    [5, sized(order, '6.1.1')], // VERSION
    [7, join(number(order, 4, 2), number(order, 4, 2))], // NRCPUS
    [8, sized(order, 'a processor')], // CPUDESC
  ],
  ...more,
});

function sized(order: Order, value: string): Uint8Array {
  const bytes = text(`${value}\0`);
  const padding = new Uint8Array(-bytes.length & 63);
  return join(number(order, 4, bytes.length + padding.length), bytes, padding);
}

/** Every shape in both byte orders. */
export const madePerf = (form: 'file' | 'pipe'): Made =>
  Object.entries(SHAPES).flatMap(([name, shape]) =>
    [LITTLE, BIG].map((order) => {
      const bytes = perfWriter(order)[form](contentOf(order, sampled(order, shape, 60)));
      return [`made, ${name}, ${order.bigEndian ? 'big' : 'little'}`, bytes] as const;
    }),
  );

/** Records in stored blocks, so that damage reaches the records inside and not only the compression. */
export function madeCompressed(): Made {
  const samples = sampled(LITTLE, SHAPES.usual!, 60);
  const inside = join(...recordsOf(samples));
  const cuts = Array.from({ length: 6 }, (_, i) =>
    inside.subarray(i * 7001, i === 5 ? undefined : (i + 1) * 7001),
  );
  const pieces = zstdPieces(cuts);
  const { writer } = samples;
  const older = pieces.map((piece) => writer.record(81, piece));
  const newer = pieces.map((piece) =>
    writer.record(83, join(number(LITTLE, 8, piece.length), piece, new Uint8Array(-piece.length & 7))),
  );
  return [
    ['made, older', writer.file(contentOf(LITTLE, samples, { records: older }))],
    ['made, newer', writer.file(contentOf(LITTLE, samples, { records: newer }))],
    ['made, a pipe', writer.pipe(contentOf(LITTLE, samples, { records: older }))],
  ];
}

/** A directory of `data`, `data.0` and `data.1`, in this order. */
export function madeDirectory(): Made {
  const samples = sampled(LITTLE, SHAPES.usual!, 60);
  const features = [...contentOf(LITTLE, samples).features!, [24, number(LITTLE, 8, 1)] as const];
  const comm = samples.writer.comm(samples.attributes[0]!, 100, 'nvme0', { time: 1 });
  return [
    ['data', samples.writer.file(contentOf(LITTLE, samples, { records: [comm], features }))],
    ['data.0', join(...samples.byCpu[0]!.flat())],
    ['data.1', join(...samples.byCpu[1]!.flat())],
  ];
}
