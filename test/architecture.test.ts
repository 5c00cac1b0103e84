/** Holds the arrows of docs/architecture.md: which folder may know which, and who touches a Wasm memory, prints or exits. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What each folder may import beside itself; `packages`: whether it may import anything from outside the project. */
const ARROWS: Record<string, { knows: string[]; packages: boolean }> = {
  wasm: { knows: [], packages: false },
  traces: { knows: ['wasm/schema.ts'], packages: true },
  analyzer: { knows: ['wasm/schema.ts', 'traces/'], packages: true },
  cli: { knows: ['wasm/schema.ts', 'traces/', 'analyzer/'], packages: true },
};
const FOLDERS = Object.keys(ARROWS);

/** The boundary: the only files that see a Wasm memory. Everybody else gets values. */
const SEE_MEMORY = [
  'analyzer/arrow.ts',
  'analyzer/capture-rows.ts',
  'analyzer/column-reader.ts',
  'analyzer/core.ts',
  'analyzer/kernel-log/sightings.ts',
  'analyzer/lost-events.ts',
  'traces/binary-core.ts',
  'traces/text-core.ts',
  'traces/zstd.ts',
];

interface Source {
  path: string;
  text: string;
}

/** The `.ts` files of a folder, comments taken out, paths from the root. */
function sourcesOf(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .map((path) => ({ path, text: withoutComments(readFileSync(join(root, path), 'utf8')) }));
}

/** Blanks comments; a `//` inside a string (a URL) is none. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
}

/** What a file imports: `from '…'`, `import '…'`, `import('…')`, and modules that are started by their URL. */
function importsOf(text: string): string[] {
  const statement = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(['"])(.+?)\1/g;
  return [...text.matchAll(statement)].map((match) => match[2]!).filter((name) => !name.endsWith('.wasm'));
}

/** The file that a relative import means, from the root; undefined when there is none. */
function target(from: string, name: string): string | undefined {
  const path = posix.join(dirname(from), name);
  return [path.replace(/\.js$/, '.ts'), `${path}.ts`, path].find((file) => existsSync(join(root, file)));
}

function trespass({ path, text }: Source): string[] {
  const { knows, packages } = ARROWS[path.split('/')[0]!]!;
  const own = `${path.split('/')[0]}/`;
  const mayKnow = (file: string) => [own, ...knows].some((known) => file.startsWith(known));
  return importsOf(text).flatMap((name) => {
    if (!name.startsWith('.')) return packages ? [] : [`${path} imports ${name}`];
    const file = target(path, name);
    if (file === undefined) return [`${path} imports ${name}, which is not there`];
    return mayKnow(file) ? [] : [`${path} imports ${file}`];
  });
}

const sources = FOLDERS.flatMap(sourcesOf);

test('imports go one way: wasm, traces, analyzer, cli', () => {
  assert.equal(sources.flatMap(trespass), []);
});

test('the arrows would be missed', () => {
  const violations = (path: string, text: string) => trespass({ path, text: withoutComments(text) });
  const cases: [path: string, text: string][] = [
    ['wasm/replay/dma.ts', "import { x } from '../../traces/format';"],
    ['wasm/replay/dma.ts', "import { x } from 'somewhere';"],
    ['traces/open.ts', "import type { X } from '../analyzer/core.js';"],
    ['traces/open.ts', "export { x } from '../wasm/replay/dma.js';"],
    ['traces/open.ts', "const w = new URL('../cli/index.js', import.meta.url);"],
    ['analyzer/core.ts', "const { x } = await import('../cli/index.js');"],
    ['cli/index.ts', "import {\n  x,\n  y,\n} from '../test/run.js';"],
    ['cli/index.ts', "import '../analyzer/not-there.js';"],
  ];
  for (const [path, text] of cases) assert.is(violations(path, text).length, 1, text);
  assert.equal(
    violations('analyzer/core.ts', "// import '../cli/index.js';\nimport '../traces/open.js';"),
    [],
  );
});

test('only the boundary sees a Wasm memory', () => {
  const sees = ({ text }: Source) => /\.memory\b/.test(text);
  const found = sources.filter(({ path }) => !path.startsWith('wasm/')).filter(sees);
  assert.equal(found.map(({ path }) => path).sort(), SEE_MEMORY);
});

test('only cli prints or exits', () => {
  const prints = /\bconsole\.|\bprocess\.(?:exit|exitCode|stdout|stderr|abort|kill)\b/;
  const found = sources.filter(({ path, text }) => !path.startsWith('cli/') && prints.test(text));
  assert.equal(
    found.map(({ path }) => path),
    [],
  );
});

test('every file opens by saying what it is', () => {
  const silent = [...FOLDERS, 'bench', 'scripts', 'test']
    .flatMap(sourcesOf)
    .filter(({ path }) => !/^(?:#!.*\n)?(?:\/\*\*|\/\/ )/.test(readFileSync(join(root, path), 'utf8')));
  assert.equal(
    silent.map(({ path }) => path),
    [],
  );
});

test('every test file runs every suite that it makes', () => {
  const forgetful = sourcesOf('test')
    .filter(({ path }) => path.endsWith('.test.ts'))
    .filter(({ text }) => {
      const suites = [
        'test',
        ...[...text.matchAll(/\b(?:const|let) (\w+) = suite\b/g)].map((match) => match[1]!),
      ];
      return (
        !text.trimEnd().endsWith('.run();') ||
        suites.some((name) => text.includes(`${name}(`) && !text.includes(`${name}.run()`))
      );
    });
  assert.equal(
    forgetful.map(({ path }) => path),
    [],
  );
});

test.run();
