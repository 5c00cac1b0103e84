/**
 * The forms that a capture's tables can leave in: a new one is a file beside this one that exports an Exporter, and a line in this table.
 *
 * In: a name. Out: what it is for, and who writes it, loaded when it is needed.
 */
import type { Evidence } from '../evidence.js';
import type { Rule } from '../rules.js';
import type { OnStep } from '../store/write.js';

/** Writes to a path where nothing is yet. `rules`: those to judge by, for forms that have findings. */
export type Exporter = (
  evidence: Evidence,
  path: string,
  onStep: OnStep,
  rules: readonly Rule[],
) => Promise<void>;

export interface ExportFormat {
  /** For `--help`: a few words. */
  readonly doc: string;
  load(): Promise<Exporter>;
}

export const EXPORT_FORMATS = {
  parquet: {
    doc: 'a folder of Parquet files, which dmaspan reads again',
    load: async () => {
      const [{ writeStore }, { parquetWriter }] = await Promise.all([
        import('../store/write.js'),
        import('../store/parquet-folder.js'),
      ]);
      return (evidence, path, onStep) => writeStore(evidence, parquetWriter(path), onStep);
    },
  },
  duckdb: {
    doc: 'a DuckDB file, which dmaspan reads again',
    load: async () => {
      const [{ writeStore }, { duckdbWriter }] = await Promise.all([
        import('../store/write.js'),
        import('../store/duckdb-file.js'),
      ]);
      return (evidence, path, onStep) => writeStore(evidence, duckdbWriter(path), onStep);
    },
  },
  arrow: {
    doc: 'a folder of Arrow IPC files, one a table',
    load: async () => (await import('./arrow.js')).exportArrow,
  },
  perfetto: {
    doc: 'a trace that ui.perfetto.dev opens',
    load: async () => (await import('./perfetto.js')).exportPerfetto,
  },
  csv: {
    doc: 'a folder of CSV files, one a table',
    load: async () => (await import('./csv.js')).exportCsv,
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof EXPORT_FORMATS;

export const EXPORT_FORMAT_NAMES = Object.keys(EXPORT_FORMATS) as ExportFormatName[];

export const exportFormat = (name: ExportFormatName): ExportFormat => EXPORT_FORMATS[name];
