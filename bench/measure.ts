/** Runs other programs, and measures them. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Measured {
  /** Wall-clock time of the whole process, its start included. */
  readonly seconds: number;
  /** Peak memory, of Node processes. */
  readonly bytes: number | undefined;
  readonly out: string;
}

const RSS = fileURLToPath(new URL('./rss.js', import.meta.url));

/** Runs a command; throws when it cannot run or exits with something else than the codes given. */
export function run(
  command: string,
  args: readonly string[],
  codes: readonly number[] = [0],
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const rss: Buffer[] = [];
    child.stdout!.on('data', (part: Buffer) => out.push(part));
    child.stderr!.on('data', (part: Buffer) => err.push(part));
    child.stdio[3]!.on('data', (part: Buffer) => rss.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - begin) / 1000;
      if (!codes.includes(code ?? -1))
        reject(new Error(`${command} ended with ${code}: ${Buffer.concat(err)}`));
      const bytes = Number(Buffer.concat(rss).toString() || Number.NaN);
      resolve({
        seconds,
        bytes: Number.isNaN(bytes) ? undefined : bytes,
        out: Buffer.concat(out).toString(),
      });
    });
  });
}

const scriptPath = (script: string): string => fileURLToPath(new URL(`../${script}`, import.meta.url));

/** Runs the command as a user does. */
export const runCommand = (args: readonly string[], codes?: readonly number[]): Promise<Measured> =>
  run(process.execPath, [scriptPath('command/index.js'), ...args], codes);

/** Runs a compiled script of this project in a process of its own, which tells its peak memory: that takes some of its time. */
export function runNode(
  script: string,
  args: readonly string[],
  codes?: readonly number[],
): Promise<Measured> {
  return run(process.execPath, ['--import', RSS, scriptPath(script), ...args], codes);
}

type Work = () => Promise<Measured>;

/** Several programs in turns, `rounds` times: what else the machine does concerns all of them. Of each the run in the middle by time. */
export async function inTurns<T extends readonly Work[]>(
  rounds: number,
  ...work: T
): Promise<{ [K in keyof T]: Measured }> {
  const all = work.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [at, once] of work.entries()) all[at]!.push(await once());
  const middle = (runs: Measured[]) => runs.sort((a, b) => a.seconds - b.seconds)[(runs.length - 1) >> 1]!;
  return all.map(middle) as { [K in keyof T]: Measured };
}
