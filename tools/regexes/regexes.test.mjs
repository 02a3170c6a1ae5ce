// The gate `regexes` of `npm run check`: no expression in code that reads what users send can be slowed down by an attack string.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { checkSync } from 'recheck';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');
const FOLDERS = ['contracts', 'libs', 'services', 'apps'];
const NOT_SOURCE = new Set(['node_modules', 'dist', 'test', 'printed', 'workbench']);

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_SOURCE.has(entry.name) ? [] : sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** Literals, and texts given to RegExp. */
export function expressionsOf(text) {
  const found = [];
  const visit = (node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    }
    if (
      ts.isNewExpression(node) &&
      node.expression.getText() === 'RegExp' &&
      ts.isStringLiteralLike(node.arguments?.[0])
    )
      found.push({ source: node.arguments[0].text, flags: node.arguments[1]?.text ?? '' });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true));
  return found;
}

/** Polynomial, and met by texts that are short or not a user's. */
const ACCEPTED = new Map([
  ['/\\/\\S+\\.(cc|h|cpp):\\d+ ?/g', 'one message of ONNX Runtime'],
  ['/\\/+$/', 'a URL of the configuration'],
  ['/\\b(Bearer |Basic )[A-Za-z0-9._~+/=-]{8,}/gi', 'one line of the log'],
  ['/\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*/g', 'one line of the log'],
  ['/(:\\/\\/[^\\s:/@"\\\\]+:)[^\\s@"\\\\]+@/g', 'one line of the log'],
]);

/** Why an expression is refused; undefined when it is not, or when nothing was found in the time there is. */
export function faultOf({ source, flags }) {
  const result = checkSync(source, flags.replaceAll(/[dv]/g, ''), { timeout: 2_000, attackTimeout: 500 });
  if (result.status !== 'vulnerable') return undefined;
  const isPolynomial = result.complexity.type === 'polynomial';
  if (isPolynomial && ACCEPTED.has(`/${source}/${flags}`)) return undefined;
  return `${result.complexity.summary}, by ${result.attack.pattern}`;
}

test('an expression that an attacker can slow down is found', () => {
  const [one] = expressionsOf('const a = /^(a+)+$/u;');
  assert.deepEqual(one, { source: '^(a+)+$', flags: 'u' });
  assert.match(faultOf(one), /exponential/);
  assert.match(faultOf(expressionsOf("new RegExp('^(a|aa)+$')")[0]), /exponential/);
  assert.equal(faultOf({ source: '^[a-z0-9][a-z0-9-]{0,62}$', flags: '' }), undefined);
});

test('no expression of ours can be slowed down', () => {
  const seen = new Map();
  for (const path of FOLDERS.flatMap((folder) => sources(join(root, folder))))
    for (const one of expressionsOf(readFileSync(path, 'utf8')))
      seen.set(`/${one.source}/${one.flags}`, { ...one, path: relative(root, path) });
  assert.ok(seen.size > 80, `${seen.size} expressions`);
  const faults = [...seen.values()].flatMap((one) => {
    const fault = faultOf(one);
    return fault === undefined ? [] : [`${one.path}: /${one.source}/${one.flags}: ${fault}`];
  });
  assert.deepEqual(faults, []);
});
