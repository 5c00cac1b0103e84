/**
 * The buggy driver's own list of what it did, line by line, and the mapping that each line is about.
 *
 * In: a run with truth.txt (events dmabug:truth), or with the driver's lines of the kernel log. Out: deeds, paired with lifetimes.
 */
import { fileOf, type Opened, type Run, readText } from './lab-runs.js';

/*
 * The driver's list, one line an operation, written while its mapping is live:
 *   init-101     (    101) [001] .....    18.165681: truth: OK kind=page dev=0000:00:05.0 dma=fffff000 size=4096 phys=110417000 va=0
 *   [   17.194133] dmabug: BUG kind=leak_page dev=0000:00:05.0 dma=fffff000 size=4096 phys=108dd5000 va=0
 */
const LINE = /(\d+)\.(\d{6})[\]:] (?:truth|dmabug): (OK|BUG) kind=(\w+) dev=(\S+) dma=([0-9a-f]+) /;

export interface Deed {
  readonly bug: boolean;
  readonly kind: string;
  readonly device: string;
  readonly addr: bigint;
  /** ns, on the list's clock. */
  readonly ts: bigint;
}

function deedOf(line: string): Deed | undefined {
  const [, s, us, word, kind, device, addr] = LINE.exec(line) ?? [];
  if (s === undefined) return undefined;
  return {
    bug: word === 'BUG',
    kind: kind!,
    device: device!,
    addr: BigInt(`0x${addr}`),
    ts: BigInt(s + us) * 1000n,
  };
}

export interface List {
  readonly deeds: readonly Deed[];
  /** Its times are the trace's (clock mono); else the kernel log's. */
  readonly traced: boolean;
}

/** Undefined when the run has no such list. */
export async function listOf(run: Run): Promise<List | undefined> {
  for (const name of ['truth.txt', 'kernel-log.txt', 'dmesg.txt']) {
    const path = fileOf(run, name);
    if (path === undefined) continue;
    const deeds = (await readText(path)).split('\n').flatMap((line) => deedOf(line) ?? []);
    if (deeds.length > 0) return { deeds, traced: name === 'truth.txt' };
  }
  return undefined;
}

/** ns: the times of text are rounded to microseconds. */
const ROUNDING = 1000n;

export interface Mapping {
  readonly id: bigint;
  readonly opened: bigint;
  /** The end of the capture when it is open. */
  readonly closed: bigint;
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

const keyOf = (device: string, addr: bigint): string => `${device} ${addr.toString(16)}`;

async function mappingsOf(db: Opened): Promise<Map<string, Mapping[]>> {
  const rows = await db.query(
    `SELECT id, device::VARCHAR AS device, addr, opened_ts AS opened, coalesce(closed_ts, (SELECT max(last_ts) FROM captures)) AS closed
     FROM lifetimes WHERE layer = 'dma' ORDER BY id`,
  );
  const byKey = new Map<string, Mapping[]>();
  for (const row of rows) {
    append(byKey, keyOf(String(row.device), row.addr as bigint), row as unknown as Mapping);
  }
  return byKey;
}

/**
 * How far the capture's clock is ahead of the list's. Each line lies between its mapping's open and close; where an address has as
 * many lines as mappings they pair up in order, and all pairs together leave a narrow range.
 */
function clockShift(
  deeds: readonly Deed[],
  mappings: ReadonlyMap<string, readonly Mapping[]>,
): bigint | undefined {
  let [least, most] = [-(1n << 62n), 1n << 62n];
  const byKey = new Map<string, Deed[]>();
  for (const deed of deeds) append(byKey, keyOf(deed.device, deed.addr), deed);
  for (const [key, lines] of byKey) {
    const opened = mappings.get(key) ?? [];
    if (opened.length !== lines.length) continue;
    lines.forEach(({ ts }, i) => {
      const { opened: from, closed: to } = opened[i]!;
      if (from - ts > least) least = from - ts;
      if (to - ts < most) most = to - ts;
    });
  }
  return least - most > 2n * ROUNDING ? undefined : (least + most) / 2n;
}

/** The mapping of each line: live at its device and address at that time; the newest, where several are. Not every line has one. */
export async function pairUp({ deeds, traced }: List, db: Opened): Promise<Map<Deed, Mapping>> {
  const mappings = await mappingsOf(db);
  const shift = traced ? 0n : (clockShift(deeds, mappings) ?? 0n);
  const pairs = new Map<Deed, Mapping>();
  for (const deed of deeds) {
    const ts = deed.ts + shift;
    const live = mappings
      .get(keyOf(deed.device, deed.addr))
      ?.filter(({ opened, closed }) => opened <= ts + ROUNDING && closed >= ts - ROUNDING);
    const newest = live?.at(-1);
    if (newest !== undefined) pairs.set(deed, newest);
  }
  return pairs;
}
