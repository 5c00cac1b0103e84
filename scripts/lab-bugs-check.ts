/**
 * What the rules find in a capture of the buggy driver, against the driver's own list.
 *
 * In: a run with such a list, and one of its forms. Out: expected and found instances by rule and device, and findings that
 * blame the wrong mapping.
 */
import type { Finding } from '../analyzer/findings.js';
import { judge, recordedBy } from '../analyzer/judge.js';
import { onDemand } from '../analyzer/on-demand.js';
import { preludeDefinitions } from '../analyzer/prelude.js';
import { loadRules } from '../analyzer/rules.js';
import { Layer, Op } from '../wasm/schema.js';
import { type Deed, listOf, pairUp } from './lab-bugs-list.js';
import { type Form, type Opened, type Run, withCapture } from './lab-runs.js';

/** A leak is found by another rule where the device kept its driver. */
const LEAK = 'leak';
/** No event of any layer shows it: a fault, an unchecked error; or the first of a pair, of which the second has the line that counts. */
const IN_NO_EVENT: readonly string[] = [];
/** An attachment, or its mapping, that is held in no event's eyes until its device loses its driver. */
const LEFT_ATTACHED = 'leak-attachment at removal';
/** Only an event of the page allocator shows it. */
const FREED = 'stale-freed-page by kmem';

/** Which rules have to find each kind of mistake, where their events were recorded. */
export const RULES_OF: Readonly<Record<string, readonly string[]>> = {
  leak_page: [LEAK],
  leak_sg: [LEAK],
  leak_coherent: [LEAK],
  leak_resource: [LEAK],
  leak_p2pmem: [LEAK, 'leak-pool'],
  leak_dmabuf_map: [LEAK, 'leak-attachment'],
  leak_mirror: [LEAK, 'leak-at-exit'],
  big_sg: [LEAK],
  freed_mapped_leaked: [LEAK, FREED],
  revoke_leak: [LEAK, 'not-moved', LEFT_ATTACHED],
  double_unmap: ['double-unmap'],
  unmap_never: ['unmap-unknown'],
  wrong_size: ['size-mismatch'],
  wrong_dir: ['direction-mismatch'],
  sg_wrong_dir: ['direction-mismatch'],
  dmabuf_wrong_dir: ['direction-mismatch'],
  wrong_func_page_as_sg: ['kind-mismatch'],
  wrong_func_sg_as_page: ['kind-mismatch'],
  // dma_unmap_resource: since 6.18 both are dma_unmap_phys, and differ by DMA_ATTR_MMIO.
  wrong_func_page_as_coherent: ['attrs-mismatch'],
  sg_wrong_nents: ['sg-count-mismatch'],
  wrong_dev: ['device-mismatch'],
  overlap_second: ['overlapping-map'],
  sync_unmapped: ['sync-unmapped'],
  sync_past_end: ['sync-outside'],
  sync_wrong_dir: ['sync-direction'],
  freed_mapped: [FREED],
  p2pmem_freed_mapped: ['stale-freed-page'],
  late_unmap: ['late-unmap'],
  stale_after_invalidate: ['stale-after-invalidate'],
  stale_never_unmapped: ['stale-after-invalidate'],
  unpredictable_map_failure: ['unpredictable-map'],
  leak_attachment: ['leak-attachment'],
  revoke_stale: ['not-moved'],
  overlap: IN_NO_EVENT,
  overlap_from: IN_NO_EVENT,
  overlap_partial: IN_NO_EVENT,
  no_error_check: IN_NO_EVENT,
  device_after_unmap: IN_NO_EVENT,
  device_past_end: IN_NO_EVENT,
  device_past_end_read: IN_NO_EVENT,
  device_wrong_dir: IN_NO_EVENT,
  // Late is legal for a dma-buf's importer.
  revoke_late_unmap: IN_NO_EVENT,
};

/** Rules that measure what is no mistake. */
const MEASURES = new Set([
  'leak-outlier',
  'map-failures',
  'slow-eviction',
  'remap-thrash',
  'unbounded-pin',
  'unplug-blocked',
]);

/** Memory that was given back while mapped: whoever maps it again meanwhile overlaps, and no list tells how often. */
const MEMORY_GONE = /^(freed_mapped|stale_|late_unmap|p2pmem_freed)/;

/** A rule's instances on one device. */
export interface Line {
  readonly rule: string;
  readonly device: string;
  readonly found: number;
  readonly least: number;
  readonly most: number;
}

export const isRight = ({ found, least, most }: Line): boolean => found >= least && found <= most;

export interface Bugs {
  readonly lines: readonly Line[];
  /** Findings that show a mapping of an OK line, or blame one that is not on the list for their rule. */
  readonly wrong: readonly string[];
  /** BUG lines by kind. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly deeds: number;
  /** How many lines of the list have a mapping in the capture. */
  readonly placed: number;
}

/** One instance of a rule: whom it blames. Of a scatterlist the first segment. */
interface Blame {
  readonly rule: string;
  readonly device: string;
  readonly lifetime: bigint;
  readonly other: bigint | null;
}

async function blamedBy(db: Opened): Promise<Blame[]> {
  const sql = `SELECT replace(anomaly, '_', '-') AS rule, device, lifetime, other FROM incidents WHERE NOT again AND lifetime IS NOT NULL
     UNION ALL
     SELECT 'overlapping-map', device::VARCHAR, lifetime, arg_min(other, seq) FROM anomalies WHERE kind = 'overlapping_map' GROUP BY device, lifetime
     UNION ALL
     SELECT DISTINCT 'leak-at-removal', device::VARCHAR, coalesce(sg_group, id), NULL FROM lifetimes
     WHERE layer = 'dma' AND closed_ts IS NULL AND before_removal AND NOT remainder AND NOT unrecordable_unmap
       AND coalesce(sg_group, id) NOT IN (SELECT lifetime FROM incidents WHERE anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch') AND lifetime IS NOT NULL)`;
  // Rules have it made if there is anything that they look for in it.
  await onDemand(preludeDefinitions(), (statement) => db.query(statement))(sql);
  return (await db.query(sql)) as unknown as Blame[];
}

async function removedDevices(db: Opened): Promise<Set<string>> {
  const rows = await db.query(
    "SELECT DISTINCT device::VARCHAR AS device FROM events WHERE op IN ('remove', 'removed')",
  );
  return new Set(rows.map(({ device }) => String(device)));
}

function count<T>(
  items: Iterable<T>,
  key: (item: T) => string | undefined,
  worth = (_: T) => 1,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const name = key(item);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + worth(item));
  }
  return counts;
}

/** Whether leaks come often enough, and all through the list, to be told from a level. */
function isTrend(leaks: readonly Deed[], all: readonly Deed[]): boolean {
  const span = (some: readonly Deed[]) => some.at(-1)!.ts - some[0]!.ts;
  return leaks.length >= 3 && 2n * span(leaks) >= span(all);
}

/** What the list demands, and what was made of it, as far as the lines below need it. */
interface Case {
  readonly deeds: readonly Deed[];
  readonly lifetimeOf: (deed: Deed) => bigint | undefined;
  readonly rulesOf: (deed: Deed) => readonly string[];
  readonly findings: readonly Finding[];
  readonly blamed: readonly Blame[];
  /** Overlaps with memory that was gone. */
  readonly excused: readonly Blame[];
  /** Instances, by rule and device, that are true as well. */
  readonly besides: ReadonlyMap<string, number>;
}

/** What the list calls by another name: pages of a mirror that stayed, freed by their process; an address never mapped, unmapped again. */
function besidesOf(deeds: readonly Deed[], frees: boolean): Map<string, number> {
  const met = new Set<string>();
  return count(
    deeds.filter(({ bug }) => bug),
    ({ kind, device, addr }) => {
      if (/^(stale_|late_unmap)/.test(kind)) return frees ? `stale-freed-page ${device}` : undefined;
      const address = `${device} ${addr}`;
      const again = kind === 'unmap_never' && met.has(address);
      if (kind === 'unmap_never') met.add(address);
      return again ? `double-unmap ${device}` : undefined;
    },
  );
}

function linesOf({ deeds, rulesOf, findings, excused, besides }: Case): Line[] {
  const due = (deed: Deed) => rulesOf(deed).map((rule) => `${rule} ${deviceOf(rule, deed)}`);
  const expected = count(deeds.flatMap(due), (key) => key);
  const found = count(
    findings.filter(({ rule }) => !MEASURES.has(rule)),
    ({ rule, device }) => `${rule} ${rule === 'leak-pool' ? 'provider' : device}`,
    (finding) => Number(finding.count),
  );
  const more = count(excused, ({ rule, device }) => `${rule} ${device}`);
  return [...new Set([...expected.keys(), ...found.keys()])].sort().map((key) => {
    const [rule, device] = key.split(' ') as [string, string];
    const demanded = expected.get(key) ?? 0;
    const vague =
      rule === 'leak-growing-site' &&
      !isTrend(
        deeds.filter((deed) => due(deed).includes(key)),
        deeds,
      );
    return {
      rule,
      device,
      found: found.get(key) ?? 0,
      least: vague ? 0 : demanded,
      most: demanded + (more.get(key) ?? 0) + (besides.get(key) ?? 0),
    };
  });
}

/** Pool memory is its provider's, whoever the list says mapped it; the list names no provider. */
const deviceOf = (rule: string, deed: Deed): string => (rule === 'leak-pool' ? 'provider' : deed.device);

function wrongBlame({ deeds, lifetimeOf, rulesOf, findings, blamed, excused }: Case): string[] {
  const excusedIds = new Set(excused.flatMap(({ lifetime, other }) => [lifetime, other]));
  const fine = new Set(deeds.filter(({ bug }) => !bug).map(lifetimeOf));
  const shown = findings.flatMap(({ rule, lifetime, other }) =>
    [lifetime, other]
      .filter((id) => id !== null && fine.has(id) && !excusedIds.has(id))
      .map((id) => `${rule} shows lifetime ${id}, which is of an OK line`),
  );
  const listed = new Set(deeds.flatMap((deed) => rulesOf(deed).map((rule) => `${rule} ${lifetimeOf(deed)}`)));
  const rules = new Set(findings.map(({ rule }) => rule));
  const unlisted = blamed
    .filter(
      (one) => rules.has(one.rule) && !excused.includes(one) && !listed.has(`${one.rule} ${one.lifetime}`),
    )
    // Overlaps with a mapping that was itself forgotten are seen, and left out of the rule's findings.
    .filter(
      ({ rule, other }) =>
        rule !== 'overlapping-map' ||
        !deeds.some(
          (deed) => rulesOf(deed).some((one) => one.startsWith('leak')) && lifetimeOf(deed) === other,
        ),
    )
    .map(({ rule, lifetime }) => `${rule} blames lifetime ${lifetime}, which is not on the list for it`);
  return [...shown, ...unlisted];
}

/** Undefined when the run has no list, or the form's times are not the list's. Throws CaptureError when the form cannot be read. */
export async function checkBugs(run: Run, form: Form): Promise<Bugs | undefined> {
  const list = await listOf(run);
  if (list === undefined || form.mono === undefined) return undefined;
  return withCapture(form.path, async (db) => {
    const { deeds } = list;
    const recorded = await recordedBy(db);
    const results = await judge(db, loadRules(undefined), recorded);
    const frees = recorded.some(({ layer, op }) => layer === Layer.page && op === Op.free);
    const untold = new Set(
      results.filter(({ verdict }) => verdict === 'cannot tell').map(({ rule }) => rule.id),
    );
    const pairs = await pairUp(list, db);
    const removed = await removedDevices(db);
    const leakRule = (device: string) => (removed.has(device) ? 'leak-at-removal' : 'leak-growing-site');
    const lifetimeOf = (deed: Deed) => pairs.get(deed)?.id;
    const gone = new Set(deeds.filter(({ bug, kind }) => bug && MEMORY_GONE.test(kind)).map(lifetimeOf));
    const blamed = await blamedBy(db);
    const judged: Case = {
      deeds,
      lifetimeOf,
      rulesOf: ({ bug, kind, device }) =>
        (bug ? (RULES_OF[kind] ?? []) : [])
          .map((rule) => (rule === LEAK ? leakRule(device) : rule))
          .filter((rule) => rule !== FREED || frees)
          .filter((rule) => rule !== LEFT_ATTACHED || removed.has(device))
          .map((rule) => (rule === LEFT_ATTACHED ? 'leak-attachment' : rule))
          .map((rule) => (rule === FREED ? 'stale-freed-page' : rule))
          .filter((rule) => !untold.has(rule)),
      findings: results.flatMap(({ findings }) => findings),
      blamed,
      excused: blamed.filter(
        ({ rule, other }) => rule === 'overlapping-map' && other !== null && gone.has(other),
      ),
      besides: besidesOf(deeds, frees),
    };
    return {
      lines: linesOf(judged),
      wrong: wrongBlame(judged),
      kinds: count(deeds, ({ bug, kind }) => (bug ? kind : undefined)),
      deeds: deeds.length,
      placed: pairs.size,
    };
  });
}
