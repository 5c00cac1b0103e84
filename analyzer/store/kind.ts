/** What is a store, and of which kind: by content, before anything else of it is read. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const MANIFEST_FILE = 'dmaspan-store.json';

export type StoreKind = 'file' | 'folder';

const MAGIC_AT = 8;
const MAGIC = 'DUCK';

function hasMagic(path: string): boolean {
  const head = Buffer.alloc(MAGIC_AT + MAGIC.length);
  const fd = openSync(path, 'r');
  try {
    return (
      readSync(fd, head, 0, head.length, 0) === head.length && head.toString('latin1', MAGIC_AT) === MAGIC
    );
  } finally {
    closeSync(fd);
  }
}

/** Whether the path is a store, by content: a DuckDB file, or a folder with a manifest. Undefined for all else, also for what is not there. */
export function storeKind(path: string): StoreKind | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() === true) return hasMagic(path) ? 'file' : undefined;
    if (stat?.isDirectory() !== true) return undefined;
    return statSync(join(path, MANIFEST_FILE), { throwIfNoEntry: false })?.isFile() === true
      ? 'folder'
      : undefined;
  } catch {
    return undefined; // what cannot be read is told by who reads captures
  }
}
