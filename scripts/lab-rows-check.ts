/**
 * Row by row: an event says the same in every form that it was recorded in.
 *
 * In: a run. Out: for each form how many rows were compared with the run's first form, and the rows that only one of them has.
 */
import { beyond, countsOf, type Form, type Opened, type Run, sum, tally, withCapture } from './lab-runs.js';

/** Tracefs prints the pointers of tracepoints hashed (%p); records have them, and so has what other tools print of them. */
const HASHED: Readonly<Record<string, 'mm' | 'object'>> = {
  'p2p_map tracepoint': 'mm',
  'p2p_unmap tracepoint': 'mm',
  dma_buf_dynamic_attach: 'object',
  dma_buf_detach: 'object',
};
const COLUMNS = 'device addr len phys attrs dir error mm object value other'.split(' ');

/** Rows as lines, by event name. */
type Rows = ReadonlyMap<string, ReadonlyMap<string, number>>;

function lineOf(name: string, row: Readonly<Record<string, unknown>>): string {
  return COLUMNS.filter((column) => HASHED[name] !== column)
    .map((column) => `${column}=${row[column] ?? '-'}`)
    .join(' ');
}

/** Where a tracepoint and a probe have one name, neither is compared by its mm. */
async function rowsOf(db: Opened): Promise<Rows> {
  const rows = await db.query("SELECT * FROM events WHERE layer IS NOT NULL AND op <> 'lost'");
  const lines = new Map<string, string[]>();
  for (const row of rows) {
    const name = String(row.event).replace(/^.*:/, '');
    const kept = HASHED[`${name} tracepoint`] === undefined ? name : `${name} tracepoint`;
    const list = lines.get(name) ?? [];
    list.push(lineOf(kept, row));
    lines.set(name, list);
  }
  return new Map([...lines].map(([name, list]) => [name, tally(list)]));
}

export interface RowCheck {
  readonly form: Form;
  /** Rows of the first form that this one must have. */
  readonly compared: number;
  readonly differences: readonly string[];
}

const none: ReadonlyMap<string, number> = new Map();

function compare(name: string, mine: Rows, theirs: Rows, sawMore: boolean): string[] {
  const [one, other] = [mine.get(name) ?? none, theirs.get(name) ?? none];
  const missing = [...beyond(other, one)].map(([line, count]) => `${name}: ${count} missing of ${line}`);
  if (sawMore) return missing;
  return [
    ...missing,
    ...[...beyond(one, other)].map(([line, count]) => `${name}: ${count} too many of ${line}`),
  ];
}

/** How many more of an event its recorder saw than the first form's, by the reference tools: recorders start and stop one after the other. */
function surplus(run: Run, form: Form, first: Form, name: string): number {
  const [ours, theirs] = [countsOf(run, form)?.names, countsOf(run, first)?.names];
  return (ours?.get(name) ?? 0) - (theirs?.get(name) ?? 0);
}

/** Throws CaptureError. */
export async function checkRows(run: Run): Promise<RowCheck[]> {
  const [first, ...others] = run.forms;
  if (first === undefined) return [];
  const base = await withCapture(first.path, rowsOf);
  const checks: RowCheck[] = [];
  for (const form of others) {
    const rows = await withCapture(form.path, rowsOf);
    const names = [...base.keys()].filter((name) => surplus(run, form, first, name) >= 0);
    checks.push({
      form,
      compared: names.reduce((all, name) => all + sum(base.get(name)!), 0),
      differences: names.flatMap((name) => compare(name, rows, base, surplus(run, form, first, name) > 0)),
    });
  }
  return checks;
}
