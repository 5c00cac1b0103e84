/**
 * The differences for people: what is new in full, the rest a line or two each, and the verdict last.
 *
 * In: a diff, how many mappers to show, whether to colour. Out: text of at most WIDTH columns, but for names that are longer.
 */
import picocolors from 'picocolors';
import { printableLines } from '../../traces/printable.js';
import { wrap } from '../report/layout.js';
import { findingText } from '../report/text.js';
import type { Diff } from './diff.js';
import type { FindingState } from './findings.js';
import type { MapperChange, State } from './sites.js';
import {
  countsText,
  findingChangeText,
  findingTally,
  hasStays,
  mapperTally,
  mapperText,
  runText,
  sizesText,
  stayText,
  UNSCALED,
  verdictText,
} from './words.js';

type Colors = ReturnType<typeof picocolors.createColors>;

export interface Look {
  /** Mappers to show, the largest differences first. */
  readonly top: number;
  readonly colour: boolean;
}

export function textDiff(diff: Diff, { top, colour }: Look): string {
  const colors = picocolors.createColors(colour);
  const parts = [
    ...newFindings(diff, colors),
    ...findingLists(diff, colors),
    mappers(diff, top, colors),
    layers(diff, colors),
    summary(diff, colors),
  ];
  return printableLines(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

/** With call stacks: what a reader does next is to look at them. */
function newFindings({ findings, b }: Diff, colors: Colors): string[] {
  return findings
    .filter(({ state, b: side }) => state === 'new' && side?.worst.suppressed === null)
    .map(({ b: side, note }) => {
      const doubt = note === null ? [] : wrap(`(${note})`, '  New         ', '              ');
      return [findingText(b.report, side!.worst, colors), ...doubt].join('\n');
    });
}

const LISTS: readonly [state: FindingState, title: string][] = [
  ['new', 'New in B:'],
  ['grown', 'Grown:'],
  ['shrunk', 'Shrunk:'],
  ['gone', 'Gone in B:'],
  ['unseen', 'In A, and B cannot tell:'],
];

function findingLists({ findings }: Diff, colors: Colors): string[] {
  return LISTS.map(([state, title]) => {
    const lines = findings
      .filter((change) => change.state === state)
      .flatMap((change) => {
        const [first = '', ...more] = wrap(findingChangeText(change), '  ', '    ');
        return [change.worse ? colors.red(first) : first, ...more];
      });
    return lines.length === 0 ? '' : [colors.bold(title), ...lines].join('\n');
  });
}

const PAINT: Readonly<Record<State, 'red' | 'green' | 'yellow' | 'dim'>> = {
  new: 'yellow',
  grown: 'yellow',
  gone: 'green',
  shrunk: 'green',
  mixed: 'yellow',
  same: 'dim',
  unseen: 'dim',
};

function mappers(diff: Diff, top: number, colors: Colors): string {
  const changed = diff.mappers.filter(({ state }) => state !== 'same');
  if (changed.length === 0 || top === 0) return '';
  const shown = changed.slice(0, top).map((change) => mapperLines(diff, change, colors).join('\n'));
  const rest = changed.length - shown.length;
  const more = rest <= 0 ? [] : [`  and ${rest} more, which differ less (--top ${changed.length} shows all)`];
  return [colors.bold('Who maps, the largest differences first:'), ...shown, ...more].join('\n');
}

function mapperLines(diff: Diff, change: MapperChange, colors: Colors): string[] {
  const { state, mapper, note } = change;
  const head = `  ${colors[PAINT[state]](state.padEnd(7))} ${colors.bold(mapperText(mapper))}`;
  return [head, ...measureLines(diff, change), ...(note === null ? [] : [`          ${note}`])];
}

const STAYS = [
  ['p50', 'median'],
  ['p99', '99 %'],
  ['longest', 'longest'],
] as const;

function measureLines(diff: Diff, change: MapperChange): string[] {
  const stays = STAYS.map(([name, word]) => `${word} ${stayText(diff, change, name)}`);
  return [
    ['mapped', `${countsText(change, 'mappings')}, ${sizesText(change, 'bytes')}`],
    ['at most', `${countsText(change, 'peak_mappings')}, ${sizesText(change, 'peak_bytes')}`],
    ['at end', `${countsText(change, 'end_mappings')}, ${sizesText(change, 'end_bytes')}`],
    ...(hasStays(change) ? [['stayed', stays.join(', ')]] : []),
  ].flatMap(([name = '', text = '']) => wrap(text, `          ${name.padEnd(8)}`, ' '.repeat(18)));
}

function layers(diff: Diff, colors: Colors): string {
  if (diff.layers.length === 0) return '';
  return [
    colors.bold('All together, by layer:'),
    ...diff.layers.flatMap((change) => mapperLines(diff, change, colors)),
  ].join('\n');
}

function summary(diff: Diff, colors: Colors): string {
  const verdict = verdictText(diff);
  const line = (text: string): string[] => wrap(text, '  ', '  ');
  return [
    colors.bold(`SUMMARY: dmaspan diff: ${diff.worse ? colors.red(verdict) : colors.green(verdict)}`),
    ...line(`findings: ${findingTally(diff)}`),
    ...line(`mappers: ${mapperTally(diff)}`),
    ...wrap(runText('A', diff.a), '  ', '     '),
    ...wrap(runText('B', diff.b), '  ', '     '),
    ...line(UNSCALED),
    ...diff.notes.flatMap(line),
  ].join('\n');
}
