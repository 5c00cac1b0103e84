/**
 * What the text scanner skipped, as named counters.
 *
 * In: the scanner's counts. Out: counters with a severity, a sentence on what to do, and the place of the first case.
 */
import { TextCounter } from '../../wasm/schema.js';
import type { Counter } from '../format.js';
import { printable, shortened } from '../printable.js';
import type { TextCount, TextTotals } from '../text-core.js';

type Meaning = Pick<Counter, 'name' | 'severity' | 'help'>;

const MEANINGS: Readonly<Record<TextCounter, Meaning>> = {
  [TextCounter.line_not_understood]: {
    name: 'line-not-understood',
    severity: 'warning',
    help: 'A line is no event, header, stack frame or loss mark; with ftrace capture with the tracer nop, and keep other output out of the file.',
  },
  [TextCounter.event_not_understood]: {
    name: 'event-not-understood',
    severity: 'warning',
    help: 'An event that the dictionary knows by name lacks fields that it must have; describe this form of it in a dictionary of your own (--events).',
  },
  [TextCounter.line_cut]: {
    name: 'line-cut',
    severity: 'warning',
    help: 'The capture ends in the middle of a line: what came after it is missing, and so is this event.',
  },
  [TextCounter.last_line_open]: {
    name: 'last-line-without-newline',
    severity: 'info',
    help: 'The last line has no newline and was read as it stands; if the capture was cut there, its last value may be short.',
  },
  [TextCounter.line_too_long]: {
    name: 'line-too-long',
    severity: 'warning',
    help: 'A line of more than 1 MiB is no ftrace output and was skipped.',
  },
  [TextCounter.line_too_big]: {
    name: 'event-not-printed',
    severity: 'error',
    help: 'The kernel could not print an event ([LINE TOO BIG]): record with trace-cmd or perf, or read trace_pipe_raw.',
  },
  [TextCounter.list_too_long]: {
    name: 'list-too-long',
    severity: 'warning',
    help: 'A scatterlist of more than 8191 entries was skipped.',
  },
  [TextCounter.value_not_understood]: {
    name: 'value-not-understood',
    severity: 'warning',
    help: 'A field of a known event does not read as the dictionary says; the field was left out.',
  },
  [TextCounter.attribute_unknown]: {
    name: 'attribute-unknown',
    severity: 'info',
    help: 'A DMA attribute has a name that this version does not know; its bit was left out.',
  },
  [TextCounter.user_stack]: {
    name: 'user-stack-skipped',
    severity: 'info',
    help: 'Call stacks of user space are not used.',
  },
  [TextCounter.stack_frame_stray]: {
    name: 'stack-frame-stray',
    severity: 'info',
    help: 'A stack frame stands where no stack trace began, as where a capture starts in the middle of one.',
  },
  [TextCounter.device_unnumbered]: {
    name: 'device-unnumbered',
    severity: 'warning',
    help: 'More than 65535 device names in one capture; events of the others have no device.',
  },
  [TextCounter.line_joined]: {
    name: 'line-joined',
    severity: 'warning',
    help: 'A line has more behind its own event: another event, bytes of zero, or more than any event prints, as where a part of the file got lost or was never written. What stands there is not counted; copy the file again.',
  },
  [TextCounter.task_record]: {
    name: 'task-record-skipped',
    severity: 'info',
    help: 'Records of tasks and their memory (perf script --show-task-events, --show-mmap-events) are not used.',
  },
};

/** Names are words of the file: a broken one may have any number, of any length. */
const NAMES_SHOWN = 6;
const NAME_LENGTH = 32;

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => shortened(name, NAME_LENGTH));
  return ` (${shown.join(', ')}${names.length > NAMES_SHOWN ? ', …' : ''})`;
}

function placeOf(count: TextCount, totals: TextTotals): string {
  const names = count.counter === TextCounter.attribute_unknown ? namesOf(totals.unknownAttributes) : '';
  return `line ${count.line}: ${printable(count.excerpt.trim())}${names}`;
}

export function textCounters(totals: TextTotals): Counter[] {
  return totals.counts.map((count) => ({
    ...MEANINGS[count.counter],
    count: count.count,
    first: placeOf(count, totals),
  }));
}

/** Events that the kernel had overwritten in its buffers before the capture was read. */
export function overwritten(events: number): Counter {
  return {
    name: 'events-overwritten',
    severity: 'warning',
    count: events,
    help: 'The ring buffers were too small and their oldest events are gone: enlarge buffer_size_kb, or read trace_pipe while tracing.',
  };
}
