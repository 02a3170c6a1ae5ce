import { type SearchText, searchProblem } from './search-problem.js';

/**
 * `word`: letters, digits and `_ . - / :` as they stand; `text`: in single quotes; `name`: in double quotes or backticks;
 * `number`; `sign`: an operator, a bracket or a comma.
 */
export interface Token {
  readonly kind: 'word' | 'text' | 'name' | 'number' | 'sign' | 'end';
  /** Without its quotes. */
  readonly value: string;
  /** Characters from 0. */
  readonly at: number;
  /** Whether it follows the one before without a space: `tags.` and `"a b"` are one name then. */
  readonly isJoined: boolean;
}

const KINDS = ['word', 'text', 'name', 'number', 'sign'] as const;
const MAX_CHARACTERS = 16_384;
/** Each alternative is tried where the last token ended; quotes are closed by the same quote, a doubled one stands for itself. */
const TOKEN =
  /\s+|(?<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))|(?<text>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)|(?<word>[A-Za-z_][\w./:-]*|\.)|(?<sign><=|>=|!=|<>|==|[=<>(),])/y;

/** @throws {ProblemError} `search.filter_invalid`, `search.order_invalid` */
export function tokensOf(text: string, of: SearchText): readonly Token[] {
  if (text.length > MAX_CHARACTERS)
    throw searchProblem(of, `is ${text.length} characters long; at most ${MAX_CHARACTERS} are allowed`);
  if (text.includes('\0')) throw searchProblem(of, 'holds a NUL character', text.indexOf('\0'));
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  let isJoined = false;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const found = pattern.exec(text);
    if (found === null) throw searchProblem(of, faultAt(text, at), at);
    const kind = KINDS.find((one) => found.groups?.[one] !== undefined);
    if (kind !== undefined) tokens.push({ kind, value: unquoted(found[0], kind), at, isJoined });
    isJoined = kind !== undefined;
  }
  return [...tokens, { kind: 'end', value: '', at: text.length, isJoined: false }];
}

function unquoted(raw: string, kind: Token['kind']): string {
  if (kind !== 'text' && kind !== 'name') return raw;
  const quote = raw.charAt(0);
  return raw.slice(1, -1).replaceAll(quote + quote, quote);
}

function faultAt(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (`'"\``.includes(character)) return `the quote ${character} is not closed`;
  return `'${character}' is not allowed here; names with other characters than letters, digits, _ . - / : stand in double quotes or backticks`;
}
