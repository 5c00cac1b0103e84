/**
 * Builds what has changed, into dist/: the Wasm modules by asc, everything else by tsc, and the command in one piece by esbuild.
 *
 * `npm ci` builds through the `prepare` script, and so does npx when it first runs this checkout's own command: the
 * second build finds nothing to do.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Time of the newest of these files, and of those in these folders. */
function newest(paths) {
  return Math.max(
    ...paths.map((path) => {
      const stat = statSync(join(root, path));
      return stat.isDirectory()
        ? newest(readdirSync(join(root, path)).map((name) => join(path, name)))
        : stat.mtimeMs;
    }),
    0,
  );
}

/** The width of text, for yargs and cliui, from a module that compiles its Unicode patterns when it needs them: theirs take 40 ms at every start. */
const lazyWidths = {
  name: 'lazy-widths',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^string-width$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: require.resolve('fast-string-width') } : undefined,
    ),
};

function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs `work` unless its stamp is newer than all that it reads. */
async function step(name, reads, work) {
  const stamp = join(root, 'dist', `.built-${name}`);
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest(['package.json', ...reads])) return;
  const begun = new Date();
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  utimesSync(stamp, begun, begun); // what changed while we built is built again
}

const packageFile = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);

for (const target of ['text', 'binary', 'replay']) {
  await step(target, ['asconfig.json', 'wasm'], () =>
    run(packageFile('assemblyscript', 'bin/asc.js'), [`wasm/${target}/index.ts`, '--target', target]),
  );
}
const SOURCES = ['tsconfig.json', 'wasm/schema.ts', 'traces', 'analyzer', 'cli', 'test', 'bench', 'scripts'];

await step('typescript', SOURCES, () => run(packageFile('typescript', 'bin/tsc'), ['-p', '.']));

/*
 * What the HTML report carries: its script, with the chart library and that library's licence, and its style. The script
 * runs in browsers, so it has types of its own.
 */
const PAGE = 'analyzer/report/html/page';
await step('page', ['analyzer/report/html', 'analyzer/report/layout.ts', 'package-lock.json'], () => {
  run(packageFile('typescript', 'bin/tsc'), ['-p', PAGE]);
  const licence = readFileSync(packageFile('uplot', 'LICENSE'), 'utf8').trim();
  buildSync({
    absWorkingDir: root,
    entryPoints: { page: `${PAGE}/index.ts` },
    outdir: 'dist/page',
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    banner: { js: `/* With uPlot.\n${licence} */` },
  });
  buildSync({
    absWorkingDir: root,
    entryPoints: { page: `${PAGE}/page.css` },
    outdir: 'dist/page',
    bundle: true,
    minify: true,
    target: 'es2022',
  });
});

/*
 * The command in a few files: Node spends more time on finding and reading some hundred small ones, most of them
 * DuckDB's client, than the command on a small capture. Its worker lies beside it, since it is found by its place.
 */
await step('command', SOURCES, async () => {
  rmSync(join(root, 'dist/command'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli/index.js', 'dist/traces/threads/worker.js'],
    entryNames: '[name]',
    outdir: 'dist/command',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [lazyWidths],
    external: ['@duckdb/node-bindings', 'apache-arrow'],
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
  });
  chmodSync(join(root, 'dist/command/index.js'), 0o755);
});
