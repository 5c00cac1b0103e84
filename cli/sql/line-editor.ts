/**
 * Lines that a person types on a terminal.
 *
 * In: keys. Out: lines, one when it is asked for; those that are typed ahead wait. Ctrl-C drops the line, or between lines stops what
 * runs; Ctrl-D ends.
 */
import { type Completer, createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { REMEMBERED } from './history.js';

/** Somebody pressed Ctrl-C instead of ending the line. */
export const DROPPED = Symbol('dropped');

export interface LineEditor {
  /** The next line; undefined at the end. */
  next(prompt: string): Promise<string | typeof DROPPED | undefined>;
  /** Puts a whole statement in the history, for the cursor keys. */
  remember(entry: string): void;
  close(): void;
}

export interface EditorOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WriteStream;
  /** The newest first. */
  readonly history: string[];
  readonly complete: (line: string) => Promise<[words: string[], replaces: string]>;
  /** Ctrl-C while no line is asked for. */
  readonly onCancel: () => void;
}

/** What readline draws: nothing while no line is asked for, or keys typed ahead would land among what is printed. */
class Echo extends Writable {
  muted = true;
  constructor(readonly to: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    to.on('resize', () => this.emit('resize'));
  }
  get columns(): number {
    return this.to.columns;
  }
  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) this.to.write(chunk);
    done();
  }
}

function createLines({ input, history, complete }: EditorOptions, echo: Echo): Interface {
  const completer = ((line: string, done: (error: null, result: [string[], string]) => void) => {
    if (echo.muted) return done(null, [[], line]);
    complete(line).then(
      (result) => done(null, result),
      () => done(null, [[], line]), // a statement that DuckDB cannot complete yet
    );
  }) as unknown as Completer;
  return createInterface({
    input,
    output: echo,
    terminal: true,
    historySize: REMEMBERED,
    history,
    completer,
  });
}

export function openLineEditor(options: EditorOptions): LineEditor {
  const echo = new Echo(options.output);
  const lines = createLines(options, echo);
  const waiting: string[] = [];
  let recent = options.history;
  let closed = false;
  let asker: ((line: string | typeof DROPPED | undefined) => void) | undefined;
  const give = (line: string | typeof DROPPED | undefined): void => {
    const to = asker;
    asker = undefined;
    echo.muted = true;
    to?.(line);
  };
  lines.on('line', (line) => {
    if (asker === undefined) waiting.push(line);
    else give(line);
  });
  lines.on('close', () => {
    closed = true;
    give(undefined);
  });
  lines.on('history', (entries) => {
    // readline remembers lines; a history of statements is what people look for.
    entries.shift();
    recent = entries;
  });
  lines.on('SIGINT', () => {
    if (asker === undefined) {
      waiting.length = 0;
      return options.onCancel();
    }
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
    options.output.write('^C\n');
    give(DROPPED);
  });
  return {
    next: (prompt) => {
      const line = waiting.shift();
      if (line !== undefined) options.output.write(`${prompt}${line}\n`);
      if (line !== undefined || closed) return Promise.resolve(line);
      echo.muted = false;
      lines.setPrompt(prompt);
      lines.prompt(true);
      return new Promise((resolve) => {
        asker = resolve;
      });
    },
    remember: (entry) => {
      const before = recent.indexOf(entry);
      if (before !== -1) recent.splice(before, 1);
      recent.unshift(entry);
    },
    close: () => lines.close(),
  };
}
