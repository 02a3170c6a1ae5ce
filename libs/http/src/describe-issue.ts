import type { ProblemDetail } from '@myriad/kernel';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Where a value came from: the body (its pointer starts empty), or a named part of the request. */
export type Part = '' | '#query' | '#path';

const MAX_SHOWN = 60;

/** One entry a fault: a JSON Pointer, what was sent there, what is allowed. */
export function describeIssues(issues: readonly Issue[], part: Part, input: unknown): ProblemDetail[] {
  return issues.flatMap((issue) => describe(issue, part, input));
}

function describe(issue: Issue, part: Part, input: unknown): ProblemDetail[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointerOf(part, [...issue.path, key]),
      detail: `'${short(key)}' is not allowed here`,
    }));
  }
  const sent = valueAt(input, issue.path);
  return [{ pointer: pointerOf(part, issue.path), detail: `sent ${shown(sent)}; allowed is ${allowed(issue)}` }];
}

/** RFC 6901. */
export function pointerOf(part: Part, path: Path): string {
  return part + path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const token of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[token];
  }
  return value;
}

function short(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** The type of what was sent, and its value when that is short enough to help. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the string ${JSON.stringify(short(value))}`;
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : `a ${typeof value}`;
}

function allowed(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return article(issue.expected === 'int' ? 'integer' : issue.expected);
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_format':
      return issue.pattern === undefined ? `a valid ${issue.format}` : `a text of the form ${issue.pattern}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return unionText(issue);
    default:
      return issue.message;
  }
}

function bound(origin: string, words: string, limit: number | bigint): string {
  if (origin === 'string') return `${words} ${limit} characters`;
  if (origin === 'array' || origin === 'set') return `${words} ${limit} items`;
  return `${words} ${limit}`;
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function unionText(issue: z.core.$ZodIssueInvalidUnion): string {
  const ways = issue.errors.map((branch) =>
    branch
      .map((inner) => (inner.path.length > 0 ? `${pointerOf('', inner.path)}: ` : '') + allowed(inner))
      .join(' and '),
  );
  return [...new Set(ways)].filter((way) => way !== '').join(', or ') || issue.message;
}
