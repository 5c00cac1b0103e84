/**
 * A recorder around a command.
 *
 * In: the recorder's arguments, and the command. Out: how both ended. The command keeps stdin, stdout and its exit code; what the recorder
 * prints goes to stderr. A signal reaches the command, and the recorder then ends by itself, so that its file is whole.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from './recorders.js';

/**
 * Runs the command for the recorder: `$1` is a folder for what it has to tell. trace-cmd forgets exit codes, and both recorders end
 * when this does. Signals are the command's: this survives them to tell its end.
 */
const WRAPPER = 'trap : INT TERM HUP; d=$1; shift; echo $$ > "$d/pid"; "$@" >&3 3>&-; echo $? > "$d/status"';
/** The recorder may not have started the command when a signal comes for it. */
const NOT_YET_MS = 50;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals that would end this process, kept from doing so. */
export interface Interrupts {
  /** The last one. */
  received(): NodeJS.Signals | undefined;
  /** Who is to hear of the next ones. */
  tell(listener: (signal: NodeJS.Signals) => void): void;
  /** From here on they end the process again. */
  stop(): void;
}

export function catchInterrupts(): Interrupts {
  let received: NodeJS.Signals | undefined;
  let tell: (signal: NodeJS.Signals) => void = () => {};
  const interrupt = (signal: NodeJS.Signals): void => {
    received = signal;
    tell(signal);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  return {
    received: () => received,
    tell: (listener) => {
      tell = listener;
    },
    stop: () => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    },
  };
}

export interface Ended {
  /** Of the command; undefined when it never ran, or was left behind. */
  readonly command: number | undefined;
  /** Of the recorder: its exit code, or that of a signal. */
  readonly recorder: number;
}

export async function runRecorder(
  program: Program,
  args: readonly string[],
  command: readonly string[],
  interrupts: Interrupts,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'dmaspan-record-'));
  let again: NodeJS.Timeout | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    if (!signalCommand(folder, signal)) again = setTimeout(pass, NOT_YET_MS, signal);
  };
  interrupts.tell((signal) => {
    // A terminal has sent its Ctrl-C to the command too.
    if (signal !== 'SIGINT' || process.stdin.isTTY !== true) pass(signal);
  });
  try {
    const recorder = await ended(program, [...args, 'sh', '-c', WRAPPER, 'dmaspan', folder, ...command]);
    return { recorder, command: told(folder, 'status') };
  } finally {
    clearTimeout(again);
    interrupts.tell(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

function ended(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['inherit', 2, 'inherit', 1] });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? exitCodeOf(signal!)));
  });
}

/** As shells count. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

function told(folder: string, what: 'pid' | 'status'): number | undefined {
  const file = join(folder, what);
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return text === '' ? undefined : Number(text);
}

/** To the command, not to the shell around it; whether it was there. */
function signalCommand(folder: string, signal: NodeJS.Signals): boolean {
  const wrapper = told(folder, 'pid');
  const children = wrapper === undefined ? [] : childrenOf(wrapper);
  for (const pid of children) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
  return children.length > 0;
}

/** Of /proc/PID/stat the fourth field, behind the name in brackets, is the parent. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]) === parent;
      } catch {
        return false;
      }
    });
}
