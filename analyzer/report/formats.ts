/**
 * The formats of a report: a new one is a file beside this one that exports a Writer, and a line in this table.
 *
 * In: a name. Out: what it is for, and its writer, loaded when it is needed.
 */
import type { Queryable } from '../findings.js';
import type { WholeTable } from '../rules.js';
import type { FailOn } from '../triage/triage.js';
import type { Report } from './report.js';

/** What a writer may use beside the report itself. */
export interface WriterContext {
  /** The database that the report was made from, for formats that show more than findings. */
  readonly database: Queryable;
  /** The text goes to a terminal that shows colours. */
  readonly colour: boolean;
  /** What fails the run. */
  readonly failOn: FailOn;
  /** Folder that paths of captures are told relative to: the project's. */
  readonly folder: string;
}

export type Writer = (report: Report, context: WriterContext) => string | Promise<string>;

export interface ReportFormat {
  /** For `--help`: a few words. */
  readonly doc: string;
  /** Tables that it reads as a whole from the database; without them it sees what the rules' reads leave there. */
  readonly reads?: readonly WholeTable[];
  load(): Promise<Writer>;
}

export const REPORT_FORMATS = {
  text: {
    doc: 'for people',
    load: async () => {
      const { textReport } = await import('./text.js');
      return (report, { colour }) => textReport(report, colour);
    },
  },
  json: {
    doc: 'one object, docs/report.schema.json',
    load: async () => (await import('./json.js')).jsonReport,
  },
  html: {
    doc: 'one page with pictures, docs/report-html.md',
    reads: ['events', 'lifetimes'],
    load: async () => (await import('./html/document.js')).htmlReport,
  },
  jsonl: {
    doc: 'its parts, one a line',
    load: async () => (await import('./json-lines.js')).jsonLinesReport,
  },
  markdown: {
    doc: 'for an issue or a merge request',
    load: async () => {
      const { markdownReport } = await import('./markdown.js');
      return (report) => markdownReport(report);
    },
  },
  junit: {
    doc: 'XML, a case a rule and capture',
    load: async () => {
      const { junitReport } = await import('./junit.js');
      return (report, { failOn }) => junitReport(report, failOn);
    },
  },
  sarif: {
    doc: 'SARIF 2.1.0, for code scanning',
    load: async () => {
      const { sarifReport } = await import('./sarif.js');
      return (report, { folder }) => sarifReport(report, folder);
    },
  },
  github: {
    doc: 'annotations and a step summary of GitHub Actions',
    load: async () => (await import('./github.js')).githubReport,
  },
  gitlab: {
    doc: "GitLab's code quality",
    load: async () => {
      const { gitlabReport } = await import('./gitlab.js');
      return (report, { folder }) => gitlabReport(report, folder);
    },
  },
} as const satisfies Record<string, ReportFormat>;

export type ReportFormatName = keyof typeof REPORT_FORMATS;

export const REPORT_FORMAT_NAMES = Object.keys(REPORT_FORMATS) as ReportFormatName[];

/** The table's line, with what all lines may have. */
export const reportFormat = (name: ReportFormatName): ReportFormat => REPORT_FORMATS[name];

/** "text: for people; json: …", for `--help`. */
export const formatsInWords = (): string =>
  REPORT_FORMAT_NAMES.map((name) => `${name}: ${REPORT_FORMATS[name].doc}`).join('; ');
