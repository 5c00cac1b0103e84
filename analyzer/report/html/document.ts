/**
 * The report as one HTML page that needs nothing else: no network, no other file (docs/report-html.md).
 *
 * In: a report and its database, with whole tables. Out: the page. Every number in a picture is in a table too, and the
 * page says all that it has to say without scripts; they draw.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inPackage } from '../../../traces/package-root.js';
import type { WriterContext } from '../formats.js';
import type { Report } from '../report.js';
import { captureSection } from './capture-section.js';
import { findingsSection } from './findings-section.js';
import { Html, html, json } from './markup.js';
import { pageHistories } from './page-history.js';
import { MOST_CAPTURES, pictureData } from './pictures.js';
import { contents, countersSection, dmaDebugSection, masthead, rulesSection, titleOf } from './summary.js';

/** Built from `page/` by scripts/build.mjs: the script that draws, and the style. */
const built = (file: string): string => readFileSync(inPackage('dist', 'page', file), 'utf8');

export async function htmlReport(
  report: Report,
  { database }: Pick<WriterContext, 'database'>,
): Promise<string> {
  const pictures = await pictureData(report, database);
  const histories = await pageHistories(report, database);
  const sections: Html[] = [];
  for (const capture of pictures.captures) sections.push(await captureSection(report, capture, database));
  const main = [
    findingsSection(report, histories),
    dmaDebugSection(report),
    rulesSection(report),
    ...sections,
    report.captures.length > MOST_CAPTURES &&
      html`<p>Pictures are drawn for the first ${MOST_CAPTURES} of ${report.captures.length} captures.</p>`,
    countersSection(report),
  ];
  return page(
    titleOf(report),
    html`${masthead(report)}<div class="columns">${contents(report, pictures)}<main id="main">${main}</main></div>`,
    json(pictures),
  ).text;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The policy lets run what we wrote and nothing else, and lets nothing be fetched. */
function page(title: string, body: Html, data: Html): Html {
  const [script, style] = [built('page.js'), built('page.css')];
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the findings</a>
${body}
<script type="application/json" id="pictures">${data}</script>
<script>${new Html(script)}</script>
</body>
</html>
`;
}
