/**
 * Gathers what happened to pages, for the command `history` and for the report's page alike.
 *
 * In: a database with whole tables, the pages asked about, and how often to go from a page to the same page by another name. Out: the
 * temporary tables history_pages, history_lifetimes and history_rows (`sql/happened.sql`), a section a question.
 */
import type { Queryable } from '../findings.js';
import { questionsIn } from '../questions.js';

export const HISTORY = questionsIn('analyzer', 'history', 'sql');

/** A page in one space: DMA addresses of a device, addresses of a process (or of the kernel: no mm and no task), physical memory; or a kernel object. */
export interface AskedPage {
  readonly section: number;
  readonly capture: number;
  readonly space: string;
  readonly device?: string | null;
  readonly mm?: string | null;
  readonly task?: number | null;
  /** Any address in the page, in decimal: JSON has no integers of 64 bits. */
  readonly addr: string;
}

/** A page of a ring has been mapped to hundreds of others; their lives are followed this far in one step. */
export const MOST_LINKS = 256;

/** What the other questions start from: whose address space a thread is in, and what is known of memory in processes. */
export async function prepareHistory(db: Queryable): Promise<void> {
  await HISTORY.keep(db, 'tasks', 'history_tasks');
  await HISTORY.keep(db, 'provider-memory', 'history_memory');
  await HISTORY.keep(db, 'pinned-pages', 'history_pins');
}

/** `prepareHistory` comes first. */
export async function gather(db: Queryable, pages: readonly AskedPage[], steps: number): Promise<void> {
  await HISTORY.keep(db, 'asked-pages', 'history_pages', { pages: JSON.stringify(pages) });
  await HISTORY.keep(db, 'touching', 'history_touching', { step: 0 });
  for (let step = 0; step < steps; step++) {
    await HISTORY.add(db, 'linked-pages', 'history_pages', { step, most: MOST_LINKS });
    await HISTORY.add(db, 'touching', 'history_touching', { step: step + 1 });
  }
  await HISTORY.keep(db, 'lifetimes', 'history_lifetimes');
  await HISTORY.keep(db, 'happened', 'history_rows');
}
