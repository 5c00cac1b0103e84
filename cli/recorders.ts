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

/** The recorder's command line, up to the command that it is to run. */
export const COMMAND_LINES: Readonly<Record<'trace-cmd' | 'perf', (recording: Recording) => string[]>> = {
  'trace-cmd': (recording) => [
    ...['trace-cmd', 'record', '-B', INSTANCE, '-C', CLOCK, '-b', String(recording.bufferKb)],
    ...(recording.stacks ? ['-T'] : []),
    ...['-o', recording.out],
    ...enabled(recording).flatMap((event) => ['-e', event.replace(/:\*$/, '')]),
  ],
  perf: (recording) => [
    ...['perf', 'record', '-a', '-k', CLOCK, '-m', `${recording.bufferKb}K`],
    ...(recording.stacks ? ['-g'] : []),
    ...['-o', recording.out],
    ...enabled(recording).flatMap((event) => ['-e', event]),
    '--',
  ],
};

/** What makes a new instance record, as files below it and what to write there. */
export const instanceWrites = (recording: Recording): readonly [file: string, text: string][] => [
  ['tracing_on', '0'],
  ['trace_clock', CLOCK],
  ['buffer_size_kb', String(recording.bufferKb)],
  ['options/stacktrace', recording.stacks ? '1' : '0'],
  ...enabled(recording).map((event): [string, string] => [
    `events/${event.replace(/:\*$/, '').replace(':', '/')}/enable`,
    '1',
  ]),
  ['tracing_on', '1'],
];

/** A word as a POSIX shell reads it. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The same as a script; it records `command` ("$@": what the script is called with) and takes everything back. */
export function scriptOf(recorder: Recorder, recording: Recording, command = '"$@"'): string[] {
  const { definitions } = recording;
  const record = recorder === 'tracefs' ? instanceScript(recording, command) : undefined;
  const remove = definitions.length === 0 ? [] : removeLines(definitions);
  const clean = [...(record?.clean ?? []), ...remove];
  return [
    `T=${shellWord(recording.root)}`,
    ...(clean.length === 0 ? [] : ['clean() {', ...clean.map((line) => `  ${line}`), '}']),
    ...(clean.length === 0 ? [] : ['trap clean EXIT', 'trap : INT TERM']),
    ...(definitions.length === 0 ? [] : defineLines(definitions)),
    ...(record?.run ?? [`${commandLine(recorder as 'trace-cmd' | 'perf', recording)} ${command}`]),
  ];
}

const commandLine = (recorder: 'trace-cmd' | 'perf', recording: Recording): string =>
  COMMAND_LINES[recorder](recording).map(shellWord).join(' ');

const defineLines = (definitions: readonly Definition[]): string[] => [
  'probe() { echo "$1" >> "$T/dynamic_events" || echo "not there, skipped: $1" >&2; }',
  ...definitions.map(({ line }) => `probe ${shellWord(line)}`),
];

const removeLines = (definitions: readonly Definition[]): string[] => [
  `for p in ${definitions.map((one) => removalOf(one)).join(' ')}; do`,
  '  echo "$p" >> "$T/dynamic_events"',
  'done 2>/dev/null',
];

function instanceScript(recording: Recording, command: string): { run: string[]; clean: string[] } {
  return {
    run: [
      `I="$T/instances/${INSTANCE}"; mkdir "$I" || exit`,
      ...instanceWrites(recording).map(([file, text]) => `echo ${text} > "$I/${file}"`),
      command,
      'echo 0 > "$I/tracing_on"',
      `cat "$I/trace" > ${shellWord(recording.out)}`,
    ],
    clean: [`rmdir "$T/instances/${INSTANCE}"`],
  };
}
