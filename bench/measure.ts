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

/** Runs a compiled script of this project in a process of its own. */
export function runNode(
  script: string,
  args: readonly string[],
  codes?: readonly number[],
): Promise<Measured> {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  return run(process.execPath, ['--import', RSS, path, ...args], codes);
}

/** The same several times: the run in the middle by time, with the highest memory of all. */
export async function median(rounds: number, once: () => Promise<Measured>): Promise<Measured> {
  const all: Measured[] = [];
  for (let round = 0; round < rounds; round++) all.push(await once());
  const middle = [...all].sort((a, b) => a.seconds - b.seconds)[(all.length - 1) >> 1]!;
  const peaks = all.flatMap(({ bytes }) => bytes ?? []);
  return { ...middle, bytes: peaks.length === 0 ? undefined : Math.max(...peaks) };
}
