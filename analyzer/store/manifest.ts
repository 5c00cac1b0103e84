/**
 * What a store says of itself: the last thing that is written into it, and the first that is read.
 *
 * In: a folder's `dmaspan-store.json`, or the one value of a .duckdb file's table `dmaspan_store`, which are the same JSON. Out: a
 * manifest of a store that this dmaspan can read, or a StoreError.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inPackage } from '../../traces/package-root.js';
import type { EnumMembers } from '../catalog.js';
import { TABLES } from '../tables.js';
import { MANIFEST_FILE } from './kind.js';

/** Grows with every change of the layout that docs/store.md describes. Changes of tables and columns show in `columns`. */
export const STORE_VERSION = 2;
export const MANIFEST_TABLE = 'dmaspan_store';

export interface Manifest {
  readonly store: 'dmaspan';
  readonly version: number;
  /** Version of the dmaspan that wrote it. */
  readonly dmaspan: string;
  /** Fingerprint of the tables' columns. */
  readonly columns: string;
  /** Members of the ENUM types. */
  readonly types: EnumMembers;
  /** Rows of each table. */
  readonly tables: Readonly<Record<string, number>>;
  /** Rows of those that a report keeps fewer of, which are there a second time as such. */
  readonly excerpts: Readonly<Record<string, number>>;
  /** Fingerprint of the SQL that the derived tables and the rules stand on. */
  readonly ground: string;
  /** What built-in rules found, as `rowsToText` writes it, by the rules' fingerprints. */
  readonly rules: Readonly<Record<string, string>>;
  /** Sizes of the files of a folder, by their path in it; none in a .duckdb file. */
  readonly files: Readonly<Record<string, number>>;
}

/** A store that cannot be read, or not be written. */
export class StoreError extends Error {
  constructor(
    readonly path: string,
    problem: string,
    advice: string,
  ) {
    super(`${path}: ${problem}\n${advice}`);
    this.name = 'StoreError';
  }
}

export const ownVersion = (): string =>
  (JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { version: string }).version;

/** Tells apart stores of a dmaspan with other tables or columns. */
export function columnsFingerprint(): string {
  const all = TABLES.map(({ name, columns }) => [name, columns.map((column) => [column.name, column.type])]);
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}

const AGAIN = 'Ingest the capture again, with this dmaspan.';

/** The manifest in a text. Throws StoreError for one that is none, or another version's. */
export function parseManifest(path: string, text: string): Manifest {
  const manifest = manifestIn(text);
  if (manifest?.store !== 'dmaspan')
    throw new StoreError(path, 'expected the manifest of a store, found something else', AGAIN);
  if (manifest.version !== STORE_VERSION || manifest.columns !== columnsFingerprint()) {
    const found =
      manifest.version === STORE_VERSION ? `one with other tables or columns` : `version ${manifest.version}`;
    throw new StoreError(
      path,
      `expected a store of version ${STORE_VERSION} by dmaspan ${ownVersion()}, found ${found}, written by dmaspan ${manifest.dmaspan}`,
      AGAIN,
    );
  }
  return manifest;
}

function manifestIn(text: string): Manifest | undefined {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
}

/** The manifest of a folder whose files are all there. Throws StoreError. */
export function readFolder(path: string): Manifest {
  const manifest = parseManifest(path, readFileSync(join(path, MANIFEST_FILE), 'utf8'));
  for (const [file, bytes] of Object.entries(manifest.files)) {
    const found = statSync(join(path, file), { throwIfNoEntry: false })?.size;
    if (found === bytes) continue;
    throw new StoreError(
      path,
      `expected ${file} with ${bytes} bytes, found ${found === undefined ? 'no such file' : `${found} bytes`}`,
      'Copy the folder again, or ingest the capture again.',
    );
  }
  return manifest;
}
