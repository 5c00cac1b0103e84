/**
 * Text from a capture as a terminal may show it: a broken or a hostile file must not command the terminal.
 *
 * In: any text. Out: the same with a dot for each control character.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

export const printable = (text: string): string => text.replace(CONTROL, '·');

/** The same, and not longer than `most` characters. */
export const shortened = (text: string, most: number): string =>
  printable(text.length > most ? `${text.slice(0, most - 1)}…` : text);

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
const COMMAND = /\u001b(?!\[\d{1,3}m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** The same for whole texts, whose lines, tabs and colours stay. */
export const printableLines = (text: string): string => text.replace(COMMAND, '·');
