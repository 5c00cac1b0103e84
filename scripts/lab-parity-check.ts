/**
 * Parity: every form of a run has the events that the reference tools count in it, and tells the same story.
 *
 * In: a run. Out: what each form says (events by name, lifetimes, findings), and how it differs from what it should say.
 */
import { judge } from '../analyzer/judge.js';
import { loadRules } from '../analyzer/rules.js';
import {
  bareCounts,
  beyond,
  countsOf,
  type Form,
  type Opened,
  type Run,
  sum,
  tally,
  withCapture,
} from './lab-runs.js';

/** What one form of a run says. Multisets, as lines. */
export interface Story {
  readonly form: Form;
  /** Events by bare name. */
  readonly events: ReadonlyMap<string, number>;
  readonly lifetimes: ReadonlyMap<string, number>;
  /** A digest of what every CPU traced, in order. */
  readonly order: string;
  /** Sums of findings a rule and device: "leak-at-removal error 0000:00:05.0 21 167936". */
  readonly findings: ReadonlyMap<string, number>;
}

async function lifetimesOf(db: Opened): Promise<Map<string, number>> {
  const rows = await db.query(
    `SELECT layer::VARCHAR AS layer, device::VARCHAR AS device, addr::VARCHAR AS addr, len::VARCHAR AS len, kind::VARCHAR AS kind, dir::VARCHAR AS dir,
       closed_ts IS NULL AS open, count(*)::INTEGER AS n FROM lifetimes GROUP BY ALL`,
  );
  return new Map(
    rows.map((one) => [
      `${one.layer} ${one.addr}+${one.len} ${one.kind} ${one.dir} ${one.open ? 'open' : 'closed'} ${one.device}`,
      one.n as number,
    ]),
  );
}

/** What every CPU traced, in order. */
async function orderOf(db: Opened): Promise<string> {
  const [row] = await db.query(
    `SELECT md5(string_agg(cpu || ' ' || event || ' ' || coalesce(addr, phys, 0), ',' ORDER BY cpu, seq)) AS order_of FROM events WHERE layer IS NOT NULL`,
  );
  return String(row!.order_of);
}

async function findingsOf(db: Opened): Promise<Map<string, number>> {
  const results = await judge(db, loadRules(undefined));
  const sums = new Map<string, { count: bigint; bytes: bigint }>();
  for (const { rule, severity, device, count, bytes } of results.flatMap(({ findings }) => findings)) {
    const key = `${rule} ${severity} ${device}`;
    const before = sums.get(key) ?? { count: 0n, bytes: 0n };
    sums.set(key, { count: before.count + count, bytes: before.bytes + bytes });
  }
  return tally([...sums].map(([key, { count, bytes }]) => `${key} ${count} ${bytes}`));
}

/** Throws CaptureError. */
export function storyOf(form: Form): Promise<Story> {
  return withCapture(form.path, async (db) => ({
    form,
    events: bareCounts(db.eventCounts),
    lifetimes: await lifetimesOf(db),
    order: await orderOf(db),
    findings: await findingsOf(db),
  }));
}

const differences = (
  what: string,
  mine: ReadonlyMap<string, number>,
  theirs: ReadonlyMap<string, number>,
): string[] => [
  ...[...beyond(mine, theirs)].map(([line, count]) => `${what}: ${count} too many of ${line}`),
  ...[...beyond(theirs, mine)].map(([line, count]) => `${what}: ${count} missing of ${line}`),
];

/**
 * Undefined when nobody counted this form's events. Of text, lines that the counting script could not name (system calls
 * print as `sys_mmap(…)`) were counted as such: then that many events more are right.
 */
export function eventDifferences(run: Run, { form, events }: Story): string[] | undefined {
  const counted = countsOf(run, form);
  if (counted === undefined) return undefined;
  const more = beyond(events, counted.names);
  const known = more.size > 0 && sum(more) === counted.unnamed ? beyond(events, more) : events;
  return differences('events', known, counted.names);
}

/** Marks that trace-cmd's own start and the recording script leave, and stacks: not the load's. */
const NOT_LOAD: ReadonlySet<string> = new Set(['print', 'kernel_stack', 'user_stack']);

/** Whether two recorders saw the same events, by the reference tools' counts where there are some. */
export function sawTheSame(run: Run, one: Story, other: Story): boolean {
  const loadOf = ({ form, events }: Story) =>
    new Map([...(countsOf(run, form)?.names ?? events)].filter(([name]) => !NOT_LOAD.has(name)));
  return differences('', loadOf(one), loadOf(other)).length === 0;
}

/**
 * Whether two recorders of one run saw the events of each CPU in the same order. One event reaches its recorders one after the
 * other, and an interrupt may fall between two of them: then one has the interrupt's events before it, the other after it.
 */
export const inOrder = (one: Story, other: Story): boolean => one.order === other.order;

/** The device of an IOMMU mapping is inferred from the order of events on one CPU. */
function withoutInferred(lifetimes: ReadonlyMap<string, number>): Map<string, number> {
  const told = new Map<string, number>();
  for (const [line, count] of lifetimes) {
    const key = line.startsWith('iommu ') ? line.slice(0, line.lastIndexOf(' ')) : line;
    told.set(key, (told.get(key) ?? 0) + count);
  }
  return told;
}

/** Whether two mappings were live at once is a question of order too. */
const withoutOverlaps = (findings: ReadonlyMap<string, number>): Map<string, number> =>
  new Map([...findings].filter(([line]) => !line.startsWith('overlapping-map ')));

/** How `one` differs from `other`, which has the same events; of what an order decides, only where they are in the same order. */
export function storyDifferences(one: Story, other: Story): string[] {
  const same = inOrder(one, other);
  const lifetimesOf = ({ lifetimes }: Story) => (same ? lifetimes : withoutInferred(lifetimes));
  const findingsOf = ({ findings }: Story) => (same ? findings : withoutOverlaps(findings));
  return [
    ...differences('lifetimes', lifetimesOf(one), lifetimesOf(other)),
    ...differences('findings', findingsOf(one), findingsOf(other)),
  ];
}
