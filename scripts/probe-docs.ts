/**
 * `docs/probes.md`, from the probe packs.
 *
 * In: `traces/probes/`. Out: the page's text.
 */
import { knownRules } from '../cli/probes-text.js';
import { loadPacks, type Probe, type ProbePack } from '../traces/probe-pack.js';

const INTRODUCTION = `<!-- Made by \`node dist/scripts/make-docs.js\` from traces/probes; edit those, or scripts/probe-docs.ts. -->
# Probe packs

Much of what a mapping's life depends on has no tracepoint: a driver that is unbound, an invalidation, a page that RDMA pins, memory that leaves a
peer-to-peer pool. A *pack* says what to record for a question: tracepoints to enable, and probes to define for the rest.

    dmaspan probes list                                        what there is, what it costs, which rules use it
    sudo dmaspan record --pack dma removal -- LOAD             sets the probes, records LOAD, and takes the probes away again
    dmaspan probes show dma removal > record.sh                the same as a shell script; --for perf, tracefs, bpftrace
    sudo sh record.sh LOAD                                     for a machine without Node

Captures that were recorded by hand with other names are read too: a probe is known by the function it is on.

## Forms

| form | looks like | needs |
|---|---|---|
| \`fprobe\` | \`f:dmaspan/mn_release __mmu_notifier_release mm=mm:x64\` | Linux 6.6, CONFIG_FPROBE_EVENTS, CONFIG_DEBUG_INFO_BTF; the cheapest |
| \`kprobe\` | \`p:dmaspan/mn_release __mmu_notifier_release mm=mm:x64\` | Linux 6.6, CONFIG_KPROBE_EVENTS, CONFIG_DEBUG_INFO_BTF |
| \`registers\` | \`p:dmaspan/mn_release __mmu_notifier_release mm=%di:x64\` | x86-64, CONFIG_KPROBE_EVENTS |

Arguments by name are looked up in the kernel's own type information, so they are right on every kernel that accepts them. A probe that the kernel does not accept (the function is
not there, was inlined, or has other arguments in this version) is left out, and said so.

Registers with offsets (\`+8(%di)\`) belong to **one kernel**: those of the packs were taken from Linux 7.2 on x86-64, in one configuration; a \`struct device\` inside a
\`struct pci_dev\` lies at 208 there and at 176 in a 6.18 with less compiled in. A wrong offset records rubbish without a word, so the script says which probes these are;
compare them with \`pahole -C pci_dev /sys/kernel/btf/vmlinux\` (or the kernel's vmlinux with debug information) before. Probes that read registers only (\`mm=%di:x64\`) need the function to have the same arguments, no more.

From Linux 6.9 a return probe (\`NAME_ret\`) carries the arguments of the call as well as \`ret\`; before that, and with registers, \`ret\` alone.

`;

const OWN_PACK = `## A pack of your own

A JSON file like those in [traces/probes](../traces/probes), checked against [the schema](../traces/probes/pack.schema.json); give it with \`--packs FILE\`.
A pack of the name of one of ours replaces it.

    {
      "$schema": "…/pack.schema.json",
      "pack": "mydrv",
      "version": 1,
      "title": "My driver's own mappings",
      "about": "mydrv maps through an allocator of its own.",
      "cost": "Two events for each request.",
      "enables": { "layers": ["dma"], "rules": [] },
      "events": [{ "event": "dma:*", "doc": "What it becomes." }],
      "probes": [
        {
          "name": "mydrv_map",
          "function": "mydrv_map",
          "at": "both",
          "doc": "A buffer is mapped.",
          "module": "mydrv",
          "args": { "device": "mdev->dev->kobj.name:string", "addr": "iova:x64", "len": "size:u64" }
        }
      ]
    }

1. The functions must not be inlined, and not marked notrace: \`grep mydrv_map /sys/kernel/tracing/available_filter_functions\`.
2. \`args\` are the parameters by their names in the source, with \`->\` and \`.\` as in C, and a type: \`x64\` for addresses, \`u64\`, \`s32\` and so on for numbers, \`string\`. A device's name is \`dev->kobj.name:string\`
   (of a PCI device \`pdev->dev.kobj.name:string\`). A \`void *\` has no members: \`+0(data)\` reads what it points at.
   The kernel's own words on it: [fprobetrace](https://docs.kernel.org/trace/fprobetrace.html), [kprobetrace](https://docs.kernel.org/trace/kprobetrace.html).
3. \`dmaspan probes show mydrv --packs mydrv.json\` prints the script; it, and \`dmaspan record\`, name the functions that are not there.
4. What the events mean is another file: an [event dictionary](../traces/README.md#how-to-add-an-event), given with \`--events\` when the capture is read. \`function\` there is \`function\` here.
5. \`version\` goes up when a name, a function or a field changes.

[p2p-vma](#p2p-vma) is an example of a driver's private functions.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

const list = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

function overview(packs: readonly ProbePack[]): string[] {
  return [
    '## The packs',
    '',
    '| pack | what it shows | cost | rules that use it |',
    '|---|---|---|---|',
    ...packs.map(
      (pack) =>
        `| [${pack.pack}](#${pack.pack}) | ${cell(pack.title)} | ${cell(pack.cost)} | ${list(knownRules(pack))} |`,
    ),
    '',
  ];
}

const probeRow = (probe: Probe): string =>
  `| \`${probe.name}\`${probe.at === 'both' ? ' and return' : ''} | \`${probe.function}\`${probe.module === undefined ? '' : ` (${probe.module})`} | ${probe.kernels ?? ''} | ${list(Object.keys(probe.args))} | ${cell(probe.doc)} |`;

function packSection(pack: ProbePack): string[] {
  const events = pack.events.map(
    ({ event, kernels, doc }) => `| \`${event}\` | tracepoint | ${kernels ?? ''} | | ${cell(doc)} |`,
  );
  return [
    `### ${pack.pack}`,
    '',
    `${pack.about} Version ${pack.version}.`,
    '',
    '| event | function (module) | Linux | fields | |',
    '|---|---|---|---|---|',
    ...events,
    ...pack.probes.map(probeRow),
    '',
  ];
}

export async function probeDocs(): Promise<string> {
  const packs = await loadPacks();
  return [
    INTRODUCTION.trimEnd(),
    '',
    ...overview(packs),
    ...packs.flatMap(packSection),
    OWN_PACK.trimEnd(),
    '',
  ].join('\n');
}
