/**
 * Where the package lies on disk.
 *
 * In: this module's own place. Out: the folder of `package.json`, for data files (`traces/events`, `traces/samples`,
 * `analyzer/rules`) and Wasm modules (`dist/wasm`), which lie at other depths below it than the compiled code.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
    folder = above;
  }
  return folder;
}

export const packageRoot: string = findRoot();

/** An absolute path: `inPackage('traces', 'events')`. */
export const inPackage = (...parts: string[]): string => join(packageRoot, ...parts);
