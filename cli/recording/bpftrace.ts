/**
 * A bpftrace program that prints a pack's probes as lines of ftrace's text, which dmaspan reads.
 *
 * In: probes. Out: the program. It cannot print tracepoints of the DMA API as ftrace does (lists, flags), so those are
 * recorded beside it, on the same clock.
 *
 *           insmod-71     [001] ..... 17.360563: odp_get: (ib_umem_odp_get+0x0/0x0) addr=0x7f0000000000 size=4096 access=0x1
 */
import type { Probe } from '../../traces/probe-pack.js';

/** Columns 37 to 56 are the time: what the lines have to be sorted by. */
export const LINE_ORDER = "LC_ALL=C sort -s -t '\u0001' -k 1.37,1.56";
const PREFIX = '%16s-%-7d [%03d] ..... %12llu.%06llu: ';
const PREFIX_VALUES = 'comm, tid, cpu, nsecs / 1000000000, nsecs % 1000000000 / 1000';

interface Printed {
  readonly format: string;
  readonly value: string;
}

/** How a field of the kernel's type is printed; the first letter of the type tells. */
const FORMATS: Readonly<Record<string, string>> = { x: '0x%llx', u: '%llu', b: '%llu', s: '%lld' };

/** One argument; undefined when it reads memory by offsets, for which bpftrace has no like expression. */
function printed(name: string, text: string): Printed | undefined {
  const [, path = '', type = ''] = /^([A-Za-z_][A-Za-z0-9_.>-]*):(.+)$/.exec(text) ?? [];
  if (path === '') return undefined;
  if (type === 'string') return { format: `${name}=\\"%s\\"`, value: `str(args->${path})` };
  const cast = type.startsWith('s') ? `(int${type.slice(1)})` : '(uint64)';
  return { format: `${name}=${FORMATS[type[0] ?? ''] ?? '%llu'}`, value: `${cast}args->${path}` };
}

export function bpftraceProgram(probes: readonly Probe[]): string[] {
  return [
    'BEGIN { printf("# tracer: nop\\n#\\n"); }',
    ...probes.flatMap((probe) => {
      const fields = Object.entries(probe.args).map(([name, text]) => [name, printed(name, text)] as const);
      const known = fields.flatMap(([, field]) => field ?? []);
      const unknown = fields.filter(([, field]) => field === undefined).map(([name]) => name);
      const without = unknown.length === 0 ? [] : [`// without ${unknown.join(', ')}: read by offsets`];
      const entry = action('kfunc', probe, probe.name, `(${probe.function}+0x0/0x0)`, known);
      if (probe.at === 'entry') return [...without, entry];
      const ret = { format: 'ret=0x%llx', value: '(uint64)retval' };
      const from = `(0x0 <- ${probe.function})`;
      return [...without, entry, action('kretfunc', probe, `${probe.name}_ret`, from, [...known, ret])];
    }),
  ];
}

function action(kind: string, probe: Probe, name: string, place: string, fields: readonly Printed[]): string {
  const body = [place, ...fields.map(({ format }) => format)].join(' ');
  const values = [PREFIX_VALUES, ...fields.map(({ value }) => value)].join(', ');
  return `${kind}:${probe.function} { printf("${PREFIX}${name}: ${body}\\n", ${values}); }`;
}
