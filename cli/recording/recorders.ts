/**
 * The recorders: trace-cmd, perf, and plain tracefs.
 *
 * In: what to record. Out: a recorder's command line, or a shell script that sets everything up, records, and takes everything back.
 * trace-cmd and tracefs record into an instance of their own, so that nothing of the machine's own tracing is touched.
 */
import { type Definition, PROBE_GROUP, removalOf } from '../../traces/probe-definition.js';

export const RECORDERS = ['trace-cmd', 'perf', 'tracefs'] as const;
export type Recorder = (typeof RECORDERS)[number];

/** Where tracefs belongs. */
export const TRACEFS = '/sys/kernel/tracing';
/** The ftrace instance that a recording lives in. */
export const INSTANCE = 'dmaspan';
/** perf and trace-cmd can both stamp with it, and bpftrace too: captures of one run can be merged. */
const CLOCK = 'mono';

export const DEFAULT_BUFFER_KB = 8192;
export const DEFAULT_OUT: Readonly<Record<Recorder, string>> = {
  'trace-cmd': 'trace.dat',
  perf: 'perf.data',
  tracefs: 'trace.txt',
};

export interface Recording {
  /** The tracefs folder. */
  readonly root: string;
  /** Tracepoints: "dma:*", "iommu:map". */
  readonly events: readonly string[];
  readonly definitions: readonly Definition[];
  readonly out: string;
  /** Of each CPU. */
  readonly bufferKb: number;
  readonly stacks: boolean;
}

/** Everything to enable: the tracepoints, and our group when it has probes. */
const enabled = ({ events, definitions }: Recording): readonly string[] =>
  definitions.length === 0 ? events : [...events, `${PROBE_GROUP}:*`];

/** The recorders that are programs of their own, in the order in which they are looked for. */
export const PROGRAMS = ['trace-cmd', 'perf'] as const;
export type Program = (typeof PROGRAMS)[number];

/** Each one's words before its -e options, and between them and the command that it runs. */
const COMMAND_LINES: Readonly<Record<Program, (recording: Recording) => [string[], string[]]>> = {
  'trace-cmd': ({ bufferKb, stacks, out }) => [
    ['record', '-B', INSTANCE, '-C', CLOCK, '-b', String(bufferKb), ...(stacks ? ['-T'] : []), '-o', out],
    [],
  ],
  perf: ({ bufferKb, stacks, out }) => [
    ['record', '-a', '-k', CLOCK, '-m', `${bufferKb}K`, ...(stacks ? ['-g'] : []), '-o', out],
    ['--'],
  ],
};
/** How each names all events of a system after its colon. */
const ALL_OF: Readonly<Record<Program, string>> = { 'trace-cmd': '', perf: ':*' };

/** The program's arguments up to the command that it runs. */
export function argumentsOf(program: Program, recording: Recording): string[] {
  const [before, after] = COMMAND_LINES[program](recording);
  const events = enabled(recording).map((event) => event.replace(/:\*$/, ALL_OF[program]));
  return [...before, ...events.flatMap((event) => ['-e', event]), ...after];
}

/** What makes a new instance record, before its events are on: files below it and what to write there. */
const instanceWrites = ({ bufferKb, stacks }: Recording): readonly [file: string, text: string][] => [
  ['tracing_on', '0'],
  ['trace_clock', CLOCK],
  ['buffer_size_kb', String(bufferKb)],
  ['options/stacktrace', stacks ? '1' : '0'],
];

/** A word as a POSIX shell reads it. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The script: it records `"$@"`, what it is called with, and takes everything back. */
export function scriptOf(recorder: Recorder, recording: Recording): string[] {
  const { definitions } = recording;
  const clean = [
    ...(recorder === 'perf' ? [] : [`rmdir "$I" 2>/dev/null`]),
    ...(definitions.length === 0 ? [] : removeLines(definitions)),
  ];
  return [
    `T=${shellWord(recording.root)}`,
    ...(recorder === 'perf' ? [] : instanceLines()),
    ...(clean.length === 0 ? [] : ['clean() {', ...clean.map((line) => `  ${line}`), '}']),
    ...(clean.length === 0 ? [] : ['trap clean EXIT', 'trap : INT TERM']),
    ...(definitions.length === 0 ? [] : defineLines(definitions)),
    ...(recorder === 'tracefs' ? instanceScript(recording) : recorderScript(recorder, recording)),
  ];
}

/** An instance of that name is somebody's: another recording runs, or one was killed. */
const instanceLines = (): string[] => [
  `I="$T/instances/${INSTANCE}"`,
  '[ ! -d "$I" ] || { echo "$I is there already: another recording? If not: rmdir $I" >&2; exit 2; }',
];

const defineLines = (definitions: readonly Definition[]): string[] => [
  'probe() { echo "$1" >> "$T/dynamic_events" || echo "not there, skipped: $1" >&2; }',
  ...definitions.map(({ line }) => `probe ${shellWord(line)}`),
];

const removeLines = (definitions: readonly Definition[]): string[] => [
  `for p in ${definitions.map((one) => removalOf(one)).join(' ')}; do`,
  '  echo "$p" >> "$T/dynamic_events"',
  'done 2>/dev/null',
];

/** A loop over what is to be enabled, as folders of tracefs' events; a kernel need not have all of them. */
const eachEvent = (recording: Recording, work: string): string[] => [
  `for e in ${enabled(recording)
    .map((event) => event.replace(/:\*$/, '').replace(':', '/'))
    .join(' ')}; do`,
  `  if [ -d "$T/events/$e" ]; then ${work}; else echo "not there, skipped: $e" >&2; fi`,
  'done',
];

function recorderScript(recorder: Program, recording: Recording): string[] {
  const all = ALL_OF[recorder];
  const named = `case $e in */*) E="$E -e \${e%/*}:\${e#*/}";; *) E="$E -e $e${all}";; esac`;
  const [before, after] = COMMAND_LINES[recorder](recording);
  const line = [...[recorder, ...before].map(shellWord), '$E', ...after].join(' ');
  return ['E=; set -f', ...eachEvent(recording, named), `${line} "$@"`];
}

const instanceScript = (recording: Recording): string[] => [
  'mkdir "$I" || exit 2',
  ...instanceWrites(recording).map(([file, text]) => `echo ${text} > "$I/${file}"`),
  ...eachEvent(recording, 'echo 1 > "$I/events/$e/enable"'),
  'echo 1 > "$I/tracing_on"',
  '"$@"',
  'echo 0 > "$I/tracing_on"',
  `cat "$I/trace" > ${shellWord(recording.out)}`,
];
