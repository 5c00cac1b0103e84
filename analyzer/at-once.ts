/** How many rules run at a time, and what that leaves of the machine for each. */
import { availableParallelism } from 'node:os';

/** A rule's SQL is mostly planned, and the tables read, by one thread: more rules than one at a time use a second core. */
export const RULES_AT_ONCE = Math.min(2, availableParallelism());

/** Threads for DuckDB while rules run: each connection brings one. More than there are cores cost more than they help. */
export const JUDGE_THREADS = availableParallelism() - RULES_AT_ONCE + 1;
