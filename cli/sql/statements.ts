/**
 * A text of SQL and shell commands, cut into its statements.
 *
 * In: text that somebody types or a file holds. Out: its statements, each with the line on which it begins, and what is left
 * unfinished at the end. Semicolons in strings, names, comments and $$ texts end nothing. A line that begins with a dot where a
 * statement could begin is a command of the shell.
 */

export interface Statement {
  /** Without the semicolon. */
  readonly text: string;
  /** On which line it begins, from 1. */
  readonly line: number;
  /** A command of the shell (".tables"), not SQL. */
  readonly dot: boolean;
  /** Holds a comment that reaches to the end of its line, so that lines cannot be joined. */
  readonly lineComment: boolean;
  /** Breaks the line inside a string or a name. */
  readonly brokenString: boolean;
}

export interface Statements {
  readonly statements: readonly Statement[];
  /** What no semicolon ended. */
  readonly rest: Statement | undefined;
}

/** In this order: a comment, strings (E'…' knows backslashes), names, $tag$ texts, words, anything else a sign at a time. */
const TOKEN =
  /--[^\n]*|\/\*|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'[^']*'|"[^"]*"|\$((?:[A-Za-z_]\w*)?)\$[\s\S]*?\$\1\$|[\w\u0080-\uffff][\w$\u0080-\uffff]*|\s+|[\s\S]/gy;

/** Where a comment that begins at `from` ends; they nest. -1: it does not end. */
function endOfComment(text: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from + 2;
  let depth = 1;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return -1;
}

/** Opens a string, a name or a $$ text that does not end. */
const isOpen = (text: string, at: number, token: string): boolean =>
  token === "'" || token === '"' || (token === '$' && /^\$(?:[A-Za-z_]\w*)?\$/.test(text.slice(at, at + 64)));

const linesIn = (text: string): number => text.split('\n').length - 1;

export function statementsOf(text: string): Statements {
  const statements: Statement[] = [];
  let from = -1; // where the statement begins, once it has content
  let facts = { lineComment: false, brokenString: false };
  let at = 0;
  let line = 1;
  let counted = 0;
  const make = (end: number, dot: boolean): Statement => {
    line += linesIn(text.slice(counted, from));
    counted = from;
    return { text: text.slice(from, end).trimEnd(), line, dot, ...facts };
  };
  const finish = (end: number, dot: boolean): void => {
    if (from !== -1) statements.push(make(end, dot));
    from = -1;
    facts = { lineComment: false, brokenString: false };
  };
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)![0];
    let end = at + token.length;
    if (token === '/*') {
      const closed = endOfComment(text, at);
      if (closed === -1) {
        if (from === -1) from = at;
        break;
      }
      end = closed;
    } else if (token.startsWith('--')) {
      facts.lineComment = true;
    } else if (token === ';') {
      finish(at, false);
    } else if (token === '.' && from === -1 && /(?:^|\n)[ \t]*$/.test(text.slice(0, at))) {
      from = at;
      const eol = text.indexOf('\n', at);
      end = eol === -1 ? text.length : eol;
      finish(end, true);
    } else if (token.trim() !== '') {
      if (from === -1) from = at;
      if (isOpen(text, at, token)) break;
      if (token.includes('\n')) facts.brokenString = true;
    }
    at = end;
  }
  return {
    statements,
    rest: from === -1 ? undefined : { ...make(text.length, false), text: text.slice(from) },
  };
}
