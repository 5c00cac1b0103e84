/**
 * Made-up trace.dat: small, with every part that the format can have, so that damage hits the parts.
 *
 * In: nothing. Out: bytes by name.
 */
import { MADE_KALLSYMS, madeEvents, madeFormats } from './made-events.js';
import {
  BIG,
  type Buffer7,
  discarded,
  type FileContent,
  join,
  LITTLE,
  longRecord,
  number,
  OLD,
  type Order,
  page,
  record,
  restOfPage,
  text,
  timeExtend,
  timeStamp,
  writeVersion6,
  writeVersion7,
} from './trace-dat-writer.js';

export type Made = readonly (readonly [name: string, bytes: Uint8Array])[];

const ORDERS: Readonly<Record<string, Order>> = { little: LITTLE, big: BIG, old: OLD };

const PAGE_SIZE = 1024;
/** Events of one mapping after another, in records of every shape; one page is one mapping or two. */
function madePages(order: Order, cpu: number, first: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const which = first + 2 * i + cpu;
    const time = 1_000_000n + BigInt(i) * 100_000n;
    const records = madeEvents(order, which).map(({ payload }, k) =>
      k === 2 ? longRecord(order, 300, payload) : record(order, 200 + k, payload),
    );
    const between = [discarded(order, 5, 12), timeExtend(order, 3), timeStamp(order, time + 4000n)][
      which % 3
    ]!;
    const events = [...records.slice(0, 2), between, ...records.slice(2), restOfPage(order)];
    const missed = i === 5 ? { count: 7 } : i === 9 ? {} : undefined;
    return page(order, PAGE_SIZE, time, events, missed);
  });
}

const STATS = 'CPU: 0\nentries: 100\noverrun: 7\ncommit overrun: 0\ndropped events: 2\nread events: 100\n\0';

function traceContent(order: Order): FileContent {
  const buffer = (name: string, first: number, pages: number): Buffer7 => ({
    name,
    cpus: [0, 1].map((cpu) => ({ cpu, pages: madePages(order, cpu, first, pages) })),
  });
  return {
    order,
    pageSize: PAGE_SIZE,
    formats: madeFormats(order),
    kallsyms: MADE_KALLSYMS,
    cmdlines: '100 nvme0\n101 a task: of-mine\n102 <...>\n',
    buffers: [buffer('', 0, 16), buffer('more', 100, 6)],
    options: [
      [1, text('123456789\0')], // DATE
      [2, text(STATS)], // CPUSTAT
      [4, text('local [mono] global\0')], // TRACECLOCK
      [5, text('Linux box 6.12.1 x86_64\0')], // UNAME
      [8, number(order, 4, 2)], // CPUCOUNT
      [9, text('trace-cmd 3.1.6\0')], // VERSION
      [14, join(number(order, 4, 10), number(order, 4, 3), number(order, 8, 0))], // TSC2NSEC
    ],
  };
}

export const madeVersion6 = (): Made =>
  Object.entries(ORDERS).map(
    ([name, order]) => [`made, ${name}`, writeVersion6(traceContent(order))] as const,
  );

export const madeVersion7 = (): Made =>
  Object.entries(ORDERS).flatMap(([name, order]) => [
    [`made, ${name}`, writeVersion7(traceContent(order), false)] as const,
    [`made, ${name}, zlib`, writeVersion7(traceContent(order), true)] as const,
  ]);
