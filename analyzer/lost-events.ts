/** How many events a capture says were lost. */
import { LOSS_COUNT, ROWS, TableId } from '../wasm/schema.js';
import type { CoreTables } from './analysis.js';

const NOT_TOLD = 0xffff_ffff_ffff_ffffn;

/** The sum over the table `losses`; losses of unknown size add nothing. */
export function lostEvents(core: CoreTables): bigint {
  const rows = core.rows(TableId.losses);
  let lost = 0n;
  for (let first = 0; first < rows; first += ROWS) {
    const at = core.block(TableId.losses, first / ROWS) + LOSS_COUNT;
    for (const count of new BigUint64Array(core.memory(), at, Math.min(ROWS, rows - first))) {
      if (count !== NOT_TOLD) lost += count;
    }
  }
  return lost;
}
