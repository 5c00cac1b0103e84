/** A table of the page. In: a caption, columns, and rows of cells. Out: HTML that scrolls by itself where it is too wide. */
import { type Content, type Html, html } from './markup.js';

export interface Column {
  readonly name: string;
  /** Numbers are set to the right, with digits of one width. */
  readonly number?: boolean;
}

/** The first cell of a row is its heading. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Html {
  const kind = (at: number): string => (columns[at]?.number === true ? 'number' : 'text');
  const head = columns.map(({ name }, at) => html`<th scope="col" class="${kind(at)}">${name}</th>`);
  const body = rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, at) =>
        at === 0
          ? html`<th scope="row" class="${kind(at)}">${cell}</th>`
          : html`<td class="${kind(at)}">${cell}</td>`,
      )}</tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>
`;
}
