/**
 * The ledger: what a capture leaves open, against what the kernel's dma-debug held as mapped.
 *
 * In: a run with dma-begin.txt and dma-end.txt, and one of its forms. Out: how many rows agree, which do not, and why not.
 *
 *   open (layer dma) ⊆ end dump,   end dump − open ⊆ begin dump
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  beyond,
  type Form,
  fileOf,
  type Opened,
  type Run,
  readText,
  sum,
  tally,
  withCapture,
} from './lab-runs.js';

/** A row that is on one side only; `reason` is absent where nothing in the capture explains it. */
export interface OddRow {
  readonly side: 'open by events only' | 'in the end dump only';
  readonly row: string;
  readonly count: number;
  readonly reason: string | undefined;
}

export interface Ledger {
  /** Rows open by events and in the end dump. */
  readonly agree: number;
  /** Rows of the end dump that were in the begin dump. */
  readonly older: number;
  readonly odd: readonly OddRow[];
}

/** Device, DMA address and length: what identifies a mapping on both sides. */
const rowOf = (device: string, addr: bigint, len: bigint): string =>
  `${device} ${addr.toString(16)} ${len.toString(16)}`;

/*
 * kernel/dma/debug.c, dump_show():
 *   pci 0000:00:05.0 phy idx 16248 P=0x000000010d4a8000 D=ffef0000 L=1000 cln=0x… DMA_BIDIRECTIONAL dma map error checked attrs=0x0
 */
const DUMP_LINE =
  /^\S+ (\S+) (phy|single|coherent|scatter-gather|resource|noncoherent) .*\bD=([0-9a-f]+) L=([0-9a-f]+) /;

interface DumpEntry {
  readonly row: string;
  readonly device: string;
  readonly type: string;
}

function dumpEntries(text: string): DumpEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, device, type, addr, len] = DUMP_LINE.exec(line) ?? [];
      if (device === undefined) throw new Error(`a line of the dump is not understood: ${line}`);
      return { row: rowOf(device, BigInt(`0x${addr}`), BigInt(`0x${len}`)), device, type: type! };
    });
}

async function openRows(db: Opened): Promise<Map<string, number>> {
  const rows = await db.query(
    "SELECT device, addr, len FROM lifetimes WHERE layer = 'dma' AND closed_ts IS NULL",
  );
  return tally(rows.map(({ device, addr, len }) => rowOf(String(device), addr as bigint, len as bigint)));
}

/** Whether perf lost events of this run and the form does not say so: perf script prints losses only with --show-lost-events. */
function lostSilently({ folder }: Run, { name }: Form): boolean {
  const path = join(folder, 'counts.json');
  const recording = /^perf\w*(?=\.script\.txt$)/.exec(name)?.[0];
  if (recording === undefined || !existsSync(path)) return false;
  const counts = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, number>>;
  return (counts[`${recording}.data (perf report --stats)`]?.LOST ?? 0) > 0;
}

const SILENT_LOSS = 'perf lost events, and perf script does not print that';

/** Why a row may be open by the events and unknown to dma-debug. */
async function whyOpenOnly(db: Opened, silent: boolean): Promise<(row: string) => string | undefined> {
  const flagged = await db.query(
    `SELECT device, addr, len, CASE WHEN unrecordable_unmap THEN 'unmap too large to be recorded' ELSE 'events were lost while it was open' END AS reason
     FROM lifetimes WHERE layer = 'dma' AND closed_ts IS NULL AND (unrecordable_unmap OR after_loss)`,
  );
  const reasons = new Map(
    flagged.map((one) => [
      rowOf(String(one.device), one.addr as bigint, one.len as bigint),
      String(one.reason),
    ]),
  );
  return (row) => reasons.get(row) ?? (silent ? SILENT_LOSS : undefined);
}

/** Why an entry of the end dump may be unknown to the events. */
async function whyDumpOnly(db: Opened, silent: boolean): Promise<(entry: DumpEntry) => string | undefined> {
  const truncated = await db.query(
    "SELECT DISTINCT device FROM lifetimes WHERE layer = 'dma' AND closed_ts IS NULL AND truncated",
  );
  const [loss] = await db.query('SELECT count(*) AS gaps FROM losses');
  const lost = loss!.gaps !== 0n;
  const devices = new Set(truncated.map(({ device }) => String(device)));
  return ({ device, type }) => {
    if (type === 'scatter-gather' && devices.has(device))
      return 'beyond the entries that dma_map_sg shows of an open list';
    if (lost) return 'events were lost';
    return silent ? SILENT_LOSS : undefined;
  };
}

function compare(open: ReadonlyMap<string, number>, begin: readonly DumpEntry[], end: readonly DumpEntry[]) {
  const endRows = tally(end.map(({ row }) => row));
  const unopened = beyond(endRows, open);
  const unknown = beyond(unopened, tally(begin.map(({ row }) => row)));
  const openOnly = beyond(open, endRows);
  return { openOnly, unknown, agree: sum(open) - sum(openOnly), older: sum(unopened) - sum(unknown) };
}

/** Undefined when the run has no dumps. Throws CaptureError when the form cannot be read. */
export async function checkLedger(run: Run, form: Form): Promise<Ledger | undefined> {
  const [before, after] = [fileOf(run, 'dma-begin.txt'), fileOf(run, 'dma-end.txt')];
  if (before === undefined || after === undefined) return undefined;
  const [begin, end] = [dumpEntries(await readText(before)), dumpEntries(await readText(after))];
  const silent = lostSilently(run, form);
  return withCapture(form.path, async (db) => {
    const { openOnly, unknown, agree, older } = compare(await openRows(db), begin, end);
    const [whyOpen, whyDump] = [await whyOpenOnly(db, silent), await whyDumpOnly(db, silent)];
    const entryOf = new Map(end.map((entry) => [entry.row, entry]));
    const odd = [
      ...[...openOnly].map(([row, count]) => ({
        side: 'open by events only' as const,
        row,
        count,
        reason: whyOpen(row),
      })),
      ...[...unknown].map(([row, count]) => ({
        side: 'in the end dump only' as const,
        row,
        count,
        reason: whyDump(entryOf.get(row)!),
      })),
    ];
    return { agree, older, odd };
  });
}

/** Odd rows by side and reason, as one line each: "72 in the end dump only: …". Unexplained ones come row by row. */
export function explained({ odd }: Ledger): string[] {
  const groups = new Map<string, number>();
  for (const { side, reason, count } of odd) {
    if (reason === undefined) continue;
    groups.set(`${side}: ${reason}`, (groups.get(`${side}: ${reason}`) ?? 0) + count);
  }
  return [...groups].map(([text, count]) => `${count} ${text}`);
}

export function disagreements({ odd }: Ledger): string[] {
  return odd
    .filter(({ reason }) => reason === undefined)
    .map(({ side, row, count }) => `${count} × ${row} ${side}`);
}
