/**
 * What `dmaspan probes` prints: a pack for people, and how to record it as a script.
 *
 * In: packs, a target, a kernel version, a form. Out: text. Scripts are whole: everything for people is a comment.
 */
import { wrap } from '../analyzer/report/layout.js';
import { loadRules } from '../analyzer/rules.js';
import type { Form, KernelVersion } from '../traces/probe-definition.js';
import type { Probe, ProbePack } from '../traces/probe-pack.js';
import { bpftraceProgram, LINE_ORDER } from './recording/bpftrace.js';
import { DEFAULT_BUFFER_KB, DEFAULT_OUT, type Recorder, scriptOf, TRACEFS } from './recording/recorders.js';
import { definitionsFor, type Selection, selectionOf } from './recording/selection.js';

export interface Shown {
  readonly target: Recorder | 'bpftrace';
  readonly version: KernelVersion;
  readonly form: Form;
}

/** Name, title, what it costs and enables; every line after `indent`. */
export function packLines(pack: ProbePack, indent: string): string[] {
  const part = (name: string, text: string): string[] =>
    text === '' ? [] : wrap(text, `${indent}    ${name.padEnd(9)}`, `${indent}${' '.repeat(13)}`);
  return [
    `${indent}${pack.pack}, version ${pack.version}: ${pack.title}`,
    ...wrap(pack.about, `${indent}    `, `${indent}    `),
    ...part('Records', recordsText(pack)),
    ...part('Costs', pack.cost),
    ...part('Layers', pack.layers.filter((layer) => layer !== 'none').join(', ')),
    ...part('Rules', knownRules(pack).join(', ')),
  ];
}

/** Rules that use the pack, as far as this version of dmaspan has them. */
export function knownRules({ rules }: ProbePack): string[] {
  const known = new Set(loadRules().map((rule) => rule.id));
  return rules.filter((rule) => known.has(rule));
}

function recordsText({ events, probes }: ProbePack): string {
  const functions = probes.map((probe) => probe.function);
  return [
    events.length === 0 ? '' : `the tracepoints ${events.map(({ event }) => event).join(', ')}`,
    functions.length === 0 ? '' : `probes on ${functions.join(', ')}`,
  ]
    .filter((text) => text !== '')
    .join('; ');
}

export function showText(packs: readonly ProbePack[], shown: Shown): string {
  const comment = (lines: readonly string[]): string[] => lines.map((line) => `# ${line}`.trimEnd());
  const head = comment(packs.flatMap((pack) => [...packLines(pack, ''), '']));
  const selection = selectionOf(packs, shown.version, shown.form);
  const body =
    shown.target === 'bpftrace'
      ? bpftraceLines(selection, comment)
      : recorderLines(shown.target, selection, shown, comment);
  const offsets = shown.target === 'bpftrace' ? [] : offsetsLines(packs, selection);
  return `${[...head, ...comment(offsets), ...body].join('\n')}\n`;
}

function recorderLines(
  recorder: Recorder,
  { events, probes, formless }: Selection,
  { form, version }: Shown,
  comment: (lines: readonly string[]) => string[],
): string[] {
  const definitions = definitionsFor(probes, version, form);
  const recording = {
    root: TRACEFS,
    events,
    definitions,
    out: DEFAULT_OUT[recorder],
    bufferKb: DEFAULT_BUFFER_KB,
    stacks: true,
  };
  const kernel = version.join('.');
  const about = [
    `For Linux ${kernel}${probes.length === 0 ? '' : `, probes as ${NAMED[form]}`}. Run it as root, as a script: sh FILE COMMAND.`,
    ...missing(formless),
  ];
  return [
    ...comment(about.flatMap((text) => wrap(text, '', ''))),
    '',
    ...scriptOf(recorder, recording),
    '',
    ...comment([`Then: dmaspan report ${DEFAULT_OUT[recorder]}`]),
  ];
}

const NAMED: Readonly<Record<Form, string>> = {
  fprobe: 'fprobes with arguments by name (CONFIG_FPROBE_EVENTS, CONFIG_DEBUG_INFO_BTF)',
  kprobe: 'kprobes with arguments by name (CONFIG_KPROBE_EVENTS, CONFIG_DEBUG_INFO_BTF)',
  registers: 'kprobes on x86-64 registers (CONFIG_KPROBE_EVENTS)',
};

function missing(formless: readonly Probe[]): string[] {
  if (formless.length === 0) return [];
  return [`These have no such form and are left out: ${formless.map(({ name }) => name).join(', ')}.`];
}

function offsetsLines(packs: readonly ProbePack[], { offsets }: Selection): string[] {
  if (offsets.length === 0) return [];
  const kernels = [...new Set(packs.flatMap((pack) => pack.offsets ?? []))].join(', ');
  return wrap(
    `CAUTION: ${offsets.map(({ name }) => name).join(', ')} read structures at offsets of Linux ${kernels}, in one configuration. On any other kernel compare them with pahole first (docs/probes.md): a wrong offset records rubbish without a word.`,
    '',
    '',
  ).concat('');
}

function bpftraceLines(
  { events, probes }: Selection,
  comment: (lines: readonly string[]) => string[],
): string[] {
  const say = (text: string): string[] => comment(wrap(text, '', '')).map((line) => line.replace(/^#/, '//'));
  if (probes.length === 0)
    return say(
      'This pack has only tracepoints, which bpftrace cannot print as ftrace does: record them with trace-cmd or perf.',
    );
  return [
    ...say(
      `The probes as lines of ftrace's text. bpftrace brings the lines of several CPUs out of order; sort them: bpftrace FILE > lines.txt; ${LINE_ORDER} lines.txt > trace.txt. There are no call stacks, and lost events show only on bpftrace's stderr.`,
    ),
    ...(events.length === 0
      ? []
      : say(
          `The tracepoints ${events.join(', ')} are not in it: record them at the same time with trace-cmd -C mono, and give dmaspan both files with --merge.`,
        )),
    ...bpftraceProgram(probes),
  ];
}
