/**
 * Where results go: `--format` to stdout, each `--output FORMAT=FILE` to its file.
 *
 * In: those options, and the formats that a command has. Out: a list of outputs, checked before the long work begins.
 */
import { statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from './exit-codes.js';

export interface Output<Format extends string> {
  readonly format: Format;
  /** Absent: stdout. */
  readonly file?: string;
}

/** Throws UsageError for an output that names no format, or a folder that is not there. */
export function outputsOf<Format extends string>(
  names: readonly Format[],
  format: Format,
  outputs: readonly string[] | undefined,
): Output<Format>[] {
  const files = (outputs ?? []).map((text) => parseOutput(names, text));
  const twice = files.find(({ file }, at) => files.findIndex((other) => other.file === file) !== at);
  if (twice !== undefined)
    throw new UsageError(`--output names ${twice.file} twice`, 'Give each output a file of its own.');
  return [{ format }, ...files];
}

function parseOutput<Format extends string>(
  names: readonly Format[],
  text: string,
): Output<Format> & { file: string } {
  const cut = text.indexOf('=');
  const name = cut < 0 ? text : text.slice(0, cut);
  const file = cut < 0 ? '' : text.slice(cut + 1);
  const format = names.find((known) => known === name);
  const advice = `Give FORMAT=FILE, as in json=findings.json; formats: ${names.join(', ')}.`;
  if (format === undefined) throw new UsageError(`--output ${text}: no format is called "${name}"`, advice);
  if (file === '' || file === '-')
    throw new UsageError(
      `--output ${text}: expected a file, found ${file === '' ? 'none' : '"-"'}`,
      `${advice} What goes to stdout is chosen by --format.`,
    );
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--output ${text}: ${folder} is no folder`, 'Create it first.');
  return { format, file };
}

/** Throws UsageError for a file that cannot be written. */
export function writeOrRefuse(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${file}: cannot be written: ${code}`, 'Check the path and who may write there.');
  }
}
