/**
 * A page's history for people.
 *
 * In: the history, and whether to colour. Out: text: a section a space, two lines an event.
 */
import picocolors from 'picocolors';
import { printableLines } from '../../traces/printable.js';
import type { Row } from '../findings.js';
import { bytesText, hex, plural, timeText, WIDTH, wrap } from '../report/layout.js';
import type { HistorySection, NamedFinding, PageHistory } from './history.js';
import { factsText, pageName, relationText, sectionName, whatText, whoText } from './words.js';

type Colors = ReturnType<typeof picocolors.createColors>;

/** Where the facts begin: behind a time and what happened. */
const MARGIN = ' '.repeat(8);
const WHAT = 24;
/** Other names of the page that are listed. */
const MOST_NAMES = 12;

export function historyText(history: PageHistory, colour: boolean): string {
  const colors = picocolors.createColors(colour);
  const parts =
    history.sections.length === 0
      ? [untouched(history)]
      : history.sections.map((section) => sectionText(history, section, colors));
  return printableLines(`${parts.join('\n\n')}\n`);
}

const unitOf = ({ captures }: PageHistory, capture: number): string =>
  String(captures[capture]?.clock_unit ?? 'ns');

function sectionText(history: PageHistory, section: HistorySection, colors: Colors): string {
  const unit = unitOf(history, section.capture);
  const name = sectionName(section, history.question);
  const file = history.captures.length > 1 ? ` (${String(history.captures[section.capture]?.file)})` : '';
  return [
    colors.dim('='.repeat(WIDTH)),
    colors.bold(`${name[0]!.toUpperCase()}${name.slice(1)}${file}`),
    ...namesText(section, unit),
    '',
    ...section.rows.flatMap((row) => rowText(row, unit, colors)),
    ...section.findings.flatMap((one) => findingText(one, colors)),
  ].join('\n');
}

function namesText({ space, page, names }: HistorySection, unit: string): string[] {
  const at = space === 'object' ? [] : [`  page ${hex(page)}`];
  const times = new Map<string, Row[]>();
  for (const row of names) {
    const name = pageName(row.space, row, row.addr);
    times.set(name, [...(times.get(name) ?? []), row]);
  }
  const lines = [...times].map(([name, rows]) => wrap(`also ${name}${during(rows, unit)}`, '  ', '    '));
  const more = lines.length > MOST_NAMES ? [`  and by ${lines.length - MOST_NAMES} other names`] : [];
  return [...at, ...lines.slice(0, MOST_NAMES).flat(), ...more];
}

/** From the first time to the last at which it was a name of the page. */
function during(rows: readonly Row[], unit: string): string {
  const text = (ts: unknown): string => timeText(ts as bigint, unit);
  // In the order of from_ts.
  const until = rows.reduce<bigint | null>(
    (last, { until_ts }) => later(last, until_ts as bigint | null),
    0n,
  );
  return `, from ${text(rows[0]!.from_ts)} ${until === null ? 'on' : `to ${text(until)}`}`;
}

/** null is no end at all. */
const later = (a: bigint | null, b: bigint | null): bigint | null =>
  a === null || b === null ? null : b > a ? b : a;

const WRONG = 3;

function rowText(row: Row, unit: string, colors: Colors): string[] {
  const time = row.ts == null ? 'time not known' : timeText(row.ts as bigint, unit);
  const what = whatText(row);
  const paint = row.turn === WRONG || row.turn === WRONG + 1 ? colors.red : colors.bold;
  const head = `${time.padStart(14)}  ${what.padEnd(WHAT)}`;
  const [first = '', ...rest] = wrap(factsText(row, unit), head, `${MARGIN}${' '.repeat(8)}`);
  const relation = relationText(row);
  const who = whoText(row);
  const below = [relation === '' ? '' : `[${relation}]`, who].filter((part) => part !== '').join(' ');
  return [
    first.replace(what, () => paint(what)).trimEnd(),
    ...rest,
    ...(below === ''
      ? []
      : wrap(below, `${MARGIN}${' '.repeat(8)}`, `${MARGIN}${' '.repeat(10)}`).map((line) =>
          colors.dim(line),
        )),
  ];
}

function findingText({ finding, rule, lifetime, sure }: NamedFinding, colors: Colors): string[] {
  const about =
    lifetime === null
      ? ''
      : ` (lifetime ${lifetime} ${sure ? 'is' : 'may be'} ${finding.count === 1n ? 'it' : `one of ${finding.count}`})`;
  const text = `${rule.id}: ${finding.message}${about}; ${finding.confidence}: ${finding.reason}`;
  const lines = wrap(text, `  ${finding.severity.toUpperCase()}: `, '    ');
  return ['', colors.bold(lines[0]!), ...lines.slice(1)];
}

function untouched(history: PageHistory): string {
  const { question, nearest, captures } = history;
  const where =
    question.device !== undefined
      ? ` of ${question.device}`
      : question.mm !== undefined
        ? ' of that address space'
        : question.phys === true
          ? ' of physical memory'
          : '';
  const lines = nearest.map((row) => {
    const from = row.space === 'phys' ? row.phys : row.addr;
    const unit = unitOf(history, Number(row.capture));
    const closed =
      row.closed_ts == null ? 'never unmapped' : `unmapped at ${timeText(row.closed_ts as bigint, unit)}`;
    const facts = `${bytesText(BigInt(row.distance as bigint))} ${String(row.side)} it: ${pageName(row.space, row, from)}, ${row.len == null ? 'of unknown length' : bytesText(BigInt(row.len as bigint))}, mapped at ${timeText(row.opened_ts as bigint, unit)}${row.site == null ? '' : ` by ${String(row.site)}`}, ${closed} (lifetime ${String(row.lifetime)})`;
    return wrap(facts, '  ', '    ').join('\n');
  });
  return [
    `Nothing touched the page of ${hex(question.addr)}${where} in ${captures.length === 1 ? 'this capture' : `these ${plural(captures.length, 'capture')}`}.`,
    ...(lines.length === 0 ? ['No mapping is known there at all.'] : ['Nearest to it:', ...lines]),
  ].join('\n');
}
