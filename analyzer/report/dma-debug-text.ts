/** What dma-debug said, in words. In: a report. Out: a phrase for a finding, and lines for the end of the report. */
import type { Finding } from '../findings.js';
import type { DmaDebugMessage } from './dma-debug.js';
import { plural } from './layout.js';
import type { Report } from './report.js';

/** "agrees: DMA-API: … (kernel log, line 507), and 3 more messages", or undefined. */
export function agreement({ dmaDebug }: Report, finding: Finding): string | undefined {
  const messages = dmaDebug?.agrees.get(finding);
  if (messages === undefined) return undefined;
  const [first, ...more] = messages as readonly [DmaDebugMessage, ...DmaDebugMessage[]];
  const rest = more.length === 0 ? '' : `, and ${plural(more.length, 'more message')}`;
  return `agrees: ${first.text} (kernel log, line ${first.line})${rest}`;
}

/** Sentences and messages, those of one text in one line; empty when it says nothing and nothing needs it. */
export function dmaDebugLines({ dmaDebug }: Report): string[] {
  if (dmaDebug === null) return [];
  const { agrees, alone, untraced, outside, notes } = dmaDebug;
  const told = new Set([...agrees.values()].flat().map(({ line }) => line)).size;
  return [
    ...(agrees.size === 0
      ? []
      : [`agrees with ${plural(agrees.size, 'finding')} (${plural(told, 'message')})`]),
    ...grouped(alone).map((one) => `also says: ${one}`),
    ...grouped(untraced).map((one) => `also says, which no trace can show: ${one}`),
    ...grouped(outside).map((one) => `also says, outside of the capture: ${one}`),
    ...notes,
  ];
}

/** Messages of one class and device are one line: the first, and how many there are. */
function grouped(messages: readonly DmaDebugMessage[]): string[] {
  const groups = new Map<string, DmaDebugMessage[]>();
  for (const one of messages) {
    const key = `${one.class} ${one.device}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map(([first, ...more]) => {
    const rest = more.length === 0 ? '' : `, and ${plural(more.length, 'more message')} of this sort`;
    return `${first!.text} (kernel log, line ${first!.line})${rest}`;
  });
}
