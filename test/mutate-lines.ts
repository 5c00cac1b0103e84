/**
 * Damages the lines of a text, in ways that a pipe with two writers, an editor or a terminal might.
 *
 * In: a text of lines. Out: the same with lines cut, joined, shuffled, overlong, or numbers that no event has.
 */
import type { Material, Step } from './mutate.js';
import { oneOf, type Random } from './random.js';

/** Damages lines; `at` is one of them. */
type LineStep = (lines: string[], at: number, material: Material) => string;

const onLines =
  (step: LineStep): Step =>
  (material) => {
    const lines = material.bytes.toString('latin1').split('\n');
    const did = step(lines, material.random(lines.length), material);
    return { bytes: Buffer.from(lines.join('\n'), 'latin1'), did };
  };

const linesFor = (random: Random): number => 1 + random(oneOf(random, [1, 4, 40]));

const cutLine: LineStep = (lines, at, { random }) => {
  const column = random(lines[at]!.length + 1);
  lines[at] = random(3) === 0 ? lines[at]!.slice(column) : lines[at]!.slice(0, column);
  return `cut line ${at + 1} at column ${column}`;
};

const dropLines: LineStep = (lines, at, { random }) => {
  const gone = lines.splice(at, linesFor(random));
  return `removed ${gone.length} lines from ${at + 1} on`;
};

const joinLines: LineStep = (lines, at, { random }) => {
  const count = linesFor(random) + 1;
  lines.splice(at, count, lines.slice(at, at + count).join(oneOf(random, ['', ' ', '\r', '\0'])));
  return `joined ${count} lines from ${at + 1} on`;
};

const shuffleLines: LineStep = (lines, at, { random }) => {
  const part = lines.splice(at, linesFor(random));
  for (let i = part.length - 1; i > 0; i--) {
    const k = random(i + 1);
    [part[i], part[k]] = [part[k]!, part[i]!];
  }
  lines.splice(at, 0, ...part);
  return `shuffled ${part.length} lines from ${at + 1} on`;
};

const repeatLines: LineStep = (lines, at, { random }) => {
  const part = lines.slice(at, at + linesFor(random));
  const to = random(lines.length + 1);
  lines.splice(to, 0, ...part);
  return `repeated ${part.length} lines from ${at + 1} on at ${to + 1}`;
};

const otherLines: LineStep = (lines, at, { random, donors }) => {
  const others = Buffer.from(oneOf(random, donors)).toString('latin1').split('\n');
  const from = random(others.length);
  const part = others.slice(from, from + linesFor(random));
  lines.splice(at, 0, ...part);
  return `put ${part.length} lines of another file, from its ${from + 1} on, at ${at + 1}`;
};

const TOKENS = [
  'A',
  '7',
  'f',
  '0x',
  '=',
  ' ',
  ',',
  '[',
  '\t',
  '{',
  '\0',
  '\xff',
  ' => ',
  'size=1 ',
  '0x1000 ',
];
const LONGEST = [100, 5000, 70_000, 300_000];

const longToken: LineStep = (lines, at, { random }) => {
  const column = random(lines[at]!.length + 1);
  const token = oneOf(random, TOKENS);
  const length = 1 + random(oneOf(random, LONGEST));
  const long = token.repeat(Math.ceil(length / token.length));
  lines[at] = lines[at]!.slice(0, column) + long + lines[at]!.slice(column);
  return `put ${long.length} characters of ${JSON.stringify(token)} into line ${at + 1} at column ${column}`;
};

const NUMBERS = [
  ...['0', '1', '-1', '00000000000000000000000001', '4294967295', '4294967296', '9223372036854775807'],
  ...[
    '18446744073709551615',
    '18446744073709551616',
    'ffffffffffffffff',
    '0xffffffffffffffff',
    'fffffffffffff000',
  ],
  ...[
    '0x10000000000000000',
    '99999999999999999999999999999999',
    '1e9',
    '',
    '(null)',
    '0.0000000000001',
    '65535',
  ],
];

/** A run of hexadecimal digits, and whether it is a number. In two steps: one pattern for both takes n² steps for n letters and no digit. */
const HEX_RUN = /[0-9a-f]+/g;
const hasDigit = (run: string): boolean => /[0-9]/.test(run);

/** The numbers of a line: most words of a trace are. */
const absurdText: LineStep = (lines, at, { random }) => {
  const found = [...lines[at]!.matchAll(HEX_RUN)].filter(([run]) => hasDigit(run));
  const number = found[random(Math.max(found.length, 1))];
  const value = oneOf(random, NUMBERS);
  const column = number?.index ?? 0;
  lines[at] = lines[at]!.slice(0, column) + value + lines[at]!.slice(column + (number?.[0].length ?? 0));
  return `wrote ${JSON.stringify(value)} over the number at column ${column} of line ${at + 1}`;
};

/** One number in a few, everywhere: what adds numbers up must bear it. */
const absurdTexts: LineStep = (lines, _at, { random }) => {
  const one = oneOf(random, [3, 20, 200]);
  const value = oneOf(random, NUMBERS);
  for (const [i, line] of lines.entries())
    lines[i] = line.replace(HEX_RUN, (run) => (hasDigit(run) && random(one) === 0 ? value : run));
  return `wrote ${JSON.stringify(value)} over one number in ${one}`;
};

const swapWords: LineStep = (lines, at, { random }) => {
  const words = lines[at]!.split(' ');
  const [one, other] = [random(words.length), random(words.length)];
  [words[one], words[other]] = [words[other]!, words[one]!];
  lines[at] = words.join(' ');
  return `swapped words ${one} and ${other} of line ${at + 1}`;
};

const returns: LineStep = (lines, at) => {
  for (let i = at; i < lines.length; i++) lines[i] += '\r';
  return `ended lines with \\r\\n from ${at + 1} on`;
};

export const LINE_STEPS: readonly Step[] = [
  ...[cutLine, cutLine, dropLines, joinLines, shuffleLines, repeatLines, otherLines, longToken, longToken],
  ...[absurdText, absurdText, absurdText, absurdTexts, swapWords, returns],
].map(onLines);
