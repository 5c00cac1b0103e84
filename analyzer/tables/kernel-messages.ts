/** The tables of `--dmesg`: the kernel log, and its messages on the capture's clock. */
import type { Analysis } from '../analysis.js';
import type { ListedTable, ListedValue } from './column.js';
import { CAPTURE, listed } from './listed.js';

const NOT_TOLD = 'The message does not tell.';

const kernelLogs: ListedTable = {
  name: 'kernel_logs',
  doc: 'The kernel log that was given with `--dmesg`, and how its times were placed on the capture’s clock; empty without one.',
  columns: [
    CAPTURE,
    listed('file', 'VARCHAR', 'As it was given.'),
    listed('lines', 'UBIGINT', 'Lines in it.'),
    listed('messages', 'UBIGINT', 'Messages that are understood, or name a device and an address.'),
    listed('unknown', 'UBIGINT', 'Lines about DMA faults or misuse whose wording is not known.'),
    listed(
      'time_offset',
      'BIGINT',
      "The capture's time less the printed time.",
      'The times could not be placed.',
      'ns',
    ),
    listed(
      'uncertainty',
      'BIGINT',
      'How far off that may be, either way.',
      'The times could not be placed.',
      'ns',
    ),
    listed('how', 'VARCHAR', 'How the times were placed, and how sure that is.'),
  ],
  rows: ({ kernelLog }: Analysis) => {
    if (kernelLog === undefined) return [];
    const { log, alignment } = kernelLog;
    const { offset, uncertainty, how } = alignment;
    return [[0, log.file, log.lines, log.messages.length, log.unknown, offset, uncertainty, how]];
  },
};

const kernelMessages: ListedTable = {
  name: 'kernel_messages',
  doc: 'Messages of the kernel log that was given with `--dmesg`: IOMMU faults, what dma-debug said, and drivers’ own lines that name a mapping of the capture.',
  columns: [
    CAPTURE,
    listed('line', 'UBIGINT', 'Line in the log, from 1.'),
    listed(
      'printed_ts',
      'BIGINT',
      "Its time on the kernel's clock, as printed.",
      'The line carries none.',
      'ns',
    ),
    listed(
      'ts',
      'BIGINT',
      "Its time on the capture's clock.",
      'It could not be placed: `kernel_logs.how`.',
      'ns',
    ),
    listed(
      'source',
      'VARCHAR',
      '`intel-iommu`, `amd-iommu`, `arm-smmu`, `arm-smmu-v3`, `dma-debug`, `iommu-debug`, or `other`.',
    ),
    listed(
      'kind',
      'VARCHAR',
      '`fault`; `page_leak`; of dma-debug its class (`free_size`, `sync_unknown`, `pending`, …); `mention` for other lines.',
    ),
    listed('device', 'VARCHAR', 'Device, as the capture names it.', NOT_TOLD),
    listed('addr', 'UBIGINT', 'DMA address.', NOT_TOLD, 'address'),
    listed('len', 'UBIGINT', 'Size of the mapping.', NOT_TOLD, 'bytes'),
    listed('access', 'VARCHAR', '`read` or `write`: what the device tried.', NOT_TOLD),
    listed('count', 'UBIGINT', 'A number that it tells: pending mappings, entries.', NOT_TOLD),
    listed('reason', 'VARCHAR', "The rest of what it says, in the kernel's words.", NOT_TOLD),
    listed('text', 'VARCHAR', 'The message, without what stands before it.'),
  ],
  rows: ({ kernelLog }: Analysis) => {
    if (kernelLog === undefined) return [];
    const { offset } = kernelLog.alignment;
    return kernelLog.messages.map(
      ({ line, ts, source, kind, device, addr, len, access, count, reason, text }): ListedValue[] => {
        const placed = ts === undefined || offset === undefined ? undefined : ts + offset;
        return [0, line, ts, placed, source, kind, device, addr, len, access, count, reason, text];
      },
    );
  },
};

export const kernelTables: readonly ListedTable[] = [kernelLogs, kernelMessages];
