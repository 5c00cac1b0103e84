/**
 * What the first lines of `perf script` tell: whether it is that at all, and what its header says of the recording.
 *
 * In: the first bytes of a capture. Out: facts. The header (`perf script --header`) is written by perf_header__fprintf_info(),
 * tools/perf/util/header.c:
 *
 *   # hostname : lab
 *   # os release : 7.2.13-tracelab
 *   # nrcpus online : 2
 *   # cmdline : /usr/bin/perf record -a -k mono -e dma:*
 *   # event : name = dma:dma_map_phys, , id = { 40, 41 }, type = 2, …
 */

/** Time, perhaps a period, then "system:name: " or a record that is no event; a report or ftrace has no second colon there. */
const RECORD_LINE = /(?:^|\s)\d+\.\d{6,9}: +(?:\d+ +)?(?:([A-Za-z_][\w.-]*:[\w.-]+): ?|PERF_RECORD_[A-Z])/;
/** The same without a time (`-F event,trace`): told by the events that matter here. */
const TIMELESS_LINE = /^(?:[^:]*\s)?(?:dma|iommu):[a-z_]+: /;
/** ftrace and trace-cmd write task-pid before the CPU in brackets. */
const TASK_DASH_PID = /-\d+ +(?:\( *[\d-]+\) +)?\[\d+\]/;

/** Kernel names of clocks, by those of perf's header (clockid_name(), tools/perf/util/clockid.c). */
const CLOCKS: Readonly<Record<string, string>> = {
  monotonic: 'mono',
  monotonic_raw: 'mono_raw',
  boottime: 'boot',
};

export interface PerfScriptHead {
  /** The first line of an event or of another record. */
  readonly firstRecord?: string;
  /** Events are there, but no times. */
  readonly timeless: boolean;
  /** The header fills all that was read: no line is anything else. */
  readonly onlyHeader: boolean;
  readonly host?: string;
  readonly kernel?: string;
  readonly cpus?: number;
  /** As perf was asked for it: `perf record -k mono`. */
  readonly clock?: string;
  readonly recordedEvents: readonly string[];
  readonly version?: string;
}

export function readPerfScriptHead(head: Uint8Array): PerfScriptHead {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const lines = text.split(/\r?\n/);
  if (lines.length > 1) lines.pop();
  const firstRecord = lines.find(isRecord);
  const said = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1];
  const host = said(/^# hostname : (\S+)/m);
  const kernel = said(/^# os release : (\S+)/m);
  const version = said(/^# perf version : (\S+)/m);
  const cpus = said(/^# nrcpus online : (\d{1,5})$/m);
  const clock = said(/^# clockid: (\w+)/m) ?? said(/^# cmdline : .*? (?:-k|--clockid)[ =]?(\w+)/m);
  return {
    timeless: firstRecord === undefined && lines.some((line) => TIMELESS_LINE.test(line)),
    onlyHeader:
      /^# captured on +: /m.test(text.slice(0, 400)) &&
      lines.every((line) => line === '' || line.startsWith('#')),
    recordedEvents: Array.from(
      text.matchAll(/^# event : name = ([^,:\n]{1,128}:[^,\n]{1,128}), /gm),
      (match) => match[1]!,
    ),
    ...(firstRecord === undefined ? {} : { firstRecord }),
    ...(host === undefined ? {} : { host }),
    ...(kernel === undefined ? {} : { kernel }),
    ...(version === undefined ? {} : { version }),
    ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
    ...(clock === undefined ? {} : { clock: CLOCKS[clock.toLowerCase()] ?? clock.toLowerCase() }),
  };
}

const isRecord = (line: string): boolean =>
  !line.startsWith('#') &&
  !line.startsWith('\t') &&
  RECORD_LINE.test(line.slice(0, 300)) &&
  !TASK_DASH_PID.test(line);
