/**
 * A headless Chromium for tests, where there is one.
 *
 * In: files to open. Out: what the page says to the console, what an expression in it gives, pictures of it. Spoken to over a
 * pair of pipes in the DevTools protocol, so that it needs no package.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Path of the browser, by CHROMIUM or by its usual names; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [process.env.CHROMIUM ?? '', ...paths].find((path) => path !== '' && existsSync(path));
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
];

type Json = Record<string, unknown>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly message: string };
}

/** Errors and warnings of the console, exceptions, refused loads, as text. */
function complaintOf({ method, params }: Message): string | undefined {
  if (method === 'Runtime.exceptionThrown') return JSON.stringify(params);
  if (method === 'Log.entryAdded') return JSON.stringify(params?.entry);
  if (method === 'Runtime.consoleAPICalled') return JSON.stringify(params?.args);
  return undefined;
}

export class Chromium {
  readonly complaints: string[] = [];
  /** URLs that pages asked for. */
  readonly requests: string[] = [];
  private readonly process: ChildProcess;
  private readonly profile = mkdtempSync(join(tmpdir(), 'dmaspan-chromium-'));
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly loads: (() => void)[] = [];
  private session = '';
  private last = 0;
  private rest = '';

  private constructor(path: string) {
    this.process = spawn(path, [...FLAGS, `--user-data-dir=${this.profile}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    (this.process.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.receive(text));
    (this.process.stdio[3] as Writable).on('error', () => {});
    this.process.once('exit', () => {
      for (const [id, answer] of this.waiting) answer({ id, error: { message: 'Chromium ended' } });
    });
  }

  static async start(path: string): Promise<Chromium> {
    const browser = new Chromium(path);
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    browser.session = String(
      (await browser.send('Target.attachToTarget', { targetId, flatten: true })).sessionId,
    );
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.send(`${domain}.enable`);
    return browser;
  }

  private receive(text: string): void {
    const parts = (this.rest + text).split('\0');
    this.rest = parts.pop()!;
    for (const part of parts) this.take(JSON.parse(part) as Message);
  }

  private take(message: Message): void {
    if (message.id !== undefined) this.waiting.get(message.id)?.(message);
    else if (message.method === 'Page.loadEventFired') for (const done of this.loads.splice(0)) done();
    else if (message.method === 'Network.requestWillBeSent')
      this.requests.push(String((message.params?.request as Json | undefined)?.url));
    const complaint = complaintOf(message);
    if (complaint !== undefined) this.complaints.push(complaint);
  }

  /** A command of the protocol. Throws what the browser refuses. */
  send(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.last;
    const session = this.session === '' ? {} : { sessionId: this.session };
    (this.process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  /** Opens a file and waits until it is loaded and has drawn; returns milliseconds. */
  async open(file: string): Promise<number> {
    const loaded = new Promise<void>((resolve) => this.loads.push(resolve));
    const begun = performance.now();
    await this.send('Page.navigate', { url: pathToFileURL(file).href });
    await loaded;
    await this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    return performance.now() - begun;
  }

  /** The value of an expression in the page; promises are waited for. Throws what it throws. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as Json).value;
  }

  /** Width and height of the window, and the colours that the reader prefers. */
  async look(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await this.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
  }

  /** Presses a key on what has the focus. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key, ...text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code: key });
  }

  /** The window as a PNG. */
  async screenshot(): Promise<Buffer> {
    return Buffer.from(String((await this.send('Page.captureScreenshot', { format: 'png' })).data), 'base64');
  }

  async pdf(): Promise<Buffer> {
    return Buffer.from(String((await this.send('Page.printToPDF', {})).data), 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    await this.send('Browser.close').catch(() => {});
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
