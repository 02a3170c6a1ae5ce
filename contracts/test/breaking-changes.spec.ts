import { describe, expect, it } from '@jest/globals';
import { breakingChanges } from '../../tools/contracts/breaking.mjs';

type Json = Record<string, unknown>;
const text = { type: 'string' };
const object = (properties: Json, required: string[] = [], more: Json = {}): Json => ({
  type: 'object',
  properties,
  required,
  ...more,
});
const closed = { additionalProperties: false };

interface Operation {
  readonly parameters?: Json[];
  readonly body?: Json;
  readonly isBodyRequired?: boolean;
  readonly answer?: Json;
  readonly status?: string;
}

/** A page of one operation, `POST /v1/things/{name}`. */
function page({
  parameters = [],
  body,
  isBodyRequired = true,
  answer = object({ id: text }, ['id']),
  status = '200',
}: Operation): Json {
  const content = (schema: Json): Json => ({ 'application/json': { schema } });
  return {
    paths: {
      '/v1/things/{name}': {
        post: {
          operationId: 'x',
          parameters: [{ name: 'name', in: 'path', required: true, schema: text }, ...parameters],
          ...(body === undefined ? {} : { requestBody: { required: isBodyRequired, content: content(body) } }),
          responses: { [status]: { content: content(answer) } },
        },
      },
    },
  };
}

const query = (name: string, schema: Json, isRequired = false): Json => ({
  name,
  in: 'query',
  required: isRequired,
  schema,
});
const faults = (before: Operation, after: Operation): string[] =>
  breakingChanges(page(before), page(after)).map((fault) => fault.replace('POST /v1/things/{name}: ', ''));
const bodyFaults = (before: Json, after: Json): string[] => faults({ body: before }, { body: after });
const answerFaults = (before: Json, after: Json): string[] => faults({ answer: before }, { answer: after });

describe('breakingChanges › operations', () => {
  it('finds nothing between equal pages, and nothing in a new operation', () => {
    const now = page({ body: object({ a: text }) });
    expect(breakingChanges(now, now)).toEqual([]);
    expect(breakingChanges({ paths: {} }, now)).toEqual([]);
  });

  it('finds an operation that is gone, by method and by path', () => {
    const before = page({});
    expect(breakingChanges(before, { paths: {} })).toEqual(['POST /v1/things/{name}: the operation is gone']);
    const { post } = (before['paths'] as Record<string, Record<string, Json>>)['/v1/things/{name}'] ?? {};
    expect(breakingChanges(before, { paths: { '/v1/things/{name}': { put: post } } })).toHaveLength(1);
  });

  it('does not mind another name of a path parameter', () => {
    const renamed = JSON.parse(JSON.stringify(page({})).replaceAll('{name}', '{thing}')) as Json;
    expect(breakingChanges(page({}), renamed)).toEqual([]);
  });
});

describe('breakingChanges › parameters', () => {
  it('minds a new required one, not a new optional one', () => {
    expect(faults({}, { parameters: [query('q', text, true)] })).toEqual(["the query parameter 'q' is now required"]);
    expect(faults({}, { parameters: [query('q', text)] })).toEqual([]);
  });

  it('minds one that becomes required, narrower, or is gone', () => {
    const before = { parameters: [query('q', { enum: ['a', 'b'] })] };
    expect(faults(before, { parameters: [query('q', { enum: ['a', 'b'] }, true)] })).toHaveLength(1);
    expect(faults(before, { parameters: [query('q', { enum: ['a'] })] })).toEqual([
      'the query parameter \'q\': it no longer takes "b"',
    ]);
    expect(faults(before, {})).toEqual(["the query parameter 'q' is gone"]);
  });

  it('looks behind references', () => {
    const withRef = (isRequired: boolean): Json => ({
      ...page({ parameters: [{ $ref: '#/components/parameters/Key' }] }),
      components: { parameters: { Key: { name: 'key', in: 'header', required: isRequired, schema: text } } },
    });
    expect(breakingChanges(withRef(false), withRef(true))).toEqual([
      "POST /v1/things/{name}: the header parameter 'key' is now required",
    ]);
  });
});

describe('breakingChanges › bodies', () => {
  it.each<[string, Json, Json, string]>([
    ['a new required member', object({ a: text }), object({ a: text, b: text }, ['b']), 'body: /b is now required'],
    ['a member that becomes required', object({ a: text }), object({ a: text }, ['a']), 'body: /a is now required'],
    [
      'a member no longer taken',
      object({ a: text, b: text }, [], closed),
      object({ a: text }, [], closed),
      'body: /b is no longer taken',
    ],
    ['another type', object({ a: text }), object({ a: { type: 'integer' } }), 'body: /a no longer takes string'],
    [
      'integers instead of numbers',
      object({ a: { type: 'number' } }),
      object({ a: { type: 'integer' } }),
      'body: /a no longer takes number',
    ],
    [
      'a word less',
      object({ a: { enum: ['x', 'y'] } }),
      object({ a: { enum: ['y'] } }),
      'body: /a no longer takes "x"',
    ],
    [
      'words where any was taken',
      object({ a: text }),
      object({ a: { type: 'string', enum: ['x'] } }),
      'body: /a took any value and is now one of ["x"]',
    ],
    [
      'a higher minimum',
      object({ a: { type: 'integer', minimum: 1 } }),
      object({ a: { type: 'integer', minimum: 2 } }),
      'body: /a has another minimum: 2',
    ],
    [
      'a new longest length',
      object({ a: text }),
      object({ a: { ...text, maxLength: 5 } }),
      'body: /a has a new maxLength: 5',
    ],
    [
      'a new pattern',
      object({ a: text }),
      object({ a: { ...text, pattern: '^x$' } }),
      'body: /a has a new pattern: "^x$"',
    ],
    [
      'null no longer taken',
      object({ a: { anyOf: [text, { type: 'null' }] } }),
      object({ a: text }),
      'body: /a no longer takes "null"',
    ],
    [
      'a branch less',
      object({ a: { anyOf: [text, { type: 'integer' }] } }),
      object({ a: { anyOf: [text, { type: 'boolean' }] } }),
      'body: /a no longer takes "integer"',
    ],
    [
      'narrower items',
      object({ a: { type: 'array', items: text } }),
      object({ a: { type: 'array', items: { type: 'integer' } } }),
      'body: /a/[] no longer takes string',
    ],
    [
      'members of any name no longer taken',
      object({}),
      object({}, [], closed),
      'body: it no longer takes members of any name',
    ],
    [
      'narrower members of any name',
      object({}, [], { additionalProperties: text }),
      object({}, [], { additionalProperties: { type: 'integer' } }),
      'body: /* no longer takes string',
    ],
    ['anything no longer taken', object({ a: {} }), object({ a: text }), 'body: /a took anything and no longer does'],
  ])('minds %s', (_, before, after, fault) => {
    expect(bodyFaults(before, after)).toEqual([fault]);
  });

  it.each<[string, Json, Json]>([
    ['a new optional member', object({ a: text }, [], closed), object({ a: text, b: text }, [], closed)],
    ['a member that becomes optional', object({ a: text }, ['a']), object({ a: text })],
    ['a wider type', object({ a: { type: 'integer' } }), object({ a: { type: 'number' } })],
    ['null taken too', object({ a: text }), object({ a: { anyOf: [text, { type: 'null' }] } })],
    ['a new word', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } })],
    [
      'types written as a list',
      object({ a: { anyOf: [text, { type: 'null' }] } }),
      object({ a: { type: ['null', 'string'] } }),
    ],
    [
      'wider bounds',
      object({ a: { type: 'integer', minimum: 1, maximum: 2 } }),
      object({ a: { type: 'integer', maximum: 3 } }),
    ],
    [
      'other words of description',
      object({ a: { ...text, description: 'x' } }),
      object({ a: { ...text, description: 'y' } }),
    ],
  ])('does not mind %s', (_, before, after) => {
    expect(bodyFaults(before, after)).toEqual([]);
  });

  it('minds a body that becomes required or is no longer taken', () => {
    const body = object({});
    expect(faults({}, { body })).toEqual(['a body is now required']);
    expect(faults({ body, isBodyRequired: false }, { body })).toEqual(['a body is now required']);
    expect(faults({ body }, {})).toEqual(['it no longer takes a body']);
    expect(faults({}, { body, isBodyRequired: false })).toEqual([]);
  });
});

describe('breakingChanges › answers', () => {
  it.each<[string, Json, Json, string]>([
    ['a member that is gone', object({ a: text, b: text }), object({ a: text }), 'answer: /b is gone'],
    ['a member that may be missing', object({ a: text }, ['a']), object({ a: text }), 'answer: /a may now be missing'],
    ['another type', object({ a: text }), object({ a: { type: 'integer' } }), 'answer: /a may now be integer'],
    [
      'null where there was none',
      object({ a: text }),
      object({ a: { anyOf: [text, { type: 'null' }] } }),
      'answer: /a may now be "null"',
    ],
    ['anything where there was a type', object({ a: text }), object({ a: {} }), 'answer: /a may now be anything'],
    [
      'a loss within items',
      object({ a: { type: 'array', items: object({ b: text }) } }),
      object({ a: { type: 'array', items: object({}) } }),
      'answer: /a/[]/b is gone',
    ],
  ])('minds %s', (_, before, after, fault) => {
    expect(answerFaults(before, after)).toEqual([fault]);
  });

  it.each<[string, Json, Json]>([
    ['a new member', object({ a: text }), object({ a: text, b: text }, ['b'])],
    ['a new word', object({ a: { type: 'string', enum: ['x'] } }), object({ a: { type: 'string', enum: ['x', 'y'] } })],
    [
      'types written as a list',
      object({ a: { anyOf: [text, { type: 'null' }] } }),
      object({ a: { type: ['null', 'string'] } }),
    ],
    ['null no longer answered', object({ a: { anyOf: [text, { type: 'null' }] } }), object({ a: text })],
  ])('does not mind %s', (_, before, after) => {
    expect(answerFaults(before, after)).toEqual([]);
  });

  it('minds another success status', () => {
    expect(faults({ status: '200' }, { status: '202' })).toEqual(['it no longer answers 200']);
  });
});
