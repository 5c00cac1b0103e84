/**
 * What packs come to on one kernel, in one form.
 *
 * In: packs, a kernel version, a form. Out: tracepoints to enable and probes to define, and what has to be left out.
 */
import {
  argumentsAtReturn,
  covers,
  type Definition,
  definitionsOf,
  type Form,
  type KernelVersion,
  readsOffsets,
} from '../../traces/probe-definition.js';
import type { Probe, ProbePack } from '../../traces/probe-pack.js';

export interface Selection {
  /** "dma:*", "iommu:map"; each once. */
  readonly events: readonly string[];
  readonly probes: readonly Probe[];
  /** Tracepoints that this version of the kernel does not have. */
  readonly elsewhere: readonly string[];
  /** Probes that have no such form. */
  readonly formless: readonly Probe[];
  /** Probes that read structures at offsets, which belong to one kernel. */
  readonly offsets: readonly Probe[];
}

export function selectionOf(packs: readonly ProbePack[], version: KernelVersion, form: Form): Selection {
  const fits = ({ kernels }: { kernels?: string }): boolean => covers(kernels, version);
  const tracepoints = packs.flatMap((pack) => pack.events);
  const events = new Set(tracepoints.filter(fits).map(({ event }) => event));
  const missing = tracepoints.filter(({ event }) => !events.has(event));
  const probes = uniqueProbes(packs).filter(fits);
  const byRegisters = form === 'registers' ? probes : [];
  return {
    events: [...events],
    elsewhere: [...new Set(missing.map(({ event }) => event))],
    probes,
    formless: byRegisters.filter(({ registers }) => registers === undefined),
    offsets: byRegisters.filter(({ registers }) => registers !== undefined && readsOffsets(registers)),
  };
}

/** Two packs may hold one probe. */
const uniqueProbes = (packs: readonly ProbePack[]): Probe[] => [
  ...new Map(
    packs.flatMap((pack) => pack.probes.map((one) => [`${one.name} ${one.function}`, one])),
  ).values(),
];

export const definitionsFor = (
  probes: readonly Probe[],
  version: KernelVersion,
  form: Form,
): readonly Definition[] => probes.flatMap((probe) => definitionsOf(probe, form, argumentsAtReturn(version)));
