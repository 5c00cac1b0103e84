/** Writes the docs that are made from code: `node dist/scripts/make-docs.js`. */
import { writeFileSync } from 'node:fs';
import { inPackage } from '../traces/package-root.js';
import { cookbookDocs } from './cookbook.js';
import { probeDocs } from './probe-docs.js';
import { tableDocs } from './table-docs.js';

writeFileSync(inPackage('docs', 'tables.md'), tableDocs());
writeFileSync(inPackage('docs', 'probes.md'), await probeDocs());
writeFileSync(inPackage('docs', 'cookbook.md'), cookbookDocs());
