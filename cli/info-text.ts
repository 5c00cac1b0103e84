/** What `dmaspan info` prints of one capture. */
import type { AnalyzedCapture } from '../analyzer/analysis.js';
import { lostEvents } from '../analyzer/lost-events.js';
import { plural, timeText, wrap } from '../analyzer/report/layout.js';
import { RECORD_WITHOUT_LOSS } from '../analyzer/report/report.js';
import { printableLines } from '../traces/printable.js';
import { TableId } from '../wasm/schema.js';

/** `known`: whether the dictionary has an event. */
export function infoText(capture: AnalyzedCapture, known: (name: string) => boolean): string {
  const { file, info, core, counters, eventCounts } = capture;
  const lines = [
    file,
    field('format', info.format),
    field('kernel', info.kernel),
    field('host', info.host),
    field(
      'clock',
      info.clock === undefined
        ? undefined
        : `${info.clock}${info.clockUnit === 'tick' ? ' (counts ticks)' : ''}`,
    ),
    field('cpus', info.cpus),
    field('page size', `${info.pageSize} bytes`),
    field('time', span(capture)),
    field('events', `${core.events()} known to the dictionary`),
    field('mappings', core.lifetimes()),
    ...lossText(capture),
    ...info.notes.map((note) => field('note', note)),
    '',
    '  events by name (* not in the dictionary, counted only)',
    ...[...eventCounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `  ${String(count).padStart(12)}  ${name}${known(name) ? '' : ' *'}`),
  ];
  if (counters.length > 0) lines.push('', '  counted while reading');
  for (const { name, count, help, first } of counters) {
    lines.push(
      `  ${String(count).padStart(12)}  ${name}`,
      ...wrap(first === undefined ? help : `${help} First: ${first}`, ' '.repeat(16), ' '.repeat(16)),
    );
  }
  return printableLines(`${lines.filter((line) => line !== undefined).join('\n')}\n`);
}

function field(name: string, value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : `  ${name.padEnd(11)}${value}`;
}

function span({ firstTs, lastTs, info }: AnalyzedCapture): string | undefined {
  if (firstTs === undefined || lastTs === undefined) return undefined;
  return `${timeText(firstTs, info.clockUnit)} to ${timeText(lastTs, info.clockUnit)} (${timeText(lastTs - firstTs, info.clockUnit)})`;
}

function lossText({ core }: AnalyzedCapture): (string | undefined)[] {
  const rows = core.rows(TableId.losses);
  if (rows === 0) return [field('losses', 'none')];
  const lost = lostEvents(core);
  const text = `${plural(rows, 'gap')}, ${lost === 0n ? 'how many events is not told' : plural(lost, 'event')}`;
  const [first = '', ...more] = wrap(`${text}. ${RECORD_WITHOUT_LOSS}`, '', ' '.repeat(13));
  return [field('losses', first), ...more];
}
