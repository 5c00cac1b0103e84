/** The small tables: captures, devices, stacks, counters, event types, event counts. */
import { TableId } from '../../wasm/schema.js';
import type { Analysis, AnalyzedCapture } from '../analysis.js';
import { lostEvents } from '../lost-events.js';
import { KIND_NAMES, LAYER_NAMES, OP_NAMES } from '../words.js';
import type { Column, ListedTable, ListedValue, ValueType } from './column.js';

export function listed(
  name: string,
  type: ValueType,
  doc: string,
  whenNull?: string,
  unit?: string,
): Column<'listed'> {
  const facts = {
    ...(unit === undefined ? {} : { unit }),
    ...(whenNull === undefined ? {} : { null: whenNull }),
  };
  return { name, type, doc, ...facts, source: 'listed' };
}

export const CAPTURE = listed('capture', 'USMALLINT', 'Which input: `captures.capture`.');
const NOT_TOLD = 'The capture does not tell.';

function captureRow(capture: AnalyzedCapture, index: number): ListedValue[] {
  const { file, sha256, info, core, firstTs, lastTs } = capture;
  const clock = [info.clock, info.clockUnit, info.cpus, info.pageSize, info.kernel, info.host];
  const sizes = [core.events(), core.opened(), lostEvents(core), core.rows(TableId.losses)];
  return [
    index,
    file,
    sha256,
    info.format,
    ...clock,
    firstTs,
    lastTs,
    ...sizes,
    info.recordedEvents,
    info.notes,
  ];
}

const captures: ListedTable = {
  name: 'captures',
  doc: 'The inputs, one row each.',
  columns: [
    listed('capture', 'USMALLINT', 'Index, from 0, in the order of the command line.'),
    listed('file', 'VARCHAR', 'As it was given; "-" is standard input.'),
    listed('sha256', 'VARCHAR', 'Of the file as it lies there, in hex.', 'It was not computed.'),
    listed('format', 'VARCHAR', 'Kind of capture.'),
    listed('clock', 'VARCHAR', "ftrace's or perf's name of the clock.", NOT_TOLD),
    listed(
      'clock_unit',
      'VARCHAR',
      '`ns`, or `tick` where the clock counts something else; every `_ts` and duration is in it.',
    ),
    listed('cpus', 'UINTEGER', 'CPUs of the machine.', NOT_TOLD),
    listed('page_size', 'UINTEGER', 'Page size; 4096 unless the capture says otherwise.', undefined, 'bytes'),
    listed('kernel', 'VARCHAR', 'Kernel release.', NOT_TOLD),
    listed('host', 'VARCHAR', 'Name of the machine.', NOT_TOLD),
    listed('first_ts', 'BIGINT', 'Time of the first event.', 'There is no event.', 'ns'),
    listed('last_ts', 'BIGINT', 'Time of the last event.', 'There is no event.', 'ns'),
    listed('events', 'UBIGINT', 'Events, kept or not.'),
    listed('lifetimes', 'UBIGINT', 'Lifetimes opened, kept or not.'),
    listed('lost', 'UBIGINT', 'Events lost, where the capture tells how many.'),
    listed('losses', 'UBIGINT', 'Rows in `losses`.'),
    listed('recorded_events', 'VARCHAR[]', 'Events that the capture says were enabled.', NOT_TOLD),
    listed('notes', 'VARCHAR[]', 'What else the capture says of itself.'),
  ],
  rows: ({ captures }) => captures.map(captureRow),
};

const devices: ListedTable = {
  name: 'devices',
  doc: 'The devices that events name.',
  columns: [
    listed('id', 'UINTEGER', 'Number, from 1, shared by all captures.'),
    listed('device', 'VARCHAR', 'Name, as the kernel writes it.'),
  ],
  rows: ({ devices }) => devices.map((device, id) => [id, device]).slice(1),
};

const stacks: ListedTable = {
  name: 'stacks',
  doc: 'Call stacks, each once.',
  columns: [
    listed('id', 'UINTEGER', 'Number, from 1, shared by all captures.'),
    listed(
      'site',
      'VARCHAR',
      'First frame outside the DMA, IOMMU and memory-management core: whose code it is.',
      'Every frame is in the core, or has no name.',
    ),
    listed('via', 'VARCHAR', 'Function of the core that the site called.', 'Not known.'),
    listed('frames', 'VARCHAR[]', 'All frames, innermost first.'),
  ],
  rows: ({ stacks }) =>
    stacks.filter(({ id }) => id !== 0).map(({ id, site, via, frames }) => [id, site, via, frames]),
};

const counters: ListedTable = {
  name: 'counters',
  doc: 'Everything in the inputs that did not become an event, by reason.',
  columns: [
    CAPTURE,
    listed('name', 'VARCHAR', 'The reason.'),
    listed('severity', 'VARCHAR', '`info`, `warning` or `error`.'),
    listed('count', 'UBIGINT', 'How often.'),
    listed('help', 'VARCHAR', 'What it means, and what to do about it.'),
    listed('first', 'VARCHAR', 'Where it was first seen.', NOT_TOLD),
  ],
  rows: ({ captures }) =>
    captures.flatMap(({ counters }, index) =>
      counters.map(({ name, severity, count, help, first }) => [index, name, severity, count, help, first]),
    ),
};

const eventTypes: ListedTable = {
  name: 'event_types',
  doc: 'What the event dictionary knows of each event.',
  columns: [
    listed('event', 'VARCHAR', 'Name, "system:name"; the bare name where it is for any system.'),
    listed('layer', 'VARCHAR', 'Address space that it concerns.', 'It concerns no layer.'),
    listed('op', 'VARCHAR', 'What it does.'),
    listed('kind', 'VARCHAR', 'Kind of mapping.', 'It names none.'),
    listed('doc', 'VARCHAR', 'What happened when it is traced.'),
  ],
  rows: ({ types }) =>
    types.map(({ name, layer, op, kind, doc }) => [
      name,
      LAYER_NAMES[layer] || null,
      OP_NAMES[op],
      KIND_NAMES[kind] || null,
      doc,
    ]),
};

/** Whether the dictionary has an event of a name: of its system or of any; and of any system where the format prints none. */
function knownNames({ types }: Analysis): (name: string) => boolean {
  const names = new Set(types.map(({ name }) => name));
  const bare = new Set(types.map(({ name }) => bareName(name)));
  return (name) => names.has(name) || (name.includes(':') ? names.has(bareName(name)) : bare.has(name));
}

const bareName = (name: string): string => name.slice(name.indexOf(':') + 1);

const eventCounts: ListedTable = {
  name: 'event_counts',
  doc: 'How many events of each name the captures hold, whether the event dictionary knows them or not.',
  columns: [
    CAPTURE,
    listed('event', 'VARCHAR', 'Name, "system:name", or the bare name where the format prints no system.'),
    listed('count', 'UBIGINT', 'How many were seen.'),
    listed('known', 'BOOLEAN', 'Whether the event dictionary has an event of this name.'),
  ],
  rows: (analysis) => {
    const known = knownNames(analysis);
    return analysis.captures.flatMap(({ eventCounts }, index) =>
      [...eventCounts].map(([event, count]) => [index, event, count, known(event)]),
    );
  },
};

export const listedTables: readonly ListedTable[] = [
  captures,
  devices,
  stacks,
  counters,
  eventTypes,
  eventCounts,
];
