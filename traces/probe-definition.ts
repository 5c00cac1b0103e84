/**
 * A probe as the kernel takes it: a line for tracefs' `dynamic_events`.
 *
 * In: a probe, a form, a kernel version. Out: one line for the entry, and one for the return, for probes that have it.
 *
 *   f:dmaspan/odp_get ib_umem_odp_get addr=addr:x64 size=size:u64                       fprobe   (Documentation/trace/fprobetrace.rst)
 *   f:dmaspan/odp_get_ret ib_umem_odp_get%return addr=addr:x64 size=size:u64 ret=$retval:x64
 *   p:dmaspan/odp_get ib_umem_odp_get addr=addr:x64 size=size:u64                       kprobe   (Documentation/trace/kprobetrace.rst)
 *   p:dmaspan/odp_get ib_umem_odp_get addr=%si:x64 size=%dx:u64                         registers
 *   r:dmaspan/odp_get_ret ib_umem_odp_get ret=$retval:x64
 */
import type { Probe, ProbeArguments } from './probe-pack.js';

export const FORMS = ['fprobe', 'kprobe', 'registers'] as const;
export type Form = (typeof FORMS)[number];

/** The group of our probes: `dmaspan:NAME` to perf and trace-cmd. */
export const PROBE_GROUP = 'dmaspan';

export interface Definition {
  /** The event's name in the group. */
  readonly name: string;
  readonly function: string;
  readonly line: string;
}

/** [major, minor] of "6.12", "7.2.13-rc1"; undefined for what is no version. */
export type KernelVersion = readonly [major: number, minor: number];

export function kernelVersion(text: string): KernelVersion | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,4})(?![\d])/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

export const atLeast = ([major, minor]: KernelVersion, [least, leastMinor]: KernelVersion): boolean =>
  major > least || (major === least && minor >= leastMinor);

/** Whether "6.12 … 6.17" covers a version. */
export function covers(kernels: string | undefined, version: KernelVersion): boolean {
  const [from = '', to = ''] = (kernels ?? '…').split('…');
  const [first, last] = [kernelVersion(from.trim()), kernelVersion(to.trim())];
  return (first === undefined || atLeast(version, first)) && (last === undefined || atLeast(last, version));
}

/** Arguments by name, members of structures too, come with 6.6 for fprobes and kprobes alike; they need CONFIG_DEBUG_INFO_BTF. */
const BTF_MEMBERS: KernelVersion = [6, 6];
/** From here on a return probe can read the arguments that the function was called with. */
const ARGUMENTS_AT_RETURN: KernelVersion = [6, 9];

export const formFor = (version: KernelVersion): Form =>
  atLeast(version, BTF_MEMBERS) ? 'fprobe' : 'registers';

export const argumentsAtReturn = (version: KernelVersion): boolean => atLeast(version, ARGUMENTS_AT_RETURN);

/** Whether a register form reads memory at offsets, which belong to one kernel's structures. */
export const readsOffsets = (registers: ProbeArguments): boolean =>
  Object.values(registers).some((text) => text.includes('('));

const joined = (args: ProbeArguments): string =>
  Object.entries(args)
    .map(([name, text]) => `${name}=${text}`)
    .join(' ');

/** What stands before and after the function, by form: at the entry, and at the return. */
const WRITTEN: Readonly<Record<Form, { entry: string; return: [key: string, suffix: string] }>> = {
  fprobe: { entry: 'f', return: ['f', '%return'] },
  kprobe: { entry: 'p', return: ['r', ''] },
  registers: { entry: 'p', return: ['r', ''] },
};

/** The lines of a probe; none when it has no such form. `entryArguments`: whether a return probe may read them. */
export function definitionsOf(probe: Probe, form: Form, entryArguments: boolean): readonly Definition[] {
  const args = form === 'registers' ? probe.registers : probe.args;
  if (args === undefined) return [];
  const written = WRITTEN[form];
  const define = (name: string, key: string, where: string, ...rest: string[]): Definition => ({
    name,
    function: probe.function,
    line: [`${key}:${PROBE_GROUP}/${name}`, where, ...rest].filter((word) => word !== '').join(' '),
  });
  const entry = define(probe.name, written.entry, probe.function, joined(args));
  if (probe.at === 'entry') return [entry];
  const [key, suffix] = written.return;
  const repeated = entryArguments && form !== 'registers' ? joined(args) : '';
  return [entry, define(`${probe.name}_ret`, key, `${probe.function}${suffix}`, repeated, 'ret=$retval:x64')];
}

export const removalOf = ({ name }: { name: string }): string => `-:${PROBE_GROUP}/${name}`;
