import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as formatsModule from 'ajv-formats';
import { parse } from 'yaml';
import * as contracts from '../index.js';
import { checkReleased, digestOfEvent } from '../../tools/contracts/released.mjs';
import { render } from '../../tools/contracts/render.mjs';

type Json = Record<string, unknown>;
const { files } = render(contracts);
const pages = [...files.keys()].filter((name) => name.endsWith('.openapi.yaml'));
const read = (name: string): Json => parse(files.get(name) ?? '') as Json;

function refsOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : [];
  return [...own, ...Object.values(node).flatMap(refsOf)];
}

/** What a local reference names; undefined when it names nothing. */
function resolve(page: Json, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Json | undefined)?.[key], page);
}

function makeAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  const addFormats = formatsModule.default as unknown as (target: Ajv2020) => void;
  addFormats(ajv);
  return ajv;
}

describe.each(contracts.events.map((event) => [event.type, event] as const))('schemas/%s.json', (type, event) => {
  const schema = JSON.parse(files.get(`schemas/${type}.json`) ?? 'null') as Json;

  it('is JSON Schema 2020-12 that takes the example, and members a later version may add', () => {
    const validate = makeAjv().compile(schema);
    expect([validate(event.example), validate.errors]).toEqual([true, null]);
    expect(validate({ ...(event.example as object), addedLater: 1 })).toBe(true);
    expect(validate({})).toBe(false);
  });
});

describe.each(pages)('%s', (name) => {
  const page = read(name);
  const operations = Object.entries(page['paths'] as Record<string, Record<string, Json>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

  it('is OpenAPI 3.1 in which every reference leads somewhere', () => {
    expect(page['openapi']).toMatch(/^3\.1\./);
    expect(page['info']).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    for (const ref of refsOf(page)) expect([ref, resolve(page, ref)]).toEqual([ref, expect.anything()]);
  });

  it('has a schema that compiles in every place', () => {
    const ajv = makeAjv();
    for (const { operation } of operations) {
      for (const schema of schemasOf(operation)) expect(ajv.validateSchema(schema)).toBe(true);
    }
  });

  it('states permission, problems and success of each operation', () => {
    const contract = contracts.httpContracts.find(({ service }) => name.startsWith(`${service}.`));
    expect(operations).toHaveLength(Object.keys(contract?.routes ?? {}).length);
    for (const { operation, path } of operations) {
      const responses = Object.keys(operation['responses'] as Json);
      expect(operation['x-permission']).toEqual(expect.any(String));
      expect(responses).toEqual(expect.arrayContaining(['400', '429', 'default']));
      expect(responses.filter((status) => status.startsWith('2'))).toHaveLength(1);
      expect(path).not.toContain(':');
      const isPublic = operation['x-permission'] === 'public';
      expect(operation['security']).toEqual(isPublic ? [] : undefined);
      expect(responses.includes('401')).toBe(!isPublic);
    }
  });

  it('declares each parameter of its paths', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = ((operation['parameters'] ?? []) as Json[]).filter((parameter) => parameter['in'] === 'path');
      expect(declared.map((parameter) => parameter['name'])).toEqual(inPath);
    }
  });
});

function schemasOf(node: unknown): object[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = 'schema' in node && typeof node.schema === 'object' && node.schema !== null ? [node.schema] : [];
  return [...own, ...Object.values(node).flatMap(schemasOf)];
}

describe('asyncapi.yaml', () => {
  const page = read('asyncapi.yaml');

  it('is AsyncAPI 3.0 in which every reference leads somewhere', () => {
    expect(page['asyncapi']).toBe('3.0.0');
    for (const ref of refsOf(page)) {
      if (ref.startsWith('./')) expect([...files.keys()]).toContain(ref.slice(2));
      else expect([ref, resolve(page, ref)]).toEqual([ref, expect.anything()]);
    }
  });

  it('has a channel a topic, an operation a channel, and every event once', () => {
    const channels = page['channels'] as Record<string, { messages: Json }>;
    expect(Object.keys(channels).sort()).toEqual(contracts.topics.map((topic) => topic.name).sort());
    expect(Object.keys(page['operations'] as Json)).toHaveLength(contracts.topics.length);
    const carried = Object.values(channels).flatMap((channel) => Object.keys(channel.messages));
    expect(carried.sort()).toEqual(contracts.events.map((event) => event.type).sort());
  });

  it('gives each message an example that is a valid CloudEvent of it', () => {
    const { messages } = page['components'] as { messages: Record<string, { examples: { payload: unknown }[] }> };
    for (const [type, message] of Object.entries(messages)) {
      const envelope = contracts.cloudEventSchema.parse(message.examples[0]?.payload);
      expect(envelope.type).toBe(type);
      expect(contracts.eventsByType.get(type)?.data.safeParse(envelope.data).success).toBe(true);
    }
  });
});

describe('released.lock.json', () => {
  const entry = { topic: 't', digest: digestOfEvent({ schema: { type: 'string' }, topic: 't', key: 'aa' }) };

  it('adds a new version and leaves a released one', () => {
    const { faults, lock } = checkReleased({ 'a.b.v1': entry }, { 'a.b.v1': entry, 'a.b.v2': entry });
    expect(faults).toEqual([]);
    expect(Object.keys(lock)).toEqual(['a.b.v1', 'a.b.v2']);
  });

  it('minds an edit and a removal of a released version, and keeps its lock', () => {
    const edited = { ...entry, digest: 'sha256:0' };
    const first = checkReleased({ 'a.b.v1': entry }, { 'a.b.v1': edited });
    expect(first.faults).toEqual(['a.b.v1 is released and was edited: leave it as it was and add a.b.v2']);
    expect(first.lock).toEqual({ 'a.b.v1': entry });
    expect(checkReleased({ 'a.b.v1': entry }, {}).faults).toHaveLength(1);
    expect(checkReleased({ 'a.b.v1': entry }, { 'a.b.v1': edited }, ['a.b.v1'])).toEqual({
      faults: [],
      lock: { 'a.b.v1': edited },
    });
  });

  it('counts what is allowed, the topic and the key, not the words', () => {
    const digest = (schema: object, topic = 't', key = 'aa'): string => digestOfEvent({ schema, topic, key });
    expect(digest({ type: 'string', description: 'x' })).toBe(digest({ description: 'y', type: 'string' }));
    expect(digest({ properties: { description: { type: 'string' } } })).not.toBe(digest({ properties: {} }));
    expect(new Set([digest({}), digest({ minimum: 1 }), digest({}, 'u'), digest({}, 't', 'aa/1')]).size).toBe(4);
  });
});
