/**
 * Which frame of a call stack is the call site: the first one outside the DMA API, the IOMMU layer, memory management and tracing.
 *
 * In: a stack's frames as text, innermost first, and the list of core functions (`core-functions.json`, data).
 * Out: the site ("cmd_write [dmabug]") and the core function that it called ("dma_map_page_attrs").
 */
import { readFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';

export interface Site {
  readonly site: string;
  /** The core function that the site called; absent where the stack begins at the site. */
  readonly via?: string;
}

interface CoreGroup {
  readonly what: string;
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

let groups: readonly CoreGroup[] | undefined;

function coreGroups(): readonly CoreGroup[] {
  if (groups === undefined) {
    const text = readFileSync(inPackage('analyzer', 'core-functions.json'), 'utf8');
    groups = (JSON.parse(text) as { groups: CoreGroup[] }).groups;
  }
  return groups;
}

/** `name+0x1c/0x60 [module] (more)`, with what a compiler appends (`.isra.0`, `.constprop.0`, `.cold`) apart. */
const FRAME = /^([^\s+.]+)(?:\.[^\s+]+)?(?:\+0x[0-9a-f]+(?:\/0x[0-9a-f]+)?)?(?:\s+\[([^\]\s]+)\])?/i;
const ADDRESS = /^(0x[0-9a-f]+|[0-9a-f]{16})$/i;

/** A frame without offset and compiler's suffix: "cmd_write [dmabug]"; an address stays as it is. */
export function frameName(frame: string): { name: string; module?: string } {
  const match = FRAME.exec(frame.trim());
  if (match === null) return { name: frame.trim() };
  const module = match[2];
  return module === undefined ? { name: match[1]! } : { name: match[1]!, module };
}

/** What kind of core function it is ("tracing", "the DMA API", …), or undefined for any other function. */
function coreGroup(name: string, module: string | undefined): string | undefined {
  const matches = (group: CoreGroup): boolean =>
    group.names.includes(name) ||
    (module === undefined && group.prefixes.some((prefix) => name.startsWith(prefix)));
  return coreGroups().find(matches)?.what;
}

/**
 * The call site of a stack, or undefined where the stack has no named frame outside the core.
 * Bare addresses above the first core function are passed over: probes run from generated code that has no name.
 */
export function siteOf(frames: readonly string[]): Site | undefined {
  let via: string | undefined;
  for (const frame of frames) {
    const { name, module } = frameName(frame);
    if (via === undefined && ADDRESS.test(name)) continue;
    const group = coreGroup(name, module);
    if (group === undefined) {
      const site = module === undefined ? name : `${name} [${module}]`;
      return via === undefined ? { site } : { site, via };
    }
    if (group !== 'tracing') via = name;
  }
  return undefined;
}

/** Whether a frame belongs to tracing itself, or is generated code without a name: nothing that a reader wants to see on top of a stack. */
export function isTracingFrame(frame: string): boolean {
  const { name, module } = frameName(frame);
  return ADDRESS.test(name) || coreGroup(name, module) === 'tracing';
}
