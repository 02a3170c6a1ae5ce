/** The header of a CSV file, and what separates its values. */
export interface CsvHeader {
  /** In order, trimmed, unquoted. */
  readonly names: readonly string[];
  readonly delimiter: string;
}

/** A header is looked for within so many bytes. */
export const MAX_CSV_HEADER_BYTES = 1_048_576;

const QUOTE = '"';
const DELIMITERS = [',', ';', '\t', '|'];
const isLineEnd = (character: string): boolean => character === '\n' || character === '\r';

/**
 * Reads the first line of a CSV file, RFC 4180 quoting; a byte order mark before it is no part of it. The delimiter is the most frequent of
 * `,` `;` tab and `|` outside quotes, the first of them when none is there. Whoever reads a committed file goes by this one rule; one pass,
 * whatever the text.
 */
export function csvHeaderOf(text: string): CsvHeader {
  const line = headerLine(text.startsWith('\uFEFF') ? text.slice(1) : text);
  const delimiter = mostFrequent(line);
  const names: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at <= line.length; at += 1) {
    const character = line[at];
    if (character === QUOTE) isQuoted = !isQuoted;
    if (at < line.length && (isQuoted || character !== delimiter)) continue;
    names.push(unquoted(line.slice(from, at)));
    from = at + 1;
  }
  return { names, delimiter };
}

/** Until the first line end outside quotes; when a quote is never closed, until that quote. */
function headerLine(text: string): string {
  let isQuoted = false;
  let openedAt = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === QUOTE) {
      isQuoted = !isQuoted;
      if (isQuoted) openedAt = at;
    } else if (!isQuoted && isLineEnd(character)) return text.slice(0, at);
  }
  return isQuoted ? text.slice(0, openedAt) : text;
}

function mostFrequent(line: string): string {
  const counts = new Map(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let isQuoted = false;
  for (const character of line) {
    if (character === QUOTE) isQuoted = !isQuoted;
    const count = isQuoted ? undefined : counts.get(character);
    if (count !== undefined) counts.set(character, count + 1);
  }
  return DELIMITERS.reduce((best, candidate) =>
    (counts.get(candidate) ?? 0) > (counts.get(best) ?? 0) ? candidate : best,
  );
}

/** What stands outside of quotes is trimmed; a doubled quote within quotes is one. */
function unquoted(field: string): string {
  if (!field.includes(QUOTE)) return field.trim();
  let name = '';
  let isQuoted = false;
  for (let at = 0; at < field.length; at += 1) {
    const character = field.charAt(at);
    if (character !== QUOTE) name += character;
    else if (isQuoted && field[at + 1] === QUOTE) {
      name += QUOTE;
      at += 1;
    } else isQuoted = !isQuoted;
  }
  return name.trim();
}
