/**
 * Files and folders that are there complete, or not at all.
 *
 * In: a path, and who writes it. Out: what was written, under that path. It is written beside it under a name of its own, brought to the
 * disk, and renamed.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { storeKind } from './kind.js';
import { StoreError } from './manifest.js';

export interface AtomicOptions {
  /** Puts it in the place of what is there: a file, or a folder that `mayReplace`. */
  readonly force?: boolean;
}

/** Throws StoreError when something is there that must stay, or when it cannot be written. */
export function checkTarget(target: string, { force = false }: AtomicOptions): void {
  const folder = dirname(target);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new StoreError(target, `${folder} is no folder`, 'Create it first.');
  if (!existsSync(target)) return;
  if (!force)
    throw new StoreError(target, 'is there already', 'Give --force to replace it, or another name.');
  if (statSync(target).isDirectory() && !isOurs(target))
    throw new StoreError(
      target,
      'expected a folder that dmaspan wrote, found another with files in it; --force does not replace that',
      'Give another name, or remove it yourself.',
    );
}

/** A folder that every export marks, or an empty one. */
const isOurs = (folder: string): boolean =>
  storeKind(folder) === 'folder' || readdirSync(folder).every((name) => OURS.test(name));
const OURS = /\.(arrow|csv|parquet)$/;

/** `write` gets the path to write to; when it fails nothing is left. Returns what `write` does. Throws StoreError. */
export async function writeAtomically<T>(
  target: string,
  options: AtomicOptions,
  write: (path: string) => Promise<T>,
): Promise<T> {
  checkTarget(target, options);
  const part = partOf(target);
  rmSync(part, { recursive: true, force: true });
  try {
    const result = await write(part);
    sync(part);
    replace(part, target);
    return result;
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    rmSync(`${part}.wal`, { force: true });
    throw error;
  }
}

/** The name under which it is written: a hidden one, of this process. */
export const partOf = (target: string): string =>
  join(dirname(target), `.${basename(target)}.part-${process.pid}`);

/** Brings a file, or a folder with all that is in it, to the disk. */
function sync(path: string): void {
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) sync(join(path, name));
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A folder is renamed over nothing, a file over what was there. */
function replace(part: string, target: string): void {
  const old = `${part}.old`;
  const inTheWay =
    statSync(target, { throwIfNoEntry: false })?.isDirectory() === true ||
    (existsSync(target) && statSync(part).isDirectory());
  if (inTheWay) renameSync(target, old);
  renameSync(part, target);
  syncFolder(dirname(target));
  if (inTheWay) rmSync(old, { recursive: true, force: true });
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
