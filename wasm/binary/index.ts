/**
 * The module `binary`: raw trace records become event batches.
 *
 * In: plans (`plan…`), names of tasks, then either ring-buffer pages by stream, or single records. Out: the batch
 * (`batchRows`, `batchBlock`, …), which the host copies and clears; new strings by id; tallies.
 */
import { block, rows, side, sideUsed } from '../decode/batch';
import { devices, stacks } from './record';
import { comms, nameTask } from './tasks';

export { clearBatch } from '../decode/batch';
export { setClock } from './clock';
export { setByteOrder } from './numbers';
export { beginPart, closeStream, decodePages, endPart, feedStream, firstDamage, loseEvents, openStream, setPageLayout, streamInput } from './pages';
export {
  eventCount, knowEvent, planAsk, planBegin, planDeviceAt, planDeviceInline, planDone, planErrno, planExtra, planList, planListFact,
  planNothing, planNullIsError, planStack, planU32, planU64, planU8,
} from './plan';
export { lostRow, setCommonFields, setReservedTypes } from './record';

export * from '../perf/index';

/** Memory of at least `bytes` bytes for the host to put small things into; the next call may move it. */
let scratchAt: usize = 0;
let scratchBytes: u32 = 0;
export function scratch(bytes: u32): usize {
  if (bytes > scratchBytes) {
    if (scratchAt != 0) heap.free(scratchAt);
    scratchAt = heap.alloc(bytes);
    scratchBytes = bytes;
  }
  return scratchAt;
}

/** The task `pid` is called what the first `length` bytes of the scratch memory say. */
export function setTaskName(pid: i32, length: i32): void {
  nameTask(pid, scratchAt, length);
}

export function batchRows(): i32 { return rows; }
export function batchBlock(): usize { return block; }
export function batchSide(): usize { return side; }
export function batchSideWords(): i32 { return sideUsed; }

// Strings by id, 1 and up.
export function commCount(): i32 { return comms.count; }
export function commPointer(id: i32): usize { return comms.pointer(id); }
export function commLength(id: i32): i32 { return comms.length(id); }
export function deviceCount(): i32 { return devices.count; }
export function devicePointer(id: i32): usize { return devices.pointer(id); }
export function deviceLength(id: i32): i32 { return devices.length(id); }
export function stackCount(): i32 { return stacks.count; }
export function stackPointer(id: i32): usize { return stacks.pointer(id); }
export function stackLength(id: i32): i32 { return stacks.length(id); }

// Tallies: module variables do not cross the boundary by themselves.
import { devicesTooMany, listsTooLong, pagesDamaged, recordsDamaged, recordsWithoutFormat, stacksCut, timesBackwards } from './tally';
export function damagedPages(): u32 { return pagesDamaged; }
export function damagedRecords(): u32 { return recordsDamaged; }
export function unknownRecords(): u32 { return recordsWithoutFormat; }
export function longLists(): u32 { return listsTooLong; }
export function cutStacks(): u32 { return stacksCut; }
export function backwardTimes(): u32 { return timesBackwards; }
export function unnamedDevices(): u32 { return devicesTooMany; }
