/**
 * The kernel messages that are understood: one table, a line a wording, with a real line above each.
 *
 * In: nothing. Out: patterns, whose named groups are columns of `kernel_messages`: device, addr, len, access, reason, count.
 * Wordings are from drivers/iommu (intel/dmar.c, amd/iommu.c, arm/arm-smmu/arm-smmu.c, arm/arm-smmu-v3/arm-smmu-v3.c, iommu-debug-pagealloc.c)
 * and kernel/dma/debug.c.
 */

export type MessageSource =
  | 'intel-iommu'
  | 'amd-iommu'
  | 'arm-smmu'
  | 'arm-smmu-v3'
  | 'dma-debug'
  | 'iommu-debug';

export interface MessagePattern {
  readonly source: MessageSource;
  readonly kind: string;
  readonly pattern: RegExp;
  /** The line that follows tells more: its groups fill in what this one lacks. */
  readonly more?: RegExp;
  /** Numbers without 0x are hexadecimal too. */
  readonly hex?: boolean;
}

const fault = (source: MessageSource, pattern: RegExp, more?: RegExp): MessagePattern => ({
  source,
  kind: 'fault',
  pattern,
  hex: true,
  ...(more === undefined ? {} : { more }),
});

const FAULTS: readonly MessagePattern[] = [
  // DMAR: [DMA Read NO_PASID] Request device [0000:00:05.0] fault addr 0xfffdc000 [fault reason 0x06] PTE Read access is not set
  // DMAR: [DMA Write PASID 0x1] Request device [3a:00.0] fault addr 0x7f2a4000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear
  // DMAR: [DMA Read] Request device [00:02.0] PASID ffffffff fault addr 6df084000 [fault reason 06] PTE Read access is not set
  // DMAR: [DMA Write] Request device [0x03:0x00.0] fault addr 0x7b6f9000 [fault reason 0x05] PTE Write access is not set
  // DMAR:[DMA Write] Request device [00:02.0] fault addr 6df084000   and the next line:   DMAR:[fault reason 05] PTE Write access is not set
  fault(
    'intel-iommu',
    /^(?:dmar|DMAR): ?\[DMA (?<access>Read|Write)(?: (?:NO_PASID|w\/o PASID|(?:w\/ )?PASID (?:0x)?[0-9a-f]+))?\] Request device \[(?<device>[0-9a-fx:.]+)\](?: PASID [0-9a-f]+)? fault addr (?<addr>(?:0x)?[0-9a-f]+)\s*(?:\[fault reason (?<code>(?:0x)?[0-9a-f]+)h?\] (?<reason>.+))?$/,
    /^(?:dmar|DMAR): ?\[fault reason (?<code>(?:0x)?[0-9a-f]+)\] (?<reason>.+)$/,
  ),
  // ahci 0000:28:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0035 address=0x7fffff00000 flags=0x0000]
  fault(
    'amd-iommu',
    /^(?:\S+ )?(?<device>\S+): AMD-Vi: Event logged \[IO_PAGE_FAULT domain=0x[0-9a-f]+ address=(?<addr>0x[0-9a-f]+) flags=(?<flags>0x[0-9a-f]+)\]/,
  ),
  // AMD-Vi: Event logged [IO_PAGE_FAULT device=0a:00.0 domain=0x001d address=0x000000000637c000 flags=0x0000]
  fault(
    'amd-iommu',
    /^AMD-Vi: Event logged \[IO_PAGE_FAULT device=(?<device>[0-9a-f:.]+) (?:domain|pasid)=0x[0-9a-f]+ address=(?<addr>0x[0-9a-f]+) flags=(?<flags>0x[0-9a-f]+)\]/,
  ),
  // AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0007 address=0xffffc02000 flags=0x0000]   (no device is told)
  fault(
    'amd-iommu',
    /^AMD-Vi: Event logged \[IO_PAGE_FAULT domain=0x[0-9a-f]+ address=(?<addr>0x[0-9a-f]+) flags=(?<flags>0x[0-9a-f]+)\]/,
  ),
  // arm-smmu 5000000.iommu: Unhandled context fault: fsr=0x402, iova=0x7b657064, fsynr=0x10011, cbfrsynra=0x804, cb=3   (a stream number, no device)
  fault(
    'arm-smmu',
    /^(?:arm-smmu )?\S+: Unhandled context fault: fsr=0x[0-9a-f]+, iova=(?<addr>0x[0-9a-f]+), fsynr=(?<fsynr>0x[0-9a-f]+)/,
  ),
  // arm-smmu-v3 arm-smmu-v3.0.auto: event: F_TRANSLATION client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0xfffff000 ipa: 0x0
  // and the next line:   arm-smmu-v3 arm-smmu-v3.0.auto: unpriv data write s1 "Input address caused fault" stag: 0x0
  fault(
    'arm-smmu-v3',
    /^(?:arm-smmu-v3 )?\S+: event: (?<reason>F_(?:TRANSLATION|ADDR_SIZE|ACCESS|PERMISSION)) client: (?:\(unassigned sid\)|(?<device>\S+)) sid: 0x[0-9a-f]+ ssid: (?:0x)?[0-9a-f]+ iova: (?<addr>(?:0x)?[0-9a-f]+)/,
    /^(?:arm-smmu-v3 )?\S+: (?:un)?priv (?:data|inst) (?<access>read|write) s[12] /,
  ),
];

const debug = (kind: string, text: string): MessagePattern => ({
  source: 'dma-debug',
  kind,
  // DMA-API: dmabug 0000:00:05.0: device driver frees …, before 5.0: dmabug 0000:00:05.0: DMA-API: device driver frees …
  pattern: new RegExp(
    `^(?:DMA-API: (?:\\S.*? )?(?<device>\\S+): |(?:\\S.*? )?(?<device2>\\S+): DMA-API: )${text}`,
  ),
});

const ADDR = ' ?\\[device address=(?<addr>0x[0-9a-f]+)\\]';
const SIZE = ' \\[size=(?<len>\\d+) bytes\\]';
const REST = '(?<reason>.*)';

const DMA_DEBUG: readonly MessagePattern[] = [
  // DMA-API: dmabug 0000:00:05.0: device driver tries to free DMA memory it has not allocated [device address=0x00000000fffdc000] [size=4096 bytes]
  debug('free_unknown', `device driver tries to free DMA memory it has not allocated${ADDR}${SIZE}`),
  // DMA-API: e1000e 0000:00:02.0: device driver tries to free an invalid DMA memory address
  debug('free_invalid', 'device driver tries to free an invalid DMA memory address'),
  // … device driver frees DMA memory with different size [device address=0x00000000fffda000] [map size=8192 bytes] [unmap size=4096 bytes]
  debug(
    'free_size',
    `device driver frees DMA memory with different size${ADDR} \\[map size=(?<len>\\d+) bytes\\]${REST}`,
  ),
  // … device driver frees DMA memory with wrong function [device address=0x00000000ffff0000] [size=4096 bytes] [mapped as phy] [unmapped as scatter-gather]
  debug('free_function', `device driver frees DMA memory with wrong function${ADDR}${SIZE}${REST}`),
  // … device driver frees DMA memory with different CPU address [device address=0x…] [size=4096 bytes] [cpu alloc address=0x…] [cpu free address=0x…]
  debug('free_cpu_address', `device driver frees DMA memory with different CPU address${ADDR}${SIZE}${REST}`),
  // … device driver frees DMA sg list with different entry count [map count=4] [unmap count=3]
  debug(
    'free_entry_count',
    'device driver frees DMA sg list with different entry count(?<reason> \\[map count=(?<count>\\d+)\\].*)',
  ),
  // … device driver frees DMA memory with different direction [device address=0x…] [size=4096 bytes] [mapped with DMA_TO_DEVICE] [unmapped with DMA_FROM_DEVICE]
  debug('free_direction', `device driver frees DMA memory with different direction${ADDR}${SIZE}${REST}`),
  // … device driver frees DMA memory with different attributes [device address=0x…] [size=4096 bytes] [mapped with 0x0] [unmapped with 0x400]
  debug('free_attributes', `device driver frees DMA memory with different attributes${ADDR}${SIZE}${REST}`),
  // … device driver failed to check map error[device address=0x00000000fffd8000] [size=4096 bytes] [mapped as phy]
  debug('error_unchecked', `device driver failed to check map error${ADDR}${SIZE}${REST}`),
  // … device driver tries to sync DMA memory it has not allocated [device address=0x00000000fffd8000] [size=4096 bytes]
  debug('sync_unknown', `device driver tries to sync DMA memory it has not allocated${ADDR}${SIZE}`),
  // … device driver syncs DMA memory outside allocated range [device address=0x…] [allocation size=4096 bytes] [sync offset+size=8192]
  debug(
    'sync_outside',
    `device driver syncs DMA memory outside allocated range${ADDR} \\[allocation size=(?<len>\\d+) bytes\\]${REST}`,
  ),
  // … device driver syncs DMA memory with different direction [device address=0x…] [size=4096 bytes] [mapped with DMA_TO_DEVICE] [synced with DMA_FROM_DEVICE]
  debug('sync_direction', `device driver syncs DMA memory with different direction${ADDR}${SIZE}${REST}`),
  // … device driver syncs device read-only DMA memory for cpu [device address=0x…] [size=4096 bytes] [mapped with DMA_TO_DEVICE] [synced with DMA_FROM_DEVICE]
  // … device driver syncs device write-only DMA memory to device […]
  debug(
    'sync_direction',
    `device driver syncs device (?:read-only DMA memory for cpu|write-only DMA memory to device)${ADDR}${SIZE}${REST}`,
  ),
  // … device driver syncs DMA sg list with different entry count [map count=4] [sync count=5]
  debug(
    'sync_entry_count',
    'device driver syncs DMA sg list with different entry count(?<reason> \\[map count=(?<count>\\d+)\\].*)',
  ),
  // DMA-API: pci 0000:00:05.0: device driver has pending DMA allocations while released from device [count=192]
  // One of leaked entries details: [device address=0x00000000fffff000] [size=4096 bytes] [mapped with DMA_TO_DEVICE] [mapped as phy]
  {
    ...debug(
      'pending',
      'device driver has pending DMA allocations while released from device \\[count=(?<count>\\d+)\\]',
    ),
    more: new RegExp(`^One of leaked entries details:${ADDR}${SIZE}${REST}`),
  },
  // … device driver maps memory from stack [addr=000000001234abcd]
  debug('map_stack', 'device driver maps memory from stack'),
  // … device driver maps memory from kernel text or rodata [addr=000000001234abcd] [len=64]
  debug('map_text', 'device driver maps memory from kernel text or rodata'),
  // DMA-API: misc udmabuf: mapping sg segment longer than device claims to support [len=77824] [max=65536]
  debug('segment_length', 'mapping sg segment longer than device claims to support(?<reason> .*)'),
  // … mapping sg segment across boundary [start=0x…] [end=0x…] [boundary=0x…]
  debug('segment_boundary', 'mapping sg segment across boundary(?<reason> .*)'),
  // DMA-API: nvme 0000:01:00.0: cacheline tracking EEXIST, overlapping mappings aren't supported
  debug('overlap', "cacheline tracking EEXIST, overlapping mappings aren't supported"),
  // DMA-API: exceeded 7 overlapping mappings of cacheline 0x…
  {
    source: 'dma-debug',
    kind: 'overlap',
    pattern: /^DMA-API: exceeded \d+ overlapping mappings of cacheline/,
  },
  // DMA-API: preallocated 65536 debug entries
  // DMA-API: debugging enabled by kernel config
  {
    source: 'dma-debug',
    kind: 'enabled',
    pattern: /^DMA-API: (?:preallocated \d+ debug entries|debugging enabled by kernel config)/,
  },
  // DMA-API: debugging out of memory - disabling
  {
    source: 'dma-debug',
    kind: 'disabled',
    pattern:
      /^DMA-API: (?:debugging out of memory - disabling|dma_debug_entry pool exhausted|debugging disabled)/,
  },
];

const IOMMU_DEBUG: readonly MessagePattern[] = [
  // iommu: Detected page leak!   (iommu.debug_pagealloc=1: a page was freed, or handed out, while an IOMMU still maps it)
  { source: 'iommu-debug', kind: 'page_leak', pattern: /^iommu: Detected page leak!/ },
];

export const MESSAGE_PATTERNS: readonly MessagePattern[] = [...FAULTS, ...DMA_DEBUG, ...IOMMU_DEBUG];

/** A line with one of these words that no pattern understands is counted. */
export const CONCERNS =
  /fault addr|IO_PAGE_FAULT|context fault|DMA-API: .*device driver|arm-smmu-v3.*event: F_/;
