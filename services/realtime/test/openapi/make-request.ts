import { gzipSync } from 'node:zlib';
import { spoilBytes, spoilNode } from '../fuzz/mutate.js';
import type { Random } from '../random.js';
import type { Operation, Schema } from './page.js';

export type Token = 'right' | 'none' | 'garbage' | 'powerless' | 'foreign';

export interface MadeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly token: Token;
}

const TOKENS: readonly Token[] = [
  'right',
  'right',
  'right',
  'right',
  'right',
  'none',
  'garbage',
  'powerless',
  'foreign',
];
const JUNK_NAMES = [
  'nothing',
  '..',
  '%2e%2e',
  '%00',
  '%ff',
  'a%2Fb',
  '-',
  'x'.repeat(129),
  '%F0%9D%84%9E',
  '__proto__',
  'constructor',
  '1',
];
const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['content-type', ['application/json', 'application/octet-stream', 'text/plain', 'APPLICATION/JSON;charset=x', ',']],
  ['content-encoding', ['identity', 'gzip', 'deflate', 'br', 'gzip, gzip', 'constructor']],
  ['accept-encoding', ['gzip', 'deflate;q=0', '*', 'x'.repeat(1_000)]],
  ['accept', ['application/json', 'text/html', '*/*;q=0', 'x']],
  ['x-request-timeout-ms', ['0', '1', '-1', '1e9', '999999999999', 'x']],
  ['x-myriad-timeout-ms', ['0', '10000']],
  ['inference-header-content-length', ['0', '2', '-1', '999999', 'x', '2, 2']],
  ['x-request-id', ['a', 'x'.repeat(300), '<script>', '']],
  ['x-myriad-tenant', ['bb', '..', '']],
  ['idempotency-key', ['k', '', 'x'.repeat(200)]],
  ['traceparent', ['00-x', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01']],
  ['expect', ['100-continue']],
];

/** A request for an operation: as the page says it, or a little otherwise, or wholly. `models` are names that there are. */
export function makeRequest(
  random: Random,
  operation: Operation,
  models: readonly string[],
  honestBody: object,
): MadeRequest {
  const headers: Record<string, string> = {};
  for (const [name, values] of HEADERS) if (random.chance(0.12)) headers[name] = random.pick(values);
  let body = bodyFor(random, operation, honestBody);
  if (headers['content-encoding'] === 'gzip' && body !== undefined && random.chance(0.7)) body = gzipSync(body);
  const method = random.chance(0.05)
    ? random.pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'POST', 'GET'])
    : operation.method;
  return { method, path: pathFor(random, operation, models), headers, body, token: random.pick(TOKENS) };
}

function pathFor(random: Random, { path, pathAndQuery }: Operation, models: readonly string[]): string {
  const valueOf = (name: string): string => {
    if (random.chance(0.25)) return random.pick(JUNK_NAMES);
    return name === 'version'
      ? random.pick(['1', '1', '2', '0', '01', '999999999', '9999999999'])
      : random.pick(models);
  };
  let filled = path;
  const query: string[] = [];
  for (const { name, in: place } of pathAndQuery) {
    if (place === 'path') filled = filled.replace(`{${name}}`, valueOf(name));
    else if (random.chance(0.85)) query.push(`${name}=${valueOf(name)}`);
  }
  if (random.chance(0.1)) query.push(random.pick(['model=a&model=b', 'x=1', '%', '__proto__=1', 'model[x]=1', '=']));
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
}

function bodyFor(random: Random, { body, method }: Operation, honestBody: object): Buffer | undefined {
  if (body === undefined) return random.chance(0.1) && method !== 'GET' ? Buffer.from('{}') : undefined;
  // what only the page knows of a model's inputs fits no model: an honest request is one that does
  const isForModel = JSON.stringify(body).includes('datatype');
  let value: unknown = isForModel && random.chance(0.7) ? honestBody : instanceOf(random, body);
  while (random.chance(0.4)) value = spoilNode(random, value);
  const bytes = Buffer.from(JSON.stringify(value));
  if (random.chance(0.1)) return spoilBytes(random, bytes);
  return random.chance(0.03) ? undefined : bytes;
}

/** Something that a schema allows. */
function instanceOf(random: Random, schema: Schema, depth = 0): unknown {
  const {
    type,
    properties,
    required = [],
    items,
    enum: words,
    const: only,
    anyOf,
  } = schema as {
    type?: string;
    properties?: Record<string, Schema>;
    required?: readonly string[];
    items?: Schema;
    enum?: readonly unknown[];
    const?: unknown;
    anyOf?: readonly Schema[];
  };
  if (only !== undefined) return only;
  if (words !== undefined) return random.pick(words);
  if (anyOf !== undefined) return instanceOf(random, random.pick(anyOf), depth);
  if (type === 'object') {
    const members = Object.entries(properties ?? { x: {} });
    const kept = members.filter(([name]) => required.includes(name) || random.chance(depth > 4 ? 0 : 0.5));
    return Object.fromEntries(kept.map(([name, member]) => [name, instanceOf(random, member, depth + 1)]));
  }
  if (type === 'array')
    return Array.from({ length: random.int(0, 3) }, () => instanceOf(random, items ?? {}, depth + 1));
  return scalarOf(random, type);
}

function scalarOf(random: Random, type: string | undefined): unknown {
  switch (type) {
    case 'string':
      return random.pick(['', 'x', 'INPUT0', 'é', 'x'.repeat(50)]);
    case 'integer':
      return random.pick([0, 1, 2, 16, 100_000]);
    case 'number':
      return random.pick([0, 0.5, -1, 1e9]);
    case 'boolean':
      return random.chance(0.5);
    default:
      return random.pick([null, 1, 'x', [], {}]);
  }
}
