/**
 * What this machine can record with.
 *
 * In: its tracefs, kernel version and programs. Out: a Machine, or a UsageError that names all that is missing at once.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { arch, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Form, formFor, type KernelVersion, kernelVersion } from '../../traces/probe-definition.js';
import { UsageError } from '../exit-codes.js';
import { PROGRAMS, type Program, TRACEFS } from './recorders.js';

const PLACES = [TRACEFS, '/sys/kernel/debug/tracing'];
const BTF = '/sys/kernel/btf/vmlinux';
/** How tracefs says of itself that it takes fprobes. */
const TAKES_FPROBES = /\bf\[:\[<group>\/\]/;

export interface Asked {
  /** Where tracefs is, when it is not where it belongs. */
  readonly tracefs?: string;
  readonly program?: Program;
  readonly form?: Form;
  /** Whether probes are to be defined, and not tracepoints alone recorded. */
  readonly probes: boolean;
}

export interface Machine {
  readonly tracefs: string;
  readonly program: Program;
}

/** The kernel's version. Throws UsageError. */
export function ownVersion(): KernelVersion {
  const version = kernelVersion(release());
  if (version !== undefined) return version;
  throw new UsageError(`this system calls its version "${release()}"`, 'dmaspan records on Linux.');
}

/** The form of probes that this kernel takes: its version tells, and its tracefs where it is readable. */
export function ownForm(tracefs: string | undefined, version: KernelVersion): Form {
  const form = formFor(version);
  const said = form === 'fprobe' ? readme(findTracefs(tracefs)) : undefined;
  return said === undefined || TAKES_FPROBES.test(said) ? form : 'kprobe';
}

function readme(tracefs: string | undefined): string | undefined {
  try {
    return tracefs === undefined ? undefined : readFileSync(join(tracefs, 'README'), 'utf8');
  } catch {
    return undefined;
  }
}

export const findTracefs = (given: string | undefined): string | undefined =>
  (given === undefined ? PLACES : [given]).find((path) => isFolder(join(path, 'events')));

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Throws UsageError with everything that this machine lacks. */
export function inspect(asked: Asked, form: Form): Machine {
  const tracefs = findTracefs(asked.tracefs);
  const program = asked.program ?? PROGRAMS.find(isOnPath);
  const lacks = [...tracefsLacks(tracefs, asked), ...programLacks(program)];
  if (asked.probes) lacks.push(...probesLack(tracefs, form, asked.form !== undefined));
  if (lacks.length === 0 && tracefs !== undefined && program !== undefined) return { tracefs, program };
  const advice = 'With --dry-run it prints what it would do, for another machine dmaspan probes show does.';
  throw new UsageError(
    `cannot record on this machine:\n${lacks.map((one) => `  - ${one}`).join('\n')}`,
    advice,
  );
}

function tracefsLacks(tracefs: string | undefined, { tracefs: given }: Asked): string[] {
  if (process.getuid?.() !== 0 && (tracefs === undefined || !isWritable(join(tracefs, 'set_event'))))
    return ['it needs root: run it with sudo'];
  if (tracefs !== undefined) return [];
  return given === undefined
    ? [
        `tracefs is not mounted (mount -t tracefs nodev ${TRACEFS}), or the kernel has none (CONFIG_EVENT_TRACING)`,
      ]
    : [`${given} is no tracefs: there is no folder "events" in it`];
}

const isWritable = (path: string): boolean => isAccessible(path, constants.W_OK);

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

const isOnPath = (program: Program): boolean =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && isAccessible(join(folder, program), constants.X_OK));

function programLacks(program: Program | undefined): string[] {
  if (program === undefined)
    return [
      'neither trace-cmd nor perf is on PATH: install one of them (dmaspan probes show --for tracefs needs neither)',
    ];
  return isOnPath(program) ? [] : [`${program} is not on PATH`];
}

/** What the kernel must have been built with for probes. */
function probesLack(tracefs: string | undefined, form: Form, chosen: boolean): string[] {
  if (tracefs === undefined) return [];
  if (!existsSync(join(tracefs, 'dynamic_events')))
    return ['this kernel takes no probes (CONFIG_FPROBE_EVENTS or CONFIG_KPROBE_EVENTS)'];
  if (form === 'registers')
    return arch() === 'x64'
      ? []
      : [`probes on this kernel need registers, and the packs have x86-64's only; this machine is ${arch()}`];
  return chosen || existsSync(BTF)
    ? []
    : [
        'this kernel does not know its own types (CONFIG_DEBUG_INFO_BTF): --form registers does without, on x86-64',
      ];
}
