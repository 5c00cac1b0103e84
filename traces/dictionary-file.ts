/**
 * Event dictionary files, read and put in order.
 *
 * In: the built-in `events/*.json`, and the user's files. Out: one Dictionary whose entries' indices are their ids:
 * the reserved ones, the user's in the order given, the built-in ones by file name. So the user's come first.
 */
import { readdir, readFile } from 'node:fs/promises';
import { Kind, Layer, Op } from '../wasm/schema.js';
import type { Dictionary, DictionaryEntry } from './dictionary.js';
import { checkObject, DictionaryError, fail, inside, type Place } from './dictionary-check.js';
import { checkEntry } from './dictionary-entry.js';
import { TYPE_LOST, TYPE_STACK } from './format.js';
import { inPackage } from './package-root.js';

export { DictionaryError } from './dictionary-check.js';

type NewEntry = Omit<DictionaryEntry, 'id'>;

const SCHEMA_FILE = 'dictionary.schema.json';
/** Event types are 16 bits wide, all ones is kept free. */
const MOST_ENTRIES = 0xffff;

function reserved(name: string, op: Op, doc: string): NewEntry {
  return { name, layer: Layer.none, op, kind: Kind.none, fields: [], doc, source: '' };
}

function reservedEntries(): NewEntry[] {
  const entries: NewEntry[] = [];
  entries[TYPE_LOST] = reserved('lost', Op.lost, 'Events were lost here: the buffer was full.');
  entries[TYPE_STACK] = reserved('stack', Op.stack, 'The call stack of the event before it.');
  return entries;
}

async function readText(file: string, place: Place): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DictionaryError(
      place.file,
      '',
      `expected an event dictionary, cannot read it: ${reason}`,
      'Check the path given to --events.',
    );
  }
}

function parse(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DictionaryError(place.file, '', `expected JSON: ${reason}`);
  }
}

/** `name` is what messages and `source` call the file. */
async function readEntries(file: string, name: string): Promise<NewEntry[]> {
  const place = { file: name, path: '' };
  const top = checkObject(place, parse(await readText(file, place), place), ['$schema', 'about', 'events']);
  const events = inside(place, 'events');
  if (!Array.isArray(top.events)) fail(events, 'a list of events', top.events);
  return top.events.map((event, index) => checkEntry(inside(events, index), event));
}

async function builtInFiles(): Promise<string[]> {
  const files = await readdir(inPackage('traces', 'events'));
  return files.filter((file) => file.endsWith('.json') && file !== SCHEMA_FILE).sort();
}

/** `files` are the user's. Throws DictionaryError. */
export async function loadDictionary(files: readonly string[] = []): Promise<Dictionary> {
  const entries = reservedEntries();
  for (const file of files) entries.push(...(await readEntries(file, file)));
  for (const file of await builtInFiles())
    entries.push(...(await readEntries(inPackage('traces', 'events', file), file)));
  if (entries.length > MOST_ENTRIES) {
    throw new DictionaryError(
      files.at(-1) ?? '',
      'events',
      `expected at most ${MOST_ENTRIES} entries in all, found ${entries.length}`,
    );
  }
  return { entries: entries.map((entry, id) => ({ id, ...entry })) };
}
