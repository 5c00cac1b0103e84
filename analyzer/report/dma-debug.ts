/**
 * What the kernel's dma-debug said in the kernel log, beside what the rules found.
 *
 * In: a database that rules have judged, and the findings. Out: which findings it reports too, what it says besides, and what its silence is worth; null without a kernel log.
 */
import type { Finding, Queryable, Row, RuleResult } from '../findings.js';
import { plural } from './layout.js';

/** A row of the view dma_debug_parity. */
export interface DmaDebugMessage {
  readonly line: bigint;
  readonly ts: bigint | null;
  readonly class: string;
  readonly device: string | null;
  readonly addr: bigint | null;
  readonly relation: string;
  readonly text: string;
}

export interface DmaDebug {
  /** The kernel log. */
  readonly file: string;
  /** What it says of findings, by finding. */
  readonly agrees: ReadonlyMap<Finding, readonly DmaDebugMessage[]>;
  /** What no finding covers, though events could show it. */
  readonly alone: readonly DmaDebugMessage[];
  /** What no trace can show. */
  readonly untraced: readonly DmaDebugMessage[];
  /** Of devices or times that the capture has no event of. */
  readonly outside: readonly DmaDebugMessage[];
  /** Findings of classes that dma-debug checks, of which it says nothing. */
  readonly silent: readonly Finding[];
  /** Sentences: what its silence is worth. */
  readonly notes: readonly string[];
}

/** Misuse that dma-debug checks on every machine; of overlaps x86 tells it nothing, and what lies before the capture is no finding. */
const CHECKED: ReadonlySet<string> = new Set([
  'double_unmap',
  'unmap_unknown',
  'device_mismatch',
  'size_mismatch',
  'kind_mismatch',
  'sg_count_mismatch',
  'direction_mismatch',
  'attrs_mismatch',
  'sync_unmapped',
  'sync_outside',
  'sync_direction',
]);
const PENDING = 'leak-at-removal';

export async function dmaDebugOf(
  db: Queryable,
  results: readonly RuleResult[],
  findings: readonly Finding[],
): Promise<DmaDebug | null> {
  const [log] = await db.query('SELECT file FROM kernel_logs ORDER BY capture');
  if (log === undefined) return null;
  const rows = await db.query('SELECT * FROM dma_debug_parity ORDER BY capture, line');
  const incidents = await incidentsOf(db, rows);
  const agrees = new Map<Finding, DmaDebugMessage[]>();
  const alone: DmaDebugMessage[] = [];
  const anomalies = new Map(results.map(({ rule }) => [rule.id, rule.anomaly]));
  const ran = new Set(results.map(({ rule }) => rule.anomaly ?? rule.id));
  for (const row of rows) {
    const about = row.relation === 'agrees' ? findingsAbout(row, incidents, findings, anomalies) : [];
    for (const one of about) agrees.set(one, [...(agrees.get(one) ?? []), messageOf(row)]);
    // What a rule would say that was not asked is nobody's disagreement.
    const asked =
      row.relation === 'alone' ||
      ran.has(String(row.anomaly ?? PENDING)) ||
      !CHECKED.has(String(row.anomaly));
    if (about.length === 0 && (row.relation === 'agrees' || row.relation === 'alone') && asked)
      alone.push(messageOf(row));
  }
  const of = (relation: string): DmaDebugMessage[] =>
    rows.filter((row) => row.relation === relation).map(messageOf);
  const silent = findings.filter((one) => isChecked(one, anomalies) && !agrees.has(one));
  const state = await stateOf(db);
  return {
    file: String(log.file),
    agrees,
    alone,
    untraced: of('no_trace'),
    outside: of('outside_capture'),
    silent,
    notes: notesOf(state, rows.length, silent.length),
  };
}

const isChecked = ({ rule }: Finding, anomalies: ReadonlyMap<string, string | undefined>): boolean =>
  rule === PENDING || CHECKED.has(anomalies.get(rule) ?? '');

const messageOf = (row: Row): DmaDebugMessage => ({
  line: BigInt(row.line as bigint),
  ts: row.ts == null ? null : BigInt(row.ts as bigint),
  class: String(row.class),
  device: row.device == null ? null : String(row.device),
  addr: row.addr == null ? null : BigInt(row.addr as bigint),
  relation: String(row.relation),
  text: String(row.text),
});

/** The anomalies that messages speak of, with what findings group them by: by "seq anomaly". */
async function incidentsOf(db: Queryable, rows: readonly Row[]): Promise<ReadonlyMap<string, Row>> {
  const seqs = rows.flatMap(({ seq }) => (seq == null ? [] : [String(seq)]));
  if (seqs.length === 0) return new Map();
  const incidents = await db.query(
    `SELECT seq, anomaly, capture, device, mapped_device, coalesce(mapped_kind, event_kind) AS kind, site, close_site, ts FROM incidents
     WHERE seq IN (SELECT unnest(from_json($seqs::JSON, '["BIGINT"]'))) ORDER BY seq, anomaly, lifetime`,
    { seqs: JSON.stringify(seqs) },
  );
  return new Map(incidents.map((row) => [`${row.seq} ${row.anomaly}`, row]));
}

function findingsAbout(
  row: Row,
  incidents: ReadonlyMap<string, Row>,
  findings: readonly Finding[],
  anomalies: ReadonlyMap<string, string | undefined>,
): readonly Finding[] {
  if (row.anomaly == null)
    return findings.filter(
      ({ rule, device, capture }) =>
        rule === PENDING && device === row.device && capture === Number(row.capture),
    );
  const incident = incidents.get(`${row.seq} ${row.anomaly}`);
  if (incident === undefined) return [];
  const fits = (one: Finding): number =>
    Number(one.site === incident.site) * 2 +
    Number(one.close_site === incident.close_site) * 2 +
    Number(one.kind === incident.kind);
  const [best] = findings
    .filter(
      ({ rule, device, capture }) =>
        anomalies.get(rule) === row.anomaly &&
        capture === Number(row.capture) &&
        (device === incident.device || device === incident.mapped_device),
    )
    .sort((a, b) => fits(b) - fits(a));
  return best === undefined ? [] : [best];
}

interface State {
  readonly enabled: boolean;
  /** Line at which it gave up. */
  readonly disabled: bigint | null;
}

async function stateOf(db: Queryable): Promise<State> {
  const rows = await db.query(
    "SELECT kind, min(line) AS line FROM kernel_messages WHERE source = 'dma-debug' AND kind IN ('enabled', 'disabled') GROUP BY kind ORDER BY kind",
  );
  const line = (kind: string): bigint | null =>
    (rows.find((row) => row.kind === kind)?.line as bigint | undefined) ?? null;
  return { enabled: line('enabled') !== null, disabled: line('disabled') };
}

function notesOf({ enabled, disabled }: State, messages: number, silent: number): string[] {
  const notes: string[] = [];
  if (disabled !== null)
    notes.push(
      `dma-debug gave up for lack of memory (line ${disabled}): from there on its silence means nothing.`,
    );
  if (silent === 0) return notes;
  if (messages === 0 && !enabled)
    return [
      'The log has no word of dma-debug: the kernel is built without CONFIG_DMA_API_DEBUG, or the log lacks its beginning.',
    ];
  const what = `dma-debug says nothing of ${plural(silent, 'finding')} that it could have reported`;
  if (messages === 1)
    notes.push(
      `${what}: it prints its first error only, unless /sys/kernel/debug/dma-api/all_errors is set.`,
    );
  else
    notes.push(
      `${what}${messages === 0 ? ', and nothing else' : ''}: num_errors and driver_filter in /sys/kernel/debug/dma-api limit what it prints, and it checks only what was mapped while it was on.`,
    );
  return notes;
}
