/**
 * HTML that cannot be broken by what a capture says.
 *
 * In: a template whose values are text, numbers, lists, or HTML made here. Out: HTML; every text is escaped, and control
 * characters and those that turn the direction of writing show as dots.
 */
import { printableLines } from '../../../traces/printable.js';

export class Html {
  constructor(readonly text: string) {}
}

export type Content = Html | string | number | bigint | null | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Marks that turn the direction of what follows: a name could show as another. */
const TURNS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export const plain = (text: string): string => printableLines(text).replace(TURNS, '·');

export const escaped = (text: string): string => plain(text).replace(/[&<>"']/g, (one) => ENTITIES[one]!);

function textOf(content: Content): string {
  if (content === null || content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(textOf).join('');
  return escaped(String(content));
}

/** Template tag: html`<td>${name}</td>`. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(parts.map((part, at) => (at === 0 ? part : textOf(values[at - 1]) + part)).join(''));
}

/** Data for a script element: no text in it can end the element. */
export const json = (value: unknown): Html =>
  new Html(
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'string' ? plain(part) : part,
    ).replaceAll('<', '\\u003c'),
  );
