/**
 * Rows of the table `anomalies`: what the replay saw with its own eyes, for the rules to judge.
 */
import {
  ANOMALY_ACTUAL, ANOMALY_ADDR, ANOMALY_AFTER_LOSS, ANOMALY_DEVICE, ANOMALY_EXPECTED, ANOMALY_KIND, ANOMALY_LEN, ANOMALY_LIFETIME,
  ANOMALY_OTHER, ANOMALY_SEQ, ANOMALY_TS,
} from '../schema';
import { ANOMALIES, addRow, cell1, cell2, cell4, cell8 } from './table';
import { ABSENT, NONE, addr, device, len, lossSeen, seq, ts, wantEvent } from './now';
import { NO_LIFETIME, addrOf, lenOf, speakOf } from './lifetimes';

/** An anomaly of the current event, about its own address; the lifetime's record may be NO_LIFETIME. */
export function addAnomaly(kind: u32, lifetime: u32, expected: u64, actual: u64): u32 {
  const row = addRow(ANOMALIES);
  wantEvent();
  store<i64>(cell8(ANOMALIES, ANOMALY_TS, row), ts);
  store<u64>(cell8(ANOMALIES, ANOMALY_ADDR, row), addr);
  store<u64>(cell8(ANOMALIES, ANOMALY_LEN, row), len);
  store<u64>(cell8(ANOMALIES, ANOMALY_EXPECTED, row), expected);
  store<u64>(cell8(ANOMALIES, ANOMALY_ACTUAL, row), actual);
  store<u32>(cell4(ANOMALIES, ANOMALY_SEQ, row), seq);
  store<u32>(cell4(ANOMALIES, ANOMALY_LIFETIME, row), lifetime == NO_LIFETIME ? NONE : speakOf(lifetime));
  store<u32>(cell4(ANOMALIES, ANOMALY_OTHER, row), NONE);
  store<u16>(cell2(ANOMALIES, ANOMALY_DEVICE, row), <u16>device);
  store<u8>(cell1(ANOMALIES, ANOMALY_KIND, row), <u8>kind);
  store<u8>(cell1(ANOMALIES, ANOMALY_AFTER_LOSS, row), lossSeen ? 1 : 0);
  return row;
}

/** An anomaly of the current event about a lifetime: it carries the lifetime's own address and length. */
export function addAnomalyOf(kind: u32, lifetime: u32, expected: u64, actual: u64): u32 {
  const row = addAnomaly(kind, lifetime, expected, actual);
  store<u64>(cell8(ANOMALIES, ANOMALY_ADDR, row), addrOf(lifetime));
  store<u64>(cell8(ANOMALIES, ANOMALY_LEN, row), lenOf(lifetime));
  return row;
}

/** Moves an anomaly to another event, for what is only decided later. */
export function setEvent(row: u32, ofSeq: u32, ofTs: i64): void {
  store<u32>(cell4(ANOMALIES, ANOMALY_SEQ, row), ofSeq);
  store<i64>(cell8(ANOMALIES, ANOMALY_TS, row), ofTs);
}
export function setOther(row: u32, other: u32): void {
  store<u32>(cell4(ANOMALIES, ANOMALY_OTHER, row), other);
}
export function setLength(row: u32, bytes: u64): void {
  store<u64>(cell8(ANOMALIES, ANOMALY_LEN, row), bytes);
}
export function setAddress(row: u32, address: u64): void {
  store<u64>(cell8(ANOMALIES, ANOMALY_ADDR, row), address);
}
export function setDevice(row: u32, id: u32): void {
  store<u16>(cell2(ANOMALIES, ANOMALY_DEVICE, row), <u16>id);
}
/** At the end: turns an undecided anomaly into what it proved to be; the lifetime by its id. */
export function settle(row: u32, kind: u32, lifetime: u32, expected: u64, actual: u64): void {
  store<u8>(cell1(ANOMALIES, ANOMALY_KIND, row), <u8>kind);
  store<u32>(cell4(ANOMALIES, ANOMALY_LIFETIME, row), lifetime);
  store<u64>(cell8(ANOMALIES, ANOMALY_EXPECTED, row), expected);
  store<u64>(cell8(ANOMALIES, ANOMALY_ACTUAL, row), actual);
  store<u8>(cell1(ANOMALIES, ANOMALY_AFTER_LOSS, row), lossSeen ? 1 : 0);
}

export const NOTHING: u64 = ABSENT;
