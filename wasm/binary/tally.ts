/**
 * What could not be decoded, by reason.
 *
 * In: one call a case. Out: numbers that the host turns into the capture's counters.
 */
export let pagesDamaged: u32 = 0;
export let recordsDamaged: u32 = 0;
export let recordsWithoutFormat: u32 = 0;
export let listsTooLong: u32 = 0;
export let stacksCut: u32 = 0;
export let timesBackwards: u32 = 0;
export let devicesTooMany: u32 = 0;

export function tallyPage(): void { pagesDamaged++; }
export function tallyRecord(): void { recordsDamaged++; }
export function tallyWithoutFormat(): void { recordsWithoutFormat++; }
export function tallyListTooLong(): void { listsTooLong++; }
export function tallyStackCut(): void { stacksCut++; }
export function tallyBackwards(): void { timesBackwards++; }
export function tallyDevice(): void { devicesTooMany++; }
