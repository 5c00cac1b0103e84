/**
 * The capture formats, in the order in which they are asked. A format is registered here and nowhere else.
 *
 * In: nothing. Out: the list. Binary formats have magic bytes and come first; text is recognised by its look.
 */
import type { Format } from '../format.js';
import { ftraceText } from './ftrace-text.js';
import { perfData } from './perf-data.js';
import { perfScript } from './perf-script.js';
import { traceCmdReport } from './trace-cmd-report.js';
import { traceDat } from './trace-dat.js';

export const formats: readonly Format[] = [traceDat, perfData, perfScript, traceCmdReport, ftraceText];
