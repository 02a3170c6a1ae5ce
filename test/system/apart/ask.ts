import type { Answer, Client } from '../client.js';
import { FEATURES } from '../tables.js';
import type { Operation } from './operations.js';
import { type Kind, type SharedKind, kindOf, placesOf } from './places.js';
import { sampleOf } from './schema.js';

/** What to write at places that name something of this kind. */
export type Names = Readonly<Partial<Record<Kind | SharedKind, string>>>;

/** Bodies that their schema alone does not say: by operation and place. */
const WORDS: Readonly<Record<string, unknown>> = {
  'updatePrincipal .status': 'disabled',
  'createJob .recipe': undefined,
  'createJob .source': 'def train(job):\n    return None\n',
  'infer .inputs': FEATURES.map(({ name, kind }) => ({
    name,
    datatype: kind === 'numeric' ? 'FP32' : 'BYTES',
    shape: [1, 1],
    data: [kind === 'numeric' ? 1 : 'north'],
  })),
};
const CSV = 'load,age,region,failed\n1,2,north,0\n';

export interface AskOptions {
  /** Queries to send; default none. */
  readonly queries?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** What to write at single places, whatever they name. */
  readonly at?: Readonly<Record<string, unknown>>;
}

type Places = Pick<AskOptions, 'queries' | 'at'>;

/** Asks for an operation with these names at every place of its path and body that names something. */
export function askWith(
  client: Client,
  operation: Operation,
  names: Names,
  { headers = {}, ...places }: AskOptions = {},
): Promise<Answer> {
  const body = bodyWith(operation, names, places);
  return client.send({
    method: operation.method,
    path: pathWith(operation, names, places),
    headers: { ...(body !== undefined && { 'content-type': operation.mediaType ?? '' }), ...headers },
    ...(body !== undefined && { body }),
  });
}

/** The operation's path and query with these names in place. @throws when a name is missing */
export function pathWith(operation: Operation, names: Names, { queries = [], at = {} }: Places = {}): string {
  const values = operation.parameters.map((parameter) => {
    const kind = kindOf(operation, parameter);
    const given = at[parameter.at];
    const value = typeof given === 'string' ? given : kind === undefined ? 'x' : names[kind];
    return { ...parameter, value };
  });
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = values.find((one) => one.in === 'path' && one.name === name)?.value;
    if (value === undefined) throw new Error(`${operation.operationId}: the world has nothing for '${name}'`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams(
    values
      .filter((one) => one.in === 'query' && (one.required || queries.includes(one.at)))
      .map(({ name, value = '' }): [string, string] => [name, value]),
  ).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** A body with these names at every place that names something; undefined for an operation without one. */
export function bodyWith(operation: Operation, names: Names, { at: given = {} }: Places = {}): string | undefined {
  if (operation.mediaType === undefined) return undefined;
  if (operation.body === undefined) return CSV;
  const kinds = new Map(placesOf(operation).map((place) => [place.at, kindOf(operation, place)]));
  const fill = (at: string): unknown => {
    if (Object.hasOwn(given, at)) return given[at];
    const words = `${operation.operationId.replace('inferVersion', 'infer')} ${at}`;
    if (Object.hasOwn(WORDS, words)) return WORDS[words];
    const kind = kinds.get(at);
    return kind === undefined ? undefined : names[kind];
  };
  return JSON.stringify(sampleOf(operation.body, fill));
}
