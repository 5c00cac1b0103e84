/**
 * Probes in the kernel: set for a recording, and taken away after it.
 *
 * In: tracefs' file `dynamic_events`, and definitions. Out: which are set and which the kernel refused.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Definition, PROBE_GROUP, removalOf } from '../../traces/probe-definition.js';
import { UsageError } from '../exit-codes.js';

export interface Refused {
  readonly definition: Definition;
  /** As the kernel says it: EINVAL, ENOENT, … */
  readonly why: string;
}

export interface ProbeSet {
  readonly set: readonly Definition[];
  readonly refused: readonly Refused[];
}

/** Removing a probe is refused while an instance that is about to go still uses it. */
const TRIES = 20;
const PAUSE_MS = 100;

const OURS = new RegExp(`^[a-z][0-9]*:(${PROBE_GROUP}/\\S+)`);

const fileOf = (tracefs: string): string => join(tracefs, 'dynamic_events');

/** Appends: anything else would take away the probes of others. */
const write = (tracefs: string, line: string): void => appendFileSync(fileOf(tracefs), `${line}\n`);

/** Throws UsageError when the group has probes already: they are somebody's. */
export function checkGroupIsFree(tracefs: string): void {
  const there = readFileSync(fileOf(tracefs), 'utf8')
    .split('\n')
    .flatMap((line) => OURS.exec(line)?.[1] ?? []);
  if (there.length === 0) return;
  throw new UsageError(
    `there are probes of the group ${PROBE_GROUP} already: ${there.join(', ')}`,
    `Is another recording under way? If one was killed, take them away as root: for p in ${there.join(' ')}; do echo "-:$p" >> ${fileOf(tracefs)}; done`,
  );
}

export function setProbes(tracefs: string, definitions: readonly Definition[]): ProbeSet {
  const set: Definition[] = [];
  const refused: Refused[] = [];
  for (const definition of definitions) {
    try {
      write(tracefs, definition.line);
      set.push(definition);
    } catch (error) {
      refused.push({ definition, why: (error as NodeJS.ErrnoException).code ?? String(error) });
    }
  }
  return { set, refused };
}

/** Takes them away; those that stayed. */
export async function removeProbes(
  tracefs: string,
  definitions: readonly Definition[],
): Promise<readonly Definition[]> {
  let left = definitions;
  for (let attempt = 0; left.length > 0 && attempt < TRIES; attempt++) {
    if (attempt > 0) await sleep(PAUSE_MS);
    left = left.filter((definition) => {
      try {
        write(tracefs, removalOf(definition));
        return false;
      } catch {
        return true;
      }
    });
  }
  return left;
}
