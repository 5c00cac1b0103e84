/**
 * A recording from beginning to end: probes set, a command recorded, probes taken away, whatever happens in between.
 *
 * In: what to record and with what. Out: the exit code; what was done, and what was left out, on stderr.
 */
import { existsSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesText } from '../../analyzer/report/layout.js';
import type { Definition } from '../../traces/probe-definition.js';
import { EXIT_UNUSABLE, UsageError } from '../exit-codes.js';
import type { Machine } from './machine.js';
import { checkGroupIsFree, type ProbeSet, removeProbes, setProbes } from './probe-set.js';
import { argumentsOf, INSTANCE, type Program, type Recording, shellWord } from './recorders.js';
import { catchInterrupts, type Ended, exitCodeOf, runRecorder } from './run.js';

const say = (text: string): void => {
  process.stderr.write(`dmaspan: ${text}\n`);
};

/** Throws UsageError when there is nothing to record, or another recording is under way. */
export async function record(
  { tracefs, program }: Machine,
  wanted: Recording,
  command: readonly string[],
): Promise<number> {
  const events = wanted.events.filter((event) => isThere(tracefs, event));
  sayLeftOut(
    'this kernel has no such events',
    wanted.events.filter((event) => !events.includes(event)),
  );
  checkIsFree(tracefs, wanted);
  const interrupts = catchInterrupts();
  const probes = setProbes(tracefs, wanted.definitions);
  try {
    sayRefused(probes);
    const recording = { ...wanted, events, definitions: probes.set };
    if (events.length === 0 && probes.set.length === 0)
      throw new UsageError('nothing to record: this kernel has none of it', 'See dmaspan probes list.');
    say(`recording with ${program}, ${countOf(events, probes)}`);
    const ended = await runRecorder(program, argumentsOf(program, recording), command, interrupts);
    return outcome(ended, recording, program, interrupts.received());
  } finally {
    await takeBack(tracefs, probes.set);
    interrupts.stop();
  }
}

/** "dma:*" is a folder of events, "dma:dma_map_phys" one in it. */
const isThere = (tracefs: string, event: string): boolean =>
  existsSync(join(tracefs, 'events', ...event.replace(/:\*$/, '').split(':')));

function checkIsFree(tracefs: string, { definitions }: Recording): void {
  const instance = join(tracefs, 'instances', INSTANCE);
  if (existsSync(instance))
    throw new UsageError(
      `${instance} is there already`,
      `Is another recording under way? If one was killed, take it away as root: rmdir ${instance}`,
    );
  if (definitions.length > 0) checkGroupIsFree(tracefs);
}

export function sayLeftOut(why: string, names: readonly string[]): void {
  if (names.length > 0) say(`${why}, left out: ${names.join(', ')}`);
}

/** The same reason once, with all that it holds for. */
function sayRefused({ refused }: ProbeSet): void {
  const reasons = [...new Set(refused.map(({ why }) => why))];
  for (const why of reasons) {
    const names = refused.filter((one) => one.why === why).map(({ definition }) => definition.function);
    sayLeftOut(`the kernel takes no such probe (${why}) on`, [...new Set(names)]);
  }
}

const countOf = (events: readonly string[], { set }: ProbeSet): string =>
  [...events, ...(set.length === 0 ? [] : [`${set.length} ${set.length === 1 ? 'probe' : 'probes'}`])].join(
    ', ',
  );

function outcome(
  { command, recorder }: Ended,
  { out }: Recording,
  program: Program,
  interrupted: NodeJS.Signals | undefined,
): number {
  const whole = recorder === 0 || recorder === command;
  if (!whole) say(`${program} ended with ${recorder}: what it recorded may not be all`);
  const size = statSync(out, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    say(`${program} has left no ${out}`);
    return command === undefined || command === 0 ? EXIT_UNUSABLE : command;
  }
  // A perf.data carries no names for the addresses in call stacks; they hold for this boot only.
  const symbols = program === 'perf' ? ' --kallsyms /proc/kallsyms' : '';
  say(`${out}: ${bytesText(BigInt(size))}. Next: dmaspan report ${shellWord(out)}${symbols}`);
  if (command !== undefined) return command;
  return interrupted === undefined ? EXIT_UNUSABLE : exitCodeOf(interrupted);
}

async function takeBack(tracefs: string, definitions: readonly Definition[]): Promise<void> {
  try {
    rmdirSync(join(tracefs, 'instances', INSTANCE));
  } catch {
    // perf makes none, and trace-cmd may have taken its own away.
  }
  const left = await removeProbes(tracefs, definitions);
  if (left.length > 0)
    say(`these probes are in use and stay: ${left.map(({ name }) => name).join(', ')}; see dynamic_events`);
}
