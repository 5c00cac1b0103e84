/**
 * Everything that ever happened to the page of an address.
 *
 * In: a database with whole tables, an address, the spaces to look in, and the rules' results. Out: a section for each space in which the
 * page occurs, with what happened there and to the same page by its other names; or, where nothing ever touched it, what lies next to it.
 */
import type { Finding, Queryable, Row, RuleResult } from '../findings.js';
import type { Rule } from '../rules.js';
import { type AskedPage, gather, HISTORY, prepareHistory } from './gather.js';

export interface HistoryQuestion {
  readonly addr: bigint;
  /** Look in this device's DMA addresses only. */
  readonly device?: string | undefined;
  /** Look in this address space only: its kernel pointer, or a thread's id, in decimal. */
  readonly mm?: string | undefined;
  /** Look in physical memory only. */
  readonly phys?: boolean | undefined;
}

/** A finding that is about one of a section's mappings. */
export interface NamedFinding {
  readonly finding: Finding;
  readonly rule: Rule;
  /** Of this section, the mapping that it is about; null where it is about an event. */
  readonly lifetime: bigint | null;
  /** It names the mapping, or is the only finding of its rule that can mean it. */
  readonly sure: boolean;
}

export interface HistorySection {
  readonly capture: number;
  /** `dma`, `va`, `phys`, `object`. */
  readonly space: string;
  readonly device: string | null;
  readonly mm: bigint | null;
  readonly task: number | null;
  /** First address of the page. */
  readonly page: bigint;
  /** The same page by its other names: rows of history_pages. */
  readonly names: readonly Row[];
  /** In time order: columns of `sql/happened.sql`. */
  readonly rows: readonly Row[];
  readonly findings: readonly NamedFinding[];
}

export interface PageHistory {
  readonly question: HistoryQuestion;
  /** Rows of the table `captures`. */
  readonly captures: readonly Row[];
  readonly sections: readonly HistorySection[];
  /** Where there is no section: the nearest mappings below and above. */
  readonly nearest: readonly Row[];
}

/** From a page to its other names, and to theirs: a process's address, its memory, each device's address of that. */
const STEPS = 3;

export async function pageHistory(
  db: Queryable,
  question: HistoryQuestion,
  results: readonly RuleResult[],
): Promise<PageHistory> {
  await prepareHistory(db);
  const captures = await db.query('SELECT * FROM captures ORDER BY capture');
  const where = placesOf(question);
  const spaces = await HISTORY.ask(db, 'spaces', where);
  const pages = spaces.map((space, section) => askedPage(space, section, question.addr));
  await gather(db, pages, STEPS);
  const names = await HISTORY.ask(db, 'names');
  const rows = await HISTORY.ask(db, 'rows');
  const lifetimes = await HISTORY.ask(db, 'kept-lifetimes');
  const of = (all: readonly Row[], section: number): Row[] => all.filter((row) => row.section === section);
  return {
    question,
    captures,
    sections: pages.map((page, section) => ({
      capture: page.capture,
      space: page.space,
      device: page.device ?? null,
      mm: page.mm == null ? null : BigInt(page.mm),
      task: page.task ?? null,
      page: pageOf(of(names, section)),
      names: of(names, section).filter(({ step }) => step !== 0),
      rows: of(rows, section),
      findings: findingsOf(results, page.capture, of(rows, section), of(lifetimes, section)),
    })),
    nearest: pages.length > 0 ? [] : await HISTORY.ask(db, 'nearest', where),
  };
}

const pageOf = (names: readonly Row[]): bigint =>
  BigInt((names.find(({ step }) => step === 0)?.addr as bigint | undefined) ?? 0n);

function placesOf({ addr, device, mm, phys }: HistoryQuestion): Record<string, string | null> {
  const only = phys === true ? 'phys' : device !== undefined ? 'dma' : mm !== undefined ? 'va' : null;
  return { addr: String(addr), device: device ?? null, mm: mm ?? null, only };
}

const askedPage = (space: Row, section: number, addr: bigint): AskedPage => ({
  section,
  capture: Number(space.capture),
  space: String(space.space),
  device: space.device == null ? null : String(space.device),
  mm: space.mm == null ? null : String(space.mm),
  task: space.task == null ? null : Number(space.task),
  addr: String(addr),
});

/** The findings that name one of the lifetimes as their example, or count it: a misuse seen here, a leak of its place that is open here. */
function findingsOf(
  results: readonly RuleResult[],
  capture: number,
  rows: readonly Row[],
  lifetimes: readonly Row[],
): NamedFinding[] {
  return results.flatMap(({ rule, findings }) => {
    const about = findings.flatMap((finding) => {
      const subject = finding.capture === capture ? subjectOf(finding, rule, rows, lifetimes) : undefined;
      return subject === undefined ? [] : [{ finding, rule, ...subject }];
    });
    return about.map((one) => ({ ...one, sure: one.named || about.length === 1 }));
  });
}

interface Subject {
  readonly lifetime: bigint | null;
  readonly named: boolean;
}

function subjectOf(
  finding: Finding,
  rule: Rule,
  rows: readonly Row[],
  lifetimes: readonly Row[],
): Subject | undefined {
  const example = lifetimes.find(
    ({ id }) => id === finding.lifetime || (id !== null && id === finding.other),
  );
  if (example !== undefined) return { lifetime: example.id as bigint, named: true };
  const same = (row: Row): boolean =>
    row.device === finding.device && row.kind === finding.kind && row.site === finding.site;
  const ofPlace = (id: unknown): boolean => lifetimes.some((one) => one.id === id && same(one));
  const misuse = rows.find(
    ({ what, lifetime, device }) =>
      rule.anomaly !== undefined &&
      what === rule.anomaly &&
      (lifetime == null ? device === finding.device : ofPlace(lifetime)),
  );
  if (misuse !== undefined) return { lifetime: (misuse.lifetime as bigint | null) ?? null, named: false };
  if (rule.family !== 'leak') return undefined;
  const left = lifetimes.find((row) => row.closed_ts === null && same(row));
  return left === undefined ? undefined : { lifetime: left.id as bigint, named: false };
}
