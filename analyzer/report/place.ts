/**
 * Where a finding is, for tools that think in files.
 *
 * In: a capture's name as the user gave it, and the folder that paths are relative to. Out: a path, or a URI.
 */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { printable } from '../../traces/printable.js';

/** Of merged captures the first; "stdin" for "-". Relative below the folder, else absolute; always with slashes. */
export function capturePath(file: string, folder: string): string {
  const first = file.split(' + ')[0]!;
  if (first === '-') return 'stdin';
  const path = relative(folder, resolve(folder, first));
  const outside = path === '' || path.startsWith('..') || isAbsolute(path);
  return printable(outside ? resolve(folder, first) : path)
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .split(sep)
    .join('/');
}

/** The same as a URI reference. */
export function captureUri(file: string, folder: string): string {
  const path = capturePath(file, folder);
  return isAbsolute(path) ? pathToFileURL(path).href : path.split('/').map(encodeURIComponent).join('/');
}
