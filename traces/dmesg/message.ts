/**
 * One kernel message, understood.
 *
 * In: a message without its stamp. Out: what it says, by the table of `messages.ts`; or the device and address that a driver's own line names.
 */
import { MESSAGE_PATTERNS, type MessagePattern } from './messages.js';

export interface KernelMessage {
  /** Line in the log, from 1. */
  readonly line: number;
  /** Nanoseconds on the kernel's clock, as printed. */
  readonly ts?: bigint;
  readonly source: string;
  readonly kind: string;
  readonly device?: string;
  readonly addr?: bigint;
  readonly len?: bigint;
  readonly access?: 'read' | 'write';
  readonly count?: number;
  readonly reason?: string;
  readonly text: string;
}

type Groups = Readonly<Record<string, string | undefined>>;
export type MessageFacts = Omit<KernelMessage, 'line' | 'ts' | 'text'>;

/** `event->flags` of an IO_PAGE_FAULT: bit 5 says write (EVENT_FLAG_RW). */
const AMD_WRITE = 0x20;
/** FSYNR0 of a context fault: bit 4 says write (ARM_SMMU_CB_FSYNR0_WNR). */
const SMMU_WRITE = 0x10;

function accessOf({ access, flags, fsynr }: Groups): 'read' | 'write' | undefined {
  if (access !== undefined) return access.toLowerCase() as 'read' | 'write';
  if (flags !== undefined) return Number(flags) & AMD_WRITE ? 'write' : 'read';
  if (fsynr !== undefined) return Number(fsynr) & SMMU_WRITE ? 'write' : 'read';
  return undefined;
}

const unsigned = (text: string): bigint => BigInt.asUintN(64, BigInt(text));

/** "0x03:0x00.0" and "00:02.0" as the kernel names devices elsewhere; which domain is for who knows the capture's devices. */
const deviceName = (text: string): string => text.replaceAll('0x', '');

function factsOf(pattern: MessagePattern, groups: Groups): MessageFacts {
  const device = groups.device ?? groups.device2;
  const { addr, len, count } = groups;
  const reason = groups.reason?.trim();
  const access = accessOf(groups);
  const hex = addr !== undefined && !addr.startsWith('0x') ? `0x${addr}` : addr;
  return {
    source: pattern.source,
    kind: pattern.kind,
    ...(device === undefined ? {} : { device: deviceName(device) }),
    ...(hex === undefined ? {} : { addr: unsigned(hex) }),
    ...(len === undefined ? {} : { len: unsigned(len) }),
    ...(access === undefined ? {} : { access }),
    ...(count === undefined ? {} : { count: Number(count) }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
  };
}

/** What a line says, and the pattern of the line that may go on with it. */
export function understand(text: string): { facts: MessageFacts; pattern: MessagePattern } | undefined {
  for (const pattern of MESSAGE_PATTERNS) {
    const match = pattern.pattern.exec(text);
    if (match !== null) return { facts: factsOf(pattern, match.groups ?? {}), pattern };
  }
  return undefined;
}

/** The facts with what the following line adds, or undefined when it is no continuation. */
export function completed(
  facts: MessageFacts,
  pattern: MessagePattern,
  text: string,
): MessageFacts | undefined {
  const match = pattern.more?.exec(text);
  if (match === undefined || match === null) return undefined;
  return { ...factsOf(pattern, match.groups ?? {}), ...facts };
}

const PCI_DEVICE = /\b[0-9a-f]{4,5}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/;
/** `nvme 0000:01:00.0: …`, `arm-smmu 5000000.iommu: …`: dev_err() and its kin. */
const DEV_PRINTK = /^\S+ (\S+): /;
const ADDRESS =
  /\b(?:0x|dma(?:_addr)?[=: ]+(?:0x)?|iova[=: ]+(?:0x)?|addr(?:ess)?[=: ]+(?:0x)?)([0-9a-f]{4,16})\b/i;

/** A driver's own line that names a device and an address: no verdict, but a mark in time. */
export function mention(text: string): MessageFacts | undefined {
  const addr = ADDRESS.exec(text)?.[1];
  if (addr === undefined) return undefined;
  const device = PCI_DEVICE.exec(text)?.[0] ?? DEV_PRINTK.exec(text)?.[1];
  if (device === undefined) return undefined;
  return { source: 'other', kind: 'mention', device, addr: unsigned(`0x${addr}`) };
}
