/**
 * The recorders that `dmaspan probes show` writes scripts for: trace-cmd, perf, and plain tracefs.
 *
 * In: what to record. Out: a shell script that sets it up, records, and takes everything back.
 * trace-cmd and tracefs record into an instance of their own, so that nothing of the machine's own tracing is touched.
 */
import { type Definition, PROBE_GROUP, removalOf } from '../traces/probe-definition.js';

export const RECORDERS = ['trace-cmd', 'perf', 'tracefs'] as const;
export type Recorder = (typeof RECORDERS)[number];

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

/** A recorder's command line; `$E` becomes its -e options, for the events that are there. */
const COMMAND_LINES: Readonly<Record<'trace-cmd' | 'perf', (recording: Recording) => string>> = {
  'trace-cmd': ({ bufferKb, stacks, out }) =>
    `trace-cmd record -B ${INSTANCE} -C ${CLOCK} -b ${bufferKb}${stacks ? ' -T' : ''} -o ${shellWord(out)} $E`,
  perf: ({ bufferKb, stacks, out }) =>
    `perf record -a -k ${CLOCK} -m ${bufferKb}K${stacks ? ' -g' : ''} -o ${shellWord(out)} $E --`,
};
/** How each names all events of a system after its colon. */
const ALL_OF: Readonly<Record<'trace-cmd' | 'perf', string>> = { 'trace-cmd': '', perf: ':*' };

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

function recorderScript(recorder: 'trace-cmd' | 'perf', recording: Recording): string[] {
  const all = ALL_OF[recorder];
  const named = `case $e in */*) E="$E -e \${e%/*}:\${e#*/}";; *) E="$E -e $e${all}";; esac`;
  return ['E=; set -f', ...eachEvent(recording, named), `${COMMAND_LINES[recorder](recording)} "$@"`];
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
