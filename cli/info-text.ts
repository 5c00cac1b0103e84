/** What `dmaspan info` prints of one capture. */
import type { Row } from '../analyzer/database.js';
import { plural, timeText, wrap } from '../analyzer/report/layout.js';
import { RECORD_WITHOUT_LOSS } from '../analyzer/report/report.js';
import { printableLines } from '../traces/printable.js';

/** A row of `captures`, and those of `counters` and `event_counts` that are about it. */
export function infoText(capture: Row, counters: readonly Row[], eventCounts: readonly Row[]): string {
  const lines = [
    String(capture.file),
    field('format', capture.format),
    field('kernel', capture.kernel),
    field('host', capture.host),
    field('clock', clockText(capture)),
    field('cpus', capture.cpus),
    field('page size', `${capture.page_size} bytes`),
    field('time', span(capture)),
    field('events', `${capture.events} known to the dictionary`),
    field('mappings', capture.lifetimes),
    ...lossText(capture),
    ...(capture.notes as string[]).map((note) => field('note', note)),
    '',
    '  events by name (* not in the dictionary, counted only)',
    ...[...eventCounts]
      .sort((a, b) => (String(a.event) < String(b.event) ? -1 : 1))
      .map(
        ({ event, count, known }) => `  ${String(count).padStart(12)}  ${event}${known === true ? '' : ' *'}`,
      ),
  ];
  if (counters.length > 0) lines.push('', '  counted while reading');
  for (const { name, count, help, first } of counters) {
    const text = first === null ? String(help) : `${help} First: ${first}`;
    lines.push(`  ${String(count).padStart(12)}  ${name}`, ...wrap(text, ' '.repeat(16), ' '.repeat(16)));
  }
  return printableLines(`${lines.filter((line) => line !== undefined).join('\n')}\n`);
}

function field(name: string, value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : `  ${name.padEnd(11)}${value}`;
}

function clockText({ clock, clock_unit }: Row): string | undefined {
  if (clock === null) return undefined;
  return `${clock}${clock_unit === 'tick' ? ' (counts ticks)' : ''}`;
}

function span({ first_ts, last_ts, clock_unit }: Row): string | undefined {
  if (typeof first_ts !== 'bigint' || typeof last_ts !== 'bigint') return undefined;
  const text = (ts: bigint): string => timeText(ts, String(clock_unit));
  return `${text(first_ts)} to ${text(last_ts)} (${text(last_ts - first_ts)})`;
}

function lossText({ losses, lost }: Row): (string | undefined)[] {
  if (losses === 0n) return [field('losses', 'none')];
  const events = lost === 0n ? 'how many events is not told' : plural(lost as bigint, 'event');
  const text = `${plural(losses as bigint, 'gap')}, ${events}. ${RECORD_WITHOUT_LOSS}`;
  const [first = '', ...more] = wrap(text, '', ' '.repeat(13));
  return [field('losses', first), ...more];
}
