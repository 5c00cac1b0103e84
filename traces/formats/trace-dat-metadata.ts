/**
 * The metadata of a trace.dat: what a reader has to know before the first event.
 *
 * In: a cursor at a block of it (in version 6 one follows the other, in version 7 each is a section).
 * Out: the facts. Layouts as in trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5).
 */
import { type EventField, type EventFormat, parseEventFormat, parseFields } from '../event-format.js';
import { type Cursor, CutShort } from './trace-dat-cursor.js';

/** Where the head of a ring-buffer page has what. */
export interface PageLayout {
  readonly stamp: number;
  readonly commit: number;
  /** Bytes of `commit`, which is a long of the kernel's. */
  readonly longSize: number;
  readonly data: number;
}

/** Of the kernel's own text files, by name. */
async function namedFile(cursor: Cursor, name: string): Promise<string> {
  const at = cursor.position;
  const found = await cursor.string(`the name "${name}"`);
  if (found !== name) throw new CutShort(`the name "${name}"`, at, JSON.stringify(found.slice(0, 40)));
  return cursor.text(await cursor.u64(`the size of ${name}`), name);
}

function fieldOf(fields: readonly EventField[], name: string, at: number): EventField {
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new CutShort(`the field "${name}" of header_page`, at, 'no such field');
  return field;
}

/*
 *   field: u64 timestamp;	offset:0;	size:8;	signed:0;
 *   field: local_t commit;	offset:8;	size:8;	signed:1;
 *   field: char overwrite;	offset:8;	size:1;	signed:1;
 *   field: char data;	offset:16;	size:4080;	signed:1;
 */
function pageLayout(text: string, at: number): PageLayout {
  const fields = parseFields(text);
  const stamp = fieldOf(fields, 'timestamp', at);
  const commit = fieldOf(fields, 'commit', at);
  const data = fieldOf(fields, 'data', at);
  const sound =
    stamp.size === 8 &&
    (commit.size === 4 || commit.size === 8) &&
    data.offset >= Math.max(stamp.offset + stamp.size, commit.offset + commit.size) &&
    data.offset <= 256;
  if (!sound) throw new CutShort('a page header that dmaspan knows', at, JSON.stringify(text.slice(0, 200)));
  return { stamp: stamp.offset, commit: commit.offset, longSize: commit.size, data: data.offset };
}

/*
 *   # compressed entry header
 *   	type_len    :    5 bits
 *   	time_delta  :   27 bits
 *   	array       :   32 bits
 *   	padding     : type == 29
 *   	time_extend : type == 30
 */
function checkEventHead(text: string, at: number): void {
  const facts = [
    /type_len\s*:\s*5 bits/,
    /time_delta\s*:\s*27 bits/,
    /padding\s*: type == 29/,
    /time_extend\s*: type == 30/,
  ];
  if (facts.every((fact) => fact.test(text))) return;
  throw new CutShort('an event header of 5 and 27 bits', at, JSON.stringify(text.slice(0, 200)));
}

export async function readHeaderInfo(cursor: Cursor): Promise<PageLayout> {
  const at = cursor.position;
  const page = await namedFile(cursor, 'header_page');
  checkEventHead(await namedFile(cursor, 'header_event'), at);
  return pageLayout(page, at);
}

async function readFormats(
  cursor: Cursor,
  system: string,
  events: number,
  formats: EventFormat[],
): Promise<void> {
  for (let i = 0; i < events; i++) {
    const size = await cursor.u64(`the size of a format of ${system}`);
    const format = parseEventFormat(system, await cursor.text(size, `a format of ${system}`));
    if (format !== undefined) formats.push(format);
  }
}

export async function readFtraceFormats(cursor: Cursor): Promise<EventFormat[]> {
  const formats: EventFormat[] = [];
  await readFormats(cursor, 'ftrace', await cursor.u32("the number of ftrace's own events"), formats);
  return formats;
}

export async function readEventFormats(cursor: Cursor): Promise<EventFormat[]> {
  const formats: EventFormat[] = [];
  const systems = await cursor.u32('the number of event systems');
  for (let i = 0; i < systems; i++) {
    const system = await cursor.string("an event system's name");
    await readFormats(cursor, system, await cursor.u32(`the number of events of ${system}`), formats);
  }
  return formats;
}

/** kallsyms and printk_formats: a 32-bit size, and text. */
export async function readSized32(cursor: Cursor, what: string): Promise<Uint8Array> {
  return cursor.bytes(await cursor.u32(`the size of ${what}`), what);
}

/** saved_cmdlines: lines of "101 init". */
export async function readCmdlines(cursor: Cursor): Promise<string> {
  return cursor.text(await cursor.u64('the size of the command lines'), 'the command lines');
}

/** Names of tasks by pid; a task nobody knows ("<...>") is left out. */
export function* tasksOf(cmdlines: string): Generator<readonly [number, string]> {
  yield [0, '<idle>'];
  for (const line of cmdlines.split('\n')) {
    const [, pid, name] = /^\s*(\d{1,9}) (.+)$/.exec(line) ?? [];
    if (name !== undefined && name !== '<...>') yield [Number(pid), name];
  }
}
