// Which licences may come in, and how an SPDX expression is read: OR takes one, AND all.

/** Licences that ask for no more than that they are named, and MPL-2.0, whose share-alike ends at its own files. */
export const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MPL-2.0',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/** Whether an SPDX expression can be met by allowed licences alone. @throws {SyntaxError} when it is none */
export function isAllowed(expression, allowed = ALLOWED) {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let met = both();
    while (tokens[at] === 'OR') {
      at += 1;
      met = both() || met;
    }
    return met;
  };
  const both = () => {
    let met = one();
    while (tokens[at] === 'AND') {
      at += 1;
      met = one() && met;
    }
    return met;
  };
  const one = () => {
    const token = tokens[at];
    at += 1;
    if (token === '(') {
      const met = either();
      if (tokens[at] !== ')') throw new SyntaxError(`'${expression}' does not close its parentheses`);
      at += 1;
      return met;
    }
    if (token === undefined || !/^[A-Za-z0-9.+-]+$/.test(token) || ['AND', 'OR', 'WITH'].includes(token))
      throw new SyntaxError(`'${expression}' is no SPDX expression`);
    if (tokens[at] !== 'WITH') return allowed.has(token);
    at += 2;
    return allowed.has(`${token} WITH ${tokens[at - 1]}`);
  };
  const met = either();
  if (at < tokens.length) throw new SyntaxError(`'${expression}' is no SPDX expression`);
  return met;
}
