/**
 * The history of the page that a finding is about.
 *
 * In: a report and its database. Out: for each finding, by its number, what happened to its page, the nearest to its moment.
 */
import type { Queryable, Row } from '../../findings.js';
import { type AskedPage, gather, prepareHistory } from '../../history/gather.js';
import type { Report } from '../report.js';
import { ask } from './ask.js';

/** Rows before the moment of the finding, and after it. */
const NEAR = 7;
/** Each finding costs a pass over the lifetimes. */
const MOST_FINDINGS = 100;

export async function pageHistories(
  report: Report,
  db: Queryable,
): Promise<ReadonlyMap<number, readonly Row[]>> {
  const asked = report.findings.slice(0, MOST_FINDINGS).map((one, finding) => ({
    finding,
    capture: one.capture,
    moment: String(one.first_ts),
    lifetime: one.lifetime === null ? null : String(one.lifetime),
    device: one.device,
  }));
  const histories = new Map<number, Row[]>();
  if (asked.length === 0) return histories;
  const findings = JSON.stringify(asked);
  await prepareHistory(db);
  await gather(db, (await ask(db, 'finding-pages', { findings })).map(askedPage), 0);
  for (const row of await ask(db, 'page-history', { findings, near: NEAR })) {
    const finding = Number(row.finding);
    histories.set(finding, [...(histories.get(finding) ?? []), row]);
  }
  return histories;
}

const askedPage = ({ finding, capture, space, device, mm, addr }: Row): AskedPage => ({
  section: Number(finding),
  capture: Number(capture),
  space: String(space),
  device: device == null ? null : String(device),
  mm: mm == null ? null : String(mm),
  addr: String(addr),
});
