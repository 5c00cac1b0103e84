/** What importers have mapped of each address space (spaces.ts), by virtual address. */
import { RangeIndex } from './range-index';

export const imports: RangeIndex = new RangeIndex(true);
